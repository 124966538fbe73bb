"""The parts of the OpenAPI document outside the routes: the key, and the responses of each
route."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.routing import BaseRoute

from rekindle.api.access import Required
from rekindle.api.models import Problem

KEY = (
    Depends(HTTPBearer(auto_error=False, description="A secret key, or the token (JWT) of a person who signed in.")),
    Depends(APIKeyHeader(name="apikey", auto_error=False, description="The same key.")),
)
"""For the document only: `Entrance` checks the key before it reads anything else."""


_ALWAYS = (400, 408, 413, 422, 500)
"""What `Entrance`, the check of the query and the last handler answer, whatever the route is."""


def responses(*problems: int) -> dict[int | str, dict[str, Any]]:
    """The problems of a route, and those that every route has. One that needs a key may get too
    many requests."""
    found = {*problems, *_ALWAYS, *((429,) if 401 in problems else ())}
    return {status: {"model": Problem} for status in sorted(found)}


def _api_routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes of an application, also those that FastAPI keeps in the router that was
    included."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if isinstance(included, APIRouter):
            yield from _api_routes(included.routes)
        elif isinstance(route, APIRoute):
            yield route


def with_problems(document: dict[str, Any], routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document, with the media type of problems, HEAD wherever there is GET, whole
    examples, and what the actor of each route needs: the scope, and the word `unlimited` if it may
    not be limited to organisations."""
    for route in _api_routes(routes):
        for required in (one.call for one in route.dependant.dependencies if isinstance(one.call, Required)):
            roles = [required.scope, *(["unlimited"] if required.everywhere else [])]
            for method in route.methods or ():
                operation = document["paths"][route.path][method.lower()]
                operation["security"] = [dict.fromkeys(one, roles) for one in operation["security"]]
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        if "examples" in schema:
            schema["examples"] = [_whole(one, schema, schemas) for one in schema["examples"]]
    for name, schema in schemas.items():
        if name.startswith("PageOf"):
            item = _target(schema["properties"]["items"]["items"], schemas)
            schema["examples"] = [{"items": item.get("examples", []), "next": None}]
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status >= "400" and "application/json" in content:
                    content["application/problem+json"] = content.pop("application/json")
        if "get" in path:
            path["head"] = _without_body(path["get"])
    return document


def _without_body(operation: dict[str, Any]) -> dict[str, Any]:
    answers = {status: {"description": one["description"]} for status, one in operation["responses"].items()}
    return {**operation, "operationId": f"{operation['operationId']}_head", "responses": answers}


def _whole(example: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The example with the nulls that FastAPI leaves out of its document."""
    schema = _target(schema, schemas)
    for variant in schema.get("anyOf", []):
        example = _whole(example, variant, schemas)
    if isinstance(example, list):
        return [_whole(one, schema.get("items", {}), schemas) for one in cast("list[Any]", example)]
    if not isinstance(example, dict):
        return example
    given = cast("dict[str, Any]", example)
    if "properties" not in schema:
        return given
    inner = schema["properties"]
    whole: dict[str, Any] = {name: _whole(one, inner.get(name, {}), schemas) for name, one in given.items()}
    return whole | {name: None for name in schema.get("required", []) if name not in given}


def _target(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema
