"""Shows what one person would read now. No other place returns texts for display."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from uuid import UUID

from rekindle.engine.compose import Composer
from rekindle.engine.preview import Preview, plan, unit_of
from rekindle.errors import TemplateInvalid
from rekindle.model import Candidate, Message
from rekindle.payload import MAX_PAYLOAD_BYTES, payload, payload_bytes
from rekindle.policy import UNGUARDED
from rekindle.ports import Applied, Evaluation, Store
from rekindle.render import NotRendered
from rekindle.scenario import FIRST, names_of

NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True, slots=True)
class Shown:
    """One scenario for one person. `verdict` is `claim`, `held_out`, the reason for a refusal,
    `not_due`, or `not_evaluated` with the fault as its `problem`. A person who is not due has no
    text, because the values for it do not exist. `problem` says why a text cannot be sent;
    `variable` names the variable at fault, if one is. Of a scenario with several texts there is one
    for each `text`; `theirs` is the one that a run would send."""

    scenario_type: str
    verdict: str
    occurrence: str | None = None
    devices: int = 0
    locale: str | None = None
    title: str | None = field(default=None, repr=False)
    body: str | None = field(default=None, repr=False)
    subtitle: str | None = field(default=None, repr=False)
    image: str | None = field(default=None, repr=False)
    link: str | None = field(default=None, repr=False)
    data_keys: tuple[str, ...] = ()
    payload_bytes: int | None = None
    problem: str | None = None
    variable: str | None = None
    text: str | None = None
    theirs: bool = True


async def show(store: Store, evaluations: Sequence[Evaluation]) -> list[Shown]:
    """For the one person of the selection: each scenario's verdict, and the text that the person
    would read.

    The statements of a plan decide; nothing is written. The list is empty if the person is not an
    active recipient of the selection.
    """
    shown: list[Shown] = []
    by_name = {one.applied.scenario_type: one.applied for one in evaluations}
    due: Candidate | None = None
    async with aclosing(plan(store, evaluations, guard=UNGUARDED)) as steps:
        async for step in steps:
            if not isinstance(step, Preview):
                due = step
                continue
            if step.fault is not None:
                shown.append(Shown(step.scenario_type, NOT_EVALUATED, problem=str(step.fault)))
            elif step.evaluated:
                one = by_name[step.scenario_type]
                shown += [Shown(one.scenario_type, "not_due")] if due is None else texts_of(due, one)
            due = None
    return shown


def texts_of(candidate: Candidate, one: Applied) -> list[Shown]:
    """The text of a scenario, or each of its texts, the person's own first."""
    if not one.scenario.text:
        return [_shown(candidate, one)]
    theirs = candidate.text_name or FIRST
    every: list[Shown] = []
    for name in names_of(one.scenario):
        scenario = one.scenario if name == FIRST else one.scenario.with_text(name)
        shown = _shown(replace(candidate, text_name=None), replace(one, scenario=scenario))
        every.append(replace(shown, text=name, theirs=name == theirs))
    return sorted(every, key=lambda each: not each.theirs)


def _shown(candidate: Candidate, one: Applied) -> Shown:
    message: Message | None = None
    problem = variable = size = None
    try:
        # No device: the text is the same on each of them, and no token is needed here.
        message = Composer(one.scenario).message(unit_of(candidate, one, "token", "", claim_id=UUID(int=0)))
        size = payload_bytes(message)
        problem = "too_large" if size > MAX_PAYLOAD_BYTES else None
    except NotRendered as fault:
        problem, variable = fault.reason, str(fault)
    except TemplateInvalid:
        problem = "invalid_template"
    return Shown(
        one.scenario_type,
        candidate.verdict,
        occurrence=candidate.occurrence,
        devices=len(candidate.devices),
        locale=one.scenario.variants()[candidate.variant].locale_for(candidate.locale),
        title=message and message.title,
        body=message and message.body,
        subtitle=message and message.subtitle,
        image=message and message.image,
        link=message and message.link,
        data_keys=tuple(payload(message)) if message else (),
        payload_bytes=size,
        problem=problem,
        variable=variable,
    )
