"""Whatever the server raises while a scenario is evaluated is that scenario's fault, and no other
scenario's. Only a connection that is gone is the run's."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from psycopg import errors

from rekindle.errors import (
    EvaluationFailed,
    OutcomeQueryFailed,
    OutcomeQueryInvalid,
    RekindleError,
    ScenarioQueryFailed,
    ScenarioQueryInvalid,
    SourceViewWrong,
    StatementTooSlow,
)
from rekindle.postgres.faults import primary, server_refused, words_are_foreign

_NAMED_ELSEWHERE = (
    errors.InsufficientPrivilege,
    errors.InvalidSchemaName,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.UndefinedTable,
)
"""Errors that `database_faults` describes better."""

RUN_SCENARIO_KEY = "run_scenario_pkey"
"""Only a second call of the same claim violates it; see `Store.claim`."""

_QUERY_IS_WRONG = ("0A", "25", "28", "3F", "42")
"""SQLSTATE classes about the text of a query: not supported, not read-only, not permitted, not
valid."""


@asynccontextmanager
async def evaluating(what: str) -> AsyncGenerator[None]:
    """Turn an error that the server raises in the block into an error that says `what` it is about,
    such as "scenario inactivity". No value is quoted, neither in the message nor in a traceback,
    where psycopg's error would quote it.

    Raises:
        SourceViewWrong: a value in the team's views cannot be read.
        StatementTooSlow: a statement took longer than its time limit.
        EvaluationFailed: the server raised another error.
        psycopg.Error: one that is not about the team's views, or that `database_faults` describes.
    """
    try:
        yield
    except psycopg.Error as error:
        named = isinstance(error, _NAMED_ELSEWHERE) and not words_are_foreign(error)
        if named or not _is_an_answer(error) or error.diag.constraint_name == RUN_SCENARIO_KEY:
            raise
        raise _evaluation_fault(what, error) from None


@dataclass(frozen=True, slots=True)
class QueryErrors:
    """The errors about a query of the team: its text cannot be run; it failed, or took too long."""

    invalid: type[RekindleError]
    failed: type[RekindleError]


OF_SCENARIO = QueryErrors(ScenarioQueryInvalid, ScenarioQueryFailed)
OF_OUTCOME = QueryErrors(OutcomeQueryInvalid, OutcomeQueryFailed)


@asynccontextmanager
async def querying(what: str, kinds: QueryErrors = OF_SCENARIO) -> AsyncGenerator[None]:
    """As `evaluating`, for a query of the team, such as "the query of scenario nudge".

    Raises:
        ScenarioQueryInvalid, OutcomeQueryInvalid: the text of the query cannot be run.
        ScenarioQueryFailed, OutcomeQueryFailed: it failed, or took too long.
    """
    try:
        yield
    except psycopg.Error as error:
        if not _is_an_answer(error):
            raise
        raise _query_fault(what, kinds, error) from None


def _is_an_answer(error: psycopg.Error) -> bool:
    """Whether the server's answer is final. Class 40 is a deadlock or the like: the statement may
    simply be run again."""
    return server_refused(error) and (words_are_foreign(error) or not (error.sqlstate or "").startswith("40"))


def _evaluation_fault(what: str, error: psycopg.Error) -> RekindleError:
    if isinstance(error, errors.QueryCanceled):
        return StatementTooSlow(
            f"{what} took longer than its share of the time",
            hint="A view is slow or lacks an index (see `rekindle check`), or one of its tables is locked. Or raise "
            "the budget.",
        )
    if isinstance(error, psycopg.DataError) and not words_are_foreign(error):
        return SourceViewWrong(
            f"{what} reads a value that is not valid: {primary(error)}",
            hint="Fix the row, or have its view in schema rekindle_source leave it out. `rekindle check` names the "
            "view.",
        )
    return EvaluationFailed(
        f"{what} cannot be evaluated: {_words(error)}",
        hint="Select from its views in schema rekindle_source by hand. Other scenarios are not affected.",
    )


def _query_fault(what: str, kinds: QueryErrors, error: psycopg.Error) -> RekindleError:
    if isinstance(error, errors.QueryCanceled):
        return kinds.failed(f"{what} took too long", hint="Add an index or narrow it.")
    if isinstance(error, psycopg.IntegrityError | psycopg.DataError) and not words_are_foreign(error):
        return kinds.failed(
            f"{what} fails on the value of a row: {primary(error)}",
            hint="Fix the row, or have the query leave it out.",
        )
    if (error.sqlstate or "").startswith(_QUERY_IS_WRONG) and not words_are_foreign(error):
        return kinds.invalid(
            f"{what} cannot be run: {primary(error)}",
            hint="It must be one read-only SELECT of tables and views that rekindle_worker may read.",
        )
    return kinds.failed(f"{what} failed: {_words(error)}", hint="Run the query by hand.")


def _words(error: psycopg.Error) -> str:
    """The server's message with its SQLSTATE."""
    return primary(error) if words_are_foreign(error) else f"SQLSTATE {error.sqlstate}, {primary(error)}"
