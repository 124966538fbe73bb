"""Fixtures for the tests of the documents."""

from collections.abc import Iterator

import pytest

from acceptance.fixtures import team, team_config, team_worker_url
from acceptance.in_process import process_as_before, within
from conftest import Server, one_server

__all__ = ["process_as_before", "team", "team_config", "team_worker_url", "within"]

server = one_server


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    """A database with nothing in it."""
    url = server.clone("template_empty", lambda _: None)
    yield url
    server.drop(url)
