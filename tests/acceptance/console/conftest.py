"""What tests of most pages need. A module whose world differs has a fixture of the same name."""

from collections.abc import Iterator

import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.api.world import World, two_organisations
from acceptance.command import Command
from conftest import Server
from rekindle.sandbox import Sandbox


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations. No test changes what another one of its module reads."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def api(rekindle: Command) -> Iterator[Served]:
    with serving(rekindle.having(REKINDLE_API_KEY=KEY)) as served:
        yield served
