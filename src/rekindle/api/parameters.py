"""Refuses the query parameters that a route does not have, and two values of one that takes one, so
that a filter which cannot be obeyed is a mistake and not another list."""

from collections.abc import Iterator
from typing import get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute


async def only_known(request: Request) -> None:
    """A dependency of every route.

    Raises:
        RequestValidationError: the query has a parameter that the route does not have, or several
            values of one that takes one.
    """
    route: APIRoute = request.scope["route"]
    takes_several = dict(_parameters(route.dependant))
    mistakes: dict[str, str] = {}
    for name in request.query_params:
        if name not in takes_several:
            mistakes[name] = "there is no such parameter"
        elif len(request.query_params.getlist(name)) > 1 and not takes_several[name]:  # mutant: given-twice
            mistakes[name] = "give it once"
    if mistakes:
        raise RequestValidationError([{"loc": ("query", name), "msg": mistakes[name]} for name in sorted(mistakes)])


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The name of each, and whether it takes several values."""
    for field in dependant.query_params:
        yield field.alias, get_origin(field.field_info.annotation) is list
    for inner in dependant.dependencies:
        yield from _parameters(inner)
