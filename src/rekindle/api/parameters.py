"""Refuses the query parameters that a route does not have, so that a misspelt filter is a mistake
and not a longer list."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute


async def only_known(request: Request) -> None:
    """A dependency of every route.

    Raises:
        RequestValidationError: the query has a parameter that the route does not have.
    """
    route: APIRoute = request.scope["route"]
    unknown = request.query_params.keys() - set(_names(route.dependant))
    if unknown:
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": "there is no such parameter"} for name in sorted(unknown)]
        )


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)
