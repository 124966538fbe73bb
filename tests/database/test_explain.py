"""Every condition of one person: each can block alone, all are shown, and each shows its
details."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.engine.conditions import describe
from rekindle.engine.explain import explain
from rekindle.errors import SourceViewWrong
from rekindle.model import Acceptance, Ending
from rekindle.policy import HOLD_SECONDS, idempotency_key
from rekindle.ports import Applied, Explanation, Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.scenario import AnyScenario
from team.programme import REFUSALS, Programme, applied, open_programme, scenario, wanted

server = one_server

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)  # a Tuesday


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def explained(
    programme: Programme, user: UUID, one: AnyScenario, *, timezone: str | None = None, others: Sequence[Applied] = ()
) -> Explanation:
    explanations = PostgresExplanations(programme.database)
    terms = Terms(timezone=timezone, timeout_seconds=20)
    [found] = await explain(explanations, user, [applied(one), *others], names=["nudge"], terms=terms)
    return found


def facts(one: Explanation, reason: str) -> dict[str, Any]:
    [found] = [condition for condition in one.conditions if condition.reason == reason]
    return dict(found.facts)


async def due(programme: Programme, **keys: Any) -> UUID:
    user = await programme.person(**keys)
    await programme.want(user)
    return user


async def test_nothing_blocks_somebody_who_would_be_claimed_now(programme: Programme) -> None:
    one = await explained(programme, await due(programme), wanted())
    assert (one.blocked_by, one.next_at, one.waits_for, one.occurrence) == ((), NOW, None, "once")
    first = ["not_enabled", "not_a_recipient", "not_active", "not_due"]
    assert [condition.reason for condition in one.conditions] == [*first, *REFUSALS[1:], "no_token"]


async def test_a_scenario_that_is_not_enabled_is_explained_too(programme: Programme) -> None:
    one = await explained(programme, await due(programme), wanted(enabled=False))
    assert (one.blocked_by, one.next_at, one.waits_for) == (("not_enabled",), None, "not_enabled")


async def test_a_person_who_is_not_an_active_recipient_is_never_due(programme: Programme) -> None:
    stranger, gone = uuid4(), await programme.person(active=False)
    await programme.want(stranger, gone)
    await programme.token(stranger, "of the stranger")
    one = await explained(programme, stranger, wanted())
    assert one.blocked_by == ("not_a_recipient", "not_active", "not_due")
    assert facts(one, "not_due") == {"kind": "sql", "evaluated": False, "occurrence": None, "rows": 1}
    assert (await explained(programme, gone, wanted())).blocked_by == ("not_active", "not_due")


async def test_an_inactivity_that_is_not_due_says_how_long_it_is_and_what_the_stages_are(programme: Programme) -> None:
    absence = scenario("inactivity", after=["14d", "30d"])
    never, lately, long_ago = [await programme.person(timezone="Europe/Oslo") for _ in range(3)]
    await programme.activity(lately, NOW - timedelta(days=5), NOW - timedelta(days=9))
    await programme.activity(long_ago, NOW - timedelta(days=20))
    for user, blocked, known in (
        (never, ("not_due",), {"last_activity_on": None, "days": None}),
        (lately, ("not_due",), {"last_activity_on": "2026-03-05", "days": 5}),
        (long_ago, (), {"last_activity_on": "2026-02-18", "days": 20}),
    ):
        one = await explained(programme, user, absence)
        assert one.blocked_by == blocked
        said = facts(one, "not_due")
        assert {name: said[name] for name in ("last_activity_on", "days", "thresholds")} == {
            **known,
            "thresholds": [14, 30],
        }
    assert one.occurrence == "inactive:2026-02-18:14d"


async def test_an_occasion_that_a_day_leaves_out_says_which_key_and_which_day(programme: Programme) -> None:
    person = await programme.person(timezone="Europe/Oslo")
    await programme.activity(person, NOW - timedelta(days=40), *[NOW - timedelta(days=20)] * 3)
    await programme.certificate(person, NOW.date() + timedelta(days=5))
    kinds = {"inactivity": {"after": ["14d"]}, "milestone": {"at": [2]}, "expiry": {"before": ["7d"]}}
    for keys, kind, said in (
        ({"since": "2026-02-19"}, "inactivity", "this is of 2026-02-18, before since = 2026-02-19"),
        ({"max_age": "19d"}, "inactivity", "this is of 2026-02-18, longer ago than max_age = 19d"),
        ({"until": "2026-03-10", "max_age": "19d"}, "inactivity", "the scenario has ended (until = 2026-03-10)"),
        ({"max_age": "19d"}, "milestone", "this is of 2026-02-18, longer ago than max_age = 19d"),
        ({"until": "2026-03-10"}, "milestone", "the scenario has ended (until = 2026-03-10)"),
        ({"since": "2026-03-16"}, "expiry", "this is of 2026-03-15, before since = 2026-03-16"),
    ):
        one = await explained(programme, person, scenario(kind, **kinds[kind], **keys))
        assert one.blocked_by == ("not_due",)
        [condition] = [found for found in one.conditions if found.reason == "not_due"]
        assert describe(condition).endswith(f"; {said}")
    one = await explained(programme, person, scenario("inactivity", after=["14d"], since="2026-02-18", max_age="20d"))
    assert (one.blocked_by, "left_out" in facts(one, "not_due")) == ((), False)


async def test_a_milestone_that_is_not_reached_says_the_count_and_the_marks(programme: Programme) -> None:
    user = await programme.person()
    await programme.activity(user, NOW, NOW)
    one = await explained(programme, user, scenario("milestone", at=[3, 5]))
    assert (one.blocked_by, facts(one, "not_due")["activities"], facts(one, "not_due")["thresholds"]) == (
        ("not_due",),
        2,
        [3, 5],
    )


async def test_a_milestone_on_a_sum_says_what_the_amounts_add_up_to(programme: Programme) -> None:
    user, other = [await programme.person() for _ in range(2)]
    await programme.amounts(user, NOW, 1.5, 1.25, None, float("nan"))
    for person, said in (
        (user, "a sum of 2.75 over 4 activities, 2 of them without an amount that counts; the marks are 3"),
        (other, "a sum of 0 over 0 activities; the marks are 3"),
    ):
        one = await explained(programme, person, scenario("milestone", at=[3], of="sum"))
        [condition] = [found for found in one.conditions if found.reason == "not_due"]
        assert describe(condition) == said
    await programme.sql.execute("create or replace view rekindle_source.activity as select user_id, activity_date, "
                                "null::float8 as amount from team.activity")  # fmt: skip
    await programme.claim(scenario("milestone", at=[3], of="sum"))
    await programme.sql.execute("drop view rekindle_source.activity; create view rekindle_source.activity as "
                                "select user_id, activity_date from team.activity")  # fmt: skip
    with pytest.raises(SourceViewWrong, match="amount"):
        await programme.claim(scenario("milestone", at=[3], of="sum"))


async def test_an_expiry_says_the_thresholds_on_both_sides_of_it(programme: Programme) -> None:
    user = await programme.person()
    expired = await programme.certificate(user, date(2026, 3, 1))
    one = await explained(programme, user, scenario("expiry", before=["7d"], after=["14d", "30d"]))
    [condition] = [found for found in one.conditions if found.reason == "not_due"]
    assert describe(condition) == (
        f"certificate {expired}, the next of 1, expires on 2026-03-01 (9 days ago); "
        "the thresholds are 7 days before and 14, 30 days after the expiry"
    )


async def test_an_expiry_that_is_not_due_names_the_certificate_that_ends_first(programme: Programme) -> None:
    expiry = scenario("expiry", before=["30d", "7d"])
    none, past, some = [await programme.person() for _ in range(3)]
    await programme.certificate(past, date(2026, 3, 1))
    await programme.certificate(some, date(2026, 3, 1), "A")
    nearest = await programme.certificate(some, date(2026, 5, 1), "B")
    await programme.certificate(some, date(2026, 6, 1), "C")
    await programme.certificate(some, date(2026, 4, 1), "C")
    await programme.certificate(some, "infinity", "D")
    one = await explained(programme, some, expiry)
    assert one.blocked_by == ("not_due",)
    said = facts(one, "not_due")
    assert (said["certification_id"], said["days_left"], said["certificates"]) == (str(nearest), 52, 3)
    assert said["renewed"] == 1
    assert (said["expires_on"], said["thresholds"]) == ("2026-05-01", [7, 30])
    assert facts(await explained(programme, past, expiry), "not_due")["days_left"] == -9
    assert "days_left" not in facts(await explained(programme, none, expiry), "not_due")


@pytest.mark.parametrize("wish", ["nudge", None])
async def test_an_opt_out_names_what_the_person_opted_out_of(programme: Programme, wish: str | None) -> None:
    user = await due(programme)
    await programme.sql.execute("insert into team.preference values (%s, %s, true)", [user, wish])
    one = await explained(programme, user, wanted())
    assert (one.blocked_by, one.waits_for) == (("opted_out",), "opted_out")
    assert facts(one, "opted_out") == {"of": [wish or "every scenario"]}


async def test_a_spent_occurrence_names_the_claim_and_its_time(programme: Programme) -> None:
    recorded, unknown = await programme.people(2)
    run_id, units = await programme.armed_units()
    of = {unit.user_id: unit for unit in units}
    await programme.store.record(run_id, [Acceptance(of[recorded], "n")])
    await programme.store.hold([(of[unknown], "timeout")])
    await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 1))
    await programme.store.sweep()
    await programme.at(NOW + timedelta(days=9))
    for user, how in ((recorded, "recorded"), (unknown, "unknown")):
        one = await explained(programme, user, wanted())
        assert (one.blocked_by, one.next_at) == (("already_notified",), None)
        said = facts(one, "already_notified")
        assert (said["as"], said["claim_id"]) == (how, of[user].claim_id)
        assert NOW <= said["at"] < NOW + timedelta(hours=1)


async def test_explain_shows_this_persons_claim_and_no_others(programme: Programme) -> None:
    """Several people have an unknown send, and later one more for another occurrence or
    scenario."""
    users = await programme.people(3)
    _, units = await programme.armed_units()
    await programme.store.hold([(unit, "timeout") for unit in units])
    await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 1))
    await programme.store.sweep()
    for later in ({"occurrence": "twice"}, {"scenario_type": "another"}):
        await programme.sql.execute(
            "insert into rekindle.outcome select (jsonb_populate_record(o, jsonb_build_object("
            "'claim_id', gen_random_uuid(), 'at', o.at + interval '1 hour') || %s)).* "
            "from rekindle.outcome o where o.claim_id = any (%s)",
            [Jsonb(later), [unit.claim_id for unit in units]],
        )
    found = {user: facts(await explained(programme, user, wanted()), "already_notified")["claim_id"] for user in users}
    assert found == {unit.user_id: unit.claim_id for unit in units}


async def test_where_one_device_is_recorded_and_another_unknown_the_record_counts(programme: Programme) -> None:
    user = await due(programme, tokens=["one", "another"])
    run_id, (recorded, unknown) = await programme.armed_units()
    await programme.store.hold([(unknown, "timeout")])
    await programme.store.record(run_id, [Acceptance(recorded, "n")])
    await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 1))
    await programme.store.sweep()
    said = facts(await explained(programme, user, wanted()), "already_notified")
    assert (said["as"], said["claim_id"], said["at"]) == ("recorded", recorded.claim_id, NOW)


async def test_a_live_claim_says_in_what_state_it_is(programme: Programme) -> None:
    user = await due(programme)
    _, [unit] = await programme.armed_units()
    await programme.store.retry([(unit, "quota_exceeded", 60.0)])
    one = await explained(programme, user, wanted())
    assert one.blocked_by == ("in_flight", "cooldown")
    assert (one.next_at, one.waits_for) == (None, "in_flight")
    said = facts(one, "in_flight")
    assert said["claim_id"] == unit.claim_id
    [live] = said["units"]
    assert (live["state"], live["reason"], live["next_try_at"]) == (
        "retry",
        "quota_exceeded",
        NOW + timedelta(seconds=60),
    )


async def test_the_cooldown_says_when_it_is_over(programme: Programme) -> None:
    user, until = await due(programme), NOW + timedelta(hours=5)
    await programme.sql.execute("insert into rekindle.gate values (%s, 'nudge', %s)", [user, until])
    one = await explained(programme, user, wanted())
    assert (one.blocked_by, one.next_at, facts(one, "cooldown")) == (("cooldown",), until, {"next_at": until})


async def test_a_record_of_today_blocks_until_the_next_utc_day(programme: Programme) -> None:
    user = await due(programme)
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, dispatched_at)"
        " values (gen_random_uuid(), %s, 'nudge', %s, %s)",
        [user, idempotency_key(user, "nudge", NOW.date()), NOW],
    )
    one = await explained(programme, user, wanted(cooldown="1h"))
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    assert (one.blocked_by, one.next_at) == (("already_today",), midnight)
    assert facts(one, "already_today") == {"at": NOW, "until": midnight}
    by_occurrence = wanted(cooldown="1h", key="occurrence")
    assert (await explained(programme, user, by_occurrence)).blocked_by == ()
    await programme.sql.execute("delete from rekindle.scenario_notification")
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, dispatched_at)"
        " values (gen_random_uuid(), %s, 'nudge', %s, %s)",
        [user, idempotency_key(user, "nudge", NOW.date(), "once"), NOW],
    )
    one = await explained(programme, user, by_occurrence)
    assert (one.blocked_by, one.next_at) == (("already_today",), midnight)
    assert facts(one, "already_today") == {"at": NOW, "until": midnight}


async def test_if_no_time_zone_is_valid_the_ones_that_were_tried_are_named_in_order(programme: Programme) -> None:
    user = await due(programme, timezone="Europe/Osl0")
    chapter = uuid4()
    await programme.sql.execute("insert into team.chapter values (%s, 'CEST')", [chapter])
    await programme.sql.execute("update team.person set chapter_id = %s", [chapter])
    quiet = wanted(quiet_hours="21:00-08:00")
    one = await explained(programme, user, quiet)
    assert (one.blocked_by, one.waits_for) == (("no_timezone",), "no_timezone")
    said = facts(one, "no_timezone")
    assert (said["timezone"], facts(one, "quiet_hours")["local_time"]) == (None, None)
    assert [(zone["of"], zone["timezone"], zone["usable"]) for zone in said["tried"]] == [
        ("recipient", "Europe/Osl0", False),
        ("chapter", "CEST", False),
        ("organisation", None, False),
        ("configuration", None, False),
    ]
    one = await explained(programme, user, quiet, timezone="Asia/Tokyo")
    assert (facts(one, "no_timezone")["timezone"], one.blocked_by) == ("Asia/Tokyo", ())


async def test_a_day_that_is_not_allowed_says_which_are_and_when_the_next_begins(programme: Programme) -> None:
    user = await due(programme, timezone="Europe/Oslo")
    one = await explained(programme, user, wanted(weekdays=["mon", "thu"]))
    assert (one.blocked_by, one.next_at) == (("weekday",), datetime(2026, 3, 11, 23, tzinfo=UTC))
    said = facts(one, "weekday")
    assert (said["weekdays"], said["local_time"]) == (["mon", "thu"], datetime(2026, 3, 10, 12, 30))  # noqa: DTZ001


async def test_quiet_hours_say_what_time_it_is_there_and_when_they_end(programme: Programme) -> None:
    user = await due(programme, timezone="Europe/Oslo")
    one = await explained(programme, user, wanted(quiet_hours="12:00-14:00"))
    assert (one.blocked_by, one.next_at) == (("quiet_hours",), datetime(2026, 3, 10, 13, tzinfo=UTC))
    assert facts(one, "quiet_hours") == {
        "local_time": datetime(2026, 3, 10, 12, 30),  # noqa: DTZ001
        "timezone": "Europe/Oslo",
        "from": "12:00",
        "until": "14:00",
    }


async def counted(programme: Programme, user: UUID, *hours: float | None) -> None:
    counts = {str(uuid4()): None if one is None else (NOW - timedelta(hours=1) * one).timestamp() for one in hours}
    await programme.sql.execute("insert into rekindle.cap values (%s, %s)", [user, Jsonb(counts)])


async def test_a_cap_shows_what_counts_under_each_rule_and_when_the_next_push_fits(programme: Programme) -> None:
    user = await due(programme)
    await counted(programme, user, 3, 20, 30, 100)
    one = await explained(programme, user, wanted(caps=["2 per 1d", "3 per 7d"]))
    # The push of 20 hours ago leaves the day's window in 4 hours. Of four in the week two must
    # leave; the later one does in 138 hours.
    assert (one.blocked_by, one.next_at) == (("frequency_cap",), NOW + timedelta(hours=138))
    rules = facts(one, "frequency_cap")["rules"]
    assert [(rule["most"], rule["sent"], rule["alive"], rule["free_at"]) for rule in rules] == [
        (2, 2, 0, NOW + timedelta(hours=4)),
        (3, 4, 0, NOW + timedelta(hours=138)),
    ]


async def test_a_live_claim_fills_a_cap_and_no_end_is_given(programme: Programme) -> None:
    user = await due(programme)
    await counted(programme, user, None)
    one = await explained(programme, user, wanted(caps=["1 per 1d"]))
    assert (one.blocked_by, one.next_at, one.waits_for) == (("frequency_cap",), None, "frequency_cap")
    [rule] = facts(one, "frequency_cap")["rules"]
    assert (rule["alive"], rule["free_at"]) == (1, None)


async def test_an_outranking_scenario_takes_the_last_place_while_it_would_claim_the_person(
    programme: Programme,
) -> None:
    user = await due(programme)
    before = applied(wanted(caps=["1 per 1d"], priority=90), "before")
    one = await explained(programme, user, wanted(caps=["1 per 1d"]), others=[before])
    assert (one.blocked_by, facts(one, "frequency_cap")["outranking"]) == (("frequency_cap",), ["before"])
    await programme.sql.execute("insert into rekindle.gate values (%s, 'before', %s)", [user, NOW + timedelta(hours=1)])
    one = await explained(programme, user, wanted(caps=["1 per 1d"]), others=[before])
    assert (one.blocked_by, facts(one, "frequency_cap")["outranking"]) == ((), [])


async def test_variables_and_occurrences_that_are_too_large_say_how_large(programme: Programme) -> None:
    user = await programme.person()
    await programme.want(user, variables={f"x{number}": "x" * 1_000 for number in range(70)})
    one = await explained(programme, user, wanted())
    assert (one.blocked_by, one.waits_for) == (("variables_too_large",), "variables_too_large")
    assert facts(one, "variables_too_large")["bytes"] > 70_000
    await programme.sql.execute(
        "drop view rekindle_source.certification; create view rekindle_source.certification as"
        " select repeat('x', 1001) as certification_id, user_id, name, expires_on from team.certificate"
    )
    await programme.certificate(user, date(2026, 3, 12))
    one = await explained(programme, user, scenario("expiry", before=["7d"]))
    assert one.blocked_by == ("wrong_occurrence",)


async def test_if_no_device_can_be_used_each_shows_its_reason(programme: Programme) -> None:
    user = await due(programme, tokens=["dead", ""])
    await programme.token(user, "elsewhere", kind="topic")
    await programme.sql.execute(
        "insert into rekindle.disabled_token values (rekindle.device_id('token', 'dead'), %s, 'unregistered', %s, %s)",
        [user, NOW - timedelta(days=2), NOW - timedelta(days=1)],
    )
    one = await explained(programme, user, wanted())
    assert (one.blocked_by, one.next_at, one.waits_for) == (("no_token",), None, "no_token")
    devices = facts(one, "no_token")["devices"]
    assert {(device["kind"], device["empty"], device["disabled_because"], device["usable"]) for device in devices} == {
        ("token", False, "unregistered", False),
        ("token", True, None, False),
        (None, False, None, False),
    }
    assert {device["disabled_at"] for device in devices} == {None, NOW - timedelta(days=1)}
    assert "dead" not in str(one.conditions).replace("'dead'", "")
    assert "elsewhere" not in str(one.conditions)


async def test_a_device_that_the_limits_leave_out_says_so(programme: Programme) -> None:
    user = await due(programme, tokens=[])
    for token, days in (("old", 40), ("newest", 1), ("newer", 2)):
        await programme.token(user, token, registered_at=NOW - timedelta(days=days))
    one = await explained(programme, user, wanted(devices={"newest": 1, "max_age": "30d"}))
    assert one.blocked_by == ()
    said = {
        device["registered_at"]: (device["usable"], device["stale"]) for device in facts(one, "no_token")["devices"]
    }
    assert said == {
        NOW - timedelta(days=40): (False, True),
        NOW - timedelta(days=1): (True, False),
        NOW - timedelta(days=2): (False, False),
    }
    one = await explained(programme, user, wanted(devices={"max_age": "12h"}))
    assert one.blocked_by == ("no_token",)
    text = describe(next(condition for condition in one.conditions if condition.reason == "no_token"))
    assert text.count("was registered too long ago (devices.max_age)") == 3


async def test_everything_that_blocks_is_shown_and_the_first_is_the_one_that_a_plan_names(programme: Programme) -> None:
    user = await due(programme, timezone="Europe/Oslo", tokens=())
    await programme.sql.execute("insert into rekindle.gate values (%s, 'nudge', %s)", [user, NOW + timedelta(hours=1)])
    strict = wanted(quiet_hours="12:00-14:00", weekdays=["mon"])
    one = await explained(programme, user, strict)
    assert one.blocked_by == ("cooldown", "weekday", "quiet_hours", "no_token")
    assert (await programme.due(strict))[user].refusal == "cooldown"
    await programme.token(user, "t")
    one = await explained(programme, user, strict)
    # Monday begins at 23:00 UTC on Sunday, and no quiet hours apply then.
    assert (one.blocked_by, one.next_at) == (
        ("cooldown", "weekday", "quiet_hours"),
        datetime(2026, 3, 15, 23, tzinfo=UTC),
    )


async def test_the_hour_of_send_at_says_what_time_it_is_there_and_when_it_begins(programme: Programme) -> None:
    user = await due(programme, timezone="Europe/Oslo")
    one = await explained(programme, user, wanted(send_at="09:00"))
    assert (one.blocked_by, one.next_at) == (("send_hour",), datetime(2026, 3, 11, 8, tzinfo=UTC))
    assert facts(one, "send_hour") == {
        "local_time": datetime(2026, 3, 10, 12, 30),  # noqa: DTZ001
        "timezone": "Europe/Oslo",
        "from": "09:00",
        "until": "10:00",
    }
    one = await explained(programme, user, wanted(send_at="12:00-13:00"))
    assert one.blocked_by == ()


async def test_a_critical_scenario_passes_the_hours_and_the_cap(programme: Programme) -> None:
    user = await due(programme)
    await counted(programme, user, 1)
    one = await explained(
        programme, user, wanted(critical=True, quiet_hours="10:00-09:00", send_at="09:00", caps=["1 per 1d"])
    )
    assert one.blocked_by == ()


@pytest.mark.parametrize("view", ["chapter", "organisation", "preference", "activity"])
async def test_an_optional_view_may_be_absent(programme: Programme, view: str) -> None:
    user = await due(programme)
    await programme.sql.execute(f"drop view rekindle_source.{view}".encode())
    for one in (user, uuid4()):
        blocked = (await explained(programme, one, wanted())).blocked_by
        assert blocked == (() if one == user else ("not_a_recipient", "not_active", "not_due", "no_token"))


async def test_explaining_writes_nothing_and_holds_no_lock_on_anything(programme: Programme) -> None:
    user = await due(programme)
    await programme.claimed_units()
    tables = ("gate", "cap", "outbox", "run", "run_scenario", "scenario_notification", "outcome")
    before = [await programme.rows(f"select * from rekindle.{table}") for table in tables]
    async with programme.sql.transaction():
        for table in tables:
            await programme.sql.execute(f"lock rekindle.{table} in exclusive mode".encode())
        await explained(programme, user, wanted(caps=["1 per 1d"]))
    assert [await programme.rows(f"select * from rekindle.{table}") for table in tables] == before


async def test_the_history_shows_every_ending_newest_first(programme: Programme) -> None:
    user = await programme.person(tokens=["a", "b", "c"])
    await programme.want(user, occurrence="first")
    first, units = await programme.armed_units()
    await programme.store.record(first, [Acceptance(units[0], "n")])
    await programme.store.finish(first, [Ending(units[1], "skipped", "unregistered")])
    await programme.store.hold([(units[2], "timeout")])
    await programme.at(NOW + timedelta(days=2))
    await programme.store.sweep()
    later = NOW + timedelta(days=4)
    await programme.at(later)
    await programme.want(user, occurrence="second")
    second, _ = await programme.claimed_units()
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, dispatched_at)"
        " values (gen_random_uuid(), %s, 'theirs', 'k', %s)",
        [user, NOW - timedelta(days=1)],
    )
    explanations = PostgresExplanations(programme.database)
    newest, oldest, foreign = await explanations.history(user, limit=5)
    assert (newest.occurrence, newest.claimed_run_id, newest.claimed_at) == ("second", second, later)
    assert [(unit.ending, unit.next_try_at) for unit in newest.units] == [("claimed", later)] * 3
    assert (oldest.occurrence, oldest.scenario_version, oldest.claimed_run_id) == ("first", 1, first)
    assert {unit.device_id: (unit.ending, unit.reason) for unit in oldest.units} == {
        units[0].device_id: ("recorded", None),
        units[1].device_id: ("skipped", "unregistered"),
        units[2].device_id: ("unknown", "timeout"),
    }
    assert {(unit.attempts, unit.run_id) for unit in oldest.units} == {(1, first)}
    assert (foreign.scenario_type, foreign.claimed_run_id, foreign.units) == ("theirs", None, ())
    assert [claim.occurrence for claim in await explanations.history(user, limit=1)] == ["second"]
    assert [claim.occurrence for claim in await explanations.history(user, run_id=first, limit=5)] == ["first"]
    assert await explanations.history(user, scenarios=["theirs"], limit=5) == [foreign]
    assert await explanations.history(uuid4(), limit=5) == []


async def test_an_id_is_known_if_a_view_a_device_or_the_ledger_has_it(programme: Programme) -> None:
    explanations = PostgresExplanations(programme.database)
    active, gone = await programme.person(tokens=()), await programme.person(active=False, tokens=())
    device, remembered, nobody = uuid4(), uuid4(), uuid4()
    await programme.token(device, "t")
    await programme.sql.execute("insert into rekindle.gate values (%s, 'nudge', %s)", [remembered, NOW])
    said = {user: await explanations.standing(user) for user in (active, gone, device, remembered, nobody)}
    assert [(one.listed, one.active, one.known) for one in said.values()] == [
        (True, True, True),
        (True, False, True),
        (False, False, True),
        (False, False, True),
        (False, False, False),
    ]
    assert {one.at for one in said.values()} == {NOW}
