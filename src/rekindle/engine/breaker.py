"""The breaker stops a run when most answers look like our own mistake, or like a provider that is
down. So the run harms no tokens, uses up no quota, and does not leave every send unknown."""

from collections import Counter, deque

from rekindle.errors import AnswersUnclear, Disposition, MessagesRejected, RekindleError, TargetsRejected
from rekindle.log import log
from rekindle.model import Accepted, Outcome, Refused, Uncertain, Unit
from rekindle.telemetry import measures

WINDOW = 100
LEAST = 20
"""A share is judged only from this many answers on."""
FEW = 5
"""At the end of a run, this many answers are enough if all are the same."""

_TARGETS = {
    # FCM's 404 without its own error code, and its 403 SENDER_ID_MISMATCH: with a wrong project
    # every send gets these.
    "not_found": 0.5,
    "sender_id_mismatch": 0.5,
    # Each proves that one token is dead. If most answers of a window say so, the tokens more likely
    # belong to another app.
    "unregistered": 0.8,
    "invalid_token": 0.8,
}
_MESSAGES = frozenset({"invalid_argument", "too_large", "not_encodable"})
_MESSAGES_SHARE = 0.9
_UNCERTAIN_SHARE = 0.9
_PROOFS = frozenset({"unregistered", "invalid_token"})
# FCM gives these answers only for a project that exists.
_KNOWN_PROJECT = frozenset({"accepted", "sender_id_mismatch", "third_party_auth", "quota_exceeded"}) | _PROOFS
_HINTS = {
    "unregistered": "The device tokens may be of another app or project than the credentials, or come from an old copy "
    "of the database. No token was disabled after this.",
    "invalid_token": "The column of the tokens may have something else than FCM registration tokens. No token was "
    "disabled after this.",
}


class Breaker:
    """Looks at the last hundred answers of a run, and of each scenario.

    `halted` is set once nothing more may be sent. `broken` has the scenarios that may send nothing
    more: the provider does not take their messages, or the team's views do not tell whether they
    may still be sent.
    """

    def __init__(self) -> None:
        self.halted: Refused | None = None
        self.broken: dict[str, RekindleError] = {}
        self._all: deque[str] = deque(maxlen=WINDOW)
        self._uncertain: deque[bool] = deque(maxlen=WINDOW)
        self._by_scenario: dict[str, deque[str]] = {}
        self._named: set[str] = set()
        self._project_known = False
        self._lost: Refused | None = None  # an answer as from a project that does not exist
        self._mismatch: Refused | None = None

    def learn(self, unit: Unit, outcome: Outcome) -> None:
        """Take one answer into account."""
        if isinstance(outcome, Refused) and outcome.disposition is Disposition.HALT:
            self._halt(outcome)
        reason = "accepted" if isinstance(outcome, Accepted) else outcome.reason
        if isinstance(outcome, Refused):
            self._name(outcome)
        if isinstance(outcome, Refused) and reason == "not_found":
            self._lost = outcome
        if isinstance(outcome, Refused) and reason == "sender_id_mismatch":
            self._mismatch = outcome
        self._project_known |= reason in _KNOWN_PROJECT
        self._all.append(reason)
        of_scenario = self._by_scenario.setdefault(unit.scenario_type, deque(maxlen=WINDOW))
        of_scenario.append(reason)
        self._uncertain.append(isinstance(outcome, Uncertain))
        # Only for a full window: stopping a run that sends fewer makes nothing safer.
        unclear = sum(self._uncertain)
        if len(self._uncertain) == WINDOW and unclear >= _UNCERTAIN_SHARE * WINDOW:  # mutant: outage
            self._halt(
                Refused(
                    Disposition.HALT,
                    "mostly_uncertain",
                    error_code=AnswersUnclear.code,
                    hint="Nothing more was sent; the next run continues. See `rekindle unknown list`, and check "
                    "whether the provider is down.",
                )
            )
        share = _TARGETS.get(reason)
        if share is not None and isinstance(outcome, Refused) and _reaches(self._all, (reason,), share):
            self._halt_targets(reason, outcome)
        if reason in _MESSAGES and _reaches(of_scenario, _MESSAGES, _MESSAGES_SHARE):
            self.break_scenario(
                unit.scenario_type,
                MessagesRejected(
                    f"the provider rejects nearly every message of scenario {unit.scenario_type}",
                    hint="Try `rekindle run --dry-run`, correct its texts, data or link, and apply again.",
                ),
            )

    def conclude(self) -> None:
        """Every answer of the run was learned. Halt it if they look like our own mistake, although
        they are fewer than a share is judged from.

        An answer as from a project that does not exist, and none that only an existing one gives,
        is enough. Tokens of another project may be old ones: it takes a few, and no other answer.
        """
        if self._lost is not None and not self._project_known:  # mutant: project-gone
            self._halt_targets("not_found", self._lost)
        if self._mismatch is not None and len(self._all) >= FEW and set(self._all) == {"sender_id_mismatch"}:
            self._halt_targets("sender_id_mismatch", self._mismatch)

    def prunes(self, refused: Refused) -> bool:
        """Whether this rejection disables the token.

        A proof against the token does. A sender mismatch does only while other sends succeed:
        without them it may be our own mistake.
        """
        if refused.disposition is not Disposition.PRUNE:
            return False
        if self.halted is not None:  # mutant: halted-keeps-tokens
            return False
        if refused.reason == "sender_id_mismatch":
            seen = Counter(self._all)
            return seen["accepted"] >= LEAST and seen["accepted"] > 4 * seen["sender_id_mismatch"]
        return refused.reason in _PROOFS

    def _name(self, refused: Refused) -> None:
        """Log once per run what an operator may do about a rejection."""
        if refused.hint and refused.disposition is Disposition.RETRY and refused.reason not in self._named:
            self._named.add(refused.reason)
            log.warning("provider.rejects", reason=refused.reason, hint=refused.hint)

    def drops(self, refused: Refused) -> bool:
        """Whether this rejection ends its unit, and the unit is not tried again.

        FCM says of a token that it does not know that it is unregistered. `not_found` is its answer
        for a project that it does not know. So it ends a unit only if another answer of the run
        proves that the project exists.
        """
        return refused.reason != "not_found" or self._project_known  # mutant: project-known

    def _halt_targets(self, reason: str, refused: Refused) -> None:
        hint = refused.hint or _HINTS.get(reason, "")
        self._halt(Refused(Disposition.HALT, f"mostly_{reason}", error_code=TargetsRejected.code, hint=hint))

    def _halt(self, refused: Refused) -> None:
        if self.halted is None:
            self.halted = refused
            measures.BREAKER_OPEN.set(1)
            measures.BREAKER_TRIPS.add(reason=refused.reason)
            hint = {"hint": refused.hint} if refused.hint else {}
            log.critical("dispatch.halted", code=refused.error_code, reason=refused.reason, **hint)

    def break_scenario(self, scenario_type: str, fault: RekindleError) -> None:
        """From now on the run sends nothing more of this scenario."""
        if scenario_type not in self.broken:
            self.broken[scenario_type] = fault
            log.critical("scenario.broken", code=fault.code, scenario=scenario_type, error=fault.message)


def _reaches(window: deque[str], reasons: frozenset[str] | tuple[str, ...], share: float) -> bool:
    return len(window) >= LEAST and sum(1 for seen in window if seen in reasons) >= share * len(window)
