"""People that the team's own SELECT returns."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from rekindle.scenario.kinds.base import ScenarioKind


class OwnQuery(ScenarioKind):
    """Due when the team's own SELECT returns the person. The variables are those that the query
    returns."""

    kind: Literal["sql"]
    query: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.query is None) == (self.file is None):
            raise ValueError("give either query or file")
        return self

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        return f"the query returned {facts['rows']} row(s) for the person"
