"""A ledger with its workers, a provider and a clock that jumps: the steps of `test_ledger_machine`,
each a few lines long.

Every statement is the real one. `reached` and `keys` are the truth outside the ledger: the
provider's acceptances per person in order of time, and the (claim, device) of each.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rekindle.model import Acceptance, Ending, Selection, Unit
from rekindle.policy import HOLD_SECONDS, idempotency_key
from rekindle.ports import Applied, Evaluation
from rekindle.postgres.settle import settle
from rekindle.scenario import fingerprint, parse_scenario
from team.ledger import Ledger

PEOPLE = (UUID(int=1), UUID(int=2))
DEVICES = 2
COOLDOWN = timedelta(days=1)
"""Not shorter, so that the day's key refuses nothing that the cooldown would allow."""
LEASE = timedelta(seconds=60)
LANDS = {"hold": timedelta(seconds=HOLD_SECONDS), "resend": timedelta(seconds=1)}
"""How long after a request it may still be accepted. The hold waits that long; a resend does
not."""

ENDS = {
    "answered": "accepted, and recorded",
    "unwritten": "accepted, and the worker pauses with the answer",
    "doubted": "accepted, and the worker waits for the answer in vain",
    "delayed": "the worker waits in vain, and it may still be accepted",
    "abandoned": "the worker pauses, and it may still be accepted",
    "put off": "refused for now",
    "refused": "refused for good",
}
"""The possible ends of a request."""

_NUMBERED = """
create sequence if not exists team.claim_number;
select setval('team.claim_number', 1);
create or replace function rekindle.new_claim_id() returns uuid language sql volatile as $$
  select ('00000000-0000-7000-8000-' || lpad(nextval('team.claim_number')::text, 12, '0'))::uuid $$;
"""
"""Claim ids in the order of claiming, like the real ones. Real ids of one moment differ at
random, so no example could be repeated."""


class Held:
    """A unit as one worker knows it. The worker may pause before each of its steps for any time."""

    def __init__(self, unit: Unit, run_id: UUID) -> None:
        self.unit = unit
        self.run_id = run_id
        self.key = (unit.claim_id, unit.device_id)
        self.armed_at: datetime | None = None
        self.sent_at: datetime | None = None
        self.name: str | None = None
        """The provider's name for the accepted message."""
        self.recorded = False
        self.given_up = False
        self.last_write: Callable[[], Any] | None = None

    def __repr__(self) -> str:
        claim_id, device_id = (str(part)[-4:] for part in self.key)
        return f"Held({claim_id}/{device_id}, epoch {self.unit.epoch})"


class World:
    """Two people with two devices each, so that every step interacts with the earlier ones.
    `policy` is hold or resend."""

    def __init__(self, ledger: Ledger, policy: str, count_event: Callable[[str], None]) -> None:
        self.ledger = ledger
        self.policy = policy
        self.reached: dict[UUID, list[tuple[datetime, tuple[UUID, UUID]]]] = {person: [] for person in PEOPLE}
        self.keys: set[tuple[UUID, UUID]] = set()
        self.held: list[Held] = []
        self.elsewhere: dict[str, UUID] = {}
        self._count_event = count_event
        self._store = ledger.store
        self._selection = Selection(scenarios=(policy,))
        self._scenario = _scenario(policy)
        self._under_way: list[Held] = []
        self._occasions = 0
        self.now = datetime(2026, 3, 10, 12, tzinfo=UTC)
        ledger.begin(self.now)
        ledger.sql.execute(_NUMBERED)
        ledger.insert("team.person", "user_id, active", [(person, True) for person in PEOPLE])
        devices = [(person, f"{person}/{number}", "token") for person in PEOPLE for number in range(DEVICES)]
        ledger.insert("team.device", "user_id, token, target_kind", devices)
        for person in PEOPLE:
            self.becomes_due(person)

    # ------------------------------------------------------------------------------ time and people

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        return self.ledger.sql.execute(query, parameters).fetchall()

    def pass_time(self, by: timedelta) -> None:
        self.now += by
        self.ledger.at(self.now)

    def cool_down(self, person: UUID) -> None:
        """Move the clock to the exact moment at which the person's gate opens, if only the
        cooldown keeps it shut; and to tomorrow, if another writer has today's key."""
        query = "select next_at - %s as wait from rekindle.gate where user_id = %s and inflight is null"
        self.pass_time(max([timedelta(0), *(gate["wait"] for gate in self.rows(query, self.now, person))]))
        if idempotency_key(person, self.policy, self.now.date()) in self.elsewhere:
            self.pass_time(timedelta(days=1))

    def becomes_due(self, person: UUID) -> None:
        self._occasions += 1
        self.ledger.sql.execute("delete from team.wanted where user_id = %s", [person])
        self.ledger.insert("team.wanted", "user_id, occurrence, variables", [(person, str(self._occasions), "{}")])

    # ------------------------------------------------------------------------------ what a run does

    def open_run(self) -> UUID:
        return self._wait(self._store.open_run(budget_seconds=30, dispatcher="model"))

    def claim(self, run_id: UUID) -> None:
        seconds = LEASE.total_seconds()
        evaluation = Evaluation(self._scenario, self._selection)
        self._wait(self._store.claim(run_id, evaluation, reserved_seconds=seconds))

    def take_over(self, run_id: UUID, limit: int) -> None:
        self._wait(self._store.lease(run_id, self._selection, limit=limit, lease_seconds=LEASE.total_seconds()))
        for unit in self.rows(
            "select o.attempts, o.uncertain, exists (select from rekindle.outbox s where s.claim_id = o.claim_id "
            "and s.owner <> o.owner and s.lease_until > %s) as shared from rekindle.outbox o where o.owner = %s",
            self.now,
            run_id,
        ):
            self._count_event(
                "leased to be resent" if unit["uncertain"]
                else "leased after a refusal" if unit["attempts"]
                else "leased from another"
            )  # fmt: skip
            if unit["shared"]:
                self._count_event("two runs hold one claim")

    def look(self, run_id: UUID, limit: int) -> list[Held]:
        units = self._wait(self._store.leased(run_id, self._selection, limit=limit))
        held = [Held(unit, run_id) for unit in units]
        self.held += held
        return held

    def arm(self, units: Sequence[Held]) -> None:
        units = [one for one in units if one.armed_at is None]
        before = self.now
        armed = self._wait(self._store.arm([one.unit for one in units], lease_seconds=LEASE.total_seconds()))
        for one in units:
            match armed.get(one.key):
                case "armed":
                    one.armed_at = before
                case "already_recorded":
                    self._count_event("not armed, for another writer has the key")
                    self.finish(one, "skipped", "already_recorded")
                case None:
                    self._count_event("not armed, for it is lost")
                    self.held.remove(one)

    def send(self, one: Held, end: str) -> None:
        """A worker sends the unit that it has armed, once, unless its lease has expired by its
        own clock."""
        if one.armed_at is None or one.sent_at is not None:
            return
        if self.now >= one.armed_at + LEASE:
            self._count_event("not sent, for it is too late")
            self.held.remove(one)
            return
        self._only_an_armed_unit_leaves(one)
        one.sent_at = self.now
        if end in ("answered", "unwritten", "doubted"):
            self._accept(one)
        elif end in ("delayed", "abandoned"):
            self._under_way.append(one)
        match end:
            case "answered":
                self.record(one)
            case "doubted" | "delayed":
                self.hold(one)
            case "put off":
                self._write(one, lambda: self._store.retry([(one.unit, "quota_exceeded", 10.0)]))
            case "refused":
                self.finish(one, "dead", "invalid_argument")
            case _:
                pass

    def record(self, one: Held) -> None:
        """An answer comes, at any time, and is recorded, unless another writer has the key or
        the claim has been sent once more."""
        places = self.rows(
            "select state from rekindle.outbox where claim_id = %s and device_id = %s and state = 'unknown' "
            "union all select 'closed' from rekindle.outcome where claim_id = %s and device_id = %s",
            *one.key,
            *one.key,
        )
        verdict = self._write(one, lambda: self._store.record(one.run_id, [Acceptance(one.unit, one.name or "")]))[0]
        one.recorded = True
        if verdict == "recorded":
            for place in places:
                self._count_event(f"late answer, {place['state']}")
        else:
            self._count_event(f"answer is {verdict}")
            assert self.policy == "resend" or one.unit.idempotency_key in self.elsewhere, verdict

    def hold(self, one: Held) -> None:
        one.given_up = True
        self._write(one, lambda: self._store.hold([(one.unit, "timeout")]))

    def finish(self, one: Held, outcome: Any, reason: str) -> None:
        ending = Ending(one.unit, outcome, reason)
        self._write(one, lambda: self._store.finish(one.run_id, [ending]))

    def write_again(self, one: Held) -> None:
        if one.last_write is not None:
            self._fenced(one, one.last_write)

    def leave(self, run_id: UUID) -> None:
        """A run ends: it gives back the units that it has not armed, and its numbers add up, or
        the table refuses them."""
        if self._wait(self._store.release(run_id)):
            self._count_event("released")
        self._wait(self._store.count_run(run_id, status="done"))

    def die(self, run_id: UUID) -> None:
        """A run disappears without reporting its end."""
        self.held = [one for one in self.held if one.run_id != run_id]

    # ------------------------------------------------------------------------------- everybody else

    def sweep(self) -> None:
        for what, count in self._wait(self._store.sweep()).items():
            if count:
                self._count_event(f"swept {what}")

    def land(self) -> None:
        """Every send under way is now accepted, or never will be."""
        for one in self._under_way:
            if self.now - (one.sent_at or self.now) <= LANDS[self.policy]:
                self._accept(one)
                self._count_event("accepted late")
        self._under_way.clear()

    def tell(self) -> None:
        """An operator knows the outcome of a claim's unknown sends, and settles them truthfully."""
        unknown = self.rows(
            "select * from (select claim_id, device_id, idempotency_key from rekindle.outbox where state = 'unknown' "
            "union all select claim_id, device_id, idempotency_key from rekindle.outcome where outcome = 'unknown') u "
            "where idempotency_key <> all (%s) order by claim_id desc, device_id",
            [*self.elsewhere],
        )
        keys = {(row["claim_id"], row["device_id"]) for row in unknown if row["claim_id"] == unknown[0]["claim_id"]}
        sent = {key in self.keys for key in keys}
        if len(sent) == 1 and not keys & {one.key for one in self._under_way}:
            name = "told" if sent == {True} else None
            self._count_event("settled as sent" if name else "settled as not sent")
            self._wait(settle(self.ledger.database, unknown[0]["claim_id"], provider_name=name))

    def write_elsewhere(self, person: UUID) -> None:
        """Another program reaches the person and records it in the same table with the day's
        key."""
        for row in self.rows(
            "insert into rekindle.scenario_notification (id, user_id, scenario_type, dispatched_at, idempotency_key) "
            "values (gen_random_uuid(), %s, %s, %s, %s) on conflict do nothing returning id, idempotency_key",
            person,
            self.policy,
            self.now,
            idempotency_key(person, self.policy, self.now.date()),
        ):
            self.elsewhere[row["idempotency_key"]] = row["id"]

    # --------------------------------------------------------------------------------------- inside

    def _wait(self, work: Any) -> Any:
        return self.ledger.wait(work)

    def _write(self, one: Held, write: Callable[[], Any]) -> Any:
        one.last_write = lambda: self._wait(write())
        changed = self._fenced(one, one.last_write)
        if changed == 0:
            self._count_event("a write that changes nothing")
        return changed

    def _fenced(self, one: Held, write: Callable[[], Any]) -> Any:
        """A worker that has lost a unit to another run cannot change it."""
        query = "select * from rekindle.outbox where claim_id = %s and device_id = %s and epoch <> %s"
        before = self.rows(query, *one.key, one.unit.epoch)
        done = write()
        for unit in before:
            assert self.rows(query, *one.key, one.unit.epoch) == before, (one, unit)
            if unit["state"] == "dispatching":
                self._count_event("a former holder writes while another sends")
        return done

    def _accept(self, one: Held) -> None:
        before = {claim_id for _, (claim_id, _) in self.reached[one.unit.user_id]}
        self._count_event("accepted")
        if before - {one.unit.claim_id}:
            self._count_event("accepted for a later claim")
        if one.key in self.keys:
            self._count_event("accepted once more")
        self.reached[one.unit.user_id].append((self.now, one.key))
        self.keys.add(one.key)
        one.name = f"n/{one}"

    def _only_an_armed_unit_leaves(self, one: Held) -> None:
        states = self.rows("select state, epoch from rekindle.outbox where claim_id = %s and device_id = %s", *one.key)
        assert states == [{"state": "dispatching", "epoch": one.unit.epoch}], (one, states)


def _scenario(policy: str) -> Applied:
    one = parse_scenario({
        "kind": "sql",
        "cooldown": f"{COOLDOWN.total_seconds():.0f}s",
        "relevance": "50m",
        "uncertain": policy,
        "query": "select user_id, occurrence, variables from team.wanted",
        "message": {"en": {"title": "T", "body": "B"}},
    })  # fmt: skip
    return Applied(policy, 1, one, fingerprint(one))
