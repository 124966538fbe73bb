"""A pytest plugin: a migrated database for each test. Enable it with `pytest_plugins =
["rekindle.testing.fixtures"]`."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from pydantic import Field, SecretStr

from rekindle.embedded import EmbeddedPostgres
from rekindle.postgres.clones import create_database, drop_database, execute_script
from rekindle.postgres.migrate import migrate
from rekindle.settings import Environment

# A crash of the test server loses nothing that is needed.
_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


class TestSettings(Environment):
    """The server for the tests."""

    __test__ = False

    server_url: SecretStr | None = Field(default=None, validation_alias="REKINDLE_TEST_DATABASE_URL")


@pytest.fixture(scope="session")
def rekindle_server_url() -> Iterator[str]:
    """The server on which the databases are created: REKINDLE_TEST_DATABASE_URL, else an embedded
    one for this session.

    The login in REKINDLE_TEST_DATABASE_URL must be able to create databases and roles.

    Raises:
        PostgresNotFound: no server is given, and the extra `demo`, which contains an embedded one,
            is not installed.
    """
    given = TestSettings().server_url
    if given is not None:
        yield given.get_secret_value()
        return
    with EmbeddedPostgres(settings=_SETTINGS) as server:
        yield server.url


@pytest.fixture(scope="session")
def rekindle_tables() -> str:
    """SQL that runs once, after Rekindle's migrations. Override it with your tables and
    source.sql."""
    return ""


@pytest.fixture(scope="session")
def rekindle_template(rekindle_server_url: str, rekindle_tables: str) -> Iterator[str]:
    """The name of the template database: each test gets a copy of it. It is dropped after the
    session."""
    name = f"rekindle_template_{uuid4().hex}"

    async def fill() -> None:
        url = await create_database(rekindle_server_url, name)
        await migrate(url)
        await execute_script(url, rekindle_tables)

    try:
        asyncio.run(fill())
        yield name
    finally:
        asyncio.run(drop_database(rekindle_server_url, name))


@pytest.fixture
def rekindle_database(rekindle_server_url: str, rekindle_template: str) -> Iterator[str]:
    """The URL of a separate database for this test, with Rekindle's tables and yours. It is dropped
    after the test.

    It takes about 30 ms. Tests may run in parallel, in any number of processes.
    """
    name = f"rekindle_test_{uuid4().hex}"
    yield asyncio.run(create_database(rekindle_server_url, name, template=rekindle_template))
    asyncio.run(drop_database(rekindle_server_url, name))
