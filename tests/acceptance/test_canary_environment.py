"""A secret in any environment variable, in any mangled form, leaves by no door: standard output,
standard error, the log, an answer of the HTTP API, or the traceback of a host program.

The variables are those of the code, so a new one is tested by itself.
"""

import asyncio
import contextlib
import io
import json
import logging
import os
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from acceptance.command import environment
from acceptance.in_process import LIBPQ, OURS
from contract.fcm_server import private_key
from rekindle.access import LOOPBACK
from rekindle.alert.alerts import HttpAlerts, Sender
from rekindle.alert.settings import AlertSettings
from rekindle.api.access import Access
from rekindle.api.app import build
from rekindle.api.keys import EnvironmentKeys
from rekindle.api.problems import problem
from rekindle.api.runs import Runs
from rekindle.app import Engine, database_url
from rekindle.cli.logs import EventFormatter, set_up_logging
from rekindle.cli.options import INVOCATION
from rekindle.cli.output import fail
from rekindle.cli.telemetry import metrics_port
from rekindle.configuration import configured
from rekindle.dispatchers.registry import KINDS
from rekindle.dispatchers.supabase_function.config import SupabaseSettings
from rekindle.errors import RekindleError
from rekindle.log import log
from rekindle.postgres.clones import create_database
from rekindle.postgres.pool import Database
from rekindle.sandbox import Sandbox
from rekindle.scenario import AlertConfig, Config
from rekindle.settings import Environment, Settings, TraceSettings
from rekindle.testing import ScriptedDispatcher
from rekindle.testing.fixtures import TestSettings
from team.mangled_secrets import FORMS, leaked
from team.team import TEAM_CONFIG, write_config

pytestmark = pytest.mark.usefixtures("process_as_before")
ADDRESS = "postgresql://app@127.0.0.1:1/db"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def usable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Values with which every part gets as far as a server that is not there."""
    account = {
        "type": "service_account",
        "project_id": "programme-1",
        "client_email": "push@example.org",
        "private_key": private_key(),
        "token_uri": "https://127.0.0.1:1/token",
    }
    (tmp_path / "sa.json").write_text(json.dumps(account))
    write_config(tmp_path, TEAM_CONFIG)
    for name, value in {
        "REKINDLE_DATABASE_URL": ADDRESS,
        "GOOGLE_APPLICATION_CREDENTIALS": "sa.json",
        "REKINDLE_FCM_URL": "https://127.0.0.1:1",
        "SUPABASE_URL": "http://127.0.0.1:1",
        "SUPABASE_SECRET_KEY": "sb_secret_x",
        "REKINDLE_ALERT_SECRET": "s3cret-of-the-tests-0123456789abcdef",
    }.items():
        monkeypatch.setenv(name, value)


async def _settings() -> None:
    settings = Settings()
    set_up_logging(settings.log_level)


async def _configuration() -> None:
    configured(Settings())


async def _keys() -> None:
    EnvironmentKeys.of(Settings())


async def _database() -> None:
    await Database(database_url(Settings())).open()


async def _server_for_tests() -> None:
    given = TestSettings().server_url
    assert given is not None
    await create_database(given.get_secret_value(), "x")


async def _metrics_port() -> None:
    metrics_port(Settings())


async def _traces() -> None:
    TraceSettings()


async def _alerts() -> None:
    alerts = HttpAlerts.of(AlertConfig(), AlertSettings(), Sender("host", "0"))
    for fault in (await alerts.resolved()).values():
        if fault is not None:
            raise fault


def _dispatcher(name: str) -> Callable[[], Awaitable[None]]:
    async def opened() -> None:
        dispatcher = KINDS[name]().build()
        try:
            await dispatcher.open()
        finally:
            await dispatcher.close()

    return opened


def readers(kind: type[Environment] | None) -> list[Callable[[], Awaitable[None]]]:
    """Everything in the product that reads the variables of this class."""
    if kind is Settings:
        return [_settings, _configuration, _keys, _database, _metrics_port]
    if kind is TraceSettings:
        return [_traces]
    if kind is TestSettings:
        return [_server_for_tests]
    if kind is AlertSettings:
        return [_alerts]
    if kind is None:
        return [_database]
    return [_dispatcher(name) for name, one in KINDS.items() if one.settings is kind]


def doors(fault: RekindleError) -> Iterator[tuple[str, str]]:
    """What each door writes of an error."""
    for debug in (False, True):
        INVOCATION.debug = debug
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            fail(fault)
        yield f"stderr, debug {debug}", stderr.getvalue()
    yield "answer", bytes(problem(fault).body).decode()
    yield "traceback of a host", "".join(traceback.format_exception(fault))
    yield "repr", repr(fault)


DOORS = 7
"""The five of `doors`, and the log as text and as JSON."""


class Heard(logging.Handler):
    """What the log writes, in both forms."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [(f"log, readable {one}", EventFormatter(readable=one).format(record)) for one in (True, False)]


def leaks(kind: type[Environment] | None, value: str) -> list[tuple[str, list[str]]]:
    """Every door by which a part of the value leaves. Each failure must be one of ours."""
    heard = Heard()
    said: list[tuple[str, str]] = []
    for read in readers(kind):
        logger = logging.getLogger("rekindle")
        logger.handlers = [heard]
        logger.setLevel(logging.DEBUG)
        try:
            asyncio.run(read())  # type: ignore[arg-type]
        except RekindleError as fault:
            log.error("tried.failed", reason=str(fault), code=fault.code)
            said += doors(fault)
    return [(door, found) for door, text in said + heard.lines if (found := leaked(text, value))]


@pytest.mark.parametrize("name", OURS)
def test_no_form_of_a_secret_in_a_variable_of_ours_leaves_by_any_door(
    monkeypatch: pytest.MonkeyPatch, usable: None, name: str
) -> None:
    for form, value in FORMS.items():
        if name == "DATABASE_URL":
            monkeypatch.setenv("REKINDLE_DATABASE_URL", "")
        if name == "SUPABASE_SERVICE_ROLE_KEY":
            monkeypatch.setenv("SUPABASE_SECRET_KEY", "")
        if name == "GOOGLE_CLOUD_PROJECT":
            Path("sa.json").write_text(Path("sa.json").read_text().replace("project_id", "other"))
        monkeypatch.setenv(name, value)
        assert leaks(OURS[name], value) == [], form


LIBPQ_FORMS = (
    "alone",
    "absolute path",
    "PEM",
    "database address, not encoded @",
    "with a line break in it",
    "not UTF-8",
)


@pytest.mark.parametrize("name", LIBPQ)
def test_no_form_of_a_secret_in_a_variable_of_libpq_leaves_by_any_door(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for address in ("postgresql://", ADDRESS):
        monkeypatch.setenv("REKINDLE_DATABASE_URL", address)
        monkeypatch.setenv("PGPORT", "1")
        for form in LIBPQ_FORMS:
            monkeypatch.setenv(name, FORMS[form])
            assert leaks(None, FORMS[form]) == [], form


CLI_FORMS = ("key file: as it is", "database address, two @")


def test_no_command_writes_a_secret_of_a_variable(monkeypatch: pytest.MonkeyPatch, within: Callable[..., str]) -> None:
    before = {name: os.environ.get(name) for name in OURS}
    for name in sorted(set(OURS) - set(TestSettings.variables()) - set(SupabaseSettings.variables())):
        for form in CLI_FORMS:
            monkeypatch.setenv(name, FORMS[form])
            for arguments in (("check", "--json"), ("--debug", "--log-level", "debug", "run", "--budget", "5s")):
                assert leaked(within(*arguments), FORMS[form]) == [], (name, form, arguments)
        if (value := before[name]) is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    assert "ready to send" in within("check")


async def test_no_answer_of_the_api_has_a_secret_of_a_variable(
    monkeypatch: pytest.MonkeyPatch, team_worker_url: str, fcm: Sandbox
) -> None:
    for name, value in environment(team_worker_url, fcm).items():
        monkeypatch.setenv(name, str(value))
    async with Engine.open(Settings(), Config(), dispatcher=ScriptedDispatcher()) as engine:
        for kind in KINDS.values():
            for name in kind.settings.variables() if kind.settings else ():
                before = os.environ.get(name)
                for form in ("key file: as it is", "PEM", "absolute path", "https address with a path"):
                    monkeypatch.setenv(name, FORMS[form])
                    with contextlib.suppress(RekindleError):  # the server does not start
                        engine.deps = replace(engine.deps, dispatcher=kind().build())
                        runs = Runs(engine, at_once=1, stop=asyncio.Event())
                        api = httpx.ASGITransport(build(engine, runs, Access(without=LOOPBACK), docs=False))
                        async with httpx.AsyncClient(transport=api, base_url="http://127.0.0.1") as client:
                            answer = await client.post("/v1/runs", json={}, headers={"prefer": "wait=10"})
                        await engine.deps.dispatcher.close()
                        assert leaked(answer.text + str(answer.headers), FORMS[form]) == [], (name, form)
                monkeypatch.delenv(name) if before is None else monkeypatch.setenv(name, before)


def test_the_canary_is_in_every_variable_that_the_product_documents(
    record_property: Callable[[str, object], None],
) -> None:
    assert {"REKINDLE_DATABASE_URL", "GOOGLE_APPLICATION_CREDENTIALS", "SUPABASE_SECRET_KEY"} < set(OURS)
    assert {"PGPASSWORD", "PGHOST", "PGSERVICE"} < set(LIBPQ)
    cases = (len(OURS) * len(FORMS) + 2 * len(LIBPQ) * len(LIBPQ_FORMS)) * DOORS
    figures = f"{len(OURS)} variables × {len(FORMS)} forms, {len(LIBPQ)} of libpq × {len(LIBPQ_FORMS)}; {DOORS} doors"
    record_property("canary", f"{figures}: {cases:,} cases")
    assert cases > 5_000
