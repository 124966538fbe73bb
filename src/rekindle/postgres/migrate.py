"""Brings a database to this version's tables: forward only, all or nothing, safe when two do it
at once."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, LiteralString, cast

from rekindle.errors import BadArgument, MigrationDrift, NotMigrated
from rekindle.postgres.faults import database_faults
from rekindle.postgres.pool import Connection, connect

FOLDER = resources.files("rekindle.postgres").joinpath("migrations")
_ALONE = "-- transaction: none"
_RETRY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `migrations/`: YYYYMMDDHHMMSS_name.sql."""

    version: str
    name: str
    text: LiteralString

    @property
    def sha256(self) -> str:
        """Digest of the text with line ends made equal, so that a checkout's settings do not
        look like drift."""
        return hashlib.sha256(self.text.replace("\r\n", "\n").encode()).hexdigest()

    @property
    def alone(self) -> bool:
        """Whether it is one statement that cannot run in a transaction, such as `create index
        concurrently`."""
        return self.text.splitlines()[0] == _ALONE


def migrations(folder: Traversable = FOLDER) -> list[Migration]:
    """Every migration of the folder, oldest first."""
    found: list[Migration] = []
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            version, _, name = file.name.removesuffix(".sql").partition("_")
            # Text of this package: as trustworthy as a literal.
            text = cast("LiteralString", file.read_text(encoding="utf-8"))
            found.append(Migration(version, name, text))
    return sorted(found, key=lambda migration: migration.version)


async def migrate(url: str, *, dry_run: bool = False, folder: Traversable = FOLDER) -> list[Migration]:
    """Run what was not run yet, in one transaction; return what this call ran, oldest first.

    A second caller waits for the first (an advisory lock that ends with the transaction) and then
    finds nothing to do. If anything fails, nothing has changed. A migration that cannot run in a
    transaction ends the one before it, runs by itself, and is run again if it fails. A file that
    another tool has run counts as run. `dry_run` changes nothing and returns what would be run.

    Raises:
        MigrationDrift: a migration that was run before is not the file that this version has.
        PermissionMissing: the role may not create the schema.
    """
    files = migrations(folder)
    ran: list[Migration] = []
    with database_faults(url):
        connection = await connect(url)
        async with connection:
            while True:
                done, following = await _run_together(connection, files, dry_run=dry_run)
                ran += done
                if following is None:
                    return ran
                if await _run_alone(url, connection, following):
                    ran.append(following)


async def _run_together(
    connection: Connection, files: Sequence[Migration], *, dry_run: bool
) -> tuple[list[Migration], Migration | None]:
    """Run what is pending, up to the first migration that must run alone; return what was run,
    and that one."""
    async with connection.transaction(force_rollback=dry_run):
        await connection.execute("select pg_advisory_xact_lock(hashtextextended('rekindle.migrate', 0))")
        pending = _pending(await _done(connection), files)
        if dry_run:
            return pending, None
        alone = next((number for number, one in enumerate(pending) if one.alone), len(pending))
        for migration in pending[:alone]:
            await connection.execute(migration.text)
        for migration in files:
            await connection.execute(
                "update rekindle.schema_migration set sha256 = %s where version = %s and sha256 is null",
                [migration.sha256, migration.version],
            )
    return pending[:alone], pending[alone] if alone < len(pending) else None


async def _run_alone(url: str, connection: Connection, migration: Migration) -> bool:
    """Run one statement outside a transaction; return whether this call ran it, rather than another
    one meanwhile.

    Callers take turns by a lock that is never waited for in a statement: `create index
    concurrently` waits for every statement that began before it, so the two would wait for each
    other. The connection that holds the lock is idle meanwhile, and that is not waited for. An
    index of the ledger that is not valid was left by an attempt that failed: it is dropped first,
    because `if not exists` would keep it.
    """
    async with await connect(url) as turn, turn.transaction():
        await turn.execute("set local idle_in_transaction_session_timeout = 0")
        await _take_turn(turn)
        if migration.version in {row["version"] for row in await _done(connection)}:
            return False
        cursor = await connection.execute(
            "select format('drop index concurrently if exists %%s', i.indexrelid::regclass) as drop from pg_index i"
            " join pg_class c on c.oid = i.indexrelid"
            " where c.relnamespace = 'rekindle'::regnamespace and not i.indisvalid",
            [],
        )
        for row in await cursor.fetchall():
            await connection.execute(row["drop"])
        await connection.execute(migration.text)
        await connection.execute(
            "insert into rekindle.schema_migration (version, name, sha256) values (%s, %s, %s)",
            [migration.version, migration.name, migration.sha256],
        )
        return True


async def _take_turn(connection: Connection) -> None:
    while True:
        cursor = await connection.execute(
            "select pg_try_advisory_xact_lock(hashtextextended('rekindle.migrate.alone', 0)) as locked"
        )
        row = await cursor.fetchone()
        if row is not None and row["locked"]:
            return
        await asyncio.sleep(_RETRY_SECONDS)


def write_migrations(folder: Path) -> list[Path]:
    """The folder holds every migration under its name, for a tool that runs such files; new ones
    are returned.

    Raises:
        BadArgument: the folder does not exist or cannot be written.
        MigrationDrift: it holds one of them with another text; nothing was written.
    """
    if not folder.is_dir():
        raise BadArgument(f"there is no folder {folder}", hint="Make it first, or name another.")
    files = [(folder / f"{one.version}_{one.name}.sql", one) for one in migrations()]
    try:
        there = {path: path.read_text(encoding="utf-8") for path, _ in files if path.exists()}
        for path, migration in files:
            if path in there and replace(migration, text=cast("LiteralString", there[path])).sha256 != migration.sha256:
                raise MigrationDrift(
                    f"{path} is not the file that this version of Rekindle has",
                    hint="Never change a migration that was run: put its text back and add a new one.",
                )
        written = [(path, migration) for path, migration in files if path not in there]
        for path, migration in written:
            path.write_text(migration.text, encoding="utf-8")
    except OSError as error:
        raise BadArgument(f"{folder} cannot be written: {error.strerror}") from None
    return [path for path, _ in written]


async def _done(connection: Connection) -> list[dict[str, Any]]:
    cursor = await connection.execute("select to_regclass('rekindle.schema_migration') is not null as there")
    row = await cursor.fetchone()
    if row is None or not row["there"]:
        return []
    cursor = await connection.execute("select version, name, sha256 from rekindle.schema_migration order by version")
    return await cursor.fetchall()


def _pending(done: list[dict[str, Any]], migrations: Sequence[Migration]) -> list[Migration]:
    files = {migration.version: migration for migration in migrations}
    for row in done:
        file = files.get(row["version"])
        if file is None:
            raise MigrationDrift(
                f"the database has migration {row['version']}_{row['name']}, which this version of Rekindle has not",
                hint="Run the version of Rekindle that made it, or a newer one.",
            )
        if row["sha256"] not in (None, file.sha256):
            raise MigrationDrift(
                f"migration {file.version}_{file.name} was run with another text than this version's",
                hint="Never change a migration that was run: put its text back and add a new one.",
            )
    return [file for version, file in files.items() if version not in {row["version"] for row in done}]


def require_current(migrated_to: str | None) -> None:
    """Refuse a database that lacks this version's newest migration.

    Raises:
        NotMigrated: it does.
    """
    newest = migrations()[-1].version
    if migrated_to is None or migrated_to < newest:
        raise NotMigrated(
            f"the database stands at migration {migrated_to or 'none'}, this version needs {newest}",
            hint="Run `rekindle migrate`.",
        )
