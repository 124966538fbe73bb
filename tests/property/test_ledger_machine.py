"""The ledger as a state machine: any worker does any step at any time, and a provider outside
remembers what it accepted. Hypothesis draws the steps. They run one after the other;
`database/test_ledger_concurrency.py` and `make torture` test concurrent ones.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from property.ledger_world import COOLDOWN, DEVICES, ENDS, LEASE, PEOPLE, Held, World
from rekindle.policy import HOLD_SECONDS
from team.ledger import Ledger

PERSON = st.sampled_from(PEOPLE)
PICK = st.integers(0, 7)
SECONDS = st.sampled_from([20, LEASE.total_seconds() + 1, HOLD_SECONDS + 1])
STOPS = st.sampled_from(["", "", "looked", "armed"])
END = st.sampled_from(sorted(ENDS))
MANY_ENDS = st.lists(END, min_size=4, max_size=4)
REACHED = {
    "accepted", "accepted for a later claim", "accepted late", "accepted once more", "answer is conflict",
    "answer is stale", "a former holder writes while another sends", "a write that changes nothing",
    "late answer, closed", "late answer, unknown", "leased after a refusal", "leased from another",
    "leased to be resent", "not armed, for another writer has the key", "not armed, for it is lost",
    "not sent, for it is too late", "released", "settled as not sent", "settled as sent", "swept dispatching",
    "swept gates", "swept runs", "swept stale", "swept unknown", "two runs hold one claim",
}  # fmt: skip
"""The events that the steps must cause: a machine that never causes them proves nothing."""


def _not_armed(one: Held) -> bool:
    return one.armed_at is None


def _not_sent(one: Held) -> bool:
    return one.armed_at is not None and one.sent_at is None


def _sent(one: Held) -> bool:
    return one.sent_at is not None and not one.given_up


def _accepted(one: Held) -> bool:
    return one.name is not None and not one.recorded


def _written(one: Held) -> bool:
    return one.last_write is not None


class LedgerMachine(RuleBasedStateMachine):
    """Runs that claim, lease, arm, send, answer and die; the provider, the sweep, an operator,
    another program."""

    def __init__(self, ledger: Ledger, seen: Counter[str]) -> None:
        super().__init__()
        self._ledger = ledger
        self._seen = seen

    @initialize(policy=st.sampled_from(["hold", "resend"]), stops=STOPS, ends=MANY_ENDS)
    def begin(self, policy: str, stops: str, ends: list[str]) -> None:
        self.world = World(self._ledger, policy, self._count_event)
        self._run(stops, ends, claims=True, limit=4)

    def _run(self, stops: str, ends: list[str], *, claims: bool, limit: int) -> None:
        run_id = self.world.open_run()
        if claims:
            self.world.claim(run_id)
        units = self.world.look(run_id, limit)
        if not units:
            self.world.take_over(run_id, limit)
            units = self.world.look(run_id, limit)
        if stops != "looked":
            self.world.arm(units)
        if not stops:
            for one, end in zip(units, ends, strict=False):
                self.world.send(one, end)

    def _those(self, which: Callable[[Held], bool]) -> list[Held]:
        return [one for one in self.world.held if which(one)]

    def _newest(self, pick: int, which: Callable[[Held], bool]) -> Held:
        those = self._those(which)
        return those[-1 - pick % len(those)]  # mostly of the newest, whose unit is still there

    def _count_event(self, what: str) -> None:
        event(what)
        self._seen[what] += 1

    # ---------------------------------------------------------------------------------------- steps

    @rule(person=PERSON, seconds=SECONDS, sweeps=st.booleans(), stops=STOPS, ends=MANY_ENDS)
    def cycle(self, person: UUID, seconds: float, sweeps: bool, stops: str, ends: list[str]) -> None:
        """A person is due again at the first moment that the ledger allows. A run claims or
        takes over what it can, and works until it has sent, or pauses at one of its steps."""
        self.world.pass_time(timedelta(seconds=seconds))
        if sweeps:
            self.world.sweep()
        self.world.cool_down(person)
        self.world.becomes_due(person)
        self._run(stops, ends, claims=True, limit=4)

    @rule(seconds=SECONDS, limit=st.sampled_from([1, 4]), stops=STOPS, ends=MANY_ENDS)
    def carry_on(self, seconds: float, limit: int, stops: str, ends: list[str]) -> None:
        """After some time another run takes over what it can, and works."""
        self.world.pass_time(timedelta(seconds=seconds))
        self._run(stops, ends, claims=False, limit=limit)

    @precondition(lambda self: self._those(_not_armed))
    @rule(pick=PICK)
    def arm(self, pick: int) -> None:
        """A paused worker continues."""
        self.world.arm([self._newest(pick, _not_armed)])

    @precondition(lambda self: self._those(_not_sent))
    @rule(pick=PICK, end=END)
    def send(self, pick: int, end: str) -> None:
        """A paused worker continues."""
        self.world.send(self._newest(pick, _not_sent), end)

    @precondition(lambda self: self._those(_accepted))
    @rule(pick=PICK)
    def record(self, pick: int) -> None:
        """The answer to an accepted request arrives."""
        self.world.record(self._newest(pick, _accepted))

    @precondition(lambda self: self._those(_sent))
    @rule(pick=PICK)
    def hold(self, pick: int) -> None:
        """A worker gives up waiting for an answer."""
        self.world.hold(self._newest(pick, _sent))

    @precondition(lambda self: self._those(_written))
    @rule(pick=PICK)
    def write_again(self, pick: int) -> None:
        """A worker whose connection broke does not know whether its last write succeeded, and
        repeats it."""
        self.world.write_again(self._newest(pick, _written))

    @precondition(lambda self: self._those(_not_armed))
    @rule(pick=PICK)
    def drop(self, pick: int) -> None:
        """A text that cannot be rendered ends its unit before it is armed."""
        self.world.finish(self._newest(pick, _not_armed), "dead", "missing_variable")

    @precondition(lambda self: self._those(_not_armed))
    @rule(pick=PICK, dies=st.sampled_from([False, False, True]))
    def leave(self, pick: int, dies: bool) -> None:
        """A run ends, cleanly or not, with units that it has not armed."""
        run_id = self._newest(pick, _not_armed).run_id
        if dies:
            self.world.die(run_id)
        else:
            self.world.leave(run_id)

    @rule(who=st.sampled_from(["sweep", "provider", "operator", "another writer"]), person=PERSON)
    def meanwhile(self, who: str, person: UUID) -> None:
        """The other parties act: sweep, operator, other programs, provider."""
        match who:
            case "sweep":
                self.world.sweep()
            case "provider":
                self.world.land()
            case "operator":
                self.world.tell()
            case _:
                self.world.write_elsewhere(person)

    # ------------------------------------------------------------------------------- what must hold

    @invariant()
    def the_promise_holds(self) -> None:
        self.nobody_is_reached_by_two_claims_within_a_cooldown()
        self.no_device_gets_a_claim_twice_and_with_resend_not_a_third_time()
        self.every_accepted_push_has_one_place_and_nothing_else_is_recorded()
        self.a_live_claim_holds_its_gate()

    def nobody_is_reached_by_two_claims_within_a_cooldown(self) -> None:
        for sends in self.world.reached.values():
            for (before, (first, _)), (after, (second, _)) in pairwise(sends):
                assert first == second or after - before >= COOLDOWN, sends

    def no_device_gets_a_claim_twice_and_with_resend_not_a_third_time(self) -> None:
        for sends in self.world.reached.values():
            most = max(Counter(key for _, key in sends).values(), default=0)
            assert most <= (2 if self.world.policy == "resend" else 1), sends

    def every_accepted_push_has_one_place_and_nothing_else_is_recorded(self) -> None:
        rows = self.world.rows(
            "select claim_id, device_id, 'recorded' as place from rekindle.delivery union all "
            "select claim_id, device_id, outcome from rekindle.outcome union all "
            "select claim_id, device_id, case when uncertain then 'unknown' else state end from rekindle.outbox"
        )
        places = {(row["claim_id"], row["device_id"]): row["place"] for row in rows}
        assert len(places) == len(rows), "a unit is in two tables"
        for key in self.world.keys:
            assert places[key] in ("recorded", "unknown", "dispatching"), (key, places[key])
        recorded = {key for key, place in places.items() if place == "recorded"}
        assert recorded <= self.world.keys
        records = {row["id"] for row in self.world.rows("select id from rekindle.scenario_notification")}
        assert records - set(self.world.elsewhere.values()) == {claim_id for claim_id, _ in recorded}

    def a_live_claim_holds_its_gate(self) -> None:
        stray = self.world.rows(
            "select o.claim_id, o.state, g.inflight from rekindle.outbox o left join rekindle.gate g "
            "using (user_id, scenario_type) where g.inflight is distinct from o.claim_id"
        )
        assert stray == []

    def teardown(self) -> None:
        """Everything that began ends, no gate stays shut, and nobody is left out."""
        if not hasattr(self, "world"):
            return
        for _ in ("armed", "held", "closed"):
            self.world.pass_time(timedelta(hours=3))
            self.world.sweep()
            self.every_accepted_push_has_one_place_and_nothing_else_is_recorded()
        for query in (
            "select state from rekindle.outbox",
            "select user_id from rekindle.gate where inflight is not null",
            "select run_id from rekindle.run where status = 'running'",
        ):
            assert self.world.rows(query) == []
        self.world.pass_time(2 * COOLDOWN)
        for person in PEOPLE:
            self.world.becomes_due(person)
        self.world.claim(self.world.open_run())
        assert len(self.world.rows("select state from rekindle.outbox")) == len(PEOPLE) * DEVICES


@pytest.mark.timeout(900)  # Hypothesis takes up to 300 s to shorten what it has found
def test_no_order_of_steps_by_any_number_of_workers_breaks_the_ledger(ledger: Ledger) -> None:
    seen: Counter[str] = Counter()
    # The other settings are the profile's: in ci the same steps every time.
    run_state_machine_as_test(lambda: LedgerMachine(ledger, seen), settings=settings(stateful_step_count=50))
    assert set(seen) == REACHED
