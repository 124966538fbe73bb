"""A server or a pooler closes idle connections whenever it likes. No caller notices."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from acceptance.api.operations import operations
from rekindle import Engine
from rekindle.access import LOOPBACK
from rekindle.api.access import Access
from rekindle.api.app import build
from rekindle.api.health_routes import READY_SECONDS
from rekindle.api.runs import Runs
from rekindle.app.confirm import HeldRun
from rekindle.errors import BadArgument, NotFound, RunNotFound
from rekindle.model import Asked, Place
from rekindle.ports import Disabled, Filter, Grant
from rekindle.postgres.pool import CONNECTIONS
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import Team, person
from team.waiting import WAIT_SECONDS

NOW, DAY = datetime.now(UTC), timedelta(days=1)

OURS = "select pid from pg_stat_activity where application_name = 'rekindle' and datname = current_database()"


async def close_idle(team: Team, engine: Engine) -> None:
    """Make the pool open all of its connections, and close them all on the server."""
    async with asyncio.timeout(WAIT_SECONDS):
        while len(team.rows(OURS)) < CONNECTIONS:  # the pool opens them in the background
            await asyncio.gather(*(engine.runs() for _ in range(2 * CONNECTIONS)), return_exceptions=True)
        while team.rows(f"select pg_terminate_backend(pid) from ({OURS}) ours"):
            await asyncio.sleep(0.002)


@pytest.fixture
async def engine(team: Team, team_config: Config) -> AsyncIterator[Engine]:
    team.people(1)
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": team.url})
    async with Engine.open(settings, team_config, dispatcher=ScriptedDispatcher()) as opened:
        yield opened


async def test_every_call_of_an_engine_works_after_its_idle_connections_were_closed(team: Team, engine: Engine) -> None:
    async def of(steps: AsyncIterator[object]) -> None:
        async for _ in steps:
            pass

    async def nothing_to_settle() -> None:
        with pytest.raises(BadArgument, match="has no send"):
            await engine.settle(person(1), provider_name="n")

    async def work() -> None:
        stop = asyncio.Event()
        stop.set()
        await engine.work(stop=stop)

    async def nothing_halted() -> None:
        with pytest.raises(RunNotFound):
            await engine.confirmation(person(1), 1)

    async def nothing_held() -> None:
        with pytest.raises(RunNotFound):
            await engine.held_run(person(1))

    async def no_sends() -> None:
        with pytest.raises(NotFound):
            await engine.sends_of(person(1))

    async def nothing_to_decide() -> None:
        with pytest.raises(NotFound):
            await engine.decide(person(1), provider_name="n")

    async def no_notification() -> None:
        with pytest.raises(NotFound):
            await engine.notification(person(1))

    async def watched() -> None:
        await of(engine.watch((await engine.runs())[0].run_id))

    async def nothing_to_adopt() -> None:
        with pytest.raises(BadArgument):
            await engine.adopt()

    async def next_pushes() -> None:
        await engine.next_pushes(await engine.explain(person(1)))

    async def save_backtest() -> None:
        await engine.save_backtest(await engine.backtest(within_seconds=86_400), {})

    async def no_key_to_revoke() -> None:
        with pytest.raises(NotFound):
            await engine.revoke_key("nobody")

    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "adopt": nothing_to_adopt,
        "place_names": lambda: engine.place_names([Place(person(1))]),
        "names": lambda: engine.names([Place(person(1))], [person(1)]),
        "apply": engine.apply,
        "confirmation": nothing_halted,
        "held_run": nothing_held,
        "held_now": lambda: engine.held_now(HeldRun(person(1), (), (), recent=True, confirmed=None)),
        "sends_of": no_sends,
        "adopted": engine.adopted,
        "decide": nothing_to_decide,
        "asked": lambda: engine.asked("key"),
        "backtest": lambda: engine.backtest(within_seconds=86_400),
        "save_backtest": save_backtest,
        "saved_backtest": lambda: engine.saved_backtest(person(1)),
        "saved_backtests": lambda: engine.saved_backtests(Filter()),
        "shown_names": lambda: engine.shown_names([Place(person(1))], [person(1)]),
        "effect": engine.effect,
        "trial_changes": engine.trial_changes,
        "audit_page": lambda: engine.audit_page(Filter()),
        "changes": engine.changes,
        "check": engine.check,
        "create_key": lambda: engine.create_key(Grant("ci", "read")),
        "deliveries": engine.deliveries,
        "delivery_page": lambda: engine.delivery_page(Filter()),
        "erase": lambda: engine.erase(person(99)),
        "export": lambda: of(engine.export(person(99))),
        "keys": engine.keys,
        "known_key": lambda: engine.known_key(bytes(32)),
        "measure": engine.measure,
        "note_key_use": lambda: engine.note_key_use(bytes(32)),
        "notification": no_notification,
        "notification_page": lambda: engine.notification_page(Filter()),
        "organisations_of": lambda: engine.organisations_of(person(1)),
        "plan_page": lambda: engine.plan_page(Filter()),
        "prunable": engine.prunable,
        "prune": engine.prune,
        "revive": lambda: engine.revive(Disabled((person(1),))),
        "revoke_key": no_key_to_revoke,
        "run_page": lambda: engine.run_page(Filter()),
        "unknown_page": lambda: engine.unknown_page(Filter()),
        "difference": lambda: of(engine.difference()),
        "difference_of": lambda: engine.difference_of(""),
        "disabled_tokens": engine.disabled_tokens,
        "dry_run": engine.dry_run,
        "explain": lambda: engine.explain(person(1)),
        "person": lambda: engine.person(str(person(1))),
        "plan": lambda: of(engine.plan()),
        "ready": engine.ready,
        "ready_to_apply": engine.ready_to_apply,
        "reached": lambda: engine.reached([NOW, NOW + DAY], sees=[person(1)]),
        "looked_after": lambda: engine.looked_after([person(1)], within=DAY, away=DAY),
        "scenario_days": lambda: engine.scenario_days("nudge", [NOW, NOW + DAY]),
        "standing": lambda: engine.standing(person(1)),
        "next_pushes": next_pushes,
        "report": lambda: engine.report(within_seconds=86_400),
        "run": engine.run,
        "runs": engine.runs,
        "scenarios": engine.scenarios,
        "schedules": engine.schedules,
        "send_test": lambda: engine.send_test(person(1), "nudge"),
        "settle": nothing_to_settle,
        "show": lambda: engine.show(person(1)),
        "sql": lambda: engine.sql("plan", scenario="nudge"),
        "run_under": lambda: engine.run_under(Asked("key", "0" * 64)),
        "status": engine.status,
        "tests_sent": lambda: engine.tests_sent(Filter()),
        "tick": engine.tick,
        "ticks": engine.ticks,
        "work": work,
        "switch": lambda: engine.switch("on"),
        "switches": engine.switches,
        "unknown": engine.unknown,
        "usable_keys": engine.usable_keys,
        "versions": engine.versions,
        "watch": watched,
        "workers": engine.workers,
    }
    public = {name for name, _ in inspect.getmembers(engine, inspect.isroutine) if not name.startswith("_")}
    assert set(calls) == public - {"open", "acting_as"}
    for call in calls.values():
        await close_idle(team, engine)
        await call()
    assert (await engine.runs())[0].status == "done"


async def test_every_route_works_after_the_idle_connections_were_closed(team: Team, engine: Engine) -> None:
    runs = Runs(engine, at_once=1, stop=asyncio.Event())
    app = build(engine, runs, Access(without=LOOPBACK), docs=True)
    begun = await engine.run()
    assert len(operations()) >= 4
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for operation in operations():
            await close_idle(team, engine)
            url = operation.url(run_id=str(begun.run_id))
            answer = await client.request(operation.method, url, json=operation.body)
            assert answer.status_code in operation.statuses - {500, 502, 503}, (str(operation), answer.text)
            await runs.ended()
    assert READY_SECONDS <= 1


async def test_a_role_whose_idle_connections_end_at_once_is_served_every_time(
    team: Team, team_worker_url: str, team_config: Config
) -> None:
    team.execute("alter role test_worker set idle_session_timeout = '500ms'")
    try:
        settings = Settings.model_validate({"REKINDLE_DATABASE_URL": team_worker_url})
        async with Engine.open(settings, team_config, dispatcher=ScriptedDispatcher()) as engine:
            for _ in range(3):
                async with asyncio.timeout(WAIT_SECONDS):
                    while team.rows(OURS):
                        await asyncio.sleep(0.01)
                assert (await engine.run()).status == "done"
    finally:
        team.execute("alter role test_worker reset idle_session_timeout")
