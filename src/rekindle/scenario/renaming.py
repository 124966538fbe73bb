"""Which scenarios of a configuration were renamed: the mistakes in their key `was`."""

from collections.abc import Iterator, Mapping

from rekindle.scenario.kinds import AnyScenario
from rekindle.scenario.overrides import Mistake


def wrong_names(scenarios: Mapping[str, AnyScenario]) -> Iterator[Mistake]:
    """The mistakes in `was`, at their place: the scenario itself, a scenario that the configuration
    has, or one that two scenarios name."""
    named: dict[str, str] = {}
    for name, one in scenarios.items():
        if one.was is None:
            continue
        if message := _mistake(name, one.was, scenarios, named):
            yield ("scenario", name, "was"), "value_error", message
        named.setdefault(one.was, name)


def _mistake(name: str, was: str, scenarios: Mapping[str, AnyScenario], named: Mapping[str, str]) -> str | None:
    if was == name:  # mutant: was-itself
        return "is the name that it has; write the name that it had before, or remove this key"
    if was in scenarios:  # mutant: was-still-there
        theirs = scenarios[was].was
        if theirs == name:
            return f"{name} and {was} cannot swap their names, because each push counts under both; use new names"
        if theirs is not None:
            return f"{was} was renamed, too; apply one of the two renames first, and use names that are new"
        return f"{was} is still in this configuration; remove its table, or this key"
    if was in named:  # mutant: was-twice
        return f"{named[was]} says that it was {was}, too; one scenario cannot become two: keep one of these keys"
    return None
