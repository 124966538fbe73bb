"""How long the ledger keeps what happened: the table [retention]."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from rekindle.policy import MEDIAN_DAYS, Retention, duration
from rekindle.scenario.kinds import AnyScenario, Seconds
from rekindle.scenario.overrides import Mistake
from rekindle.scenario.reach import MAX_CAP_SECONDS, Strict
from rekindle.scenario.trial import ProgrammeTrial

_DAY = 86_400
THIRTEEN_MONTHS = 397 * _DAY
"""The longest that thirteen months can be: the same month of the year before is whole."""


def _at_least(seconds: int, because: str) -> AfterValidator:
    def checked(value: int) -> int:
        if value < seconds:
            raise ValueError(f"is too short; make it at least {duration(seconds)}, because {because}")
        return value

    return AfterValidator(checked)


class RetentionConfig(Strict):
    """How long rows stay after their last use. What a promise still needs stays longer."""

    notification: Annotated[Seconds, _at_least(MAX_CAP_SECONDS, "a frequency cap may look back so far")] | None = None
    outcome: Annotated[Seconds, _at_least(7 * _DAY, "an operator needs time to settle unknown sends")] = 90 * _DAY
    run: Annotated[Seconds, _at_least((MEDIAN_DAYS + 3) * _DAY, "the guard looks back so far")] = THIRTEEN_MONTHS
    gate: Annotated[Seconds, _at_least(_DAY, "a send may be answered late")] = 90 * _DAY
    disabled_token: Annotated[Seconds, _at_least(_DAY, "a registration may arrive late")] = THIRTEEN_MONTHS
    audit: Annotated[Seconds, _at_least(31 * _DAY, "it is the record of who changed what")] = 3 * 366 * _DAY
    api_key: Annotated[Seconds, _at_least(_DAY, "a clock may be wrong for a while")] = THIRTEEN_MONTHS
    enrolment: Annotated[Seconds, _at_least(_DAY, "a trial is read when it is over")] = THIRTEEN_MONTHS
    spent: Seconds | Literal["forever"] = "forever"


def retained(config: RetentionConfig, scenarios: dict[str, AnyScenario]) -> Retention:
    """The table in seconds. Notifications are kept for thirteen months, or for the longest cooldown
    if that is longer, unless the table says how long."""
    cooldown = max((seconds for seconds, _ in _cooldowns(scenarios)), default=0)
    return Retention(
        notification=config.notification or max(THIRTEEN_MONTHS, cooldown),
        outcome=config.outcome,
        run=config.run,
        gate=config.gate,
        disabled_token=config.disabled_token,
        audit=config.audit,
        api_key=config.api_key,
        enrolment=config.enrolment,
        spent=None if isinstance(config.spent, str) else config.spent,
    )


def too_short(
    config: RetentionConfig, scenarios: dict[str, AnyScenario], *, catch_up: int, trial: ProgrammeTrial | None = None
) -> list[Mistake]:
    """What is kept for a shorter time than another part of the configuration needs."""
    needs: list[tuple[str, int, str]] = [("run", catch_up, "run.catch_up looks back so far")]
    needs += [
        ("notification", seconds, f"the cooldown of scenario {name} is as long")
        for seconds, name in sorted(_cooldowns(scenarios), reverse=True)[:1]
    ]
    needs += [
        ("notification", scenario.outcome.looked_back_after, f"the outcome of scenario {name} is known only then")
        for name, scenario in sorted(scenarios.items(), key=lambda pair: -pair[1].outcome.horizon)[:1]
    ]
    if trial is not None:
        needs.append(("notification", trial.outcome.looked_back_after, "the outcome of [trial] is known only then"))
    remembered = [(one.remembered_days(), name) for name, scenario in scenarios.items() for one in scenario.variants()]
    needs += [
        ("spent", days * _DAY, f"an occasion of scenario {name} lasts as long")
        for days, name in sorted((days, name) for days, name in remembered if days is not None)[-1:]
    ]
    needs.append(("spent", retained(config, scenarios).notification, "notifications are kept as long"))
    found: dict[str, Mistake] = {}
    lasting = [name for days, name in remembered if days is None]
    if lasting and isinstance(config.spent, int):
        message = f'must be "forever", because an occasion of scenario {lasting[0]} never passes; or set its max_age'
        found["spent"] = (("retention", "spent"), "too_short", message)
    for key, seconds, because in sorted(needs, key=lambda need: -need[1]):
        said = getattr(config, key)
        if isinstance(said, int) and said < seconds:
            message = f"is too short; make it at least {duration(seconds)}, because {because}"
            found.setdefault(key, (("retention", key), "too_short", message))
    return list(found.values())


def _cooldowns(scenarios: dict[str, AnyScenario]) -> list[tuple[int, str]]:
    return [(one.cooldown, name) for name, scenario in scenarios.items() for one in scenario.variants()]
