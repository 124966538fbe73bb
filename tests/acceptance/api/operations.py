"""The routes of the API as its OpenAPI document lists them, so that a test of every route covers a
new one by itself."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from rekindle.access import Scope
from rekindle.api.app import routes

NOBODY = "99999999-9999-4999-8999-999999999999"
"""The id of nothing."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One route."""

    method: str
    path: str
    said: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def free(self) -> bool:
        """Whether it needs no key."""
        return "security" not in self.said

    @property
    def scope(self) -> Scope:
        """The scope that the actor needs."""
        return self._roles[0]

    @property
    def everywhere(self) -> bool:
        """Whether an actor that is limited to organisations is refused."""
        return "unlimited" in self._roles

    @property
    def _roles(self) -> Any:
        (roles,) = {tuple(*one.values()) for one in self.said["security"]}
        return roles

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters in its path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def query(self) -> list[str]:
        """The names of the parameters of its query."""
        return [one["name"] for one in self.said.get("parameters", []) if one["in"] == "query"]

    @property
    def lists(self) -> set[str]:
        """Those of them that take several values."""
        given = [one for one in self.said.get("parameters", []) if one["in"] == "query"]
        return {one["name"] for one in given if one["schema"].get("type") == "array"}

    @property
    def statuses(self) -> set[int]:
        """The statuses that it documents."""
        return {int(status) for status in self.said["responses"]}

    @property
    def body(self) -> Any:
        """The example of its body; None if it has none."""
        if "requestBody" not in self.said:
            return None
        media = self.said["requestBody"]["content"]["application/json"]
        return (media.get("examples") or _resolved(media["schema"])["examples"])[0]

    def url(self, **named: str) -> str:
        """Its path with these parameters, and the id of nothing for every other one."""
        return re.sub(r"{(\w+)}", lambda found: named.get(found[1], NOBODY), self.path)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document that the code makes."""
    return routes(cast("Any", None), cast("Any", None), docs=True).openapi()


@cache
def operations() -> tuple[Operation, ...]:
    """Every route, without HEAD."""
    return tuple(
        Operation(method.upper(), path, said)
        for path, methods in document()["paths"].items()
        for method, said in methods.items()
        if method != "head"
    )


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
