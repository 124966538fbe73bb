"""A session: faults from the plan, then a time without faults, then the evidence."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from torture.checker import STUCK, Breach, check
from torture.crew import Crew, events_in, orders_of_slot, shuffled_points
from torture.engine_process import POINTS, Orders
from torture.evidence import Cycle, Evidence, forgotten, gather, history, returned_people, under_way
from torture.plan import CALM, Event, draw
from torture.stage import Stage, staged
from torture.terms import BATCH, CANARIES, COOLDOWN_SECONDS, HOLD_SECONDS, LONGEST_DELAY_SECONDS, Session

FUNCTION_LIFE_SECONDS = 5.0  # after which the Edge Function's process is killed, and another one started
_SHOWN = 3  # breaches of each kind whose history is printed
_COUNTED = {
    "crash": "database crashes",
    "restart": "database restarts",
    "cut": "links cut",
    "silence": "links silent",
}
_DRAIN_SECONDS = 40.0
_PROOF_SECONDS = COOLDOWN_SECONDS + HOLD_SECONDS + 25.0


@dataclass(slots=True)
class Verdict:
    """The result of a session."""

    session: Session
    evidence: Evidence
    breaches: list[Breach]
    histories: list[str] = field(default_factory=list[str])


async def torture(session: Session) -> Verdict:
    """Play the random plan of a seed, give the design a time without faults, and judge it."""
    async with staged(session) as stage:
        crew = Crew(stage, design=session.design, size=session.workers)
        disturbed: list[tuple[float, float]] = []
        await crew.muster()
        try:
            await _play(stage, crew, draw(session.seed, session.seconds, session.workers), session.seconds, disturbed)
        finally:
            stage.link.resume()
            await crew.dismiss(gently=session.design == "rekindle")
        return await _judge(stage, crew, crew.counts, disturbed)


async def systematic(session: Session, times: int) -> Verdict:
    """Kill processes right after each point of a cycle, `times` times each; then as in
    `torture`."""
    batch = 1 if session.dispatcher == "fcm" else BATCH
    orders = shuffled_points(session.seed, POINTS, times, batch=batch)
    async with staged(session) as stage:
        crew = Crew(
            stage, design="rekindle", size=session.workers, orders=lambda _: orders.pop() if orders else Orders()
        )
        await stage.faults(CALM)
        await crew.muster()
        counts: Counter[str] = Counter()
        deadline = time.monotonic() + session.seconds
        try:
            while sum(counts.values()) < times * len(POINTS) and time.monotonic() < deadline:
                await asyncio.sleep(0.5)
                counts = Counter(
                    f"killed after {line['after']}"
                    for text in stage.texts().values()
                    for line in events_in(text, "torture.killed")
                )
        finally:
            await crew.dismiss(gently=True)
        missed = [Breach(STUCK, f"no process came to be killed after {point}") for point in _missed(counts)]
        counts["kills"] = sum(counts.values())
        verdict = await _judge(stage, crew, counts + crew.counts, [(0.0, time.time())])
        verdict.breaches += missed
        verdict.histories += [f"{one.invariant}: {one.what}" for one in missed]
        return verdict


def _missed(counts: Counter[str]) -> list[str]:
    """The points that were not tried, for example because one was renamed."""
    return [point for point in POINTS if not counts[f"killed after {point}"]]


async def _play(
    stage: Stage, crew: Crew, events: list[Event], seconds: float, disturbed: list[tuple[float, float]]
) -> None:
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        database = asyncio.Lock()

        async def act(event: Event) -> None:
            since = time.time()
            match event.kind:
                case "kill":
                    crew.kill(event.worker)
                    return  # its run reports nothing; every other run must report
                case "pause":
                    await crew.pause(event.worker, min(event.seconds, max(1.0, seconds - event.at + 6.0)))
                case "stampede":
                    await crew.stampede(event.worker)
                case "erase":
                    await crew.erase(event.worker, event.seconds)
                    return  # it must not delay a run
                case "prune":
                    await crew.prune()
                    return  # it is in nobody's way, so every run must be in time
                case "cut":
                    stage.link.cut()
                case "silence":
                    stage.link.silence()
                    await asyncio.sleep(event.seconds)
                    if not event.late:
                        stage.link.cut()
                    stage.link.resume()
                case "crash":
                    async with database:
                        await stage.crash()
                case "restart":
                    async with database:
                        await stage.restart()
                case _:
                    await stage.faults(event.rules)
                    return
            if event.kind in _COUNTED:
                crew.counts[_COUNTED[event.kind]] += 1
            disturbed.append((since, time.time()))

        async def fell_functions() -> None:
            while time.monotonic() < began + seconds - 2 * FUNCTION_LIFE_SECONDS:
                await asyncio.sleep(FUNCTION_LIFE_SECONDS)
                await stage.fell_function()
                crew.counts["function kills"] += 1

        if stage.function is not None:
            group.create_task(fell_functions())
        for event in events:
            await asyncio.sleep(max(0.0, began + event.at - time.monotonic()))
            group.create_task(act(event))
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))


async def _judge(stage: Stage, hurt: Crew, counts: Counter[str], disturbed: list[tuple[float, float]]) -> Verdict:
    await stage.faults(CALM)
    counts = counts + stage.hits
    design = stage.session.design
    begun = await _now(stage)
    crew = Crew(stage, design=design, size=3, orders=orders_of_slot)
    await crew.muster()
    await crew.prune()
    try:
        await _come_to_rest(stage, begun)
        returned = await returned_people(stage)
        since = await _now(stage)
        await stage.rows("update torture.person set active = true")
        await _until(stage, _UNREACHED[design], _PROOF_SECONDS, {"since": since})
        unreached = await stage.rows(_UNREACHED[design], {"since": since})
        await _come_to_rest(stage, begun)
    finally:
        await crew.dismiss(gently=design == "rekindle")
    counts += crew.counts
    left: list[str] = []
    if design == "rekindle":
        left = await under_way(stage)  # before the clock is moved, because that ends every wait
        await _end_lost_runs(stage)
    evidence = await gather(stage)
    evidence.stuck += left
    evidence.stuck += hurt.hung + crew.hung
    evidence.stuck += [f"person {row['user_id']} was due and not reached in the time of peace" for row in unreached]
    evidence.disturbed = disturbed
    evidence.returned = returned
    counts["erasures"] = len({one.life for one in evidence.erased.values()})
    evidence.cycles = _cycles(stage, hurt.pauses)
    evidence.counts = counts
    evidence.forgotten = await forgotten(stage)
    evidence.pruned = (await stage.rows("select count(*) from torture.pruned"))[0]["count"]
    evidence.leaks = [
        f"{canary!r} in {name}" for name, text in stage.texts().items() for canary in CANARIES if canary in text
    ]
    breaches = check(evidence)
    return Verdict(stage.session, evidence, breaches, await _histories(stage, breaches))


def _cycles(stage: Stage, pauses: list[tuple[str, float, float]]) -> list[Cycle]:
    return [
        Cycle(log, began, ended, line["how"], any(log == one and began < to and ended > of for one, of, to in pauses))
        for log, text in stage.texts().items()
        for line in events_in(text, "torture.cycle")
        for began, ended in [(line["began"], line["ended"])]
    ]


_IDLE: Any = {
    "rekindle": "select 1 from rekindle.outbox "
    "union all select 1 from rekindle.gate where inflight is not null limit 1",
    "check-send-record": "select 1",  # it does not know what is under way, so it gets its full time
    "claim-and-requeue": "select 1 from torture.job where state <> 'done' limit 1",
}
_LIVE = """
select distinct d.user_id from torture.device d
where not d.gone and not exists (
  select from {0} where s.user_id = d.user_id and {1} >= %(since)s)
"""
_REACHED = """(
    select user_id, scenario_type, dispatched_at as at from torture.notification
    union all select user_id, scenario_type, at from torture.outcome where outcome = 'held_out'
  ) s"""
"""A person who is held out is as one who was reached."""
_UNREACHED: Any = {
    "rekindle": _LIVE.format(_REACHED, "s.scenario_type = 'again' and s.at"),
    "check-send-record": _LIVE.format("torture.sent s", "s.sent_at"),
    "claim-and-requeue": _LIVE.format("torture.sent s", "s.sent_at"),
}


async def _come_to_rest(stage: Stage, begun: Any) -> None:
    """Nobody is due any more, and everything under way since the faults stopped has ended or had
    its time."""
    await stage.rows("update torture.person set active = false")
    if stage.session.design != "rekindle":
        await _until(stage, _IDLE[stage.session.design], LONGEST_DELAY_SECONDS + 1.0)
        return
    # A run that evaluates at this moment still sees them due, and may claim after everything else
    # has ended.
    seen = {"begun": begun, "now": await _now(stage)}
    running = "select 1 from rekindle.run where status = 'running' and started_at between %(begun)s and %(now)s"
    await _until(stage, running, _DRAIN_SECONDS, seen)
    await _until(stage, _IDLE["rekindle"], _DRAIN_SECONDS)


async def _now(stage: Stage) -> Any:
    return (await stage.rows("select clock_timestamp() as at"))[0]["at"]


async def _until(stage: Stage, query: Any, seconds: float, parameters: Any = None) -> None:
    """Wait until the query gives no row, or until the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and await stage.rows(query, parameters):
        await asyncio.sleep(0.5)


async def _end_lost_runs(stage: Stage) -> None:
    """The sweep ends runs whose process was killed once their lease is over. When nobody is
    due any more and no process is left, move the ledger's clock, so that the harness does not
    wait."""
    await stage.rows(
        "create or replace function rekindle.clock() returns timestamptz language sql volatile as "
        "$$ select pg_catalog.clock_timestamp() + interval '2 minutes' $$"
    )
    crew = Crew(stage, design="rekindle", size=1)
    await crew.muster()
    try:
        await _until(stage, "select 1 from rekindle.run where status = 'running' and started_at < now()", 15.0)
    finally:
        await crew.dismiss()


async def _histories(stage: Stage, breaches: list[Breach]) -> list[str]:
    shown: Counter[str] = Counter()
    lines: list[str] = []
    for breach in breaches:
        shown[breach.invariant] += 1
        if shown[breach.invariant] > _SHOWN:
            continue
        lines.append(f"{breach.invariant}: {breach.what}" + (f" (person {breach.person[0]})" if breach.person else ""))
        if breach.person is not None and stage.session.design == "rekindle":
            lines += [f"    {line}" for line in await history(stage, *breach.person)]
    return lines
