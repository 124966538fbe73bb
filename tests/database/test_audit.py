"""Each change writes one row of the audit, in its own transaction and signed by its actor."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from conftest import one_server
from rekindle.access import Actor
from rekindle.errors import BadArgument, DatabaseError, KeyTaken
from rekindle.model import Asked
from rekindle.policy import TICK
from rekindle.ports import Action, Entry
from rekindle.postgres import installation, switches
from rekindle.postgres.reports import Reports
from rekindle.postgres.settle import settle
from rekindle.scenario import Config
from team.programme import Programme, open_programme, wanted

server = one_server
CI = Actor("key", "ci", "admin")


def entry(action: Action, **more: object) -> Entry:
    return Entry(action, CI, **more)  # pyright: ignore[reportArgumentType]


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as one:
        yield one


async def written(programme: Programme) -> list[tuple[object, ...]]:
    rows = await programme.rows(
        "select actor, action, scenario_type, organisation_id, subject, details from rekindle.audit order by audit_id"
    )
    return [tuple(row.values()) for row in rows]


async def test_a_switch_is_audited_and_signed(programme: Programme) -> None:
    turned = entry("switch.turned", scenario_type="nudge", organisation_id=UUID(int=1))
    await switches.turn(programme.database, "off", turned, reason="s3cret")
    assert await written(programme) == [("key ci", "switch.turned", "nudge", UUID(int=1), "1", {"turned": "off"})]
    assert [one.switched_by for one in await switches.switches(programme.database)] == ["key ci"]


async def test_without_an_actor_the_login_of_the_database_signs(programme: Programme) -> None:
    await switches.turn(programme.database, "off", Entry("switch.turned"), reason=None)
    login = await programme.value("select 'login ' || session_user")
    assert [row[0] for row in await written(programme)] == [login]
    assert [one.switched_by for one in await switches.switches(programme.database)] == [login]


async def test_what_is_applied_is_audited_once_per_change(programme: Programme) -> None:
    config = Config(scenario={"other": wanted()})
    await Reports(programme.database).store_config(Config(scenario={"nudge": wanted()}))
    await programme.sql.execute("truncate rekindle.audit")
    for _ in range(2):
        await Reports(programme.database).store_config(config, retire=True, entry=entry("config.applied"))
    assert [(row[0], row[1], row[-1]) for row in await written(programme)] == [
        ("key ci", "config.applied", {"added": ["other"], "retired": ["nudge"]})
    ]
    assert {one.applied_by for one in await Reports(programme.database).scenarios()} == {"key ci"}


@pytest.mark.parametrize("name", ["projects/p/messages/7", None], ids=["sent", "not sent"])
async def test_what_is_settled_is_audited_and_what_is_not_is_not(programme: Programme, name: str | None) -> None:
    await programme.people(1)
    _, (unit,) = await programme.armed_units()
    with pytest.raises(BadArgument):
        await settle(programme.database, unit.claim_id, provider_name=name)
    assert await written(programme) == []
    await programme.store.hold([(unit, "timeout")])
    organisation_id = await programme.value("select organisation_id from rekindle.outbox")
    await settle(programme.database, unit.claim_id, provider_name=name, entry=entry("unknown.settled"))
    details = {"sent": name is not None, "sends": 1}
    assert await written(programme) == [
        ("key ci", "unknown.settled", "nudge", organisation_id, str(unit.claim_id), details)
    ]


async def test_a_run_that_somebody_started_is_audited_once_and_a_tick_is_not(programme: Programme) -> None:
    store = programme.store
    asked = Asked("k", "0" * 64)
    run_id = await store.open_run(budget_seconds=1, dispatcher="log", asked=asked, started=entry("run.started"))
    # Again after an unclear failure, and by another caller.
    await store.open_run(budget_seconds=1, dispatcher="log", run_id=run_id, asked=asked, started=entry("run.started"))
    with pytest.raises(KeyTaken):
        await store.open_run(budget_seconds=1, dispatcher="log", asked=asked, started=entry("run.started"))
    await store.open_run(budget_seconds=1, dispatcher="log", asked=Asked(f"{TICK}nudge:x", "0" * 64))
    assert [row[:2] + row[4:5] for row in await written(programme)] == [("key ci", "run.started", str(run_id))]


async def test_an_installation_that_is_adopted_is_audited(programme: Programme) -> None:
    with pytest.raises(BadArgument):
        await installation.adopt(programme.database)
    await programme.run()
    await programme.sql.execute("update rekindle.installation set timeline = timeline + 7, synchronous = false")
    named = await installation.adopt(programme.database, entry=entry("installation.adopted"))
    assert await written(programme) == [("key ci", "installation.adopted", None, None, named, {})]
    assert (
        await programme.value("select adopted_by from rekindle.installation where adopted_at is not null") == "key ci"
    )


async def test_a_change_whose_audit_cannot_be_written_does_not_happen(programme: Programme) -> None:
    await programme.sql.execute("alter table rekindle.audit add constraint never check (false)")
    with pytest.raises(DatabaseError):
        await switches.turn(programme.database, "off", Entry("switch.turned"), reason=None)
    assert await programme.value("select count(*) from rekindle.switch") == 0


async def test_no_row_is_changed_and_the_worker_deletes_none_of_the_last_month(programme: Programme) -> None:
    for days in (0, 30, 32):
        await programme.at(datetime(2026, 3, 10, tzinfo=UTC) - timedelta(days=days))
        await switches.turn(programme.database, "off", Entry("switch.turned"), reason=str(days))
    await programme.at(datetime(2026, 3, 10, tzinfo=UTC))
    await programme.sql.execute("set role rekindle_worker")
    await programme.sql.execute("delete from rekindle.audit")
    await programme.sql.execute("reset role")
    assert await programme.value("select count(*) from rekindle.audit") == 2
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await programme.sql.execute("update rekindle.audit set actor = 'x'")
