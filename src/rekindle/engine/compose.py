"""A unit and its scenario's texts become a message."""

from rekindle.model import Message, Unit
from rekindle.render import render
from rekindle.scenario import AnyScenario


def compose(unit: Unit, scenario: AnyScenario) -> Message:
    """The message for one unit, in the recipient's locale, as the scenario holds where they were claimed.

    Without a `ttl` the message lives as long as the nudge is relevant, so that a late copy dies on its way instead of
    arriving stale.

    Raises:
        NotRendered: a text names a variable that this person has not, or has not as the text needs it.
        TemplateInvalid: a text cannot be parsed; `apply` refuses such texts.
    """
    scenario = scenario.variants()[unit.variant]
    locale = scenario.locale_for(unit.locale)
    text = scenario.message[locale]
    return Message(
        claim_id=unit.claim_id,
        idempotency_key=unit.idempotency_key,
        user_id=unit.user_id,
        scenario_type=unit.scenario_type,
        target_kind=unit.target_kind,
        target=unit.target,
        title=render(text.title, unit.variables, locale),
        body=render(text.body, unit.variables, locale),
        data={key: render(value, unit.variables) for key, value in scenario.data.items()},
        link=None if scenario.link is None else render(scenario.link, unit.variables),
        ttl_seconds=scenario.ttl or min(scenario.relevance, 2_419_200),
        options=scenario.options(),
    )
