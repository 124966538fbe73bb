"""What the texts of a scenario need of a person's variables, as conditions that the claim checks.

A person whose text can never be made is refused before the claim, and counted. Otherwise each run
would claim the person anew, and the claim would end dead each time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rekindle.render import INSTANT_PATTERN, MAX_NUMBER, Need, always_needs, shows_only
from rekindle.scenario import AnyScenario

# The template alone also accepts 2026-1-31, and Postgres has a year 0.
_DAY = (
    '({0} like_regex "^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$" && !({0} starts with "0000")'
    ' && exists({0}.datetime("YYYY-MM-DD")))'
)
# Days that do not exist, such as 31 June, are excluded by a pattern: before Postgres 17, datetime()
# does not read fractions of a second.
_NO_DAY = "^.{4}-(00|1[3-9]|[2-9]|(02|04|06|09|11)-31|02-30|..-(00|3[2-9]|[4-9]))"
_NO_LEAP_DAY = "^(.{2}([02468][1235679]|[13579][01345789])|([02468][1235679]|[13579][01345789])00)-02-29"
_INSTANT = (
    '({0} like_regex "^'
    + INSTANT_PATTERN.replace("{", "{{").replace("}", "}}")
    + '$" && !({0} like_regex "'
    + _NO_DAY.replace("{", "{{").replace("}", "}}")
    + '") && !({0} like_regex "'
    + _NO_LEAP_DAY.replace("{", "{{").replace("}", "}}")
    + '"))'
)
# An item that is shown, and none that is no text and no number. Nulls and blank texts are left out.
_LIST = (
    '({0}.type() == "array"'
    ' && exists({0}[*] ? (@.type() == "number" || @.type() == "string" && @ like_regex "[^ \\t\\n\\r\\f\\v]"))'
    ' && !exists({0}[*] ? (@.type() == "boolean" || @.type() == "array" || @.type() == "object")))'
)
_IS_A: Mapping[Need, str] = {
    "number": f'({{0}}.type() == "number" && {{0}} <= {MAX_NUMBER} && {{0}} >= -{MAX_NUMBER})',
    "date": f"({_DAY} || {_INSTANT})",
    "time": _INSTANT,
    "list": _LIST,
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one text needs: the variables that it always shows, the uses that each must fit, and
    for the title and the body, the variables of which one must not be blank."""

    needs: tuple[tuple[str, frozenset[Need]], ...]
    not_blank: frozenset[frozenset[str]]

    @property
    def names(self) -> list[str]:
        """The variables without which the text cannot be made."""
        return [name for name, _ in self.needs]

    @property
    def fitted(self) -> list[str]:
        """The variables that must be a number, a date, an instant or a list."""
        return [name for name, uses in self.needs if uses]

    @property
    def present(self) -> str:
        """A condition on the object of variables, as a jsonpath: each variable has a value."""
        values = [f"{_value(name)} != null" for name in self.names]
        return _all(values + [_not_blank(names) for names in sorted(self.not_blank, key=sorted)])

    @property
    def fitting(self) -> str:
        """A condition on the object of variables, as a jsonpath: each value fits its uses."""
        return _all(_IS_A[use].format(_value(name)) for name, uses in self.needs for use in sorted(uses))


@dataclass(frozen=True, slots=True)
class Requirements:
    """The different requirements of all texts of a scenario, and the number (from 1) of the one
    that each variant has for each locale of a person."""

    distinct: Sequence[Requirement]
    numbers: Sequence[Mapping[str, int]]
    """By variant: the number by locale of the text."""

    @property
    def depend_on_locale(self) -> bool:
        """Whether people under one variant may need different variables, because of their
        locale."""
        return any(len(set(numbers.values())) > 1 for numbers in self.numbers)


def requirements(scenario: AnyScenario) -> Requirements:
    """The requirements of every variant of a scenario."""
    distinct: dict[Requirement, int] = {}
    numbers = [
        {locale: distinct.setdefault(of_one, len(distinct) + 1) for locale, of_one in _of_variant(variant).items()}
        for variant in scenario.variants()
    ]
    return Requirements(list(distinct), numbers)


def _of_variant(variant: AnyScenario) -> dict[str, Requirement]:
    shared = variant.shared().values()
    return {
        locale: _requirement((*text.parts().values(), *shared), (text.title, text.body))
        for locale, text in variant.message.items()
    }


@lru_cache(maxsize=1_024)
def _requirement(templates: tuple[str, ...], visible: tuple[str, ...]) -> Requirement:
    needs: dict[str, frozenset[Need]] = {}
    for template in templates:
        for name, uses in always_needs(template).items():
            needs[name] = needs.get(name, frozenset()) | uses
    return Requirement(tuple(sorted(needs.items())), frozenset(names for names in map(shows_only, visible) if names))


def fits(use: Need, value: str) -> str:
    """A condition on one value, as a jsonpath: it can be used so."""
    return f"strict {_IS_A[use].format(value)}"


def _value(name: str) -> str:
    return f'$."{name}"'


def _not_blank(names: frozenset[str]) -> str:
    """One of these values is not a text, or has a letter that is not a blank."""
    each = (f'{_value(name)}.type() != "string" || {_value(name)} like_regex "[^[:space:]]"' for name in sorted(names))
    return f"({' || '.join(each)})"


def _all(conditions: Iterable[str]) -> str:
    return "strict " + (" && ".join(conditions) or "1 == 1")
