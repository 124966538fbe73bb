"""Checks, before anything is in force, that every text can be made for every recipient and fits
into a push."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from rekindle import errors
from rekindle.engine.findings import Finding
from rekindle.model import Message
from rekindle.payload import MAX_PAYLOAD_BYTES, payload_bytes
from rekindle.ports import Column, Source
from rekindle.render import Need, at_least, at_most, needs, plurals, usual_categories
from rekindle.scenario import DIGEST_VARIABLES, AnyScenario, Config, OwnQuery, Variable

_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
_TEXTS = frozenset({"text", "character varying", "character", "citext"})
_NEITHER = frozenset({"uuid", "boolean", "timestamp without time zone", "interval"})
_PROGRAMS = frozenset({"boolean", "json", "jsonb", "bytea"})

Measure = Callable[[str, str], int]


async def check_texts(config: Config, own: Sequence[Column] | None, source: Source, *, measured: bool) -> list[Finding]:
    """Check every text of every scenario, in the configuration's order.

    Args:
        config: the scenarios.
        own: the columns that the recipient view has beyond the contract. None: there is no such
            view. A text that may name one of its columns is then not checked, and that is not a
            fault.
        source: the team's views. The number of statements depends on the scenarios, never on the
            number of people.
        measured: whether the views can be read, so that the longest values can be looked up.
    """
    columns = {
        column.name: Variable(_fit_for(column.type), for_programs=_for_programs(column.type)) for column in own or ()
    }
    findings: dict[str, list[Finding]] = {}
    known: dict[str, Mapping[str, Variable]] = {}
    for name, scenario in config.scenario.items():
        found = findings[name] = []
        variables: Mapping[str, Variable] | None = scenario.variables
        if isinstance(scenario, OwnQuery):
            try:
                variables = await source.query_variables(name, scenario)
            except errors.SourceError as fault:
                found.append(Finding(name, fault.message, fault))
                continue
        if scenario.digest is not None and variables is not None:
            found += _item_unknown(name, scenario, variables)
            variables = {**variables, **DIGEST_VARIABLES}
        known[name] = {**columns, **(variables or {})}
        if variables is None:
            message = f"scenario {name}: its query returns nobody now, so its texts could not be checked"
            found.append(Finding(name, message))
        elif own is None and any(
            _unknown(text, known[name]) for one in _versions(name, scenario) for text in one.own.values()
        ):
            message = f"scenario {name}: its texts are checked once rekindle_source.recipient exists"
            found.append(Finding(name, message))
        else:
            found += [finding for one in _versions(name, scenario) for finding in _unfit(one, known[name])]
    longest: Mapping[str, int] = {}
    try:
        longest = await _longest(config, known, source) if measured else longest
    except errors.SourceError as fault:
        findings[""] = [Finding("texts", fault.message, fault)]
    except errors.StatementTooSlow:
        message = "finding the longest values of the texts took too long, so it is not known whether each push fits"
        findings[""] = [Finding("texts", message, note=True)]
    for name, variables in known.items():
        findings[name] = _sized(name, config.scenario[name], variables, longest, findings[name])
    return [finding for of_one in findings.values() for finding in of_one]


def _sized(
    name: str,
    scenario: AnyScenario,
    variables: Mapping[str, Variable],
    longest: Mapping[str, int],
    found: Sequence[Finding],
) -> list[Finding]:
    """The findings of one scenario, and the size of its texts with the longest values."""
    versions = list(_versions(name, scenario))
    sizes = {one: longest.get(one, 0) if of.longest is None else of.longest for one, of in variables.items()}
    if scenario.digest is not None:  # of a list in JSON, each item has two quotes, a comma and a blank
        sizes["items"] = scenario.digest.names * (sizes.get(scenario.listed or "", 0) + 4)
    findings = [*found, *(finding for one in versions for finding in _too_large(one, sizes))]
    if all(one.note for one in findings):
        findings.append(Finding(name, f"scenario {name}: every text can be rendered"))
    for one in versions:
        findings += [*_forms_missing(one), *_read_as_json(one, variables)]
    return findings


@dataclass(frozen=True, slots=True)
class _Version:
    """A scenario as it applies in one place: the place of its texts in the configuration, and the
    texts that differ from those it inherits."""

    name: str
    place: str
    scenario: AnyScenario
    own: Mapping[str, str]


def _versions(name: str, scenario: AnyScenario) -> Iterator[_Version]:
    """The scenario as it applies to everybody, and one version for each override that changes a
    text or the size of a push."""
    of_organisation: dict[str, AnyScenario] = {}
    yield _Version(name, f"scenario.{name}", scenario, scenario.templates())
    yield from _further(name, f"scenario.{name}", scenario)
    for override, variant in zip(scenario.overrides, scenario.variants()[1:], strict=True):
        below: AnyScenario = scenario
        if override.chapter_id is None:
            of_organisation[override.organisation_id] = variant
        else:
            below = of_organisation.get(override.organisation_id, scenario)
        inherited = below.templates()
        own = {where: text for where, text in variant.templates().items() if inherited.get(where) != text}
        if own or variant.options() != below.options():
            yield _Version(name, f"{override.path}.scenario.{name}", variant, own)
        if variant.text != below.text or variant.shared() != below.shared() or variant.options() != below.options():
            yield from _further(name, f"{override.path}.scenario.{name}", variant)


def _further(name: str, place: str, scenario: AnyScenario) -> Iterator[_Version]:
    """The scenario with each of its further texts, whose own texts are those of the message."""
    for text in sorted(scenario.text):
        with_text = scenario.with_text(text)
        shared = with_text.shared()
        own = {where: template for where, template in with_text.templates().items() if where not in shared}
        yield _Version(name, f"{place}.text.{text}", with_text, own)


def _fit_for(column_type: str) -> frozenset[Need]:
    """What a column of that type can be used as. A type that is not in the lists may be
    anything."""
    if column_type in _NUMBERS:
        return frozenset({"number"})
    if column_type == "date":
        return frozenset({"date"})
    if column_type == "timestamp with time zone" or column_type in _TEXTS:
        return frozenset({"date", "time"})
    if column_type.endswith("[]"):
        return frozenset({"list"})
    return frozenset() if column_type in _NEITHER else frozenset({"number", "date", "time", "list"})


def _for_programs(column_type: str) -> bool:
    return column_type in _PROGRAMS or column_type.endswith("[]")


def _unfit(one: _Version, known: Mapping[str, Variable]) -> Iterator[Finding]:
    for where, template in one.own.items():
        used = needs(template)
        if unknown := _unknown(template, known):
            fault = errors.TemplateInvalid(
                f"{one.place}.{where} names {', '.join(unknown)}, which the scenario does not have",
                hint=f"It has: {', '.join(sorted(known))}.",
            )
            yield Finding(one.name, fault.message, fault)
        for variable in sorted(used.keys() & known.keys()):
            for need in sorted(used[variable] - known[variable].fit_for):
                fault = errors.TemplateInvalid(
                    f"{one.place}.{where}: {variable} must be a {need}",
                    hint="A plural needs a number; a date a column of type date or timestamptz, or a text such as "
                    "2026-01-31; a time a timestamptz, or a text such as 2026-01-31T09:00:00+01:00; a list an array of "
                    "texts or numbers.",
                )
                yield Finding(one.name, fault.message, fault)


def _item_unknown(name: str, scenario: AnyScenario, variables: Mapping[str, Variable]) -> Iterator[Finding]:
    if scenario.listed not in variables:
        fault = errors.TemplateInvalid(
            f"scenario.{name}.digest.items names {scenario.listed}, which the query does not return",
            hint=f"It returns: {', '.join(sorted(variables)) or 'no variables'}.",
        )
        yield Finding(name, fault.message, fault)


def _unknown(template: str, known: Mapping[str, Variable]) -> list[str]:
    return sorted(needs(template).keys() - known.keys())


async def _longest(config: Config, known: Mapping[str, Mapping[str, Variable]], source: Source) -> Mapping[str, int]:
    """The bytes of the longest value that the data has now, for each variable whose length depends
    on the data."""
    open_ended = {
        variable
        for name, variables in known.items()
        for one in _versions(name, config.scenario[name])
        for template in one.own.values()
        for variable in _measured(config.scenario[name], template)
        if variables.get(variable, Variable(longest=0)).longest is None
    }
    kinds = {one.kind for one in config.scenario.values() if open_ended & one.open_ended}
    return await source.longest(sorted(open_ended), kinds=sorted(kinds))


def _measured(scenario: AnyScenario, template: str) -> Iterator[str]:
    """The variables whose length decides on that of a text: of a list of names, the name."""
    for variable in needs(template):
        yield scenario.listed if variable == "items" and scenario.listed else variable


def _too_large(one: _Version, longest: Mapping[str, int]) -> Iterator[Finding]:
    scenario = one.scenario
    for locale in scenario.message:
        least = _weight(one.name, scenario, locale, at_least)
        most = _weight(one.name, scenario, locale, lambda text, locale: at_most(text, locale, longest))
        if least > MAX_PAYLOAD_BYTES:
            own = {f"message.{locale}.{part}": text for part, text in scenario.message[locale].parts().items()}
            largest = max((own | scenario.shared()).items(), key=lambda item: at_least(item[1], locale))[0]
            fault = errors.TemplateInvalid(
                f"{one.place}.message.{locale} can never be sent: a push has at least {least:,} bytes, "
                f"and FCM takes at most {MAX_PAYLOAD_BYTES:,}",
                hint=f"Shorten {one.place}.{largest}, the longest of its texts.",
            )
            yield Finding(one.name, fault.message, fault)
        elif most > MAX_PAYLOAD_BYTES:
            yield Finding(
                one.name,
                f"{one.place}.message.{locale}: with the longest values that there are now, a push has {most:,} "
                f"bytes, and FCM takes at most {MAX_PAYLOAD_BYTES:,}: people whose push is too large get none "
                "(too_large)",
                note=True,
            )


def _weight(name: str, scenario: AnyScenario, locale: str, measure: Measure) -> int:
    """The bytes of a push if its texts have the lengths that `measure` returns."""

    def of(text: str) -> str:
        return "x" * measure(text, locale)

    def of_one(text: str | None) -> str | None:
        return None if text is None else of(text)

    text = scenario.message[locale]
    return payload_bytes(
        Message(
            claim_id=UUID(int=0),
            idempotency_key="0" * 64,
            user_id=UUID(int=0),
            scenario_type=name,
            target_kind="token",
            target="",
            title=of(text.title),
            body=of(text.body),
            subtitle=of_one(text.subtitle),
            image=of_one(scenario.image),
            data={key: of(value) for key, value in scenario.data.items()},
            link=of_one(scenario.link),
            web_link=of_one(scenario.web_link),
            options=scenario.options(),
        )
    )


def _read_as_json(one: _Version, known: Mapping[str, Variable]) -> Iterator[Finding]:
    """A note for each text that shows people a value for programs."""
    for where, template in one.own.items():
        shown = sorted(
            name
            for name, uses in needs(template).items()
            if "list" not in uses and name in known and known[name].for_programs
        )
        if shown and where.startswith("message."):
            yield Finding(
                one.name,
                f"{one.place}.{where}: people read {', '.join(shown)} as JSON, such as true or [1, 2], because it is a "
                "boolean, a list or an object",
                note=True,
            )


def _forms_missing(one: _Version) -> Iterator[Finding]:
    """A note for each plural that lacks a form for an everyday number of its language."""
    for locale, text in one.scenario.message.items():
        for part, template in text.parts().items():
            if f"message.{locale}.{part}" not in one.own:
                continue
            for plural in plurals(template):
                if missing := sorted(
                    usual_categories(locale, ordinal=plural.ordinal) - {form for form, _ in plural.forms}
                ):
                    yield Finding(
                        one.name,
                        f"{one.place}.message.{locale}.{part}: the plural of {plural.name} has no form "
                        f"{', '.join(missing)}; the form other is used instead",
                        note=True,
                    )
