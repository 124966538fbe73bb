"""Further texts of a scenario, each for a part of the people: the tables [scenario.NAME.text.TEXT]
and [scenario.NAME.text_trial]."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field

from rekindle.scenario.day import Day
from rekindle.scenario.overrides import Mistake, Override
from rekindle.scenario.reach import Strict
from rekindle.scenario.texts import Text
from rekindle.scenario.trial import hundredths

FIRST = "A"
"""The name of the text that the scenario itself has."""

MOST_TEXTS = 9
"""Further texts of one scenario."""

_WHOLE = 10_000
_LEAST = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}")


def _weight(text: str) -> str:
    if not _LEAST <= hundredths(text) <= _WHOLE - _LEAST:
        raise ValueError("is not a valid weight; write a percentage from 1% to 99%, such as 50%")
    return text


def _name(text: str) -> str:
    if text.upper() == FIRST:
        raise ValueError(f"{text!r} is the name of the scenario's own text; use another one, such as B")
    if _NAME.fullmatch(text) is None:
        raise ValueError(f"{text[:40]!r} cannot be the name of a text; use up to 31 letters, digits, _ and -")
    return text


class FurtherText(Strict):
    """A text that a part of the people get instead of the scenario's own, in the same languages."""

    weight: Annotated[str, AfterValidator(_weight)]
    message: dict[str, Text] = Field(min_length=1)

    @property
    def share(self) -> int:
        """The part of the people, in hundredths of a per cent."""
        return hundredths(self.weight)


class TextTrial(Strict):
    """Until when the texts are compared. Nobody new takes part from the day `until` on. `worth` is
    the difference that is worth knowing of, in points."""

    until: Day
    worth: float = Field(default=5, gt=0, le=50)


TextName = Annotated[str, AfterValidator(_name)]


class WithTexts(Protocol):
    """The part of a scenario that this module reads."""

    @property
    def message(self) -> dict[str, Text]: ...
    @property
    def text(self) -> Mapping[str, FurtherText]: ...
    @property
    def text_trial(self) -> TextTrial | None: ...
    @property
    def overrides(self) -> Sequence[Override]: ...
    def variants(self) -> Sequence["WithTexts"]: ...


def names_of(one: WithTexts) -> list[str]:
    """The names of all texts: the scenario's own, then the others in order of name."""
    return [FIRST, *sorted(one.text)]


def ends_of(one: WithTexts) -> list[int]:
    """For each text the bucket below which people get it, in the order of `names_of`; the last is
    10,000."""
    further = [one.text[name].share for name in sorted(one.text)]
    return list(accumulate([_WHOLE - sum(further), *further]))


def texts_sha256(one: WithTexts) -> str | None:
    """The digest of what a trial of the texts must not change: the names, the weights, and what
    people read, also the words of places. None without further texts."""
    if not one.text:
        return None
    everybody = _read(one)
    places = {
        override.path: read
        for override, variant in zip(one.overrides, one.variants()[1:], strict=True)
        if (read := _read(variant)) != everybody
    }
    whole = {"texts": names_of(one), "ends": ends_of(one), "everybody": everybody, "places": places}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def wrong_texts(scenarios: Mapping[str, WithTexts]) -> Iterator[Mistake]:
    """The mistakes in further texts, at their place."""
    for name, one in scenarios.items():
        where = ("scenario", name)
        if one.text and one.text_trial is None:
            message = "is missing: it says until when the texts are compared; add it, with until = a day"
            yield (*where, "text_trial"), "missing_trial", message
        if one.text_trial is not None and not one.text:
            message = f"compares nothing: there is one text; add [scenario.{name}.text.B], or remove this table"
            yield (*where, "text_trial"), "void", message
        further = sum(each.share for each in one.text.values())
        if further > _WHOLE - _LEAST:
            message = (
                f"the weights add up to {further / 100:g} %, which leaves less than 1 % for the scenario's own text; "
                "make one smaller"
            )
            yield (*where, "text"), "too_much", message
        yield from _unlike(where, one)
        for override, variant in zip(one.overrides, one.variants()[1:], strict=True):
            place = (*override.path.split("."), *where)
            if [(each, variant.text[each].share) for each in sorted(variant.text)] != [
                (each, one.text[each].share) for each in sorted(one.text)
            ]:
                yield (*place, "text"), "fixed", "the names and the weights of texts are the same for everybody"
            elif _read(variant) != _read(one):
                yield from _unlike(place, variant)


def _unlike(where: tuple[str, ...], one: WithTexts) -> Iterator[Mistake]:
    """Texts that cannot be compared: in other languages, or the same text twice."""
    read = _read(one)
    for position, name in enumerate(names := names_of(one)):
        if name == FIRST:
            continue
        if odd := sorted(read[name].keys() ^ read[FIRST].keys()):
            message = f"must have the languages of the scenario's own message; look at {', '.join(odd)}"
            yield (*where, "text", name, "message"), "other_languages", message
        if twin := next((other for other in names[:position] if read[other] == read[name]), None):
            yield (*where, "text", name), "same_text", f"says the same as {twin}; change its message, or remove it"


def _read(one: WithTexts) -> dict[str, dict[str, dict[str, str]]]:
    """What people read, by text and language."""
    messages = {FIRST: one.message, **{name: each.message for name, each in one.text.items()}}
    return {name: {locale: text.parts() for locale, text in message.items()} for name, message in messages.items()}
