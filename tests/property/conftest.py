"""How Hypothesis runs here: the same examples every time, so that a failed build is due to a change
and not to chance.

`HYPOTHESIS_PROFILE=explore` looks for new ones instead (ten times as many, at random). Each failure
is printed as a blob that reproduces it; add it as a separate example.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from conftest import Server, one_server
from team.ledger import Ledger, fill

server = one_server
"""The statements are tested on every server: with an oracle in `test_claim`, and in `database/`."""

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True, database=None)
settings.register_profile(
    "explore",
    deadline=None,
    print_blob=True,
    max_examples=1_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="module")
def ledger(server: Server) -> Iterator[Ledger]:
    """One database for all examples of a module; each example empties it."""
    url = server.clone("template_property", fill)
    ledger = Ledger(url)
    yield ledger
    ledger.close()
    server.drop(url)
