"""Databases made on a server from a template, for tests."""

from urllib.parse import urlsplit, urlunsplit

from psycopg.sql import SQL, Composed, Identifier

from rekindle.postgres.faults import database_faults
from rekindle.postgres.pool import connect


def database_at(url: str, name: str) -> str:
    """The address of another database of the same server, for the same login."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def create_database(url: str, name: str, *, template: str = "template1") -> str:
    """The server at `url` has a new database, a copy of the template; its address.

    Raises:
        PermissionMissing: the login may not create a database.
        DatabaseError: it exists already, or somebody is connected to the template.
    """
    await _execute(url, SQL("create database {} template {}").format(Identifier(name), Identifier(template)))
    return database_at(url, name)


async def drop_database(url: str, name: str) -> None:
    """The server at `url` has no such database; connections to it are cut."""
    await _execute(url, SQL("drop database if exists {} with (force)").format(Identifier(name)))


async def execute_script(url: str, script: str) -> None:
    """Every statement of a script that the caller answers for was executed, in one transaction;
    if one fails, none."""
    async with await connect(url) as connection, connection.transaction():
        await connection.execute(script.encode())


async def _execute(url: str, statement: Composed) -> None:
    with database_faults(url):
        async with await connect(url) as connection:
            await connection.execute(statement)
