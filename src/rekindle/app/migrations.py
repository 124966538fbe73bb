"""The steps before an engine exists: the database's address and its tables."""

from rekindle.errors import DatabaseUrlMissing
from rekindle.postgres import migrate as postgres
from rekindle.postgres.migrate import Migrated, write_migrations
from rekindle.settings import Settings

__all__ = ["database_url", "migrate", "write_migrations"]


def database_url(settings: Settings) -> str:
    """The address of the team's database.

    Raises:
        DatabaseUrlMissing: the environment does not name one.
    """
    if settings.database_url is None:
        raise DatabaseUrlMissing(
            hint="Set REKINDLE_DATABASE_URL, such as postgresql://user:password@host:5432/database."
        )
    return settings.database_url.get_secret_value()


async def migrate(settings: Settings | None = None, *, dry_run: bool = False) -> Migrated:
    """Give the database this version's tables, and the worker's role the rights that it lacks.
    Returns the migrations that were run now, oldest first, and the rights that were given back.

    All of them are run in one transaction, or none. A second caller waits and then finds nothing to
    do. `dry_run` changes nothing and returns what would be done.

    Raises:
        DatabaseUrlMissing, DatabaseUnreachable: there is no database to migrate.
        MigrationDrift: a migration that was run before differs from the file in this version.
        PermissionMissing: the role may not create the schema or the role.
        DatabaseUnfit: the server cannot keep the ledger's promises.
    """
    return await postgres.migrate(database_url(settings or Settings()), dry_run=dry_run)
