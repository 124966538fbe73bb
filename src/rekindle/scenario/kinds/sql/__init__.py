"""People that the team's own SELECT returns."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from rekindle.scenario.kinds.base import ScenarioKind
from rekindle.scenario.query import without_ending


class OwnQuery(ScenarioKind):
    """Due when the team's own SELECT returns the person. The variables are those that the query
    returns."""

    without_day: ClassVar[str] = "an occasion of this kind has no day; write it as a condition of your query"
    several: ClassVar[bool] = True

    kind: Literal["sql"]
    query: str | None = None
    file: str | None = None
    still_due: str | None = None
    still_due_file: str | None = None
    as_of: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.query is None) == (self.file is None):
            raise ValueError("give either query or file")
        if self.query is not None and not without_ending(self.query):
            raise ValueError("query has only blanks and comments")
        if self.still_due is not None and self.still_due_file is not None:
            raise ValueError("give either still_due or still_due_file")
        if self.still_due is not None and not without_ending(self.still_due):
            raise ValueError("still_due has only blanks and comments")
        return self

    @property
    def statement(self) -> str:
        """The query as it can be put into brackets; see `without_ending`."""
        return without_ending(self.query or "")

    def people(self) -> str:
        """See `ScenarioKind.people`."""
        checked = self.still_due is not None or self.still_due_file is not None
        still = " A second query asks again just before a push is sent." if checked else ""
        return f"People that your own query returns. Each occurrence once.{still}"

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        return f"the query returned {facts['rows']} row(s) for the person"
