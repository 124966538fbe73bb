"""Bring a database to this version's tables: forward only, all or nothing, and safe when two
callers do it at once."""

import asyncio
import codecs
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, LiteralString, cast

from rekindle.errors import BadArgument, MigrationDrift, NotMigrated
from rekindle.postgres.connection import Connection, connect
from rekindle.postgres.faults import database_faults
from rekindle.postgres.fitness import require_fit
from rekindle.postgres.rights import missing_rights
from rekindle.postgres.session import pinned

FOLDER = resources.files("rekindle.postgres").joinpath("migrations")
_ALONE = "-- transaction: none"
_LOCK = "lock table rekindle.schema_migration in share row exclusive mode"
_TURN = "-- Here this caller's turn begins."
"""Where, in the first file, the lock is taken."""
_LOCK_ALONE = "select from rekindle.lock where name = 'migrate' for update skip locked"
"""Without a parameter: after a statement with parameters, the connection keeps its snapshot, and
`create index concurrently` would wait for it."""
_RETRY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `migrations/`: YYYYMMDDHHMMSS_name.sql."""

    version: str
    name: str
    text: LiteralString

    @property
    def sha256(self) -> str:
        """See `digest`."""
        return digest(self.text.encode())

    @property
    def alone(self) -> bool:
        """Whether it is one statement that cannot run in a transaction, such as `create index
        concurrently`."""
        return self.text.splitlines()[0] == _ALONE


def digest(content: bytes) -> str:
    """Digest of a migration's text. Line ends and the mark that Windows programs put in front of a
    text do not count, so that a checkout's settings or an editor do not look like drift."""
    return hashlib.sha256(content.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")).hexdigest()


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a call of `migrate` did: the migrations that it ran, oldest first, and the rights of
    rekindle_worker that it gave back, each as a short text."""

    ran: tuple[Migration, ...]
    repaired: tuple[str, ...]


def migrations(folder: Traversable = FOLDER) -> list[Migration]:
    """Return every migration of the folder, oldest first."""
    found: list[Migration] = []
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            version, _, name = file.name.removesuffix(".sql").partition("_")
            # The text is a file of this package, so it is as trustworthy as a literal.
            text = cast("LiteralString", file.read_text(encoding="utf-8"))
            found.append(Migration(version, name, text))
    return sorted(found, key=lambda migration: migration.version)


async def migrate(url: str, *, dry_run: bool = False, folder: Traversable = FOLDER) -> Migrated:
    """Run the pending migrations in one transaction, and give back the rights of rekindle_worker
    that are missing. Return what this call did.

    A second caller waits for the first (a lock on the table of migrations) and then finds nothing
    to do. If anything fails, nothing has changed. A migration that cannot run in a
    transaction ends the transaction before it and runs separately; the next call runs it again if
    it failed. A file that another tool has run counts as run. `dry_run` changes nothing and returns
    what would be done.

    Rights are missing after a dump is restored into a server without the role: a dump has no roles.
    Each file may be run again, and gives them back.

    Raises:
        MigrationDrift: a migration that was run before differs from this version's file.
        PermissionMissing: the role may not create the schema.
        DatabaseUnfit: the server cannot keep the ledger's promises; nothing has changed.
    """
    files = migrations(folder)
    ran: list[Migration] = []
    repaired: list[str] = []
    with database_faults(url):
        connection = await connect(url)
        async with connection:
            while True:
                done, following, rights = await _run_together(connection, files, dry_run=dry_run)
                ran += done
                repaired += rights
                if following is None:
                    return Migrated(tuple(ran), tuple(repaired))
                if await _run_alone(url, connection, following):
                    ran.append(following)


async def _run_together(
    connection: Connection, files: Sequence[Migration], *, dry_run: bool
) -> tuple[list[Migration], Migration | None, list[str]]:
    """Run the pending migrations up to the first that must run alone, and repair the rights. Return
    those that were run, that one, and the rights."""
    async with pinned(connection, kept=not dry_run):
        await require_fit(connection)
        if dry_run:
            done = await _done(connection)
            run_before = {row["version"] for row in done}
            texts = [one.text for one in files if one.version in run_before]
            return _pending(done, files), None, await missing_rights(connection, texts) if texts else []
        await _take_turn(connection, files[0])
        pending = _pending(await _done(connection), files)
        alone = next((number for number, migration in enumerate(pending) if migration.alone), len(pending))
        here = [one for one in files if not one.alone and one not in pending]
        rights = await _repair(connection, here) if here else []
        for migration in pending[:alone]:
            await connection.execute(migration.text)
        for migration in files:
            await connection.execute(
                "update rekindle.schema_migration set sha256 = %s where version = %s and sha256 is null",
                [migration.sha256, migration.version],
            )
    return pending[:alone], pending[alone] if alone < len(pending) else None, rights


async def _repair(connection: Connection, files: Sequence[Migration]) -> list[str]:
    """Run these files again if a right that they give is missing; return the rights that came
    back."""
    texts = [migration.text for migration in files]
    missing = await missing_rights(connection, texts)
    if not missing:
        return []
    for migration in files:
        await connection.execute(migration.text)
    left = set(await missing_rights(connection, texts))
    return [what for what in missing if what not in left]


async def _take_turn(connection: Connection, first: Migration) -> None:
    """Wait until no other caller runs migrations. In a database without the ledger, this makes what
    the lock needs: it runs the beginning of the first file."""
    if await _exists(connection):
        await connection.execute(_LOCK)
    else:
        await connection.execute(first.text.partition(_TURN)[0])


async def _run_alone(url: str, connection: Connection, migration: Migration) -> bool:
    """Run one statement outside a transaction. Return False if another caller ran it meanwhile.

    Callers take turns by a lock, and no statement waits for it. `create index concurrently` waits
    for every statement that began before it, so it and a waiting statement would wait for each
    other. The connection that has the lock is idle meanwhile, and nothing waits for an idle one. An
    invalid index of the ledger is from an attempt that failed. It is dropped first, because
    `if not exists` would keep it.
    """
    async with await connect(url) as turn, pinned(turn):
        while not await (await turn.execute(_LOCK_ALONE)).fetchall():  # noqa: ASYNC110 - another process decides
            await asyncio.sleep(_RETRY_SECONDS)
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


def write_migrations(folder: Path) -> list[Path]:
    """Write every migration to the folder under its name, for a tool that runs such files. Return
    the new files.

    Raises:
        BadArgument: the folder does not exist or cannot be written.
        MigrationDrift: the folder has one of them with a different text; nothing was written.
    """
    if not folder.is_dir():
        raise BadArgument(f"the folder {folder} does not exist", hint="Create it first, or give another folder.")
    files = [(folder / f"{migration.version}_{migration.name}.sql", migration) for migration in migrations()]
    draft = folder / ".rekindle.draft"
    try:
        existing = {path: path.read_bytes() for path, _ in files if path.exists()}
        for path, migration in files:
            if path in existing and digest(existing[path]) != migration.sha256:
                raise MigrationDrift(
                    f"{path} differs from the file of this version of Rekindle",
                    hint="Never change a migration that was run: restore its text and add a new migration.",
                )
        written = [(path, migration) for path, migration in files if path not in existing]
        for path, migration in written:
            # Under another name first: a full disk must not leave half a file with the right name.
            draft.write_text(migration.text, encoding="utf-8")
            draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadArgument(
            f"{folder} cannot be written: {error.strerror}", hint="Make it writable, or give another folder."
        ) from None
    return [path for path, _ in written]


async def _done(connection: Connection) -> list[dict[str, Any]]:
    if not await _exists(connection):
        return []
    cursor = await connection.execute("select version, name, sha256 from rekindle.schema_migration order by version")
    return await cursor.fetchall()


async def _exists(connection: Connection) -> bool:
    cursor = await connection.execute("select to_regclass('rekindle.schema_migration') is not null as there")
    row = await cursor.fetchone()
    return row is not None and bool(row["there"])


def _pending(done: list[dict[str, Any]], migrations: Sequence[Migration]) -> list[Migration]:
    files = {migration.version: migration for migration in migrations}
    for row in done:
        file = files.get(row["version"])
        if file is None:
            raise MigrationDrift(
                f"this version of Rekindle does not have migration {row['version']}_{row['name']} of the database",
                hint="Use the version of Rekindle that made it, or a newer one.",
            )
        if row["sha256"] not in (None, file.sha256):
            raise MigrationDrift(
                f"migration {file.version}_{file.name} was run with a text that differs from this version's",
                hint="Never change a migration that was run: restore its text and add a new migration.",
            )
    return [file for version, file in files.items() if version not in {row["version"] for row in done}]


def require_current(migrated_to: str | None) -> None:
    """Refuse a database that lacks this version's newest migration.

    Raises:
        NotMigrated: the newest migration is missing.
    """
    newest = migrations()[-1].version
    if migrated_to is None or migrated_to < newest:
        raise NotMigrated(
            f"the database is at migration {migrated_to or 'none'}, and this version needs {newest}",
            hint="Run `rekindle migrate`.",
        )
