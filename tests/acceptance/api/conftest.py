"""A server of the API, with and without a key."""

from collections.abc import Iterator

import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command


@pytest.fixture
def keyed(rekindle: Command) -> Command:
    """The command line with a key for the API in its environment, and the configuration applied."""
    return rekindle.having(REKINDLE_API_KEY=KEY)


@pytest.fixture
def api(keyed: Command) -> Iterator[Served]:
    """A server of the API."""
    with serving(keyed) as served:
        yield served
