"""The part of the engine that sends a test push, so that a person sees a text on a device."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from rekindle.app.base import Base
from rekindle.engine.mark import mark
from rekindle.engine.scenarios import require_applied
from rekindle.errors import BadArgument, RekindleError, UnknownText
from rekindle.log import log
from rekindle.model import (
    Accepted,
    Asked,
    Candidate,
    Message,
    Outcome,
    Refused,
    Selection,
    SentAsTest,
    TargetKind,
    TestOutcome,
    Uncertain,
)
from rekindle.ports import Applied, Evaluation, Filter
from rekindle.postgres import installation
from rekindle.postgres.tests import ArmedTest, Wanted, arm_test, asked_before, end_test, tests_sent
from rekindle.scenario import FIRST, names_of

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


class Testing(Base):
    """Test pushes: send one, and list them."""

    async def send_test(
        self,
        user_id: UUID,
        scenario_type: str,
        *,
        token: str | None = None,
        text: str | None = None,
        sees: Collection[UUID] | None = None,
        asked: Asked | None = None,
    ) -> SentAsTest:
        """Send one push with this person's data, marked as a test, to the device that they
        registered last or to a token, and return what became of it.

        No cooldown, cap, quiet hour or occurrence stops it, and it changes none: the next run does
        what it would have done. It is sent once; an outcome that is not known stays unknown. It
        never disables a token. At most 5 per hour have the data of one person, and 20 of anybody.

        Args:
            user_id: an active recipient, due or not. Variables that only a person who is due has
                get sample values.
            scenario_type: a scenario that is applied, enabled or not.
            token: a device token to send to. It is neither stored nor logged.
            text: one of the scenario's texts; None: its own.
            sees: only recipients of these organisations exist.
            asked: the same request again is the same test push.

        Raises:
            UnknownScenario: the scenario is not applied.
            UnknownText: the scenario has no such text.
            NotFound: there is no such active recipient.
            NoTestSend: the person has opted out or has no device, the scenario is switched off, or
                the text cannot be made.
            TooManyTests, KeyTaken, ProviderError, DatabaseError: nothing was sent.
        """
        if token is not None and _TOKEN.fullmatch(token) is None:
            raise BadArgument("the token is not a device token", hint="Give it as your app registers it.")
        if asked is not None and (before := await asked_before(self._database, asked)) is not None:
            return before
        in_force = {one.scenario_type: one for one in await self.deps.store.applied()}
        require_applied([scenario_type], list(in_force.values()))
        fault, _ = await installation.look(self._database)
        if fault is not None:  # mutant: no-test-from-a-copy
            raise fault
        await self.deps.dispatcher.open()
        applied, test_id = _with_text(in_force[scenario_type], text), uuid4()
        selection = Selection(scenarios=(scenario_type,), organisations=tuple(sees or ()), user_id=user_id)

        def compose(person: Candidate, target: tuple[TargetKind, str], due: bool) -> tuple[Message, tuple[str, ...]]:
            marked = mark(applied, person, target, due=due, test_id=test_id)
            return marked.message, tuple(marked.samples)

        armed = await arm_test(
            self._database,
            Evaluation(applied, selection, terms=self._terms()),
            Wanted(test_id, asked, token),
            compose,
            self._entry("test.sent"),
        )
        if armed is None:
            return await self.send_test(user_id, scenario_type, token=token, text=text, sees=sees, asked=asked)
        return await self._sent(armed)

    async def tests_sent(self, asked: Filter) -> Sequence[SentAsTest]:
        """Test pushes, newest first. The key is (sent_at, test_id)."""
        return await tests_sent(self._database, asked)

    async def _sent(self, armed: ArmedTest) -> SentAsTest:
        """Send the armed message, and write what became of it."""
        outcome: Outcome
        test_id = armed.sent.test_id
        try:
            outcome = await self.deps.dispatcher.send(armed.message, timeout=self.config.dispatcher.timeout)
        except Exception as fault:  # the boundary: an unexpected fault does not tell whether it was sent
            log.error("dispatcher.fault", claim_id=str(test_id), error=type(fault).__name__)
            outcome = Uncertain("dispatcher_fault")
        word, reason, name = _ended(outcome)
        try:
            await end_test(self._database, test_id, word, reason, name)
        except RekindleError as fault:
            log.warning("test.not_recorded", test_id=str(test_id), outcome=word, code=fault.code)
        hint = outcome.hint if isinstance(outcome, Refused) else ""
        return replace(armed.sent, outcome=word, reason=reason, provider_name=name, hint=hint)


def _with_text(one: Applied, text: str | None) -> Applied:
    """The scenario with one of its texts as its own.

    Raises:
        UnknownText: it has no such text.
    """
    if text is None or text == FIRST:
        return one
    if text not in one.scenario.text:
        raise UnknownText(
            f"scenario {one.scenario_type} has no text {text[:40]!r}",
            hint=f"It has {', '.join(names_of(one.scenario))}. After a change, apply the configuration first.",
        )
    return replace(one, scenario=one.scenario.with_text(text))


def _ended(outcome: Outcome) -> tuple[TestOutcome, str | None, str | None]:
    match outcome:
        case Accepted(name):
            return "accepted", None, name
        case Refused():
            return "refused", outcome.reason, None
        case Uncertain(reason):
            return "unknown", reason, None
