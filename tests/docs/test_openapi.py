"""The OpenAPI document is the one that the code generates, is valid, and limits everything that a
request may contain."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from docs.openapi import DOCUMENT, said

SAID: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, operations in SAID["paths"].items()
    for method, operation in operations.items()
    if method != "head"
}
BOUNDS = {
    "array": ("maxItems",),
    "string": ("maxLength", "pattern", "format", "enum", "const"),
    "object": ("additionalProperties",),
}


def test_the_committed_document_is_what_the_routes_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == said(), "run `make openapi`"


def test_every_route_but_health_and_readiness_says_that_it_takes_a_key() -> None:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        assert ("head" in operations) == ("get" in operations)
        for method, operation in operations.items():
            assert ("security" in operation) == (path not in ("/v1/health", "/v1/ready"))
            for status, response in operation["responses"].items():
                media = set() if method == "head" else {"application/problem+json"}
                assert (status < "400" and method != "head") or set(response.get("content", {})) == media


def test_it_is_valid_openapi() -> None:
    OPENAPI_31_VALIDATOR.validate(SAID)


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every object below a node that may be a schema, a parameter or a media type."""
    if isinstance(node, dict):
        yield node
        for name, inner in node.items():
            if name not in ("examples", "example", "default"):
                yield from schemas(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from schemas(inner)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    while "$ref" in schema:
        schema = SAID["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def examples(node: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    """The examples of a node, each with its schema."""
    schema = node.get("schema", node)
    given = node.get("examples", [])
    shown = [one["value"] for one in given.values()] if isinstance(given, dict) else list(given)
    if "example" in node:
        shown.append(node["example"])
    return [(schema, one) for one in shown]


def test_every_example_is_an_instance_of_its_schema() -> None:
    found = [pair for node in schemas(SAID) for pair in examples(node)]
    assert found
    for schema, example in found:
        checked = {**schema, "components": SAID["components"]}
        jsonschema_rs.Draft202012Validator(checked, validate_formats=True).validate(example)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_route_shows_an_example_of_its_body_and_of_each_answer(name: str) -> None:
    operation = OPERATIONS[name]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for body in [*bodies, *operation["responses"].values()]:
        for kind, media in body.get("content", {}).items():
            if kind.endswith("json"):
                assert examples(media) or examples(resolved(media["schema"])), name


@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_a_request_of_a_route_may_contain_is_limited(name: str) -> None:
    """Its depth, the length of its lists and texts. All headers together have at most 16 kB."""
    operation = OPERATIONS[name]
    given = [one["schema"] for one in operation.get("parameters", []) if one["in"] != "header"]
    given += [one["schema"] for one in operation.get("requestBody", {}).get("content", {}).values()]
    assert list(operation.get("requestBody", {}).get("content", {})) in ([], ["application/json"])
    for schema in given:
        limited(schema, name)


def limited(schema: dict[str, Any], place: str) -> None:
    """Fail unless each value that fits has a limit, at most eight levels down."""
    assert place.count("/ ") < 8, place
    schema = resolved(schema)
    several = [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]
    kind = schema.get("type")
    assert several or kind or {"const", "enum"} & schema.keys(), f"{place}: it may be anything"
    for one in several:
        limited(one, place)
    if kind in BOUNDS:
        assert set(BOUNDS[kind]) & schema.keys(), f"{place}: {kind} without any of {BOUNDS[kind]}"
    if kind == "object":
        assert schema["additionalProperties"] is False or "maxProperties" in schema, place
        for name, inner in schema.get("properties", {}).items():
            limited(inner, f"{place} / {name}")
    if kind == "array":
        limited(schema["items"], f"{place} / []")
