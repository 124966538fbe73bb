"""A digest: one push for everything that a person is due for."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.engine.check import check
from rekindle.model import Selection
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.source import PostgresSource
from rekindle.scenario import AnyScenario, Config
from team.programme import Programme, evaluation, open_programme, scenario, wanted

server = one_server

NOW = datetime(2026, 5, 8, 12, tzinfo=UTC)
LIST = {"en": {"title": "{count} expire", "body": "{items, list, more, plural, one {# more} other {# more}}"}}


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


def digest(**keys: Any) -> AnyScenario:
    return wanted(digest={"items": "title"}, **keys)


async def want(programme: Programme, user_id: UUID, **titles: str | None) -> None:
    for occurrence, title in titles.items():
        await programme.sql.execute(
            "insert into team.wanted values (%s, %s, %s)", [user_id, occurrence, Jsonb({"title": title})]
        )


async def test_a_digest_is_not_sent_if_any_of_its_certificates_changed_since_the_claim(programme: Programme) -> None:
    one = scenario("expiry", before=["30d"], digest={}, message=LIST)
    soon = (NOW + timedelta(days=5)).date()
    people = [await programme.person() for _ in range(4)]
    last: dict[UUID, UUID] = {}
    for person in people:
        for days, name in enumerate(("First aid", "Fire safety", "Boats")):
            last[person] = await programme.certificate(person, soon + timedelta(days), name)
    _, units = await programme.claimed_units(one)
    renewed, moved, removed, _ = people
    await programme.certificate(renewed, soon + timedelta(400), "boats ")
    change = "update team.certificate set expires_on = expires_on + %s where certification_id = %s"
    await programme.sql.execute(change.encode(), [1, last[moved]])  # the same occasion
    await programme.sql.execute("delete from team.certificate where certification_id = %s", [last[removed]])
    verdicts = {key[0]: verdict for key, verdict in (await programme.store.arm(units, lease_seconds=30)).items()}
    said = {unit.user_id: verdicts[unit.claim_id] for unit in units}
    assert said == dict.fromkeys(people, "armed") | {renewed: "no_longer_due", removed: "no_longer_due"}
    assert {unit.user_id: unit.variables["count"] for unit in units} == dict.fromkeys(people, 3)
    # The next run makes a digest of what is left.
    planned = await programme.due(one)
    assert [planned[person].variables["items"] for person in (renewed, removed)] == [["First aid", "Fire safety"]] * 2


async def test_a_digest_is_not_sent_if_any_of_its_events_is_gone_or_moved_since_the_claim(programme: Programme) -> None:
    one = scenario("event", before=["24h"], digest={}, message=LIST)
    people = gone, moved, _ = [await programme.person() for _ in range(3)]
    for number, person in enumerate(people):
        for hours, name in enumerate(("Kitchen", "Door", "Bar"), start=1):
            starts_at = NOW + timedelta(hours=hours, microseconds=500_000)
            await programme.event(f"{name}:{number}", person, starts_at, name)
    _, units = await programme.claimed_units(one)
    await programme.sql.execute("delete from team.event where event_id = 'Bar:0'")
    await programme.sql.execute("update team.event set starts_at = starts_at + interval '1m' where event_id = 'Door:1'")
    verdicts = {key[0]: verdict for key, verdict in (await programme.store.arm(units, lease_seconds=30)).items()}
    said = {unit.user_id: verdicts[unit.claim_id] for unit in units}
    assert said == dict.fromkeys(people, "armed") | {gone: "no_longer_due", moved: "no_longer_due"}
    assert [unit.variables["items"] for unit in units] == [["Kitchen", "Door", "Bar"]] * 3
    planned = await programme.due(one)
    assert [planned[person].variables["items"] for person in (gone, moved)] == [
        ["Kitchen", "Door"],
        ["Kitchen", "Door", "Bar"],
    ]


async def test_a_digest_covers_a_thousand_occurrences_and_none_that_cannot_be_recorded(programme: Programme) -> None:
    many, odd = [await programme.person() for _ in range(2)]
    await programme.sql.execute(
        "insert into team.wanted select %s, 'o' || lpad(n::text, 4, '0'), "
        "jsonb_build_object('title', repeat('å', 2000), 'other', repeat('x', 5000)) from generate_series(1, 1003) n",
        [many],
    )
    await want(programme, odd, **{"": "nameless", "x" * 1_001: "too long", "b": "B", "c": None, "d": "D", "e": "E"})
    one = digest(message=LIST)
    planned = await programme.due(one)
    assert [planned[many].occurrence, *planned[many].other_occurrences] == [f"o{n:04}" for n in range(1, 1_001)]
    assert planned[many].variables["items"] == ["å" * 1_000] * 3  # a list, although the variables are large
    assert (planned[many].variables["count"], planned[many].variables["more"]) == (1_000, 997)
    assert [planned[odd].occurrence, *planned[odd].other_occurrences] == ["b", "c", "d", "e"]
    assert planned[odd].variables == {
        "first_name": "Ada", "title": "B", "count": 4, "items": ["B", "D"], "more": 2,
    }  # fmt: skip
    assert (await programme.claim(one)).claimed == 2
    await programme.sql.execute("delete from team.wanted where length(occurrence) between 1 and 1000")
    await programme.sql.execute("delete from rekindle.outbox; delete from rekindle.gate")
    assert (await programme.due(one))[odd].refusal == "wrong_occurrence"


async def test_a_former_digest_stays_spent_while_it_is_unknown_and_explain_tells_what_it_covered(
    programme: Programme,
) -> None:
    person = await programme.person()
    await want(programme, person, a="A", b="B", c="C")
    _, [unit] = await programme.armed_units(digest(message=LIST))
    await programme.store.hold([(unit, "timeout")])
    await programme.sql.execute("update rekindle.outbox set lease_until = rekindle.clock() - interval '1 second'")
    await programme.store.sweep()
    await programme.sql.execute("delete from team.wanted where occurrence <> 'c'")
    await programme.at(NOW + timedelta(days=2))
    explanations = PostgresExplanations(programme.database)
    asked = evaluation(wanted(), selection=Selection(scenarios=("nudge",), user_id=person))
    explained = await explanations.explain(asked)
    spent = {one.reason: one for one in explained.conditions}["already_notified"]
    assert explained.blocked_by == ("already_notified",)
    assert (spent.facts["as"], spent.facts["claim_id"]) == ("unknown", unit.claim_id)
    (claim,) = await explanations.history(person, limit=5)
    assert (claim.occurrence, claim.other_occurrences) == ("a", ("b", "c"))


async def test_the_check_measures_the_list_and_refuses_a_name_that_the_query_does_not_return(
    programme: Programme,
) -> None:
    person = await programme.person()
    await want(programme, person, a="A" * 900, b="B")

    async def found(items: str, names: int) -> list[str]:
        one = wanted(digest={"items": items, "names": names}, message={"en": {"title": "t", "body": "{items, list}"}})
        findings = await check(Config(scenario={"news": one}), PostgresSource(programme.database))
        return [finding.message for finding in findings if finding.subject == "news"]

    assert await found("title", 3) == ["scenario news: every text can be rendered"]
    assert "with the longest values that there are now, a push has" in (await found("title", 5))[0]
    assert "scenario.news.digest.items names name, which the query does not return" in await found("name", 3)
