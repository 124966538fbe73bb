"""Fixtures for the tests of the documents."""

from collections.abc import Iterator

import pytest

from conftest import Server, one_server

server = one_server


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    """A database with nothing in it."""
    url = server.clone("template_empty", lambda _: None)
    yield url
    server.drop(url)
