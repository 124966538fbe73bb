"""The stage of a session: a Postgres with safe commits, an FCM sandbox, the network between
them, and the programme."""

import asyncio
import contextlib
import json
import os
import ssl
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import dict_row

from edge.deno import Function
from edge.dispatcher import KEY, before_sandbox
from rekindle.embedded import EmbeddedPostgres
from rekindle.postgres.migrate import migrate
from rekindle.sandbox import Sandbox
from torture.link import Link
from torture.terms import GONE, SPELL_SECONDS, TOKEN, Session, configuration

_PROGRAMME = Path(__file__).with_name("programme.sql")
_TESTS = Path(__file__).parent.parent


class Stage:
    """Everything except the engine processes."""

    def __init__(
        self,
        session: Session,
        folder: Path,
        postgres: EmbeddedPostgres,
        sandbox: Sandbox,
        link: Link,
        function: Function | None = None,
    ) -> None:
        self.session = session
        self.folder = folder
        self.postgres = postgres
        self.sandbox = sandbox
        self.link = link
        self.function = function
        self.hits: Counter[str] = Counter()
        self.config = folder / "rekindle.toml"
        self.config.write_text(configuration(session.dispatcher))

    def environment(self) -> dict[str, str]:
        """The environment of an engine process: the database behind the link, as a login with
        the worker's rights."""
        through = {} if self.function is None else {"SUPABASE_URL": self.function.url, "SUPABASE_SECRET_KEY": KEY}
        return through | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(_TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "REKINDLE_CONFIG": str(self.config),
            "REKINDLE_DATABASE_URL": f"postgresql://torture_worker:canarypassword@127.0.0.1:{self.link.port}/postgres",
            "REKINDLE_FCM_URL": self.sandbox.url,
            "REKINDLE_FCM_CA": str(self.sandbox.ca),
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.sandbox.credentials),
        }

    async def rows(self, query: Any, parameters: Any = None) -> list[dict[str, Any]]:
        """All rows of a statement that runs as the owner and not through the link; retried while
        the database recovers."""
        deadline = time.monotonic() + 120  # a recovery took more than 30 s on loaded cores
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self.postgres.url, autocommit=True, row_factory=dict_row, connect_timeout=5
                ) as connection:
                    cursor = await connection.execute(query, parameters)
                    return await cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def faults(self, rules: Sequence[dict[str, Any]]) -> None:
        """Give the sandbox new rules; the hits of the old ones are added to `hits`."""
        for rule in await asyncio.to_thread(self._in_force):
            respond = rule["respond"]
            word = respond if isinstance(respond, str) else str(respond.get("status", "delay"))
            where = "token endpoint " if rule["match"].get("path") == "token" else ""
            if not str(rule["match"].get("target", "")).startswith(GONE):
                self.hits[f"fault {where}{word}"] += rule["hits"]
        await asyncio.to_thread(self.sandbox.faults, rules)

    def _in_force(self) -> list[dict[str, Any]]:
        context = ssl.create_default_context(cafile=self.sandbox.ca)
        with urllib.request.urlopen(f"{self.sandbox.url}/_sandbox/faults", context=context, timeout=30) as answer:
            return json.load(answer)

    async def fell_function(self) -> None:
        """Kill the Edge Function's process at whatever it is doing, and start another one in its
        place."""
        function = self.function
        if function is None:
            return
        await asyncio.to_thread(function.kill)
        await asyncio.to_thread(function.again)

    async def crash(self) -> None:
        """Crash the database as a power cut would, and wait for its recovery."""
        await asyncio.to_thread(self.postgres.crash)
        await asyncio.to_thread(self.postgres.start)

    async def restart(self) -> None:
        """Restart the database cleanly."""
        await asyncio.to_thread(self.postgres.restart)

    def texts(self) -> dict[str, str]:
        """Everything that the engine processes, the database and the function wrote to logs and
        outputs."""
        files = [*self.folder.glob("*.log"), *self.folder.glob("postgres/*.log")]
        said = {} if self.function is None else {"function": self.function.said()}
        return said | {str(file.relative_to(self.folder)): file.read_text(errors="replace") for file in files}


@contextlib.asynccontextmanager
async def staged(session: Session) -> AsyncIterator[Stage]:
    """A stage with its programme loaded and its scenarios applied; removed afterwards."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rekindle-torture-")))
        folder.chmod(0o711)  # the database may run under another account, and must reach its own folder
        postgres = EmbeddedPostgres(folder / "postgres", settings={"max_connections": "150"})
        await asyncio.to_thread(stack.enter_context, postgres)
        sandbox = await asyncio.to_thread(stack.enter_context, Sandbox())
        function = None
        if session.dispatcher == "supabase-function":
            function = await asyncio.to_thread(stack.enter_context, before_sandbox(sandbox))
        link = Link(urlsplit(postgres.url).port or 0)
        await link.open()
        stage = Stage(session, folder, postgres, sandbox, link, function)
        try:
            await _load(stage)
            yield stage
        finally:
            await link.close()


async def _load(stage: Stage) -> None:
    await migrate(stage.postgres.url)
    parameters = {
        "seed": stage.session.seed,
        "recipients": stage.session.recipients,
        "spell": SPELL_SECONDS,
        "token": TOKEN,
        "gone": GONE,
    }
    async with await psycopg.AsyncConnection.connect(stage.postgres.url) as connection:
        await connection.execute("create schema if not exists rekindle_source")
        client = psycopg.AsyncClientCursor(connection)
        await client.execute(_PROGRAMME.read_text(), parameters)
        await connection.commit()
        await connection.set_autocommit(True)
        await connection.execute("analyze")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rekindle",
        "apply",
        env=stage.environment(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the torture programme was refused: {said.decode()}")
