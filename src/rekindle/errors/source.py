"""The team's views and queries cannot be used: RK3xx."""

from rekindle.errors.base import RekindleError


class SourceError(RekindleError):
    """The team's own tables cannot be read."""

    code = "RK300"
    usual_hint = "`rekindle check` shows everything that is missing or wrong."


class SourceViewMissing(SourceError):
    """A view of schema rekindle_source is missing."""

    code = "RK301"
    usual_hint = "Write it in source.sql and run that file on the database."


class SourceViewWrong(SourceError):
    """A view of schema rekindle_source lacks a column, or has one of another type."""

    code = "RK302"
    usual_hint = "Correct the view in source.sql and run that file on the database."


class SourceIndexMissing(SourceError):
    """An index that a scenario depends on is missing."""

    code = "RK303"
    usual_hint = "Create it on the table behind the view."


class ScenarioQueryInvalid(SourceError):
    """The query of a scenario is not one read-only statement returning (user_id, occurrence,
    variables)."""

    code = "RK304"
    usual_hint = "It must be one read-only SELECT of tables and views that rekindle_worker may read."


class ScenarioQueryFailed(SourceError):
    """The query of a scenario failed, took too long, or returned too many rows."""

    code = "RK305"
    usual_hint = "Run the query by hand, and correct or narrow it."


class EvaluationFailed(SourceError):
    """The server raised an error while a scenario was evaluated."""

    code = "RK306"


class OutcomeQueryFailed(SourceError):
    """The query of an outcome failed or took too long."""

    code = "RK761"
    usual_hint = "Run the query by hand, and correct or narrow it. Nobody settles until it can be read."


class OutcomeQueryInvalid(SourceError):
    """The query of an outcome is not one read-only statement returning (user_id, happened_at)."""

    code = "RK763"
    usual_hint = "It must be one read-only SELECT of tables and views that rekindle_worker may read."
