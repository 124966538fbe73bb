"""Notes about which people the scenarios reach, and how often: opt-outs that have no effect, a
cooldown as long as the schedule's interval, scenarios without a frequency cap."""

from collections.abc import Mapping, Sequence

from rekindle.engine.findings import Finding
from rekindle.foreign import label
from rekindle.policy import duration
from rekindle.ports import Names, OptOuts, Source
from rekindle.scenario import AnyScenario, Config

RUN_SECONDS = 60
"""How much later than the interval of its schedule a run may begin or reach a person, besides its
budget."""
_NAME_CHARS = 40
_HALF_A_DAY = 43_200


async def check_reach(
    config: Config, source: Source, in_force: Sequence[str], names: Mapping[str, Names] | None = None
) -> list[Finding]:
    """Return the notes about names, opt-outs and cooldowns. `in_force` are the scenarios that are
    applied, and `names` the other names of those of the configuration. Reads only."""
    names = names or {}
    known = [*config.scenario, *(earlier for one in names.values() for earlier in one.earlier)]
    opt_outs = await source.opt_outs(known)
    retired = [name for name in in_force if name not in known]
    before = await source.opt_outs([*known, *retired]) if retired else opt_outs
    return [
        *(note for name, one in config.scenario.items() for note in _never_known(name, one, names.get(name))),
        *_opt_outs(opt_outs, before, retired),
        *(note for name, one in config.scenario.items() for note in _cooldown(name, one, config.run.budget)),
        *(note for name, one in config.scenario.items() for note in _once_a_day(name, one)),
        *(
            Finding(f"scenario {name}", f"scenario {name}: {caution}", note=True)
            for name, one in config.scenario.items()
            for caution in one.cautions()
        ),
    ]


def _never_known(name: str, scenario: AnyScenario, names: Names | None) -> list[Finding]:
    """A note if the ledger has never had the scenario's former name: it may be misspelt. In a
    database that is new, such as one for staging, it is no mistake."""
    if scenario.was is None or names is None or names.known is not False:
        return []
    message = (
        f'scenario {name}: was = "{scenario.was}" names a scenario that was never applied here, so there is nothing '
        "to carry but opt-outs; compare it with `rekindle scenarios --history`"
    )
    return [Finding(f"scenario {name}", message, note=True)]


def _opt_outs(now: OptOuts, before: OptOuts, retired: Sequence[str]) -> list[Finding]:
    """What becomes of the opt-outs: those of no scenario have no effect, and neither have those of
    a scenario that the configuration retires. `before` counts these as known."""
    findings: list[Finding] = []
    if now.everything or now.known:
        message = f"{people(now.everything)} opted out of everything, {people(now.known)} of single scenarios"
        findings.append(Finding("opt-outs", message))
    if before.unknown:
        names = {name: count for name, count in now.names_unknown.items() if name not in retired}
        listed = ", ".join(f"{label(name, most=_NAME_CHARS)} {count:,}" for name, count in names.items())
        message = f"{people(before.unknown)} opted out of names that no scenario has: {listed}"
        findings.append(Finding("opt-outs", message, note=True))
    for name in retired:
        if count := now.names_unknown.get(name):
            message = (
                f"{people(count)} opted out of {name}, which this configuration retires: a scenario that replaces it "
                "under another name would reach them"
            )
            findings.append(Finding("opt-outs", message, note=True))
    return findings


def _cooldown(name: str, scenario: AnyScenario, budget_seconds: int) -> list[Finding]:
    """A note if a run finds the cooldown of the run before it not quite over.

    The cooldown counts from the record of a push, which is later than the beginning of its run. So
    if it is as long as the interval, every second run of the schedule skips the person.
    """
    interval = scenario.interval_seconds()
    if interval is None:
        return []
    late = min(budget_seconds + RUN_SECONDS, interval // 2)
    cooldowns = {one.cooldown for one in scenario.variants() if interval - late < one.cooldown <= interval}
    if not cooldowns:
        return []
    shorter = interval - max(late, interval // 12)
    message = (
        f"scenario {name}: a cooldown of {duration(max(cooldowns))} is as long as the interval of its schedule. It "
        "counts from the record of a push, so the next run finds it not over, and every second run skips the person; "
        f'write cooldown = "{duration(shorter)}" or less'
    )
    return [Finding(f"scenario {name}", message, note=True)]


def _once_a_day(name: str, scenario: AnyScenario) -> list[Finding]:
    """A note if two pushes of one UTC day have room within the cooldown, and the record's key
    allows only one."""
    cooldown = min(one.cooldown for one in scenario.variants())
    if scenario.key != "day" or cooldown > _HALF_A_DAY:
        return []
    message = (
        f"scenario {name}: after a cooldown of {duration(cooldown)}, a second push within the same UTC day is refused "
        '(already_today), because the record\'s key has the date; if several a day are meant, write key = "occurrence"'
    )
    return [Finding(f"scenario {name}", message, note=True)]


def check_caps(scenarios: Mapping[str, AnyScenario]) -> list[Finding]:
    """Return a note if a person may get the pushes of two scenarios at once, and nobody has said
    that this is meant. It is no reason to warn at each apply."""
    enabled = {name: one for name, one in scenarios.items() if one.enabled_somewhere}
    unlimited = [name for name, one in enabled.items() if not one.critical and "caps" not in one.model_fields_set]
    if len(enabled) < 2 or not unlimited:
        return []
    message = (
        f"no frequency cap is set for {', '.join(unlimited)}: a person who is due for two scenarios gets both pushes "
        'at once. Set caps in [policy], such as caps = ["1 per 1d"], or caps = [] if that is meant'
    )
    return [Finding("caps", message, note=True)]


def people(count: int) -> str:
    """The number of people in words."""
    return "1 person" if count == 1 else f"{count:,} people"
