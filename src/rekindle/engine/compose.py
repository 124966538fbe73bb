"""Makes the message from a unit and its scenario's texts."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rekindle.model import Message, Unit
from rekindle.render import NotRendered, is_address, render, render_address
from rekindle.scenario import AnyScenario, Text

_LOCALES_KEPT = 1_000
"""At most this many different locales of people are kept; any further one is looked up each time.
The team's column may have any value, and memory must not grow with the number of people."""

MAX_TTL_SECONDS = 2_419_200
"""The longest time that a provider keeps a push: 28 days."""


class Composer:
    """Makes the messages of one version of a scenario. Work that is the same for many people is
    done once."""

    def __init__(self, scenario: AnyScenario) -> None:
        self.variants = [_Variant(variant) for variant in scenario.variants()]

    def message(self, unit: Unit) -> Message:
        """The message for one unit, in the recipient's locale, by the variant under which they were
        claimed, with the text of their arm in a text trial. If that text cannot be made for them,
        they get the scenario's own, and stay in the arm.

        Raises:
            NotRendered: the scenario's own text names a variable that this person lacks, or whose
                value does not fit the text.
            TemplateInvalid: a text cannot be parsed; `apply` refuses such texts.
        """
        variant = self.variants[unit.variant]  # mutant: variant
        scenario, locale = variant.scenario, variant.locale_for(unit.locale)
        zone = unit.timezone or "UTC"
        title, body, subtitle = _read(scenario, unit, locale, zone)
        return Message(
            claim_id=unit.claim_id,
            idempotency_key=unit.idempotency_key,
            user_id=unit.user_id,
            scenario_type=unit.scenario_type,
            target_kind=unit.target_kind,
            target=unit.target,
            title=title,
            body=body,
            subtitle=subtitle,
            image=_page(scenario.image, unit.variables),
            data={key: _plain(value, unit.variables) for key, value in scenario.data.items()},
            link=_page(scenario.link, unit.variables),
            web_link=_page(scenario.web_link, unit.variables),
            ttl_seconds=variant.ttl_of(unit),
            options=variant.options,
        )


def _read(scenario: AnyScenario, unit: Unit, locale: str, zone: str) -> tuple[str, str, str | None]:
    """Title, body and subtitle: of the text of the unit's arm, or the scenario's own."""
    further = scenario.text.get(unit.text_name or "")  # mutant: text-of-the-arm
    if further is not None:
        with suppress(NotRendered):  # mutant: text-not-made
            title, body, subtitle = _rendered(further.message[locale], unit, locale, zone)
            if title.strip() and body.strip():
                return title, body, subtitle
    return _rendered(scenario.message[locale], unit, locale, zone)


def _rendered(text: Text, unit: Unit, locale: str, zone: str) -> tuple[str, str, str | None]:
    subtitle = None if text.subtitle is None else render(text.subtitle, unit.variables, locale, zone)
    return render(text.title, unit.variables, locale, zone), render(text.body, unit.variables, locale, zone), subtitle


def longest_ttl(scenario: AnyScenario) -> int:
    """The longest time in seconds that a provider keeps a push of this version of a scenario."""
    return max(_ttl(variant) for variant in scenario.variants())


def _ttl(scenario: AnyScenario) -> int:
    return scenario.ttl or min(scenario.relevance, MAX_TTL_SECONDS)


def _page(text: str | None, variables: Mapping[str, Any]) -> str | None:
    return None if text is None else render_address(text, variables)


def _plain(text: str, variables: Mapping[str, Any]) -> str:
    return render_address(text, variables) if is_address(text) else render(text, variables)


class _Variant:
    """The parts that all messages of one variant share.

    Without a `ttl` a message expires when the nudge is no longer relevant, so that a late copy is
    dropped on its way and does not arrive stale.
    """

    def __init__(self, scenario: AnyScenario) -> None:
        self.scenario = scenario
        self.options = scenario.options()
        self.ttl_seconds = _ttl(scenario)
        self.locales: dict[str | None, str] = {}

    def ttl_of(self, unit: Unit) -> int:
        """The seconds for which the provider keeps the push. If the occasion ends, it is not longer
        than that."""
        if not self.scenario.ends or unit.relevant_seconds is None:
            return self.ttl_seconds
        return max(0, min(self.ttl_seconds, unit.relevant_seconds))  # mutant: ttl-until-the-end

    def locale_for(self, locale: str | None) -> str:
        """See `scenario.locale_for`."""
        known = self.locales.get(locale)
        if known is None:
            known = self.scenario.locale_for(locale)
            if len(self.locales) < _LOCALES_KEPT:
                self.locales[locale] = known
        return known
