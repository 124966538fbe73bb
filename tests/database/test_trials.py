"""A trial starts and ends with the configuration, and never changes."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Literal
from uuid import UUID

import psycopg
import pytest
from pydantic import ValidationError

from rekindle.cli.trials import outlook_line
from rekindle.errors import TrialRefused
from rekindle.policy import Retention
from rekindle.ports import PROGRAMME, Outlook, TrialChange, TrialTerms
from rekindle.postgres.prune import PostgresPruning
from rekindle.postgres.reports import Reports
from rekindle.scenario import Config, definition
from team.programme import Programme, open_programme, wanted

DAY = 86_400


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at("2026-06-01 12:00+00")
        yield programme


def config(programme_wide: dict[str, Any] | None = None, of_nudge: dict[str, Any] | None = None) -> Config:
    """A configuration with one scenario, and these trials."""
    nudge = definition(wanted()) | ({"trial": of_nudge} if of_nudge else {})
    tables: dict[str, Any] = {"scenario": {"nudge": nudge}}
    return Config.model_validate(tables | ({"trial": programme_wide} if programme_wide else {}))


async def changed(programme: Programme, to: Config) -> list[tuple[str, str]]:
    """What an apply says that it changes of trials, and does."""
    said = await Reports(programme.database).trial_changes(to)
    await Reports(programme.database).store_config(to)
    assert await Reports(programme.database).trial_changes(to) == []
    return [(one.change, one.terms.scope) for one in said]


async def live(programme: Programme) -> dict[str, UUID]:
    rows = await programme.rows("select scope, trial_id from rekindle.trial where ended_at is null")
    return {row["scope"]: row["trial_id"] for row in rows}


async def test_a_trial_starts_with_the_configuration_goes_on_while_it_is_the_same_and_ends_without_it(
    programme: Programme,
) -> None:
    both = config({"held_out": "10%", "until": "2026-12-01"}, {"held_out": "40%", "until": "2026-09-01"})
    assert await changed(programme, both) == [("started", "nudge"), ("started", PROGRAMME)]
    first = await live(programme)
    rows = await programme.rows(
        "select scope, unit, held, horizon_seconds, worth, until_on, outcome from rekindle.trial order by scope"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("*", "person", 1_000, 14 * DAY, 0.05, date(2026, 12, 1), "activity"),
        ("nudge", "person", 4_000, 14 * DAY, 0.05, date(2026, 9, 1), "activity"),
    ]
    await programme.at("2026-10-01 12:00+00")  # the day of one has passed, and nothing is changed
    assert await changed(programme, both) == []
    assert await live(programme) == first
    assert await changed(programme, config({"held_out": "10%", "until": "2026-12-01"})) == [("ended", "nudge")]
    assert await live(programme) == {PROGRAMME: first[PROGRAMME]}
    ended = await programme.value("select ended_at::text from rekindle.trial where scope = 'nudge'")
    assert ended == "2026-09-16 00:00:00+00"  # it was over then by itself
    assert await changed(programme, config()) == [("ended", PROGRAMME)]
    assert await live(programme) == {}
    details = await programme.value("select details from rekindle.audit order by audit_id desc limit 1")
    assert details == {"trials_ended": [PROGRAMME]}


@pytest.mark.parametrize(
    "change",
    [
        {"held_out": "20%"},
        {"until": "2026-12-02"},
        {"by": "chapter"},
        {"worth": 4},
        {"outcome": {"horizon": "7d"}},
        {"outcome": {"query": "select null::uuid as user_id, now() as happened_at"}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_another_value_ends_a_trial_and_starts_one_with_other_arms(
    programme: Programme, change: dict[str, Any]
) -> None:
    terms = {"held_out": "10%", "until": "2026-12-01"}
    await changed(programme, config(terms))
    before = await live(programme)
    assert await changed(programme, config(terms | change)) == [("ended", PROGRAMME), ("started", PROGRAMME)]
    assert (await live(programme))[PROGRAMME] != before[PROGRAMME]


@pytest.mark.parametrize(
    ("until", "problem"),
    [
        ("2026-06-01", "until of [scenario.nudge.trial] is 2026-06-01, and today is 2026-06-01: the trial would have"),
        ("2027-06-03", "until of [scenario.nudge.trial] is 2027-06-03, over 366 days away"),
    ],
    ids=["past", "too far away"],
)
async def test_a_day_that_is_past_or_too_far_away_is_refused_and_nothing_is_applied(
    programme: Programme, until: str, problem: str
) -> None:
    asked = config(of_nudge={"held_out": "10%", "until": until})
    with pytest.raises(TrialRefused) as refused:
        await Reports(programme.database).store_config(asked)
    assert refused.value.message.startswith(problem)
    assert await programme.value("select count(*) from rekindle.scenario") == 0
    assert await live(programme) == {}


async def test_what_a_trial_can_show_is_known_after_as_many_days_of_pushes_as_it_has_before_it(
    programme: Programme,
) -> None:
    asked = config(of_nudge={"held_out": "50%", "until": "2026-06-11"})  # in ten days

    async def outlook() -> Outlook | None:
        [change] = await Reports(programme.database).trial_changes(asked)
        return change.outlook

    people = await programme.people(30)

    async def nudged(at: str, number: int) -> None:
        await programme.sql.execute(
            "insert into rekindle.scenario_notification (id, user_id, scenario_type, dispatched_at, idempotency_key) "
            "select gen_random_uuid(), user_id, 'nudge', %s::timestamptz, %s || user_id "
            "from team.person where user_id = any (%s)",
            [at, at, people[:number]],
        )

    await nudged("2026-05-01 12:00+00", 30)  # before the ten days
    await nudged("2026-05-25 12:00+00", 10)
    assert await outlook() is None
    await nudged("2026-05-22 13:00+00", 20)
    assert await outlook() == Outlook(10, 20, None)
    await programme.sql.execute(
        "insert into rekindle.came_back (claim_id, scenario_type, dispatched_at, horizon_seconds, back_at, opted_out) "
        "select id, scenario_type, dispatched_at, 86400, case when row_number() over (order by id) <= 6 then now() end,"
        " false from rekindle.scenario_notification where dispatched_at > '2026-05-20'"
    )
    assert await outlook() == Outlook(10, 20, 0.2)


@pytest.mark.parametrize(
    ("unit", "outlook", "said"),
    [
        (
            "person",
            Outlook(90, 1_000, None),
            "a difference of 8.2 points would be seen, if 20% come back",
        ),
        (
            "person",
            Outlook(90, 30, 0.5),
            "too few to see any difference. Hold out a larger part,",
        ),
        ("chapter", Outlook(90, 30, 0.5), "What it can show depends on the number of chapters: 30 in each arm are"),
        ("person", None, "not known: there are fewer days of pushes than the trial has before it."),
    ],
)
def test_an_apply_says_what_a_trial_can_show(
    unit: Literal["person", "chapter"], outlook: Outlook | None, said: str
) -> None:
    terms = TrialTerms("nudge", unit, 5_000, 14 * DAY, 0.05, date(2026, 9, 1))
    assert said in outlook_line(TrialChange("started", terms, outlook))
    assert outlook_line(TrialChange("ended", terms)) == ""


@pytest.mark.parametrize(("people", "seen"), [(199, False), (201, True)])
def test_a_control_group_that_gets_no_word_is_promised_none(people: int, seen: bool) -> None:
    """With fewer than 20 people in an arm, `rekindle effect` says "too few"."""
    terms = TrialTerms("nudge", "person", 1_000, 14 * DAY, 0.05, date(2026, 9, 1))
    said = outlook_line(TrialChange("started", terms, Outlook(90, people, 0.2)))
    assert ("points would be seen" in said) is seen
    assert ("too few to see any difference" in said) is not seen


@pytest.mark.parametrize("until", ["2026-06-02", "2027-06-02"])
async def test_the_first_and_the_last_day_are_accepted(programme: Programme, until: str) -> None:
    [started] = await Reports(programme.database).trial_changes(config({"held_out": "10%", "until": until}))
    assert isinstance(started, TrialChange)


@pytest.mark.parametrize(
    ("tables", "where", "problem"),
    [
        ({"trial": {"held_out": "51%"}}, ("trial", "held_out"), "write a percentage from 1% to 50%, such as 20%"),
        ({"trial": {"held_out": "0.99%"}}, ("trial", "held_out"), "write a percentage from 1% to 50%, such as 20%"),
        ({"trial": {"held_out": 20}}, ("trial", "held_out"), "Input should be a valid string"),
        ({"trial": {"until": "soon"}}, ("trial", "until"), "write it as 2026-01-31, without a time"),
        ({"trial": {"by": "team"}}, ("trial", "by"), "Input should be 'person' or 'chapter'"),
        ({"trial": {"worth": 0}}, ("trial", "worth"), "Input should be greater than 0"),
        ({"trial": {"outcome": {"horizon": "366d"}}, "retention": {"notification": "100d"}},
         ("retention", "notification"),
         "make it at least 367d, because the outcome of [trial] is known only then"),
        ({"trial": {"held_out": "40%"}, "nudge": {"trial": {"held_out": "20%", "until": "2026-12-01"}}},
         ("run", "max_held_out"), "is 50%, and the trials hold out 52.0% of the people who are due for all of them"),
        ({"nudge": {"critical": True, "trial": {"held_out": "20%", "until": "2026-12-01"}}},
         ("scenario", "nudge", "trial"), "nobody is held out of a critical scenario"),
        ({"nudge": {"holdout": False, "trial": {"held_out": "20%", "until": "2026-12-01"}}},
         ("scenario", "nudge", "trial"), "nobody is held out of a scenario with holdout = false"),
        ({"trial": {"outcome": {"query": " -- later"}}}, ("trial", "outcome", "query"), "has only blanks and comments"),
        ({"trial": {"outcome": {"query": "select 1", "file": "a.sql"}}}, ("trial", "outcome"), "either query or file"),
        ({"nudge": {"trial": {"held_out": "20%", "until": "2026-12-01", "horizon": "7d"}}},
         ("scenario", "nudge", "sql", "trial", "horizon"), "Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_at_its_place(tables: dict[str, Any], where: tuple[str, ...], problem: str) -> None:
    whole: dict[str, Any] = {
        "scenario": {"nudge": definition(wanted()) | tables.get("nudge", {})},
        "retention": tables.get("retention", {}),
    }
    if "trial" in tables:
        whole["trial"] = {"held_out": "20%", "until": "2026-12-01"} | tables["trial"]
    with pytest.raises(ValidationError) as mistaken:
        Config.model_validate(whole)
    [mistake] = mistaken.value.errors()
    assert mistake["loc"] == where
    assert problem in mistake["msg"]


def test_two_halves_are_too_many_unless_the_key_says_otherwise() -> None:
    half = {"held_out": "50%", "until": "2026-12-01"}
    with pytest.raises(ValidationError, match=r"the trials hold out 75.0% of the people"):
        config(half, half)
    tables = {"run": {"max_held_out": "75%"}, "trial": half, "scenario": {"nudge": definition(wanted(trial=half))}}
    assert Config.model_validate(tables).trial is not None


async def test_the_terms_of_a_trial_and_a_settled_enrolment_are_never_changed(
    programme: Programme,
) -> None:
    await changed(programme, config({"held_out": "10%", "until": "2026-12-01"}))
    await changed(programme, config())
    await programme.sql.execute(
        "insert into rekindle.enrolment (trial_id, user_id, arm, bucket, claim_id, claimed_at, scenario_type, "
        "scenario_version, settled_at) "
        "values (gen_random_uuid(), gen_random_uuid(), 'nudged', 1, gen_random_uuid(), now(), 'nudge', 1, now())"
    )
    await programme.sql.execute("set role rekindle_worker")
    for change in (
        "update rekindle.trial set held = 100",
        "update rekindle.trial set ended_at = null",
        "delete from rekindle.trial",
        "update rekindle.enrolment set arm = 'held_out'",
        "update rekindle.enrolment set came_back_at = now()",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await programme.sql.execute(change.encode())


async def test_the_people_of_a_trial_are_kept_until_it_has_been_over_for_the_retention(programme: Programme) -> None:
    await changed(programme, config({"held_out": "10%", "until": "2026-07-01"}))  # over on 16 July
    await programme.people(3)
    await programme.sql.execute(
        "insert into rekindle.enrolment (trial_id, user_id, arm, bucket, claim_id, claimed_at, scenario_type, "
        "scenario_version) select t.trial_id, p.user_id, 'nudged', 1, gen_random_uuid(), rekindle.clock(), 'nudge', 1 "
        "from team.person p, rekindle.trial t"
    )
    pruning = PostgresPruning(programme.database)
    kept = Retention(
        notification=DAY, outcome=DAY, run=DAY, gate=DAY, disabled_token=DAY, audit=DAY, api_key=DAY, enrolment=10 * DAY
    )
    for day, expected in (("2026-07-25", 0), ("2026-07-26 00:00:01", 3)):
        await programme.at(f"{day}+00")
        assert (await pruning.count_prunable(kept))["enrolment"] == expected
        batch = await pruning.prune_batch("enrolment", kept, after=None, wait=True)
        assert batch is not None
        assert (batch.deleted, batch.after) == ({"enrolment": expected}, None)
    assert await programme.value("select count(*) from rekindle.trial") == 1
