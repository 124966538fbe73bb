"""Create and drop databases from a template, for tests."""

from urllib.parse import urlsplit, urlunsplit

from psycopg.sql import SQL, Composed, Identifier

from rekindle.postgres.connection import connect
from rekindle.postgres.faults import database_faults
from rekindle.postgres.session import pinned


def database_at(url: str, name: str) -> str:
    """Return the address of another database on the same server, for the same login."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def create_database(url: str, name: str, *, template: str = "template1") -> str:
    """Create a database on the server at `url` as a copy of the template, and return its address.

    Raises:
        PermissionMissing: the login may not create a database.
        DatabaseError: it exists already, or another client is connected to the template.
    """
    await _execute(url, SQL("create database {} template {}").format(Identifier(name), Identifier(template)))
    return database_at(url, name)


async def drop_database(url: str, name: str) -> None:
    """Drop the database, if it exists, on the server at `url`. Connections to it are closed."""
    await _execute(url, SQL("drop database if exists {} with (force)").format(Identifier(name)))


async def execute_script(url: str, script: str) -> None:
    """Execute every statement of a trusted script in one transaction. If one fails, nothing
    changes."""
    async with await connect(url) as connection, pinned(connection):
        await connection.execute(script.encode())


async def _execute(url: str, statement: Composed) -> None:
    with database_faults(url):
        async with await connect(url) as connection:
            await connection.execute(statement)
