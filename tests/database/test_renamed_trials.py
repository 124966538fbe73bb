"""A trial ends when its scenario is renamed. What it found is listed under the new name."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from conftest import one_server
from rekindle.cli.trials import renamed_line
from rekindle.effect.answers import effect
from rekindle.model import Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Evaluation, Outlook, Terms, TrialChange, TrialTerms
from rekindle.postgres.effect import trials_found
from rekindle.postgres.reports import Reports
from rekindle.scenario import Config
from team.programme import TEXT, Programme, open_programme

server = one_server

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TRIAL = {"held_out": "20%", "until": "2026-06-01"}


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


def config(**scenarios: dict[str, Any]) -> Config:
    """A configuration of these scenarios of kind sql."""
    own = {"kind": "sql", "query": "select user_id, occurrence, variables from team.wanted", "cooldown": "1d"}
    whole = {name: {**own, "message": TEXT, **keys} for name, keys in scenarios.items()}
    return Config.model_validate({"run": {"timezone": "UTC"}, "scenario": whole})


async def apply(programme: Programme, **scenarios: dict[str, Any]) -> list[tuple[str, str]]:
    """Put them in force, and return what an apply says that it changes of trials."""
    asked = config(**scenarios)
    said = await Reports(programme.database).trial_changes(asked)
    await Reports(programme.database).store_config(asked)
    return [(one.change, one.terms.scope) for one in said]


async def claim(programme: Programme, name: str) -> int:
    """Claims by a run of the scenario now."""
    applied = next(one for one in await programme.store.applied() if one.scenario_type == name)
    evaluation = Evaluation(applied, Selection(scenarios=(name,)), (), Terms(timezone="UTC", timeout_seconds=20))
    run_id = await programme.run()
    return (await programme.store.claim(run_id, evaluation, reserved_seconds=60, guard=UNGUARDED)).claimed


async def enrolled(programme: Programme) -> dict[str, int]:
    rows = await programme.rows(
        "select t.scope, count(*) as people from rekindle.enrolment join rekindle.trial t using (trial_id) group by 1"
    )
    return {row["scope"]: row["people"] for row in rows}


async def test_a_renaming_ends_the_trial_and_starts_one_under_the_new_name(programme: Programme) -> None:
    assert await apply(programme, old={"trial": TRIAL}) == [("started", "old")]
    await programme.people(8)
    assert await claim(programme, "old") == 8
    assert await apply(programme, new={"was": "old", "trial": TRIAL}) == [("ended", "old"), ("started", "new")]
    await programme.people(5)
    assert await claim(programme, "new") == 5
    assert await enrolled(programme) == {"old": 8, "new": 5}
    assert await apply(programme, new={"trial": TRIAL}) == [], "it goes on without the key"


@pytest.mark.parametrize("scope", ["old", "text:old"])
def test_an_apply_says_why_the_trial_ends_and_before_it_happens_how_to_finish_it(scope: str) -> None:
    terms = TrialTerms(scope, "person", 2_000, 14 * 86_400, 0.05, date(2026, 6, 1))
    ended, names = TrialChange("ended", terms), {"old": "new"}
    done = renamed_line(ended, names, dry_run=False)
    assert "A trial ends with the name of its scenario, which is new now." in done
    assert "a trial under the new name has other arms" in done
    would = renamed_line(ended, names, dry_run=True)
    assert would.endswith("To finish it first, apply the new name on 2026-06-16 or later.")
    assert renamed_line(ended, {"other": "new"}, dry_run=True) == ""
    assert renamed_line(TrialChange("started", terms), names, dry_run=True) == ""


async def test_a_renaming_without_the_table_ends_the_trial(programme: Programme) -> None:
    await apply(programme, old={"trial": TRIAL})
    assert await apply(programme, new={"was": "old"}) == [("ended", "old")]
    await programme.people(5)
    assert await claim(programme, "new") == 5
    assert await enrolled(programme) == {}


async def test_trials_under_every_name_are_found_by_each_of_them(programme: Programme) -> None:
    await apply(programme, old={"trial": TRIAL}, other={"trial": TRIAL})
    await programme.people(8)
    await claim(programme, "old")
    await programme.at(NOW + DAY)
    await apply(programme, new={"was": "old", "trial": TRIAL}, other={"trial": TRIAL})
    for asked in ("old", "new"):
        found = await trials_found(programme.database, scope=asked, sees=None, timezone=None)
        assert [one.scope for one in found.trials] == ["new", "old"]
        assert [sum(day.enrolled) for day in found.trials[1].days] == [8]
        shown = [(one.found.scope, [each.found.scope for each in one.earlier]) for one in effect(found).answers]
        assert shown == [("new", ["old"])]
    everything = effect(await trials_found(programme.database, scope=None, sees=None, timezone=None))
    assert [(one.found.scope, len(one.earlier)) for one in everything.answers] == [("new", 1), ("other", 0)]
    other = await trials_found(programme.database, scope="other", sees=None, timezone=None)
    assert [one.scope for one in other.trials] == ["other"]


async def test_what_a_trial_can_show_is_judged_by_the_pushes_under_every_name(programme: Programme) -> None:
    """Before the renaming is applied, as `apply` says it, and later without the key."""
    await apply(programme, old={}, other={})
    people = await programme.people(4)
    for name, number in (("old", 3), ("other", 4)):
        await programme.sql.execute(
            "insert into rekindle.scenario_notification (id, user_id, scenario_type, dispatched_at, idempotency_key) "
            "select gen_random_uuid(), user_id, %s, %s, %s || user_id from team.person where user_id = any (%s)",
            [name, NOW - 80 * DAY, name, people[:number]],
        )
    await programme.at(NOW + 10 * DAY)
    until = {"held_out": "20%", "until": str((NOW + 100 * DAY).date())}
    for keys in ({"was": "old"}, {}):
        asked = config(new={**keys, "trial": until}, other={})
        [change] = await Reports(programme.database).trial_changes(asked)
        assert change.outlook == Outlook(90, 3, None)
        await apply(programme, new={"was": "old"}, other={})


async def test_an_opt_out_under_the_new_name_counts_in_the_trial_under_the_former_one(programme: Programme) -> None:
    await apply(programme, old={"trial": TRIAL})
    out, *_ = await programme.people(4)
    await claim(programme, "old")
    await programme.at(NOW + 14 * DAY)
    await apply(programme, new={"was": "old"})
    await programme.sql.execute("insert into team.preference values (%s, 'new', true)", [out])
    await programme.at(NOW + 16 * DAY)
    await programme.store.look_back(timezone=None, limit=10, timeout_seconds=10)
    rows = await programme.rows("select user_id from rekindle.enrolment where settled_at is not null")
    assert len(rows) == 4
    rows = await programme.rows("select user_id from rekindle.enrolment where opted_out_at is not null")
    assert [row["user_id"] for row in rows] == [out]
