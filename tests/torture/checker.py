"""The invariants, judged from the evidence alone."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from rekindle.effect.assignment import held_out, text_of
from rekindle.engine.dispatch import MAX_UNWRITTEN
from torture.evidence import Acceptance, Evidence, Key, RunRow
from torture.terms import (
    BUDGET_SECONDS,
    CAP_PUSHES,
    CAP_SECONDS,
    CONCURRENCY,
    COOLDOWN_SECONDS,
    LONGEST_DELAY_SECONDS,
    START_SECONDS,
)

DOUBLE = "doubles inside a cooldown"
REPEATED = "occurrences sent twice"
FORGOTTEN = "pruned and not spent"
CAPPED = "people above their frequency cap"
UNTRACED = "accepted with neither record nor unknown"
BOTH = "both recorded and ended otherwise"
UNFOUNDED = "records without acceptance"
STUCK = "stuck"
SUMS = "runs that do not add up"
LATE = "sends or runs over the budget"
UNBOUNDED = "crashes with more unknowns than sends in flight"
DISABLED = "tokens wrongly disabled"
LEAKED = "canaries in logs"
RETURNED = "people who came back after their erasure"
HELD = "pushes to a control group"
OTHER_TEXT = "pushes with the text of another arm"
MISCOUNTED = "erasures that do not add up"
INVARIANTS = (
    DOUBLE,
    REPEATED,
    FORGOTTEN,
    CAPPED,
    UNTRACED,
    BOTH,
    UNFOUNDED,
    STUCK,
    SUMS,
    LATE,
    UNBOUNDED,
    DISABLED,
    LEAKED,
    RETURNED,
    HELD,
    OTHER_TEXT,
    MISCOUNTED,
)

IN_FLIGHT = CONCURRENCY + MAX_UNWRITTEN
"""The most armed units of one run: requests under way, and answers that wait to be written."""

_CLOCK_SLACK = 0.005  # two processes of one host read its clock around the same event
_BUSY_SLACK = (
    1.0  # a report that waits for a processor; the harness alone runs more processes than there are processors
)
SILENT_SLACK = 3.0 + _BUSY_SLACK
"""Under every fault of the database and the network: a last write, the report, and closing the
connections."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One violation of an invariant."""

    invariant: str
    what: str
    person: tuple[UUID, str] | None = None


def check(evidence: Evidence) -> list[Breach]:
    """All breaches."""
    return [
        *_doubles(evidence),
        *_occurrences(evidence),
        *(Breach(FORGOTTEN, one[2], one[:2]) for one in evidence.forgotten),
        *(_capped(evidence) if evidence.capped else ()),
        *_records(evidence),
        *(Breach(STUCK, one) for one in evidence.stuck),
        *_runs(evidence),
        *_late(evidence),
        *_unbounded(evidence),
        *(Breach(DISABLED, f"device {one}") for one in sorted(evidence.disabled - evidence.gone)),
        *(Breach(LEAKED, one) for one in evidence.leaks),
        *(Breach(RETURNED, f"person {one}") for one in evidence.returned),
        *_held_out(evidence),
        *_texts(evidence),
        *_erasures(evidence),
    ]


def _doubles(evidence: Evidence) -> Iterator[Breach]:
    """One device twice within a cooldown, by any claims; or one person, by two claims. What came
    before an erasure is forgotten."""
    by_person: defaultdict[tuple[UUID, str, float], list[Acceptance]] = defaultdict(list)
    for one in evidence.accepted:
        by_person[one.user_id, one.scenario_type, one.life].append(one)
    for (user_id, scenario_type, _), accepted in by_person.items():
        seen: list[Acceptance] = []
        for one in sorted(accepted, key=lambda one: one.at):
            seen = [past for past in seen if one.at - past.at < COOLDOWN_SECONDS - _CLOCK_SLACK]
            same = next(
                (past for past in seen if past.device_id == one.device_id or past.claim_id != one.claim_id), None
            )
            if same is not None:
                gap = one.at - same.at
                what = f"claims {same.claim_id} and {one.claim_id}, {gap:.3f} s apart"
                yield Breach(DOUBLE, what, (user_id, scenario_type))
            seen.append(one)


def _held_out(evidence: Evidence) -> Iterator[Breach]:
    """A push to a person in a control group, by the function that says so, and not by a row."""
    for one in evidence.accepted:
        for trial in evidence.trials:
            if (
                trial.held is not None
                and trial.scope in ("*", one.scenario_type)
                and held_out(trial.trial_id, trial.scope, str(one.user_id), trial.held)
            ):
                what = f"claim {one.claim_id} in the trial {trial.scope}"
                yield Breach(HELD, what, (one.user_id, one.scenario_type))


def _texts(evidence: Evidence) -> Iterator[Breach]:
    """A push of a scenario with two texts that does not show the one of the person's bucket: also a
    retry, and a push that another run carries on."""
    for trial in evidence.trials:
        if trial.text_ends is None:
            continue
        weights = [end - before for before, end in pairwise((0, *trial.text_ends))]
        for one in evidence.accepted:
            if trial.scope == f"text:{one.scenario_type}":
                theirs = "AB"[text_of(trial.trial_id, one.scenario_type, str(one.user_id), weights)]
                if one.text != theirs:
                    what = f"claim {one.claim_id} shows {one.text}"
                    yield Breach(OTHER_TEXT, what, (one.user_id, one.scenario_type))


def _occurrences(evidence: Evidence) -> Iterator[Breach]:
    """One occurrence by two claims, or one unit twice, however far apart."""
    claims: defaultdict[tuple[UUID, str, str, float], set[UUID]] = defaultdict(set)
    units: set[Key] = set()
    for one in evidence.accepted:
        for occurrence in (one.occurrence, *one.others):
            claims[one.user_id, one.scenario_type, occurrence, one.life].add(one.claim_id)
        if one.key in units:
            yield Breach(
                REPEATED, f"claim {one.claim_id} device {one.device_id} once more", (one.user_id, one.scenario_type)
            )
        units.add(one.key)
    for (user_id, scenario_type, occurrence, _), several in claims.items():
        if len(several) > 1:
            yield Breach(REPEATED, f"{occurrence} by {len(several)} claims", (user_id, scenario_type))


def _capped(evidence: Evidence) -> Iterator[Breach]:
    """More claims of one person accepted in a window than the cap allows, over all scenarios."""
    first: dict[UUID, Acceptance] = {}
    last: dict[UUID, float] = {}
    for one in sorted(evidence.accepted, key=lambda one: one.at):
        first.setdefault(one.claim_id, one)
        last[one.claim_id] = one.at
    by_person: defaultdict[tuple[UUID, float], list[Acceptance]] = defaultdict(list)
    for one in first.values():
        by_person[one.user_id, one.life].append(one)
    for (user_id, _), claims in by_person.items():
        for one in claims:
            within = [
                other for other in claims if other.at <= one.at < last[other.claim_id] + CAP_SECONDS - _CLOCK_SLACK
            ]
            if len(within) > CAP_PUSHES:
                yield Breach(CAPPED, f"{len(within)} claims within {CAP_SECONDS} s", (user_id, one.scenario_type))


def _records(evidence: Evidence) -> Iterator[Breach]:
    recorded = Counter(one.key for one in evidence.records)
    names = {one.name: one.key for one in evidence.accepted}
    ended = {one.key: one for one in evidence.endings}
    for one in evidence.accepted:
        person = (one.user_id, one.scenario_type)
        ending = ended.get(one.key)
        gone = evidence.erased.get(one.key)
        if gone is not None:
            # Its record was deleted, or nothing records it any more.
            if gone.how in ("waiting", "ended") or (gone.how == "recorded" and one.at > gone.at + _CLOCK_SLACK):
                yield Breach(UNTRACED, f"claim {one.claim_id} was erased as {gone.how}, and sent", person)
        elif not recorded[one.key] and (ending is None or ending.outcome != "unknown"):
            how = "nothing" if ending is None else f"{ending.outcome}: {ending.reason}"
            yield Breach(UNTRACED, f"claim {one.claim_id} device {one.device_id} has {how}", person)
    for key in evidence.erased.keys() & (recorded.keys() | ended.keys()):
        yield Breach(BOTH, f"claim {key[0]} device {key[1]} was erased, and is in the ledger")
    for key, times in recorded.items():
        if times > 1 or key in ended:
            yield Breach(BOTH, f"claim {key[0]} device {key[1]}: {times} records, {int(key in ended)} other endings")
    for record in evidence.records:
        if names.get(record.name) != record.key:
            yield Breach(UNFOUNDED, f"claim {record.claim_id} device {record.device_id}")
    for claim_id in evidence.notified - {one.claim_id for one in evidence.records}:
        yield Breach(UNFOUNDED, f"notification {claim_id} has no delivery")


def _erasures(evidence: Evidence) -> Iterator[Breach]:
    """What the erasures said is what they deleted."""
    how = Counter(one.how for one in evidence.erased.values())
    deleted = {name: how[name] for name in ("under way", "waiting", "recorded")}
    deleted["outcomes"] = how["unknown"] + how["ended"]
    for name, number in evidence.erasures.items():
        if deleted[name] != number:
            yield Breach(MISCOUNTED, f"{number} {name} by the audit, {deleted[name]} by the tables")


def _runs(evidence: Evidence) -> Iterator[Breach]:
    for run in evidence.runs:
        n = run.numbers
        if n["evaluated"] != n["not_due"] + n["refused"] + n["claimed"]:
            yield Breach(SUMS, f"run {run.run_id}: people")
        endings = n["recorded"] + n["held_out"] + n["skipped"] + n["dead"] + n["unknown"] + n["pending"]
        endings += n["handed_over"]
        if n["claimed"] + n["carried"] != endings:
            yield Breach(SUMS, f"run {run.run_id}: claims")
        if n["claimed"] != run.made:
            yield Breach(SUMS, f"run {run.run_id}: claimed {n['claimed']}, the ledger knows {run.made}")
        if run.status == "running":
            yield Breach(SUMS, f"run {run.run_id} never ended")


def _late(evidence: Evidence) -> Iterator[Breach]:
    """No send of a run is accepted after its budget, and an undisturbed run has reported by then.
    Under every fault except a stopped process, a cycle ends soon after. A send may start for
    START_SECONDS after its arming. If its answer was not waited for, the sandbox may accept it at
    any later time, and it is unknown then; a process that was stopped reads such an answer when it
    continues, and records it.
    """
    started = {run.run_id: run.started for run in evidence.runs}
    recorded = {record.key: record.run_started for record in evidence.records}
    began = {end.key: started.get(end.run_id) for end in evidence.endings if end.outcome == "unknown"} | recorded
    for one in evidence.accepted:
        began_at = began.get(one.key)
        if began_at is None:
            continue
        after = one.at - began_at - BUDGET_SECONDS
        delayed = one.key not in recorded or _disturbed(evidence, began_at, one.at)
        if after > START_SECONDS + (LONGEST_DELAY_SECONDS if delayed else 0.0):
            what = f"claim {one.claim_id} was sent {after:.3f} s after its run's budget"
            yield Breach(LATE, what, (one.user_id, one.scenario_type))
    for run in evidence.runs:
        over = _over(run)
        if over > _BUSY_SLACK and run.status != "abandoned" and not _disturbed(evidence, run.started, run.finished):
            yield Breach(LATE, f"run {run.run_id} took {over:.3f} s longer than its budget")
    for cycle in evidence.cycles:
        over = cycle.ended - cycle.began - BUDGET_SECONDS
        if over > SILENT_SLACK and not cycle.paused:
            yield Breach(LATE, f"a cycle in {cycle.log} ended {cycle.how} {over:.3f} s after its budget")


def _over(run: RunRow) -> float:
    return 0.0 if run.finished is None else run.finished - run.started - BUDGET_SECONDS


def _disturbed(evidence: Evidence, started: float, finished: float | None) -> bool:
    until = finished or float("inf")
    return any(begins < until and ends > started for begins, ends in evidence.disturbed)


def _unbounded(evidence: Evidence) -> Iterator[Breach]:
    lost = Counter(one.run_id for one in evidence.endings if one.reason == "worker_lost")
    for run_id, units in lost.items():
        if units > IN_FLIGHT:
            yield Breach(UNBOUNDED, f"run {run_id} left {units} unknown, with {IN_FLIGHT} in flight at most")


def longest_overrun(evidence: Evidence) -> float:
    """Seconds by which the slowest cycle exceeded its budget, under every fault except a stopped
    process."""
    cycles = (cycle for cycle in evidence.cycles if not cycle.paused)
    return max((cycle.ended - cycle.began - BUDGET_SECONDS for cycle in cycles), default=0.0)


def most_unknown_of_one_run(evidence: Evidence) -> int:
    """The most units that one crash left unknown."""
    lost = Counter(one.run_id for one in evidence.endings if one.reason == "worker_lost")
    return max(lost.values(), default=0)
