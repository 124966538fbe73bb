"""The claim and the plan assign everybody to the arms of the trials like a few lines of Python."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.effect.assignment import bucket
from rekindle.ports import Applied, Evaluation
from rekindle.scenario import fingerprint, parse_scenario
from team.ledger import Ledger

NAME = "own"
NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
TODAY = NOW.date()
SCENARIO = parse_scenario({
    "kind": "sql",
    "cooldown": "1d",
    "query": "select user_id, occurrence, variables from team.wanted",
    "message": {"en": {"title": "t", "body": "b"}},
})  # fmt: skip
Arm = Literal["nudged", "held_out"]


@dataclass(frozen=True)
class Trial:
    """One trial that was started: its control group, its day, whether it was stopped, and the arms
    of people who take part already, by their number."""

    trial_id: UUID
    held: int
    until_on: date
    stopped: bool
    enrolled: dict[int, Arm]

    def arm(self, scope: str, number: int) -> Arm | None:
        """The arm that a claim would find for a person who is not exempt."""
        if self.stopped or self._midnight(self.until_on + timedelta(days=15)) <= NOW:
            return None
        if self._midnight(self.until_on) > NOW:
            return "held_out" if bucket(str(self.trial_id), scope, str(user(number))) < self.held else "nudged"
        return self.enrolled.get(number)

    @staticmethod
    def _midnight(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


TRIALS = st.none() | st.builds(
    Trial,
    trial_id=st.uuids(version=4),
    held=st.sampled_from([100, 2_000, 5_000]),
    until_on=st.sampled_from([1, 1, 30, 0, -14, -15]).map(lambda days: TODAY + timedelta(days=days)),
    stopped=st.sampled_from([False, False, False, True]),
    enrolled=st.dictionaries(st.integers(0, 11), st.sampled_from(["nudged", "held_out"]), max_size=6),
)


def user(number: int) -> UUID:
    return UUID(int=0xA0000000 + number)


def load(ledger: Ledger, people: int, trials: dict[str, Trial | None]) -> None:
    ledger.begin(NOW)
    everyone = [user(number) for number in range(people)]
    ledger.insert("team.person", "user_id, active", [(one, True) for one in everyone])
    ledger.insert("team.device", "user_id, token, target_kind", [(one, f"of {one}", "token") for one in everyone])
    ledger.insert("team.wanted", "user_id, occurrence, variables", [(one, "once", "{}") for one in everyone])
    for scope, trial in trials.items():
        if trial is None:
            continue
        agreed_at = datetime(trial.until_on.year, trial.until_on.month, trial.until_on.day, tzinfo=UTC)
        ledger.insert(
            "rekindle.trial",
            "trial_id, scope, unit, held, horizon_seconds, outcome_sha256, worth, until_on, agreed_at, ended_at",
            [
                (trial.trial_id, scope, "person", trial.held, 14 * 86_400, "0" * 64, 0.05, trial.until_on,
                 agreed_at + timedelta(days=15), NOW - timedelta(days=1) if trial.stopped else None)
            ],
        )  # fmt: skip
        ledger.insert(
            "rekindle.enrolment",
            "trial_id, user_id, arm, bucket, claim_id, claimed_at, scenario_type, scenario_version",
            [(trial.trial_id, user(number), arm, 1, UUID(int=1), NOW - timedelta(days=2), "other", 1)
             for number, arm in trial.enrolled.items()],
        )  # fmt: skip


@settings(max_examples=60)
@example(
    people=12,
    everywhere=Trial(UUID(int=1), 5_000, TODAY + timedelta(days=1), stopped=False, enrolled={}),
    own=Trial(UUID(int=2), 5_000, TODAY + timedelta(days=1), stopped=False, enrolled={}),
    exempt=False,
)
@example(  # nobody new, and the others keep their arm, whatever the function says
    people=12,
    everywhere=None,
    own=Trial(UUID(int=2), 5_000, TODAY, stopped=False, enrolled={1: "held_out", 2: "nudged", 3: "held_out"}),
    exempt=False,
)
@given(people=st.integers(1, 12), everywhere=TRIALS, own=TRIALS, exempt=st.sampled_from([False, False, True]))
def test_the_claim_assigns_everybody_as_the_oracle_does(
    ledger: Ledger, people: int, everywhere: Trial | None, own: Trial | None, exempt: bool
) -> None:
    load(ledger, people, {"*": everywhere, NAME: own})
    scenario = SCENARIO.model_copy(update={"holdout": not exempt})
    evaluation = Evaluation(Applied(NAME, 3, scenario, fingerprint(scenario)))
    of_programme: dict[UUID, Arm] = {}
    of_scenario: dict[UUID, Arm] = {}
    for number in range(0 if exempt else people):
        arm = everywhere and everywhere.arm("*", number)
        if arm is not None:
            of_programme[user(number)] = arm
        if own is not None and arm != "held_out" and (other := own.arm(NAME, number)) is not None:
            of_scenario[user(number)] = other
    held = {one: "*" for one, arm in of_programme.items() if arm == "held_out"}
    held |= {one: NAME for one, arm in of_scenario.items() if arm == "held_out"}

    planned = ledger.plan(evaluation)
    assert {one.user_id: one.held_out_of for one in planned if one.held_out_of} == held

    _, numbers = ledger.claim(evaluation)
    assert numbers.claimed == people
    units = ledger.rows("select user_id, held_out from rekindle.outbox")
    assert {unit["user_id"] for unit in units if unit["held_out"]} == held.keys()
    for scope, trial, arms in (("*", everywhere, of_programme), (NAME, own, of_scenario)):
        if trial is None:
            continue
        before = {user(number): arm for number, arm in trial.enrolled.items()}
        rows = ledger.rows(f"select * from rekindle.enrolment where trial_id = '{trial.trial_id}'")
        assert {row["user_id"]: row["arm"] for row in rows} == arms | before
        for row in rows:
            if row["user_id"] not in before:
                assert row["bucket"] == bucket(str(trial.trial_id), scope, str(row["user_id"]))
                assert (row["claimed_at"], row["scenario_type"], row["scenario_version"]) == (NOW, NAME, 3)
