"""A scenario with several texts: chance decides which one a person gets, and they keep it."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.effect.assignment import bucket, held_out, text_of
from rekindle.engine.cycle import Deps, Limits
from rekindle.engine.run import run_cycle
from rekindle.errors import Disposition, TrialRefused
from rekindle.model import Message, Outcome, Refused, Report, Selection
from rekindle.policy import UNGUARDED
from rekindle.postgres.evaluation import OF_TRIALS, parts_for
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.reports import Reports
from rekindle.postgres.sql import statement
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import AnyScenario, Config, definition
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, evaluation, open_programme, wanted

server = one_server

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HALF = {"held_out": "50%", "until": "2026-12-01"}
UNTIL = {"until": "2026-12-01"}
WEIGHTS = {"A": 5_000, "B": 3_000, "C": 2_000}


def text(weight: str, body: str) -> dict[str, Any]:
    return {"weight": weight, "message": {"en": {"title": "Hello", "body": body}}}


def three(**keys: Any) -> AnyScenario:
    """A scenario of three texts, whose own says `There`, and the others their names."""
    return wanted(**({"text": {"C": text("20%", "C"), "B": text("30%", "B")}, "text_trial": UNTIL} | keys))


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


def config(one: AnyScenario, trial: dict[str, Any] | None = None) -> Config:
    tables: dict[str, Any] = {"scenario": {"nudge": definition(one)}, "run": {"max_held_out": "none"}}
    return Config.model_validate(tables | ({"trial": trial} if trial else {}))


async def apply(programme: Programme, one: AnyScenario, trial: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    """What an apply changes of the trials."""
    asked = config(one, trial)
    said = await Reports(programme.database).trial_changes(asked)
    await Reports(programme.database).store_config(asked)
    assert await Reports(programme.database).trial_changes(asked) == []
    return [(each.change, each.terms.scope) for each in said]


async def run(programme: Programme, dispatcher: ScriptedDispatcher | None = None) -> tuple[Report, Sequence[Message]]:
    dispatcher = dispatcher or ScriptedDispatcher()
    store = PostgresStore(programme.database)
    limits = Limits(guard=UNGUARDED, timezone="UTC")
    report = await run_cycle(Deps(dispatcher, store, store), await programme.store.applied(), Selection(), limits)
    return report, dispatcher.sent


async def trial_id(programme: Programme, scope: str = "text:nudge") -> str:
    return await programme.value(
        "select trial_id::text from rekindle.trial where ended_at is null and scope = %s", scope
    )


async def arms(programme: Programme, scope: str = "text:nudge") -> dict[UUID, str]:
    rows = await programme.rows(
        "select e.user_id, e.arm from rekindle.enrolment e join rekindle.trial t using (trial_id) "
        "where t.scope = %s and t.ended_at is null", scope,
    )  # fmt: skip
    return {row["user_id"]: row["arm"] for row in rows}


def expected(salt: str, people: Sequence[UUID]) -> dict[UUID, str]:
    """The text of each person, as Python computes it."""
    names = list(WEIGHTS)
    return {one: names[text_of(salt, "nudge", str(one), list(WEIGHTS.values()))] for one in people}


def bodies(texts: dict[UUID, str]) -> dict[UUID, str]:
    return {one: "There" if name == "A" else name for one, name in texts.items()}


def read(sent: Sequence[Message]) -> dict[UUID, str]:
    return {message.user_id: message.body for message in sent}


async def test_each_person_gets_the_text_of_their_bucket_and_every_text_is_sent(programme: Programme) -> None:
    assert await apply(programme, three()) == [("started", "text:nudge")]
    people = await programme.people(40)
    theirs = expected(await trial_id(programme), people)
    assert set(theirs.values()) == {"A", "B", "C"}
    planned = await programme.due(three())
    assert {user: (one.verdict, one.text_name) for user, one in planned.items()} == {
        user: ("claim", name) for user, name in theirs.items()
    }
    explanations = PostgresExplanations(programme.database)
    explained = await explanations.explain(evaluation(three(), selection=Selection(user_id=people[0])))
    assert explained.text_name == theirs[people[0]]
    report, sent = await run(programme)
    [numbers] = report.scenarios
    assert (report.status, numbers.claimed, numbers.recorded, numbers.held_out) == ("done", 40, 40, 0)
    assert read(sent) == bodies(theirs)
    assert await arms(programme) == theirs
    parts = await programme.rows("select bucket, arm from rekindle.enrolment")
    assert all((row["bucket"] < 5_000) == (row["arm"] == "A") for row in parts)
    explained = await explanations.explain(evaluation(three(), selection=Selection(user_id=people[0])))
    assert explained.text_name is None


async def test_the_bucket_at_the_end_of_a_text_is_in_the_next_one(programme: Programme) -> None:
    one = three(text={"B": text("50%", "B")})
    await apply(programme, one)
    [person] = await programme.people(1)
    salt = await trial_id(programme)
    place = bucket(salt, "text:nudge", str(person))
    for end, name in ((place, "B"), (place + 1, "A")):
        await programme.sql.execute("update rekindle.trial set text_ends = array[%s, 10000]", [end])
        assert (await programme.due(one))[person].text_name == name


async def test_only_people_who_are_not_held_out_have_a_text(programme: Programme) -> None:
    one = three(trial=HALF)
    await apply(programme, one, trial=HALF)
    people = await programme.people(60)
    everywhere, own = await trial_id(programme, "*"), await trial_id(programme, "nudge")
    held = {
        each
        for each in people
        if held_out(everywhere, "*", str(each), 5_000) or held_out(own, "nudge", str(each), 5_000)
    }
    theirs = expected(await trial_id(programme), [each for each in people if each not in held])
    planned = await programme.due(one)
    assert {user for user, each in planned.items() if each.text_name is None} == held
    _, sent = await run(programme)
    assert read(sent) == bodies(theirs)
    assert await arms(programme) == theirs


async def test_a_person_keeps_the_text_and_the_first_claim(programme: Programme) -> None:
    await apply(programme, three(cooldown="1h"))
    people = await programme.people(20)
    _, sent = await run(programme)
    first = await programme.rows("select user_id, claim_id from rekindle.enrolment order by user_id")
    await programme.at(NOW + DAY)
    await programme.want(*people, occurrence="second")
    _, again = await run(programme)
    assert read(again) == read(sent)
    assert len(again) == 20
    assert await programme.rows("select user_id, claim_id from rekindle.enrolment order by user_id") == first


async def test_from_its_day_on_nobody_new_takes_part_and_after_the_agreed_day_everybody_gets_the_first_text(
    programme: Programme,
) -> None:
    one = three(text_trial={"until": "2026-06-03"}, cooldown="1h")
    await apply(programme, one)
    before = await programme.people(20)
    _, sent = await run(programme)
    theirs = read(sent)
    assert set(theirs.values()) == {"There", "B", "C"}
    await programme.at("2026-06-03 00:00+00")
    after = await programme.people(20)
    await programme.want(*before, *after, occurrence="second")
    _, sent = await run(programme)
    assert read(sent) == theirs | dict.fromkeys(after, "There")
    assert set(await arms(programme)) == set(before)
    await programme.at("2026-06-18 00:00+00")  # the agreed day is over
    await programme.want(*before, occurrence="third")
    _, sent = await run(programme)
    assert read(sent) == dict.fromkeys(before, "There")


@pytest.mark.parametrize(
    "change",
    [
        {"text": {"B": text("30%", "B"), "C": text("21%", "C")}},
        {"text": {"B": text("30%", "B"), "C": text("20%", "D")}},
        {"text": {"B": text("30%", "B"), "D": text("20%", "C")}},
        {"message": {"en": {"title": "Hello", "body": "You"}}},
        {"outcome": {"horizon": "7d"}},
        {"text_trial": {"until": "2026-12-02"}},
        {"text_trial": UNTIL | {"worth": 4}},
    ],
    ids=["weight", "text", "name", "first", "horizon", "until", "worth"],
)
async def test_another_value_ends_a_text_trial_and_starts_one_with_other_arms(
    programme: Programme, change: dict[str, Any]
) -> None:
    await apply(programme, three())
    before = await trial_id(programme)
    assert await apply(programme, three(cooldown="2d")) == []  # nothing of the trial
    assert await trial_id(programme) == before
    assert await apply(programme, three(**change)) == [("ended", "text:nudge"), ("started", "text:nudge")]
    assert await trial_id(programme) != before


async def test_a_text_trial_ends_with_its_tables(programme: Programme) -> None:
    await apply(programme, three())
    assert await apply(programme, wanted()) == [("ended", "text:nudge")]


async def test_a_text_of_one_place_is_a_text_of_the_trial(programme: Programme) -> None:
    place = str(UUID(int=7))

    async def applied_with(body: str) -> list[str]:
        changes = {"message": {"en": {"body": "There, too"}}, "text": {"B": {"message": {"en": {"body": body}}}}}
        whole = definition(three()) | {"overrides": []}
        tables = {"scenario": {"nudge": whole}, "organisation": {place: {"scenario": {"nudge": changes}}}}
        asked = Config.model_validate(tables)
        said = await Reports(programme.database).trial_changes(asked)
        await Reports(programme.database).store_config(asked)
        return [each.change for each in said]

    assert await applied_with("here") == ["started"]
    assert await applied_with("here") == []
    assert await applied_with("there") == ["ended", "started"]


async def test_a_run_with_the_texts_of_before_enrols_nobody_in_the_trial_of_the_new_ones(programme: Programme) -> None:
    await apply(programme, three())
    await programme.people(10)
    before = await programme.store.applied()
    await apply(programme, three(text={"B": text("50%", "new")}))
    run_id = await programme.run()
    await programme.store.claim(run_id, evaluation(before[0].scenario), reserved_seconds=60, guard=UNGUARDED)
    units = await programme.held(run_id)
    assert [unit.text_name for unit in units] == [None] * 10
    assert await arms(programme) == {}


async def test_a_retry_has_the_text_of_its_claim_also_after_an_apply(programme: Programme) -> None:
    await apply(programme, three())
    people = await programme.people(20)
    theirs = bodies(expected(await trial_id(programme), people))

    def refuse(_: Message) -> Outcome:
        return Refused(Disposition.RETRY, "unavailable")

    _, tried = await run(programme, ScriptedDispatcher(refuse))
    assert read(tried) == theirs
    await apply(programme, three(text={"B": text("50%", "new")}))
    await programme.at(NOW + timedelta(hours=1))
    report, sent = await run(programme)
    assert sum(one.carried for one in report.scenarios) == 20
    assert read(sent) == theirs


async def test_a_person_who_lacks_a_variable_of_their_text_gets_the_first_one_and_stays_in_the_arm(
    programme: Programme,
) -> None:
    further = {
        "B": text("30%", "B {given} {points, number}"),
        "C": text("20%", "{given}"),
    }
    await apply(programme, three(text=further))
    people = await programme.people(40)
    theirs = expected(await trial_id(programme), people)
    of_b = [one for one, name in theirs.items() if name == "B"]
    of_c = [one for one, name in theirs.items() if name == "C"]
    await programme.sql.execute("delete from team.wanted")
    variables = {of_b[0]: {}, of_b[1]: {"given": "x", "points": "many"}, of_b[2]: {"given": "x", "points": 7}}
    variables |= {of_c[0]: {"given": " "}, of_c[1]: {"given": "y"}}
    for one, values in variables.items():
        await programme.sql.execute("insert into team.wanted values (%s, 'once', %s)", [one, Jsonb(values)])
    report, sent = await run(programme)
    assert [(one.claimed, one.recorded) for one in report.scenarios] == [(5, 5)]
    assert read(sent) == {
        of_b[0]: "There", of_b[1]: "There", of_b[2]: "B x 7", of_c[0]: "There", of_c[1]: "y",
    }  # fmt: skip
    assert await arms(programme) == {one: theirs[one] for one in variables}


async def test_the_arms_of_a_text_trial_settle(programme: Programme) -> None:
    await apply(programme, three())
    people = await programme.people(10)
    await run(programme)
    await programme.activity(people[0], NOW + 3 * DAY)
    await programme.at(NOW + 15 * DAY + timedelta(seconds=1))
    assert await programme.store.look_back(timezone=None, limit=1_000, timeout_seconds=10) == 10
    rows = await programme.rows("select user_id, came_back_at from rekindle.enrolment where settled_at is not null")
    assert {row["user_id"]: row["came_back_at"] for row in rows} == dict.fromkeys(people) | {people[0]: NOW + 3 * DAY}


async def test_a_text_trial_whose_day_is_past_is_refused(programme: Programme) -> None:
    with pytest.raises(TrialRefused, match=r"until of \[scenario.nudge.text_trial\] is 2026-06-01, and today is"):
        await apply(programme, three(text_trial={"until": "2026-06-01"}))


def test_without_a_text_trial_a_claim_reads_no_trial() -> None:
    assert "rekindle.trial" in statement_of(three())
    assert "rekindle.trial" not in statement_of(wanted())


def statement_of(one: AnyScenario) -> str:
    return statement("claim", **({slot: f"{slot}_absent" for slot in OF_TRIALS} | parts_for(one)))
