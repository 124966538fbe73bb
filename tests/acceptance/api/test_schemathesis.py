"""schemathesis makes requests that the OpenAPI document allows, and requests that it does not, and
sends each with the key of every role. An answer is one that the document lists for the route, fits
its schema, and is no fault of the server."""

import json
import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.generation.meta import TestPhase

from acceptance.api.operations import Operation, document, operations
from acceptance.api.world import SCENARIO, World, two_organisations
from conftest import Server
from rekindle.sandbox import Sandbox

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
"""The random requests per route; those at the limits of its schema come before them."""
SEED = os.environ.get("SCHEMATHESIS_SEED")
ELSEWHERE = ["ignored_auth"]
"""Checks that test_every_route makes with fewer requests."""


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations, which the requests change."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def schema(world: World) -> Any:
    """The document. Half of the ids are those of something."""
    named = {name: [one, world.theirs.named[name]] for name, one in world.ours.named.items()} | {"name": [SCENARIO]}
    # A name that belongs to something else may be refused although it fits its schema, and a list
    # that is too long may be a body that is too large.
    lines = ["[checks.positive_data_acceptance]", 'expected-statuses = ["2xx", "4xx"]']
    lines += ["[checks.negative_data_rejection]", 'expected-statuses = ["4xx"]']
    for name, values in named.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines += ["[parameters]", *(f'"{name}" = {{ dictionary = "{name}", probability = 0.5 }}' for name in named)]
    return schemathesis.openapi.from_dict(document(), config=SchemathesisConfig.from_str("\n".join(lines)))


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_every_answer_to_every_role_is_one_that_the_document_describes(
    world: World, schema: Any, operation: Operation
) -> None:
    excluded = CHECKS.get_by_names(ELSEWHERE)

    def every_role(case: Any) -> None:
        at_a_limit = case.meta.phase.name is TestPhase.COVERAGE
        for role in ("limited admin", "admin") if at_a_limit else world.keys:
            headers = {"apikey": world.keys[role]}
            answer = case.call(base_url=world.api.url, headers=headers)
            case.validate_response(answer, headers=headers, excluded_checks=excluded)

    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=SEED is None,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    config = HypothesisTestConfig(
        project=schema.config,
        modes=list(HypothesisTestMode),
        settings=settings,
        seed=None if SEED is None else int(SEED),
    )
    create_test(operation=schema[operation.path][operation.method], test_func=every_role, config=config)()
    assert "http.failed" not in world.api.said()
