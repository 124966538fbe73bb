"""What the documents are run on."""

from collections.abc import Callable, Iterator

import pytest

from conftest import Server


@pytest.fixture(scope="session", name="server")
def embedded_only(server_named: Callable[[str], Server]) -> Server:
    """The embedded server alone: what the documents show does not depend on the server's version."""
    return server_named("embedded")


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    """A database with nothing in it."""
    url = server.clone("template_empty", lambda _: None)
    yield url
    server.drop(url)
