"""One push for everything that a person is due for."""

from collections.abc import Mapping

from pydantic import Field

from rekindle.scenario.reach import Strict
from rekindle.scenario.texts import NUMBER, Variable

VARIABLES: Mapping[str, Variable] = {
    "count": Variable(NUMBER, 4),
    "items": Variable(frozenset({"list"}), for_programs=True),
    "more": Variable(NUMBER, 4),
}
"""The variables of a digest, besides those of its most urgent occurrence."""


class Digest(Strict):
    """Several occurrences in one push: at most how many names its texts list, and which variable is
    the name of an occurrence (None: the kind's own)."""

    names: int = Field(default=3, ge=1, le=10)
    items: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,62}$")
