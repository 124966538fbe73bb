"""Frequency caps over any sequence of claims and endings: never a push too many, and never one
refused without need. The test keeps the acceptances itself and judges the caps by them. It judges
what still counts by the gates, the deliveries and the outcomes, and never by the table that the
claim reads.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.model import Acceptance, Ending, Selection, Unit
from rekindle.policy import parse_duration
from rekindle.ports import Applied, Evaluation
from rekindle.postgres.settle import settle
from rekindle.scenario import fingerprint, parse_scenario
from team.ledger import Ledger

START = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
USERS = [UUID(int=0xA0000001), UUID(int=0xA0000002)]
NAMES = ["s1", "s2", "s3", "s4"]
SELECTION = Selection(scenarios=tuple(NAMES))
CAPS = [["1 per 1h"], ["2 per 1d"], ["1 per 1d", "3 per 7d"], ["2 per 30d"], ["3 per 31d"], ["1 per 31d"]]
DAY = 86_400
WAITS = [1, 60, 601, 3_599, 3_600, 3_601, DAY // 2, DAY - 1, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 31 * DAY]


class Wait(NamedTuple):
    seconds: int


class Claim(NamedTuple):
    name: str
    caps: list[str]
    critical: bool


class End(NamedTuple):
    """The n-th unit that a run can take is sent, and ends like this."""

    number: int
    how: str


class Settle(NamedTuple):
    """The operator settles the n-th unknown send as not sent."""

    number: int


class Sweep(NamedTuple):
    pass


Step = Wait | Claim | End | Settle | Sweep
CLAIMS = st.builds(Claim, st.sampled_from(NAMES), st.sampled_from(CAPS), st.sampled_from([False, False, False, True]))
ENDS = st.builds(
    End, st.integers(0, 9), st.sampled_from(["accepted", "accepted", "accepted", "dead", "unknown", "retry"])
)
OTHERS = st.builds(Wait, st.sampled_from(WAITS)) | st.builds(Settle, st.integers(0, 3)) | st.builds(Sweep)
STEPS = st.lists(CLAIMS | ENDS | OTHERS, min_size=6, max_size=24)


WISHES = "select user_id, occurrence, null::jsonb as variables from team.wish"
UNKNOWN = """
select user_id, claim_id from rekindle.outcome where outcome = 'unknown'
union select user_id, claim_id from rekindle.outbox where state = 'unknown'
order by 1, 2
"""


def rules_of(caps: list[str]) -> list[tuple[int, timedelta]]:
    return [(int(most), timedelta(seconds=parse_duration(window))) for most, _, window in (cap.split() for cap in caps)]


def applied(step: Claim) -> Applied:
    scenario = parse_scenario({
        "kind": "sql",
        "cooldown": "60s",
        "relevance": "3d",
        "caps": step.caps,
        "critical": step.critical,
        "query": f"{WISHES} where scenario_type = '{step.name}'",
        "message": {"en": {"title": "t", "body": "b"}},
    })  # fmt: skip
    return Applied(step.name, 1, scenario, fingerprint(scenario))


class History:
    """One example: the ledger, the steps so far, and the rules that apply after each step."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.at = START
        self.claims: dict[UUID, tuple[UUID, datetime, Claim]] = {}
        self.accepted: dict[UUID, list[datetime]] = defaultdict(list)
        self.let_go: dict[UUID, datetime] = {}
        ledger.begin(START)
        ledger.insert("team.person", "user_id, active", [(user, True) for user in USERS])
        devices = [(USERS[0], "a"), (USERS[1], "b"), (USERS[1], "c")]
        ledger.insert("team.device", "user_id, token, target_kind", [(user, token, "token") for user, token in devices])
        self.worker = ledger.wait(ledger.store.open_run(budget_seconds=30, dispatcher="log"))

    def take(self, step: Step) -> None:
        match step:
            case Wait():
                self.at += timedelta(seconds=step.seconds)
                self.ledger.now(self.at)
            case Claim():
                self.claim(step)
            case End():
                self.end(step)
            case Settle():
                unknown = self.ledger.rows(UNKNOWN)
                if unknown:
                    claim_id = unknown[step.number % len(unknown)]["claim_id"]
                    self.ledger.wait(settle(self.ledger.database, claim_id, provider_name=None))
            case Sweep():
                self.ledger.wait(self.ledger.store.sweep())
        self.look()

    def claim(self, step: Claim) -> None:
        """Everybody is due for a new occurrence. Exactly the people without a free place are
        refused by the cap."""
        self.ledger.sql.execute("delete from team.wish")
        self.ledger.insert("team.wish", "user_id, scenario_type, occurrence",
                           [(user, step.name, f"{self.at} {len(self.claims)}") for user in USERS])  # fmt: skip
        one = applied(step)
        planned = self.ledger.plan(Evaluation(one, SELECTION))
        expected = {
            user: "claimed" if step.critical or self.has_room(user, step) else "frequency_cap" for user in USERS
        }
        said = {one.user_id: one.refusal or "claimed" for one in planned}
        for user, verdict in said.items():
            assert verdict in (expected[user], "in_flight", "cooldown", "already_today")
        run_id, numbers = self.ledger.claim(Evaluation(one, SELECTION))
        assert numbers.claimed == sum(verdict == "claimed" for verdict in said.values())
        for row in self.ledger.sql.execute(
            "select distinct claim_id, user_id from rekindle.outbox where claimed_run_id = %s", [run_id]
        ).fetchall():
            self.claims[row["claim_id"]] = row["user_id"], self.at, step
        self.ledger.wait(self.ledger.store.release(run_id))

    def has_room(self, user: UUID, step: Claim) -> bool:
        counted = [self.counted_since(claim_id) for claim_id, (owner, _, _) in self.claims.items() if owner == user]
        return all(
            sum(since is not None and since > self.at - window for since in counted) < most
            for most, window in rules_of(step.caps)
        )

    def counted_since(self, claim_id: UUID) -> datetime | None:
        """A live claim counts from now. A claim that reached or may have reached somebody counts
        since it ended. Any other does not count."""
        if claim_id not in self.let_go:
            return self.at
        reached = self.ledger.sql.execute(
            "select from rekindle.delivery where claim_id = %s union all "
            "select from rekindle.outcome where claim_id = %s and outcome = 'unknown'",
            [claim_id, claim_id],
        ).fetchall()
        return self.let_go[claim_id] if reached else None

    def end(self, step: End) -> None:
        store = self.ledger.store

        async def work() -> None:
            await store.lease(self.worker, SELECTION, limit=100, lease_seconds=10)
            units = sorted(
                await store.leased(self.worker, SELECTION, limit=100), key=lambda one: (one.target, one.claim_id)
            )
            if not units:
                return
            unit: Unit = units[step.number % len(units)]
            assert set((await store.arm([unit], lease_seconds=30)).values()) <= {"armed", "already_recorded"}
            match step.how:
                case "accepted":
                    (verdict,) = await store.record(self.worker, [Acceptance(unit, "n")])
                    if verdict == "recorded":
                        self.accepted[unit.claim_id].append(self.at)
                case "dead":
                    await store.finish(self.worker, [Ending(unit, "dead", "x")])
                case "unknown":
                    await store.hold([(unit, "timeout")])
                case _:
                    await store.retry([(unit, "x", 60.0)])

        self.ledger.wait(work())

    def look(self) -> None:
        held = {row["inflight"] for row in self.ledger.rows("select inflight from rekindle.gate")}
        for claim_id in self.claims.keys() - held - self.let_go.keys():
            self.let_go[claim_id] = self.at
        live = {str(row["claim_id"]) for row in self.ledger.rows("select claim_id from rekindle.outbox")}
        rows = self.ledger.rows(
            "select each.key from rekindle.cap cross join jsonb_each(counted) each where each.value = 'null'"
        )
        assert {row["key"] for row in rows} <= live | {str(one) for one in held}
        if not self.ledger.rows("select from rekindle.gate where inflight is not null"):
            assert rows == []


def nudge(name: str, caps: list[str]) -> Claim:
    return Claim(name, caps, critical=False)


HOURLY, MONTHLY = ["1 per 1h"], ["1 per 31d"]


def overrun(history: History) -> list[Any]:
    """Accepted claims that, together with those accepted before them, exceed their own caps."""
    wrong: list[Any] = []
    order = list(history.claims.items())  # in the order of claiming
    for number, (claim_id, (user, made_at, step)) in enumerate(order):
        if step.critical or claim_id not in history.accepted:
            continue
        for most, window in rules_of(step.caps):
            earlier = [other for other, (owner, _, _) in order[:number] if owner == user
                       and any(at > made_at - window for at in history.accepted.get(other, []))]  # fmt: skip
            if len(earlier) >= most:
                wrong.append((user, made_at, step, earlier))
    return wrong


@settings(max_examples=40)
@example([nudge("s1", HOURLY), End(0, "accepted"), Wait(3_599), nudge("s2", HOURLY), Wait(1), nudge("s3", HOURLY)])
@example(  # a push of thirty days ago still counts, whatever rules applied in the meantime
    [
        nudge("s1", MONTHLY),
        End(0, "accepted"),
        Wait(30 * DAY),
        Wait(1),
        nudge("s2", ["2 per 1d"]),
        nudge("s3", ["2 per 31d"]),
    ]
)
@example(  # one device's send is settled as not sent, and the claim's other device may still get a push
    [nudge("s1", MONTHLY), End(1, "unknown"), Wait(601), Sweep(), Settle(0), nudge("s2", MONTHLY), End(2, "accepted")]
)
@given(STEPS)
def test_no_cap_is_ever_exceeded_and_none_refuses_a_push_that_fits(ledger: Ledger, steps: list[Step]) -> None:
    history = History(ledger)
    for step in steps:
        history.take(step)
        assert overrun(history) == []


@settings(max_examples=20)
@given(STEPS, st.sampled_from(CAPS))
def test_under_one_cap_no_window_of_its_length_has_more_pushes_than_it_allows(
    ledger: Ledger, steps: list[Step], caps: list[str]
) -> None:
    history = History(ledger)
    for step in steps:
        history.take(step._replace(caps=caps, critical=False) if isinstance(step, Claim) else step)
    for most, window in rules_of(caps):
        for user in USERS:
            reached = {claim_id: moments for claim_id, moments in history.accepted.items()
                       if history.claims[claim_id][0] == user}  # fmt: skip
            for end in (at for moments in reached.values() for at in moments):
                inside = [one for one, moments in reached.items() if any(end - window < at <= end for at in moments)]
                assert len(inside) <= most
