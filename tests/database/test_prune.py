"""Pruning: what is old leaves the ledger, and nobody gets a push again because of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from rekindle.engine.prune import Pruned, Pruner
from rekindle.model import Acceptance, Ending, Unit
from rekindle.policy import Retention
from rekindle.postgres.locks import take
from rekindle.postgres.prune import PostgresPruning
from rekindle.postgres.settle import settle
from rekindle.scenario import AnyScenario, definition, fingerprint
from team.programme import Programme, open_programme, scenario, wanted
from team.waiting import WAIT_SECONDS

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
DAY = 86_400
MONTHS = Retention(
    notification=397 * DAY,
    outcome=90 * DAY,
    run=397 * DAY,
    gate=90 * DAY,
    disabled_token=397 * DAY,
    audit=1_098 * DAY,
    api_key=397 * DAY,
    spent=None,
)
AT_ONCE = Retention(notification=1, outcome=1, run=1, gate=1, disabled_token=1, audit=1, api_key=1)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


def pruner(programme: Programme, retention: Retention = MONTHS) -> Pruner:
    return Pruner(PostgresPruning(programme.database), retention)


async def later(programme: Programme, days: float, retention: Retention = MONTHS) -> dict[str, int]:
    """What a prune deletes so many days after NOW."""
    await programme.at(NOW + timedelta(days=days))
    pruned = await pruner(programme, retention).prune()
    assert pruned.complete
    return dict(pruned.deleted)


async def apply(programme: Programme, one: AnyScenario, name: str = "nudge") -> AnyScenario:
    """Put the scenario into force: a prune reads its kind."""
    await programme.sql.execute(
        "insert into rekindle.scenario (scenario_type, version, definition, fingerprint) "
        "select %s, count(*) + 1, %s, %s from rekindle.scenario where scenario_type = %s",
        [name, Jsonb(definition(one)), fingerprint(one), name],
    )
    return one


async def send(programme: Programme, one: AnyScenario) -> list[Unit]:
    """Claim and send to everybody who is due now; every push is accepted and recorded."""
    run_id, units = await programme.armed_units(one)
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units])
    await programme.store.count_run(run_id, status="done")
    return units


async def send_uncertainly(programme: Programme, one: AnyScenario) -> list[Unit]:
    """The same, but no answer ever comes; the sends are closed as unknown."""
    run_id, units = await programme.armed_units(one)
    await programme.store.hold([(unit, "timeout") for unit in units])
    await programme.sql.execute("update rekindle.outbox set lease_until = rekindle.clock() - interval '1 second'")
    await programme.store.sweep()
    await programme.store.count_run(run_id, status="done")
    return units


async def refusal(programme: Programme, one: AnyScenario, user_id: UUID) -> str | None:
    """Why the person would not be claimed now; 'not due' or None for nothing."""
    due = await programme.due(one)
    return due[user_id].refusal if user_id in due else "not due"


async def spent(programme: Programme) -> set[str]:
    return {row["occurrence"] for row in await programme.rows("select occurrence from rekindle.spent")}


async def counts(programme: Programme, *tables: str) -> dict[str, int]:
    return {table: await programme.value(f"select count(*) from rekindle.{table}") for table in tables}


# ------------------------------------------------------------------------------ what stays spent


async def person_of_kind(programme: Programme, kind: str) -> tuple[UUID, AnyScenario]:
    """One person who is due under a scenario of this kind, and still will be in fourteen months."""
    user_id = await programme.person()
    if kind == "milestone":
        await programme.activity(user_id, *(NOW - timedelta(days=n) for n in range(1, 12)))
        return user_id, await apply(programme, scenario("milestone", at=[10]))
    if kind == "inactivity":
        await programme.activity(user_id, NOW - timedelta(days=40))
        return user_id, await apply(programme, scenario("inactivity", after=["30d"]))
    if kind == "expiry":
        await programme.certificate(user_id, (NOW + timedelta(days=600)).date())
        return user_id, await apply(programme, scenario("expiry", before=["700d"]))
    await programme.want(user_id)
    return user_id, await apply(programme, wanted())


@pytest.mark.parametrize("how", [send, send_uncertainly])
@pytest.mark.parametrize("kind", ["milestone", "inactivity", "expiry", "sql"])
async def test_an_occurrence_stays_spent_after_its_record_or_its_unknown_outcome_is_pruned(
    programme: Programme, kind: str, how: Any
) -> None:
    user_id, one = await person_of_kind(programme, kind)
    await how(programme, one)
    deleted = await later(programme, 425)
    assert deleted["delivery" if how is send else "outcome"] == 1
    assert await counts(programme, "scenario_notification", "delivery", "outcome") == {
        "scenario_notification": 0, "delivery": 0, "outcome": 0,
    }  # fmt: skip
    assert await refusal(programme, one, user_id) == "already_notified"
    assert (await programme.claim(one)).claimed == 0


async def test_what_ended_without_a_push_is_not_spent(programme: Programme) -> None:
    user_id, one = await person_of_kind(programme, "sql")
    run_id, units = await programme.claimed_units(one)
    await programme.store.finish(run_id, [Ending(unit, "dead", "invalid_template") for unit in units])
    assert (await later(programme, 100))["outcome"] == 1
    assert await spent(programme) == set()
    assert await refusal(programme, one, user_id) is None


async def test_the_limit_and_the_back_off_of_an_absence_count_pruned_pushes(programme: Programme) -> None:
    user_id = await programme.person()
    await programme.activity(user_id, NOW - timedelta(days=10))
    one = await apply(programme, scenario("inactivity", after=["10d", "20d", "500d"], limit=2))
    await send(programme, one)
    await programme.at(NOW + timedelta(days=11))
    await send(programme, one)
    await later(programme, 495)
    assert len(await spent(programme)) == 2
    assert await refusal(programme, one, user_id) == "absence_limit"
    backing_off = scenario("inactivity", after=["10d", "20d", "500d"], back_off=10, cooldown="100d")
    assert await refusal(programme, backing_off, user_id) == "back_off"


async def test_only_the_newest_absence_and_the_highest_mark_are_kept(programme: Programme) -> None:
    user_id = await programme.person()
    await programme.activity(user_id, NOW - timedelta(days=31))
    absence = await apply(programme, scenario("inactivity", after=["10d", "30d"]))
    marks = await apply(programme, scenario("milestone", at=[1, 2]), "thanks")

    async def thank() -> None:
        run_id, units = await programme.armed_units(marks, scenario_type="thanks")
        await programme.store.record(run_id, [Acceptance(unit, "n") for unit in units])

    await send(programme, absence)
    await thank()
    await programme.activity(user_id, NOW + timedelta(days=5))
    await programme.at(NOW + timedelta(days=20))
    await send(programme, absence)
    await thank()
    await later(programme, 425)
    assert await spent(programme) == {"inactive:2026-03-15:10d", "milestone:2"}


async def test_what_was_kept_is_forgotten_once_a_later_push_makes_it_useless(programme: Programme) -> None:
    user_id = await programme.person()
    await programme.activity(user_id, NOW - timedelta(days=1))
    one = await apply(programme, scenario("milestone", at=[1, 2]))
    await send(programme, one)
    await later(programme, 425)
    assert await spent(programme) == {"milestone:1"}
    await programme.activity(user_id, NOW)
    await send(programme, one)
    deleted = await later(programme, 850)
    assert deleted["spent"] == 1
    assert await spent(programme) == {"milestone:2"}


async def test_an_event_is_forgotten_once_it_cannot_be_moved_so_that_its_push_would_count(programme: Programme) -> None:
    user_id = await programme.person()
    one = await apply(programme, scenario("event", before=["30d"]))
    await programme.event("e", user_id, NOW + timedelta(days=20))
    await send(programme, one)
    await later(programme, 30, AT_ONCE)
    assert await spent(programme) == {"event:e:2026-03-30T11:30:00Z:43200m"}
    await programme.sql.execute("update team.event set starts_at = starts_at + interval '20 days'")
    assert await refusal(programme, one, user_id) == "already_notified"
    await programme.event("f", user_id, NOW + timedelta(days=35))
    await send(programme, one)
    await later(programme, 126, AT_ONCE)
    assert await spent(programme) == set()


async def test_an_uncertain_higher_mark_does_not_make_a_lower_one_useless(programme: Programme) -> None:
    user_id = await programme.person()
    await programme.activity(user_id, NOW - timedelta(days=1))
    one = await apply(programme, scenario("milestone", at=[1, 2]))
    await send(programme, one)
    await programme.at(NOW + timedelta(days=400))
    await programme.activity(user_id, NOW)
    units = await send_uncertainly(programme, one)
    await later(programme, 425)
    assert await spent(programme) == {"milestone:1"}
    await settle(programme.database, units[0].claim_id, provider_name=None)
    await programme.sql.execute("delete from team.activity where activity_date = %s", [NOW])
    assert await refusal(programme, one, user_id) == "already_notified"


async def test_occurrences_of_an_own_query_are_kept_as_long_as_the_configuration_says_and_marks_for_ever(
    programme: Programme,
) -> None:
    user_id, own = await person_of_kind(programme, "sql")
    await programme.activity(user_id, NOW - timedelta(days=1))
    marks = await apply(programme, scenario("milestone", at=[1]), "thanks")
    await send(programme, own)
    run_id, units = await programme.armed_units(marks, scenario_type="thanks")
    await programme.store.record(run_id, [Acceptance(unit, "n") for unit in units])
    two_years = Retention(
        notification=DAY, outcome=DAY, run=DAY, gate=DAY, disabled_token=DAY, audit=DAY, api_key=DAY, spent=730 * DAY
    )
    await later(programme, 700, two_years)
    assert await spent(programme) == {"once", "milestone:1"}
    assert (await later(programme, 731, two_years))["spent"] == 1
    assert await spent(programme) == {"milestone:1"}


async def test_a_clock_that_jumps_years_ahead_and_back_makes_nobody_due_again(programme: Programme) -> None:
    people = [await person_of_kind(programme, "expiry")]
    await send(programme, people[0][1])
    await later(programme, 3_660)
    await programme.at(NOW + timedelta(days=2))
    for user_id, one in people:
        assert await refusal(programme, one, user_id) == "already_notified"


# --------------------------------------------------------------------- cooldowns, gates and caps


@pytest.mark.parametrize("how", [send, send_uncertainly])
async def test_a_retention_that_is_shorter_than_a_cooldown_takes_nothing_that_the_cooldown_needs(
    programme: Programme, how: Any
) -> None:
    user_id, one = await person_of_kind(programme, "sql")
    await how(programme, one)
    table = "scenario_notification" if how is send else "outcome"
    # settle_not_sent.sql opens the gate of an older send unless it finds this one.
    assert table not in await later(programme, 0.9, AT_ONCE)
    assert (await programme.gate(user_id) or {})["opens_in"] == pytest.approx(DAY / 10)
    assert (await later(programme, 1.1, AT_ONCE))[table] == 1


async def test_a_record_of_another_program_stays_while_a_live_claim_has_its_key(programme: Programme) -> None:
    await programme.people(1)
    _, units = await programme.claimed_units(wanted(relevance="100d"))
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, dispatched_at) "
        "select gen_random_uuid(), user_id, scenario_type, idempotency_key, claimed_at from rekindle.outbox"
    )
    await later(programme, 50, AT_ONCE)
    assert list((await programme.store.arm(units, lease_seconds=30)).values()) == ["already_recorded"]


async def test_a_claim_that_is_live_keeps_what_its_other_devices_have_left(programme: Programme) -> None:
    await programme.people(1, devices=3)
    run_id, units = await programme.armed_units()
    await programme.store.record(run_id, [Acceptance(units[0], "n/1")])
    await programme.store.finish(run_id, [Ending(units[1], "dead", "invalid_argument")])
    await programme.store.hold([(units[2], "timeout")])
    assert await later(programme, 1_000, AT_ONCE) == {}
    assert await counts(programme, "scenario_notification", "outcome", "gate", "outbox") == {
        "scenario_notification": 1, "outcome": 1, "gate": 1, "outbox": 1,
    }  # fmt: skip


async def test_a_gate_that_was_pruned_is_open_and_a_claim_makes_it_anew(programme: Programme) -> None:
    user_id, one = await person_of_kind(programme, "sql")
    await send(programme, one)
    assert "gate" not in await later(programme, 90.9)
    assert (await later(programme, 91.1))["gate"] == 1
    assert await programme.gate(user_id) is None
    await programme.want(user_id, occurrence="again")
    assert (await programme.claim(one)).claimed == 1
    gate = await programme.gate(user_id)
    assert gate is not None
    assert gate["opens_in"] == DAY
    assert gate["inflight"] is not None


async def test_a_gate_stays_while_an_uncertain_send_may_become_a_record_that_begins_its_cooldown(
    programme: Programme,
) -> None:
    user_id, one = await person_of_kind(programme, "sql")
    units = await send_uncertainly(programme, one)
    kept = Retention(
        notification=DAY, outcome=1_000 * DAY, run=DAY, gate=DAY, disabled_token=DAY, audit=DAY, api_key=DAY
    )
    assert "gate" not in await later(programme, 200, kept)
    await settle(programme.database, units[0].claim_id, provider_name="n/1")
    assert (await programme.gate(user_id) or {})["opens_in"] == DAY


@pytest.mark.parametrize(
    ("table", "claims"),
    [
        ("gate", "update rekindle.gate set inflight = user_id"),
        ("cap", "update rekindle.cap set counted = '{\"x\": null}'"),
    ],
    ids=["gate", "cap"],
)
async def test_what_a_claim_writes_while_a_prune_looks_at_it_stays(
    programme: Programme, table: str, claims: Any
) -> None:
    user_id = await programme.person()
    await programme.want(user_id)
    await send(programme, await apply(programme, wanted(caps=["2 per 31d"])))
    await programme.at(NOW + timedelta(days=100))
    async with programme.database.transaction() as claiming:
        await claiming.execute(claims)
        async with asyncio.timeout(WAIT_SECONDS):
            assert table not in (await pruner(programme).prune()).deleted
    assert await counts(programme, table) == {table: 1}


async def test_a_cap_row_goes_when_no_cap_can_count_its_claims(programme: Programme) -> None:
    user_id = await programme.person()
    await programme.want(user_id)
    await send(programme, await apply(programme, wanted(caps=["2 per 31d"])))
    assert "cap" not in await later(programme, 30)
    assert (await later(programme, 32))["cap"] == 1


# ---------------------------------------------------------------------- runs, tokens, other rows


async def test_the_runs_that_tell_how_a_scenario_and_a_schedule_do_stay(programme: Programme) -> None:
    await person_of_kind(programme, "sql")
    first = await programme.run()
    await programme.claim(wanted(), run_id=first)
    await programme.store.count_run(first, status="done")
    ticked, under_way, unused = uuid4(), uuid4(), uuid4()
    for run_id, status, due_at in ((ticked, "halted", NOW), (under_way, "running", None), (unused, "done", None)):
        await programme.sql.execute(
            "insert into rekindle.run (run_id, status, budget_seconds, dispatcher, due_at, finished_at) "
            "values (%s, %s, 30, 'log', %s, case when %s <> 'running' then rekindle.clock() end)",
            [run_id, status, due_at, status],
        )
    await programme.sql.execute(
        "insert into rekindle.schedule (scenario_type, cron, timezone) values ('nudge', '0 9 * * *', 'UTC')"
    )
    assert (await later(programme, 400))["run"] == 1
    left = {row["run_id"] for row in await programme.rows("select run_id from rekindle.run")}
    assert left == {first, ticked, under_way}
    (status,) = await programme.rows(
        "select numbers from (select to_jsonb(s) as numbers from rekindle.run_scenario s) x"
    )
    assert status["numbers"]["claimed"] == 1


async def test_a_disabled_token_stays_while_somebody_has_it_registered(programme: Programme) -> None:
    user_id = await programme.person(tokens=["  kept ", "gone"])
    await programme.sql.execute(
        "insert into rekindle.disabled_token (device_id, user_id, reason, sent_at) "
        "select rekindle.device_id('token', token), gen_random_uuid(), 'unregistered', rekindle.clock() "
        "from unnest(array['kept', 'gone']) token"
    )
    await programme.sql.execute("delete from team.device where user_id = %s and token = 'gone'", [user_id])
    assert (await later(programme, 399))["disabled_token"] == 1
    (kept,) = await programme.rows("select needed_at, device_id = rekindle.device_id('token', 'kept') as it "
                                   "from rekindle.disabled_token")  # fmt: skip
    assert kept == {"needed_at": NOW + timedelta(days=399), "it": True}


async def test_keys_are_forgotten_after_they_were_revoked_or_have_expired(programme: Programme) -> None:
    for name, revoked, expires in (("counts", None, None), ("will-expire", None, 5_000), ("expired", None, 3),
                                   ("revoked", 0, None), ("revoked-early", 1, 5_000)):  # fmt: skip
        await programme.sql.execute(
            "insert into rekindle.api_key (digest, name, scope, created_by, revoked_by, revoked_at, expires_at) "
            "select sha256(%(name)s::text::bytea), %(name)s, 'read', 'x', "
            "case when %(revoked)s::int >= 0 then 'x' end, rekindle.clock() + make_interval(days => %(revoked)s), "
            "rekindle.clock() + make_interval(days => %(expires)s)",
            {"name": name, "revoked": revoked, "expires": expires},
        )
    assert (await later(programme, 399))["api_key"] == 2
    assert (await later(programme, 401))["api_key"] == 1
    assert {row["name"] for row in await programme.rows("select name from rekindle.api_key")} == {
        "counts",
        "will-expire",
    }


async def test_workers_that_are_gone_and_installations_that_were_left_are_forgotten(programme: Programme) -> None:
    await programme.sql.execute(
        "insert into rekindle.worker (worker_id, host, release, configuration) "
        "values (gen_random_uuid(), 'a', '1', 'x')"
    )
    await programme.sql.execute(
        "insert into rekindle.installation (system_identifier, timeline, database_oid, synchronous, seen_at) values "
        "('7', 1, 1, true, rekindle.clock()), ('7', 2, 1, true, rekindle.clock() + interval '1 second')"
    )
    assert await later(programme, 0.9) == {}
    assert await later(programme, 400) == {"worker": 1, "installation": 1}
    assert await programme.value("select timeline from rekindle.installation") == 2


# ------------------------------------------------------------------------------------ the prune


async def test_a_dry_run_counts_what_a_prune_deletes_and_deletes_nothing(programme: Programme) -> None:
    await programme.people(30, devices=2)
    one = await apply(programme, wanted())
    run_id, units = await programme.armed_units(one)
    await programme.store.record(run_id, [Acceptance(unit, f"n/{n}") for n, unit in enumerate(units[:40])])
    await programme.store.finish(run_id, [Ending(unit, "dead", "invalid_argument") for unit in units[40:]])
    await programme.store.count_run(run_id, status="done")
    await programme.at(NOW + timedelta(days=500))
    counted = await pruner(programme).count()
    assert {"scenario_notification", "delivery", "outcome", "gate"} == set(counted)
    assert counted["delivery"] == 40
    assert await pruner(programme).prune() == Pruned(counted, complete=True)
    assert await pruner(programme).count() == {}


async def test_a_saved_backtest_is_kept_as_long_as_runs_are(programme: Programme) -> None:
    await programme.sql.execute(
        "insert into rekindle.backtest (saved_at, saved_by, since, until, result) values (%s, 'me', %s, %s, '{}')",
        [NOW, NOW - timedelta(days=30), NOW],
    )
    assert "backtest" not in await later(programme, 396)
    assert (await later(programme, 398))["backtest"] == 1


async def test_an_empty_ledger_is_pruned_and_the_audit_does_not_mention_it(programme: Programme) -> None:
    assert await pruner(programme).prune() == Pruned({}, complete=True)
    assert await counts(programme, "audit") == {"audit": 0}


async def test_the_audit_has_what_a_prune_deleted_until_it_is_old_itself(programme: Programme) -> None:
    user_id, one = await person_of_kind(programme, "sql")
    await send(programme, one)
    deleted = await later(programme, 500)
    (row,) = await programme.rows("select actor, action, subject, details from rekindle.audit")
    assert (row["action"], row["subject"], row["details"]) == ("ledger.pruned", None, {"rows": deleted})
    assert str(user_id) not in str(row)
    assert "audit" not in await later(programme, 500 + 1_097)
    assert (await later(programme, 500 + 1_099))["audit"] == 1


async def test_a_prune_ends_at_its_time_or_when_it_is_told_and_the_next_one_continues(programme: Programme) -> None:
    _, one = await person_of_kind(programme, "sql")
    await send(programme, one)
    await programme.at(NOW + timedelta(days=500))
    told = asyncio.Event()
    told.set()
    assert await pruner(programme).prune(seconds=0) == Pruned({}, complete=False)
    assert await pruner(programme).prune(stop=told) == Pruned({}, complete=False)
    assert (await pruner(programme).prune()).deleted["scenario_notification"] == 1


async def test_one_prune_at_a_time(programme: Programme) -> None:
    _, one = await person_of_kind(programme, "sql")
    await send(programme, one)
    await programme.at(NOW + timedelta(days=500))
    async with programme.database.transaction() as another:
        await take(programme.database, another, "prune")
        assert await pruner(programme).prune(aside=True) == Pruned({}, complete=False)
        waiting = asyncio.create_task(pruner(programme).prune())
        await programme.blocked("lock")
    assert (await waiting).deleted["scenario_notification"] == 1


async def test_many_rows_are_deleted_in_small_transactions(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rekindle.postgres.prune.BATCH", 7)
    monkeypatch.setattr("rekindle.postgres.prune.LOOKED_AT", 5)
    await programme.people(30)
    one = await apply(programme, wanted())
    units = await send(programme, one)
    await programme.at(NOW + timedelta(days=500))
    sizes: list[int] = []

    class Watched(PostgresPruning):
        async def prune_batch(self, *arguments: Any, **keys: Any) -> Any:
            batch = await super().prune_batch(*arguments, **keys)
            sizes.append(max(batch.deleted.values()) if batch else 0)
            return batch

    pruned = await Pruner(Watched(programme.database), MONTHS).prune()
    assert pruned.deleted == {"scenario_notification": 30, "delivery": 30, "gate": 30}
    assert max(sizes) == 7
    assert {row["user_id"] for row in await programme.rows("select user_id from rekindle.spent")} == {
        unit.user_id for unit in units
    }
