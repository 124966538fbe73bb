"""What a session left behind: the sandbox's log and the tables, and no statement of an engine
process."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from torture.stage import Stage
from torture.terms import TITLE_OF_B

Key = tuple[UUID, UUID]  # claim, device


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One message that the provider accepted. These are the ground truth. `at` is in seconds of
    the host's clock."""

    claim_id: UUID
    device_id: UUID
    user_id: UUID
    scenario_type: str
    occurrence: str
    at: float
    name: str
    life: float = 0.0
    """When the person was erased afterwards, and everything about them was forgotten; 0: they were
    not."""
    others: tuple[str, ...] = ()
    """What the push of a digest covers besides its occurrence."""
    text: str = "A"
    """The text that it shows, by its title."""

    @property
    def key(self) -> Key:
        """The unit that it belongs to."""
        return self.claim_id, self.device_id


@dataclass(frozen=True, slots=True)
class Erased:
    """One unit, record or outcome that an erasure deleted: what it was (recorded, unknown, under
    way, waiting, ended), when, and the erasure's beginning."""

    how: str
    at: float
    life: float


@dataclass(frozen=True, slots=True)
class Record:
    """One delivery with its run; `run_started` in seconds, None where the design has no runs."""

    claim_id: UUID
    device_id: UUID
    name: str
    run_started: float | None = None

    @property
    def key(self) -> Key:
        """The unit that it belongs to."""
        return self.claim_id, self.device_id


@dataclass(frozen=True, slots=True)
class Ending:
    """One row of `outcome`."""

    claim_id: UUID
    device_id: UUID
    outcome: str
    reason: str
    run_id: UUID

    @property
    def key(self) -> Key:
        """The unit that it belongs to."""
        return self.claim_id, self.device_id


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: its numbers, and `made`, the number of its claims that the ledger has kept."""

    run_id: UUID
    status: str
    started: float
    finished: float | None
    numbers: dict[str, int]
    made: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle as its process timed it, by the host's monotonic clock; `paused` if the process
    was stopped meanwhile."""

    log: str
    began: float
    ended: float
    how: str
    paused: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its id, its scope, and its control group in hundredths of a per cent; or the
    buckets at which its texts end."""

    trial_id: str
    scope: str
    held: int | None
    text_ends: Sequence[int] | None = None


@dataclass(slots=True)
class Evidence:
    """Everything that the checker reads."""

    accepted: list[Acceptance]
    records: list[Record]
    endings: list[Ending] = field(default_factory=list[Ending])
    notified: set[UUID] = field(default_factory=set[UUID])
    runs: list[RunRow] = field(default_factory=list[RunRow])
    disabled: set[UUID] = field(default_factory=set[UUID])
    gone: set[UUID] = field(default_factory=set[UUID])
    stuck: list[str] = field(default_factory=list[str])
    leaks: list[str] = field(default_factory=list[str])
    disturbed: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """The times of faults of a process or the database: a run that overlaps one may be late."""
    forgotten: list[tuple[UUID, str, str]] = field(default_factory=list[tuple[UUID, str, str]])
    """The pushes (person, scenario, occurrence) whose record was pruned and that are not spent."""
    pruned: int = 0
    """The rows that prunes have deleted."""
    capped: bool = True
    """Whether the design has a frequency cap."""
    erased: dict[Key, Erased] = field(default_factory=dict[Key, Erased])
    erasures: dict[str, int] = field(default_factory=dict[str, int])
    """By what a unit was when it was erased, how many the answers of all erasures counted."""
    returned: list[UUID] = field(default_factory=list[UUID])
    """People who had left and were erased, and are in the ledger all the same."""
    trials: list[Trial] = field(default_factory=list[Trial])
    cycles: list[Cycle] = field(default_factory=list[Cycle])
    counts: Counter[str] = field(default_factory=Counter[str])


_RUNS = """
select r.run_id, r.status, extract(epoch from r.started_at)::float8 as started,
       extract(epoch from r.finished_at)::float8 as finished, coalesce(m.made, 0) as made,
       r.evaluated, r.not_due, r.refused, r.claimed, r.carried, r.recorded, r.held_out, r.skipped, r.dead, r.unknown,
       r.pending,
       r.handed_over
from torture.run r
left join (
  select claimed_run_id, count(distinct claim_id) as made
  from (select claimed_run_id, claim_id from torture.delivery
        union all select claimed_run_id, claim_id from torture.outcome
        union all select claimed_run_id, claim_id from rekindle.outbox
        union all select claimed_run_id, claim_id from torture.erased) unit
  group by claimed_run_id
) m on m.claimed_run_id = r.run_id
"""
_NUMBERS = (
    "evaluated",
    "not_due",
    "refused",
    "claimed",
    "carried",
    "recorded",
    "held_out",
    "skipped",
    "dead",
    "unknown",
    "pending",
    "handed_over",
)


_SLOT = re.compile(r"[0-9]+(?::[0-9]+)?")  # of one occurrence; a digest enumerates several


async def accepted_by_sandbox(stage: Stage) -> list[Acceptance]:
    """The sandbox's log, with the person that the harness gave each token to."""
    devices = {
        row["token"]: (row["device_id"], row["user_id"])
        for row in await stage.rows("select token, device_id, user_id from torture.device")
    }
    lines = (await asyncio.to_thread(stage.sandbox.log.read_text)).splitlines()
    found: list[Acceptance] = []
    for entry in map(json.loads, lines):
        device_id, user_id = devices[entry["target"]]
        sent: dict[str, str] = entry["message"]["data"]
        occurrence, *others = _SLOT.findall(entry["message"]["notification"]["body"])
        found.append(
            Acceptance(
                claim_id=UUID(sent["claim_id"]),
                device_id=device_id,
                user_id=user_id,
                scenario_type=sent["scenario_type"],
                occurrence=occurrence,
                others=tuple(others),
                text="B" if entry["message"]["notification"]["title"].startswith(TITLE_OF_B) else "A",
                at=datetime.fromisoformat(entry["accepted_at"]).timestamp(),
                name=entry["name"],
            )
        )
    return found


async def forgotten(stage: Stage) -> list[tuple[UUID, str, str]]:
    """The pushes that were pruned, recorded or unknown, and that nothing keeps spent."""
    if stage.session.design != "rekindle":
        return []
    rows = await stage.rows(
        "select distinct p.user_id, p.scenario_type, covered.occurrence from torture.pruned_unit p "
        "join (select id as claim_id, occurrence, other_occurrences from torture.notification "
        "      union select claim_id, occurrence, other_occurrences from torture.outcome "
        "      where outcome in ('unknown', 'held_out')) said using (claim_id) "
        "cross join lateral unnest(array_prepend(said.occurrence, said.other_occurrences)) as covered (occurrence) "
        "where p.life is null and (p.name = 'delivery' or p.deleted ->> 'outcome' in ('unknown', 'held_out')) "
        "  and not exists (select from rekindle.spent s where s.user_id = p.user_id "
        "    and s.scenario_type = p.scenario_type and s.occurrence = covered.occurrence)"
    )
    return [(row["user_id"], row["scenario_type"], row["occurrence"]) for row in rows]


async def gather(stage: Stage) -> Evidence:
    """The current contents of the log and the tables."""
    gone = {row["device_id"] for row in await stage.rows("select device_id from torture.device where gone")}
    erased = {
        (row["claim_id"], row["device_id"]): Erased(row["how"], row["at"], row["life"])
        for row in await stage.rows(
            "select claim_id, device_id, how, extract(epoch from at)::float8 as at, "
            "extract(epoch from life)::float8 as life from torture.erased"
        )
    }
    lives = {claim_id: one.life for (claim_id, _), one in erased.items()}
    lives |= {
        row["claim_id"]: row["life"]
        for row in await stage.rows(
            "select claim_id, extract(epoch from life)::float8 as life from torture.pruned_unit where life is not null"
        )
    }
    accepted = [replace(one, life=lives.get(one.claim_id, 0.0)) for one in await accepted_by_sandbox(stage)]
    if stage.session.design != "rekindle":
        return Evidence(
            accepted=accepted,
            records=[
                Record(row["claim_id"], row["device_id"], row["provider_name"])
                for row in await stage.rows("select claim_id, device_id, provider_name from torture.sent")
            ],
            disabled={row["device_id"] for row in await stage.rows("select device_id from torture.disabled")},
            gone=gone,
            capped=False,
        )
    return Evidence(
        accepted=accepted,
        records=[
            Record(row["claim_id"], row["device_id"], row["provider_name"], row["started"])
            for row in await stage.rows(
                "select d.claim_id, d.device_id, d.provider_name, extract(epoch from r.started_at)::float8 as started "
                "from torture.delivery d left join torture.run r on r.run_id = d.run_id"
            )
        ],
        endings=[
            Ending(**row)
            for row in await stage.rows("select claim_id, device_id, outcome, reason, run_id from torture.outcome")
        ],
        notified={row["id"] for row in await stage.rows("select id from torture.notification")},
        runs=[
            RunRow(
                row["run_id"],
                row["status"],
                row["started"],
                row["finished"],
                {name: row[name] for name in _NUMBERS},
                row["made"],
            )
            for row in await stage.rows(_RUNS)
        ],
        disabled={row["device_id"] for row in await stage.rows("select device_id from rekindle.disabled_token")},
        gone=gone,
        erased=erased,
        erasures=(await stage.rows(_ERASURES))[0],
        trials=[
            Trial(**row)
            for row in await stage.rows("select trial_id::text as trial_id, scope, held, text_ends from rekindle.trial")
        ],
    )


_ERASURES = """
select coalesce(sum((details ->> 'under_way')::int), 0)::int as "under way",
       coalesce(sum((details ->> 'withdrawn')::int), 0)::int as waiting,
       coalesce(sum((details -> 'rows' ->> 'delivery')::int), 0)::int as recorded,
       coalesce(sum((details -> 'rows' ->> 'outcome')::int), 0)::int as outcomes
from rekindle.audit where action = 'person.erased'
"""


async def returned_people(stage: Stage) -> list[UUID]:
    """The people who had left before an erasure that succeeded, and are in the ledger all the
    same."""
    if stage.session.design != "rekindle":
        return []
    erased: dict[UUID, float] = {}
    for text in stage.texts().values():
        for line in text.splitlines():
            if '"torture.erased"' in line:
                said = json.loads(line)
                erased[UUID(said["user_id"])] = max(said["began"], erased.get(UUID(said["user_id"]), 0.0))
    rows = await stage.rows(
        "select r.user_id, extract(epoch from min(r.at))::float8 as at from torture.removed r "
        "where r.user_id in (select user_id from rekindle.gate union select user_id from rekindle.cap "
        "  union select user_id from rekindle.outbox union select user_id from rekindle.outcome "
        "  union select user_id from rekindle.scenario_notification "
        "  union select user_id from rekindle.enrolment "
        "  union select user_id from rekindle.spent union select user_id from rekindle.disabled_token) "
        "group by r.user_id"
    )
    return [row["user_id"] for row in rows if erased.get(row["user_id"], 0.0) > row["at"]]


async def under_way(stage: Stage) -> list[str]:
    """Units that are live, gates in flight, and what the caps count as live."""
    return [
        f"{row['what']} of person {row['user_id']} under {row['scenario_type']}"
        for row in await stage.rows(
            "select 'a live unit (' || state || ', claimed at ' || claimed_at || ')' as what, user_id, scenario_type "
            "from rekindle.outbox "
            "union all select 'a gate in flight', user_id, scenario_type from rekindle.gate "
            "where inflight is not null "
            "union all select 'claim ' || claim.key || ' counted as live', user_id, '-' "
            "from rekindle.cap, jsonb_each(counted) as claim where claim.value = 'null'"
        )
    ]


async def history(stage: Stage, user_id: UUID, scenario_type: str) -> list[str]:
    """Everything known about one person under one scenario, in order of time."""
    lines = [
        f"{one.at:.3f} sandbox accepted claim {one.claim_id} device {one.device_id} {one.occurrence}"
        for one in await accepted_by_sandbox(stage)
        if one.user_id == user_id and one.scenario_type == scenario_type
    ]
    rows = await stage.rows(_HISTORY, {"user_id": user_id, "scenario_type": scenario_type})
    lines += [f"{row['at']:.3f} {row['what']}" for row in rows]
    claims = {line.split("claim ")[1].split()[0] for line in lines if "claim " in line}
    for name, text in stage.texts().items():
        lines += [f"log {name}: {line[:300]}" for line in text.splitlines() if any(one in line for one in claims)]
    return sorted(lines)


_HISTORY: Any = """
select extract(epoch from at)::float8 as at, what from (
  select d.accepted_at as at, 'recorded claim ' || d.claim_id || ' device ' || d.device_id || ' run ' || d.run_id
         || ' claimed by ' || d.claimed_run_id || case when d.was_unknown then ' late' else '' end as what
  from torture.delivery d where d.user_id = %(user_id)s and d.scenario_type = %(scenario_type)s
  union all
  select o.at, o.outcome || ' ' || o.reason || ' claim ' || o.claim_id || ' device ' || o.device_id || ' run '
         || o.run_id || ' epoch ' || o.epoch || ' armed ' || coalesce(extract(epoch from o.armed_at)::text, '-')
  from torture.outcome o where o.user_id = %(user_id)s and o.scenario_type = %(scenario_type)s
  union all
  select x.claimed_at, 'live ' || x.state || ' claim ' || x.claim_id || ' device ' || x.device_id || ' run ' || x.run_id
         || ' epoch ' || x.epoch || ' lease until ' || coalesce(extract(epoch from x.lease_until)::text, '-')
  from rekindle.outbox x where x.user_id = %(user_id)s and x.scenario_type = %(scenario_type)s
  union all
  select g.next_at, 'gate opens, in flight ' || coalesce(g.inflight::text, '-')
  from rekindle.gate g where g.user_id = %(user_id)s and g.scenario_type = %(scenario_type)s
) known where at is not null
"""
