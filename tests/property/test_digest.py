"""A digest covers every occurrence that is due and not spent. Its occurrences are spent together,
and free together."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from rekindle.engine.prune import Pruner
from rekindle.model import Acceptance, Candidate, Ending, Selection
from rekindle.policy import Retention
from rekindle.ports import Applied, Evaluation, Terms
from rekindle.postgres.prune import PostgresPruning
from rekindle.postgres.settle import settle
from rekindle.scenario import definition, fingerprint, parse_scenario
from team.ledger import Ledger

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
AT_ONCE = Retention(notification=1, outcome=1, run=1, gate=1, disabled_token=1, audit=1, api_key=1)
ADA = UUID(int=0xADA)
EVALUATION = Evaluation(
    Applied(
        "news",
        1,
        news := parse_scenario(
            {
                "kind": "sql",
                "query": "select user_id, occurrence, variables from team.wanted",
                "cooldown": "1d",
                "digest": {"names": 2, "items": "title"},
                "message": {"en": {"title": "{count} new", "body": "{items, list, more, plural, other {# more}}"}},
            }
        ),
        fingerprint(news),
    ),
    Selection(scenarios=("news",)),
    terms=Terms(),
)


@dataclass(frozen=True)
class Day:
    """What appears on a day, each with its title, and how the push of that day ends."""

    appears: dict[str, str | None]
    leaves: set[str]
    ends: str
    pruned: bool


ENDS = ["recorded", "unknown", "settled not sent", "settled sent", "skipped", "dead", "cooling"]
DAYS = st.builds(
    Day,
    appears=st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["x", "y{items}", None, " "]), max_size=4),
    leaves=st.sets(st.sampled_from("abcdefgh"), max_size=2),
    ends=st.sampled_from(ENDS),
    pruned=st.booleans(),
)
ALL: dict[str, str | None] = {"a": "one", "b": "two", "c": "three"}


@settings(max_examples=12)
@example(days=[Day(ALL, set(), end, pruned=pruned) for pruned in (True, False) for end in reversed(ENDS)])
@example(days=[Day({"b": "x"}, set(), "cooling", pruned=False), Day({"a": None}, set(), "unknown", pruned=True)])
@example(days=[Day(ALL, set(), "unknown", pruned=False), Day({}, set(), "cooling", pruned=False)])
@example(days=[Day(ALL, set(), "unknown", pruned=True), Day({}, set(), "cooling", pruned=True)])
@given(days=st.lists(DAYS, min_size=1, max_size=6))
def test_each_occurrence_is_in_one_push_however_the_pushes_end(ledger: Ledger, days: list[Day]) -> None:
    ledger.begin(START)
    ledger.sql.execute("delete from rekindle.scenario")
    stored = ("news", 1, Jsonb(definition(news)), fingerprint(news))
    ledger.insert("rekindle.scenario", "scenario_type, version, definition, fingerprint", [stored])
    ledger.insert("team.person", "user_id, active", [(ADA, True)])
    ledger.insert("team.device", "user_id, token, target_kind", [(ADA, f"t{n}", "token") for n in range(2)])
    there: dict[str, str | None] = {}
    sent: set[str] = set()
    for number, day in enumerate(days):
        ledger.at(START + timedelta(days=2 * number))
        there = {name: title for name, title in (there | day.appears).items() if name not in day.leaves}
        ledger.sql.execute("delete from team.wanted")
        rows = [(ADA, name, Jsonb({} if title is None else {"title": title})) for name, title in there.items()]
        # A query may return an occurrence twice.
        ledger.insert("team.wanted", "user_id, occurrence, variables", rows + rows[:1])
        planned = ledger.plan(EVALUATION)
        assert [one.refusal for one in planned] == _verdict(there, sent)
        assert all(one.variables["more"] >= 0 for one in planned)  # also where everything is spent
        fresh = sorted(there.keys() - sent)
        if fresh:
            _covers(planned[0], fresh, there)
            if [one.refusal for one in planned] == [None] and day.ends != "cooling":
                event(f"a digest of {len(fresh)} ends {day.ends}")
                ledger.wait(_end(ledger, day.ends))
                sent |= set(fresh) if day.ends in ("recorded", "unknown", "settled sent") else set()
        if day.pruned:
            ledger.at(START + timedelta(days=2 * number, hours=47))
            ledger.wait(Pruner(PostgresPruning(ledger.database), AT_ONCE).prune())


def _verdict(there: dict[str, str | None], sent: set[str]) -> list[str | None]:
    if not there:
        return []
    fresh = sorted(there.keys() - sent)
    if not fresh:
        return ["already_notified"]
    return [None if _titles(fresh, there) else "missing_variable"]


def _titles(fresh: list[str], there: dict[str, str | None]) -> list[str]:
    return [title for name in fresh[:2] if (title := there[name]) is not None and title.strip()]


def _covers(planned: Candidate, fresh: list[str], there: dict[str, str | None]) -> None:
    titles = _titles(fresh, there)
    assert [planned.occurrence, *planned.other_occurrences] == fresh
    said: dict[str, Any] = {"count": len(fresh), "items": titles or None, "more": len(fresh) - len(titles)}
    assert {name: planned.variables[name] for name in said} == said


async def _end(ledger: Ledger, ends: str) -> None:
    """Claim as a run does, and let the push to two devices end as said: the first device decides,
    and the second one was never sent to."""
    store = ledger.store
    run_id = await store.open_run(budget_seconds=30, dispatcher="log")
    numbers = await store.claim(run_id, EVALUATION, reserved_seconds=30)
    assert numbers.claimed == 1
    first, second = await store.leased(run_id, EVALUATION.selection, limit=10)
    await store.arm([first], lease_seconds=60)
    await store.finish(run_id, [Ending(second, "skipped", "token_gone")])
    if ends == "recorded":
        await store.record(run_id, [Acceptance(first, "n")])
    elif ends in ("skipped", "dead"):
        await store.finish(run_id, [Ending(first, ends, "invalid_argument")])
    else:
        await store.hold([(first, "timeout")])
        ledger.sql.execute("update rekindle.outbox set lease_until = rekindle.clock() - interval '1 second'")
        await store.sweep()
        if ends != "unknown":
            name = "n" if ends == "settled sent" else None
            await settle(ledger.database, first.claim_id, provider_name=name)
    await store.sweep()
    await store.count_run(run_id, status="done")
