"""Start and end trials as a configuration says."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from rekindle.errors import TrialRefused
from rekindle.ports import OF_TEXTS, PROGRAMME, Outlook, TrialChange, TrialTerms, scenario_of
from rekindle.postgres.connection import Connection
from rekindle.postgres.sql import statement
from rekindle.scenario import AnyScenario, Config, Outcome, TextTrial, Trial, ends_of, names_of, texts_sha256

LONGEST_DAYS = 366


def wanted(config: Config) -> dict[str, TrialTerms]:
    """The trials that the configuration has, by scope."""
    trials = {
        name: _terms(name, scenario.trial, scenario.outcome)
        for name, scenario in sorted(config.scenario.items())
        if scenario.trial is not None
    }
    for name, scenario in sorted(config.scenario.items()):
        if scenario.text_trial is not None:
            trials[OF_TEXTS + name] = _text_terms(name, scenario, scenario.text_trial)
    if config.trial is not None:
        trials[PROGRAMME] = _terms(PROGRAMME, config.trial, config.trial.outcome)
    return trials


async def trial_changes(connection: Connection, config: Config) -> list[TrialChange]:
    """Return the trials that an apply of the configuration would end and start now. Reads only.

    A trial that goes on as it is has no change, also when its day has passed.

    Raises:
        TrialRefused: one of them would end before it starts, or over a year later.
    """
    rows = await (await connection.execute(statement("trials"))).fetchall()
    live = {row["scope"]: _terms_of(row) for row in rows}
    asked = wanted(config)
    changes = [TrialChange("ended", one) for scope, one in live.items() if asked.get(scope) != one]
    started = [one for scope, one in asked.items() if live.get(scope) != one]  # mutant: trial-goes-on
    outlooks: dict[str, Outlook | None] = {}
    if started:
        today = (await (await connection.execute(statement("moment"))).fetchall())[0]["evaluated_on"]
        for one in started:
            _refuse_day(one, today)
            outlooks[one.scope] = await _outlook(connection, _names(config, one), (one.until_on - today).days)
    return [*changes, *(TrialChange("started", one, outlooks[one.scope]) for one in started)]


async def apply_trials(connection: Connection, config: Config) -> list[TrialChange]:
    """End and start trials as the configuration says, and return what has changed. The caller has
    the lock of an apply.

    Raises:
        TrialRefused: as `trial_changes`.
    """
    changes = await trial_changes(connection, config)
    if changes:
        ended = [one.terms.scope for one in changes if one.change == "ended"]
        await connection.execute(statement("trials_end"), {"scopes": ended})  # mutant: end-trials
        started = [one.terms for one in changes if one.change == "started"]
        await connection.execute(statement("trials_start"), _arrays(started))
    return changes


LEAST_LOOKED_BACK = 20
"""With fewer pushes that were looked back at, no share is known."""

_COLUMNS = ("scope", "unit", "held", "horizon_seconds", "worth", "until_on", "outcome", "texts_sha256")


def _terms(scope: str, trial: Trial, outcome: Outcome) -> TrialTerms:
    until_on = date.fromisoformat(trial.until)
    fixed = scope, trial.by, trial.held, outcome.horizon, trial.worth / 100, until_on
    return TrialTerms(*fixed, outcome.source)  # mutant: outcome-of-the-terms


def _text_terms(name: str, scenario: AnyScenario, trial: TextTrial) -> TrialTerms:
    return TrialTerms(
        OF_TEXTS + name,
        "person",
        None,
        scenario.outcome.horizon,
        trial.worth / 100,
        date.fromisoformat(trial.until),
        scenario.outcome.source,
        texts=tuple(names_of(scenario)),
        text_ends=tuple(ends_of(scenario)),
        texts_sha256=texts_sha256(scenario),  # mutant: texts-change
    )


def _terms_of(row: dict[str, Any]) -> TrialTerms:
    texts, ends = tuple(row["texts"] or ()), tuple(row["text_ends"] or ())
    return TrialTerms(**{name: row[name] for name in _COLUMNS}, texts=texts, text_ends=ends)


def _refuse_day(terms: TrialTerms, today: date) -> None:
    where = "[trial]" if terms.scope == PROGRAMME else f"[scenario.{scenario_of(terms.scope)}.{_table(terms)}]"
    if terms.until_on <= today:  # mutant: until-is-past
        raise TrialRefused(
            f"until of {where} is {terms.until_on}, and today is {today}: the trial would have no people",
            hint="Give a later day, or remove the table. A trial that runs goes on only if nothing of it changes.",
        )
    if terms.until_on > today + timedelta(days=LONGEST_DAYS):  # mutant: until-is-far
        raise TrialRefused(
            f"until of {where} is {terms.until_on}, over {LONGEST_DAYS} days away",
            hint="Give an earlier day: the result is read on it, and nothing of the trial may change until then.",
        )


def _table(terms: TrialTerms) -> str:
    return "text_trial" if terms.texts else "trial"


def _names(config: Config, terms: TrialTerms) -> list[str] | None:
    """The names of its scenario in the file; None for the whole programme."""
    if terms.scope == PROGRAMME:
        return None
    name = scenario_of(terms.scope)
    was = config.scenario[name].was
    return [name, *([was] if was else [])]  # mutant: outlook-of-former-name


async def _outlook(connection: Connection, names: list[str] | None, days: int) -> Outlook | None:
    parameters = {"names": names, "days": days}
    row = await (await connection.execute(statement("trial_outlook"), parameters)).fetchone() or {}
    if row["known_days"] < days:  # mutant: known-for-as-long
        return None
    known = row["looked_back"] >= LEAST_LOOKED_BACK
    return Outlook(days, row["people"], row["came_back"] / row["looked_back"] if known else None)


def _arrays(started: Sequence[TrialTerms]) -> dict[str, list[Any]]:
    arrays: dict[str, list[Any]] = {f"{name}s": [getattr(one, name) for one in started] for name in _COLUMNS}
    # Arrays of arrays would need equal lengths.
    arrays["textss"] = [Jsonb({"texts": one.texts, "ends": one.text_ends}) if one.texts else None for one in started]
    arrays["digests"] = [hashlib.sha256(one.outcome.encode()).hexdigest() for one in started]
    return arrays
