"""Whether the nudges help: from the numbers of every trial to what is shown of it. Pure."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from rekindle.effect.chapters import clusters_on
from rekindle.effect.curve import BackByDay, MonthShown, SecondOutcome, back_by_days, months, opened, opted_out
from rekindle.effect.many import MOST_DIVIDED, alpha_of_each, ln_evidence
from rekindle.effect.past import DECIDED, Past, past
from rekindle.effect.trial import Seen, Trial, Verdict, arms_of_texts
from rekindle.effect.words import LEAST_SETTLED, beside, people_needed, verdict, weeks
from rekindle.errors import EffectMissing
from rekindle.ports import NO_COUNTS, TrialFound, TrialsFound, scenario_of

ALPHA = 0.05
"""The highest probability of a wrong word on one page, over all days together."""

EVERYTHING = "*"
"""The scope of a trial of the whole programme."""

_WEEKS = 4
_MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Read:
    """What is calculated of a trial, for which the extra `effect` must be installed."""

    verdict: Verdict
    beside: Sequence[str]
    """What is always shown next to the word, one line each."""
    needed: int | None
    """People in both arms for the difference worth knowing of; None if that is not known."""
    weeks: int | None
    """Until as many more have settled as are needed, at the rate of the last four weeks; None if
    nobody was enrolled in them, if nobody new takes part any more, or if it is not known how many
    are needed."""
    past: Past
    back: BackByDay
    months: Sequence[MonthShown]
    opted_out: SecondOutcome | None
    opened: SecondOutcome | None
    """Of two texts, if the team says which pushes were opened."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One trial."""

    found: TrialFound
    trial: Trial
    seen: Seen
    alpha: float
    """The level of its interval: the highest probability of a wrong word on this trial, unless it
    is one of many."""
    not_nudged_monthly: int
    """People who are held out per 30 days, at the rate of the last four weeks."""
    read: Read | None
    """None if the extra is not installed."""
    earlier: Sequence["Answer"] = ()
    """Earlier trials of the same scenario or of the programme, the newest first."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The newest trial of each scope, the one of the whole programme first."""

    at: datetime
    answers: Sequence[Answer]
    fault: EffectMissing | None = None
    """Why nothing is calculated."""


def effect(found: TrialsFound) -> Effect:
    """What may be said of these trials: all, or those of one scenario.

    The trial of the whole programme is read at `ALPHA`, and so is a scenario that is shown alone.
    Trials that are shown side by side share it, so that all words of the page together are wrong no
    more often; the texts of one trial share its part. Of more than `MOST_DIVIDED` comparisons, it
    is the share of their words that is wrong on average.
    """
    scenarios: dict[tuple[str, str], list[TrialFound]] = {}
    for one in sorted(found.trials, key=lambda one: one.started_at, reverse=True):
        scenarios.setdefault((one.identity or one.scope, one.text_name), []).append(one)  # mutant: trials-by-name
    shown = sorted(scenarios.values(), key=lambda trials: _place(trials[0]))
    side_by_side = [trials[0] for trials in shown if trials[0].scope != EVERYTHING]
    many = len(side_by_side) > MOST_DIVIDED  # mutant: more-than-twenty
    shared = ALPHA / max(1, len({(one.scope, one.trial_id) for one in side_by_side}))  # mutant: side-by-side
    if many:
        shared = _of_many(side_by_side, found.at)
    fault: EffectMissing | None = None
    answers: list[Answer] = []
    for trials in shown:
        alone = trials[0].scope == EVERYTHING
        alpha = ALPHA if alone else shared
        newest, *earlier = (
            _answer(one, found.at, alpha if many else alpha * _part(one), many=many and not alone) for one in trials
        )
        answer, why = newest
        fault = fault or why
        answers.append(replace(answer, earlier=[one for one, _ in earlier]))
    return Effect(found.at, answers, fault)


def _place(one: TrialFound) -> tuple[bool, str, str]:
    """The whole programme, then by scenario: its control group, then its texts."""
    return one.scope != EVERYTHING, scenario_of(one.scope), one.text_name


def _part(one: TrialFound) -> float:
    """The part of a text trial's error that one of its comparisons has."""
    return 1 if one.texts is None else 1 / one.texts.compared  # mutant: texts-share-the-error


def _of_many(trials: Sequence[TrialFound], at: datetime) -> float:
    """The level at which each of these trials is read."""
    try:
        return alpha_of_each([_evidence(one, at, len(trials)) for one in trials], ALPHA)
    except EffectMissing:
        return ALPHA / len(trials)


def _evidence(found: TrialFound, at: datetime, trials: int) -> float | None:
    """The logarithm of the evidence for the word of a trial; None if no interval may be shown."""
    trial = _trial(found)
    seen = replace(_seen(found, trial, at.astimezone(UTC).date()), one_reading=True)

    def said(part: int) -> Verdict:
        alpha = ALPHA * part / trials
        return verdict(trial, _with_clusters(found, seen, alpha) if found.unit == "chapter" else seen, alpha)

    if said(1).interval is None:
        return None
    if found.unit == "person":
        return float(ln_evidence(seen.counts, trial.share, trial.worth))
    least = bisect_left(range(1, trials + 1), True, key=lambda part: said(part).word in DECIDED) + 1
    return -math.inf if least > trials else math.log(trials / (ALPHA * (least - 0.5)))


def _trial(found: TrialFound) -> Trial:
    trial = Trial(found.share, found.horizon_days, found.until_on, found.worth)
    if found.texts is None:
        return trial
    return replace(trial, arms=arms_of_texts(found.texts.first, found.texts.other))


def _answer(
    found: TrialFound, at: datetime, alpha: float, *, many: bool = False
) -> tuple[Answer, EffectMissing | None]:
    trial = _trial(found)
    seen = replace(_seen(found, trial, at.astimezone(UTC).date()), one_reading=many)
    read, fault = None, None
    try:
        if found.unit == "chapter":
            seen = _with_clusters(found, seen, alpha)
        read = _read(found, trial, seen, alpha)
    except EffectMissing as missing:
        fault = missing
    held = sum(one.enrolled[1] for one in found.days if one.on > seen.on - timedelta(weeks=_WEEKS))
    runs = found.ended_at is None and found.texts is None
    monthly = round(held * _MONTH_DAYS / _days_of_rate(found, seen.on)) if runs else 0
    return Answer(found, trial, seen, alpha, monthly, read), fault


def _seen(found: TrialFound, trial: Trial, today: date) -> Seen:
    """The numbers of today, or of the day on which the trial ended.

    The agreed day is read once everybody has settled, and not on numbers that still change.
    """
    ended_on = None if found.ended_at is None else found.ended_at.astimezone(UTC).date()
    on = today if ended_on is None else min(today, ended_on)
    enrolled, counts = (0, 0), NO_COUNTS
    for one in found.days:
        enrolled = (enrolled[0] + one.enrolled[0], enrolled[1] + one.enrolled[1])
        a, b, c, d = (x + y for x, y in zip(counts, one.settled, strict=True))
        counts = (a, b, c, d)
    recent = sum(sum(one.enrolled) for one in found.days if one.on > on - timedelta(weeks=_WEEKS))
    first = next((one.on for one in found.days if any(one.enrolled)), None)
    early = ended_on if ended_on is not None and ended_on < trial.agreed_on else None
    if early is None and sum(counts) < sum(enrolled):  # mutant: everybody-settled
        on = min(on, trial.agreed_on - timedelta(1))
    return Seen(
        on=on,
        counts=counts,
        enrolled=enrolled,
        weekly=7 * recent / _days_of_rate(found, on),
        first_settles_on=None if first is None else first + timedelta(days=trial.horizon_days + 1),
        misplaced=found.misplaced,
        delivered=found.delivered,
        failure=found.failure if ended_on is None and sum(counts) < sum(enrolled) else None,  # mutant: view-unreadable
        settled_on=next((one.on for one in reversed(found.days) if any(one.settled)), None),
        ended_on=early,
    )


def _with_clusters(found: TrialFound, seen: Seen, alpha: float) -> Seen:
    return replace(seen, clusters=clusters_on(found.chapters, seen.on, alpha))


def _days_of_rate(found: TrialFound, on: date) -> int:
    """The days over which the rate is counted: four weeks, or less for a young trial."""
    return min(7 * _WEEKS, max(7, (on - found.started_at.astimezone(UTC).date()).days + 1))


def _read(found: TrialFound, trial: Trial, seen: Seen, alpha: float) -> Read:
    said = verdict(trial, seen, alpha)
    people = None
    enough = min(sum(seen.counts[:2]), sum(seen.counts[2:])) >= LEAST_SETTLED
    if seen.clusters is None and enough:
        people = people_needed(trial, seen, alpha)
    more = None if people is None or seen.on >= trial.until else max(0, people - sum(seen.enrolled))
    return Read(
        verdict=said,
        beside=beside(
            trial,
            seen,
            accepted=found.accepted,
            reached_otherwise=found.reached_otherwise,
            first_accepted=found.texts and found.texts.first_accepted,
        ),
        needed=people,
        weeks=None if more is None else weeks(more, seen.weekly, trial.horizon_days),
        past=past(found, trial, seen, said, alpha),
        back=back_by_days(found, seen) if said.interval else BackByDay((), ()),
        months=months(found, trial, alpha) if said.interval else (),
        opted_out=opted_out(found, trial, seen, alpha) if said.interval else None,
        opened=opened(found, trial, seen, alpha) if said.interval else None,
    )
