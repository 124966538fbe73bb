"""What may be said of a trial: from its counts to one sentence. Pure; the first rule that applies
decides."""

import math

from rekindle.effect.amounts import count, outwards, percent, plain, points, share_of, shown, signed
from rekindle.effect.intervals import Method, anytime, ln_broken, needed, one_look, visible
from rekindle.effect.trial import Seen, Trial, Verdict, Word

LEAST_SETTLED = 20
"""Of each arm. Below that no interval is shown."""

LEAST_CHAPTERS = 30
"""Of each arm of a trial by chapter: with 10, the interval was wrong in 7.4 % of simulated trials
without an effect."""

LN_BROKEN = math.log(1_000)
"""From this `ln_broken` on, the assignment counts as broken: false alarms in 0.1 % of trials."""


def verdict(trial: Trial | None, seen: Seen | None, alpha: float = 0.05) -> Verdict:
    """What may be said of a trial on one day.

    Args:
        trial: None if nobody is held out.
        seen: None if nobody is held out.
        alpha: the highest probability allowed of a wrong word, over all days together. Where m
            trials are shown side by side, 0.05 / m.

    Raises:
        EffectMissing: an interval is needed, and a library for it is not installed.
    """
    if trial is None or seen is None:
        return Verdict(Word.NOT_KNOWN, "not known: nobody is held out")
    return _unreadable(trial, seen) or _too_few(trial, seen) or _said(trial, seen, alpha)


def interval(trial: Trial, seen: Seen, alpha: float = 0.05) -> tuple[float, float]:
    """Lower and upper end of the difference.

    Half of `alpha` is for the interval that is right at any time, and half for Newcombe's on the
    agreed day. From that day on it is what both have in common. A trial by chapter has one reading
    only, and so has each of many.
    """
    if seen.clusters is not None:
        return seen.clusters.interval
    if seen.one_reading:
        return anytime(seen.counts, trial.share, alpha)
    lower, upper = anytime(seen.counts, trial.share, alpha / 2)
    if seen.on < trial.agreed_on:
        return lower, upper
    agreed = one_look(seen.counts, alpha / 2)
    both = max(lower, agreed[0]), min(upper, agreed[1])
    return both if both[0] <= both[1] else (lower, upper)


def beside(
    trial: Trial, seen: Seen, *, accepted: int, reached_otherwise: int, first_accepted: int | None = None
) -> list[str]:
    """What is always shown next to the word, one line each; nothing where no rate may be shown.

    Args:
        accepted: nudged people who have an accepted push.
        reached_otherwise: people who are held out and were reached by another scenario within the
            horizon.
        first_accepted: in a text trial, people with the first text who have an accepted push.
    """
    a, b, c, d = seen.counts
    unreadable = _unreadable(trial, seen)
    if a + b == 0 or c + d == 0 or (unreadable is not None and unreadable.word is Word.BROKEN):
        return []
    arms = trial.arms
    rates = [
        f"{arms.held_out}: {c:,} of {c + d:,} came back, {share_of(c, c + d)}",
        f"{arms.nudged}: {a:,} of {a + b:,} came back, {share_of(a, a + b)}",
    ]
    if unreadable is not None:  # the last that settled; a difference would be read as of today
        return rates
    lower, upper = outwards(*one_look(seen.counts, 0.05))
    nudged, held = seen.enrolled
    sent = [
        f"of the nudged, {share_of(accepted, nudged)} were accepted by the provider",
        f"{share_of(reached_otherwise, held)} of the held out were reached by another scenario within {_days(trial)}",
    ]
    if first_accepted is not None:
        each = f"{share_of(accepted, nudged)} {arms.of_nudged}, {share_of(first_accepted, held)} {arms.of_held_out}"
        sent = [f"accepted by the provider: {each}"]
    return [
        *rates,
        *sent,
        f"from {signed(lower)} to {signed(upper)} points: right only if this were the one look",
    ]


def weeks(people: float, weekly: float, horizon_days: int) -> int | None:
    """Whole weeks until that many more people have settled; None at a rate of zero."""
    return math.ceil(people / weekly + horizon_days / 7) if weekly > 0 else None


def _unreadable(trial: Trial, seen: Seen) -> Verdict | None:
    """Why nothing may be read from the counts, if so."""
    nudged, held = seen.enrolled
    if seen.clusters is not None:
        nudged, held = seen.clusters.nudged, seen.clusters.held
    arms = _both(trial, *seen.enrolled)
    broken = ""
    if seen.misplaced:
        broken = f"{count(seen.misplaced, 'person is', 'people are')} in another arm than assigned"
    elif seen.delivered:
        broken = f"{count(seen.delivered, 'push was', 'pushes were')} sent to people who are held out"
    elif ln_broken(nudged, held, trial.share) >= LN_BROKEN:
        broken = f"the arms do not have the shares agreed on, {percent(trial.share)} {trial.arms.nudged}"
    if broken:
        return Verdict(Word.BROKEN, f"the assignment looks broken: do not read on ({broken}; {arms})")
    if seen.failure is not None:
        last = f"; the last settled numbers are of {seen.settled_on}" if seen.settled_on else ""
        return Verdict(Word.OUTCOME_FAILED, f"the outcome query failed: {seen.failure}{last}")
    return None


def _too_few(trial: Trial, seen: Seen) -> Verdict | None:
    """Why there is no interval yet, if so."""
    a, b, c, d = seen.counts
    nudged, held = a + b, c + d
    if nudged + held == 0:
        over_on = seen.ended_on or (trial.agreed_on if seen.on >= trial.agreed_on else None)
        if over_on is not None and sum(seen.enrolled) == 0:  # mutant: nobody-is-kept
            text = f"not known: the trial was over on {over_on}; nobody took part, or they are no longer kept"
            return Verdict(Word.NOT_KNOWN, text)
        first = seen.first_settles_on
        over = "day is" if trial.horizon_days == 1 else f"{trial.horizon_days} days are"
        when = f"the first {over} over on {first}" if first else "nobody is enrolled yet"
        if seen.ended_on is not None:
            when = f"the trial was ended on {seen.ended_on}, before anybody was through {_days(trial)}"
        return Verdict(Word.TOO_EARLY, f"too early: {when}")
    short = max(LEAST_SETTLED / trial.share, LEAST_SETTLED / (1 - trial.share)) - sum(seen.enrolled)
    what = _both(trial, nudged, held)
    if seen.clusters is not None:
        if min(seen.clusters.nudged, seen.clusters.held) >= LEAST_CHAPTERS:
            return None
        chapters = f"{seen.clusters.nudged:,} chapters nudged, {seen.clusters.held:,} held out"
        return Verdict(Word.TOO_FEW, f"too few: {chapters}; each arm needs {LEAST_CHAPTERS} chapters")
    if min(nudged, held) >= LEAST_SETTLED:
        return None
    if seen.ended_on is not None:
        return Verdict(Word.TOO_FEW, f"too few: {what}; the trial was ended on {seen.ended_on}")
    return Verdict(Word.TOO_FEW, f"too few: {what}; {_until_enough(max(0.0, short), trial, seen)}")


def _said(trial: Trial, seen: Seen, alpha: float) -> Verdict:
    """The word that the interval allows."""
    lower, upper = ends = interval(trial, seen, alpha)
    low, high = outwards(lower, upper)
    worth = plain(points(trial.worth))
    within = f"within {_days(trial)}"
    if lower > 0:
        text = f"{trial.arms.helps}: between {shown(low)} and {shown(high)} points more came back {within}"
        return Verdict(Word.HELPS, text, ends)
    if upper < 0:
        text = f"{trial.arms.harms}: between {shown(-high)} and {shown(-low)} points fewer came back {within}"
        return Verdict(Word.HARMS, text, ends)
    if -trial.worth < lower and upper < trial.worth:
        text = f"{trial.arms.small}: less than {worth} points either way"
        return Verdict(Word.SMALL, text, ends)
    possible = f"anything from -{plain(-low)} to +{plain(high)} points"
    if seen.ended_on is not None:
        text = f"no difference seen before the trial was ended on {seen.ended_on}: {possible} remains possible"
        return Verdict(Word.NOT_SEEN, text, ends)
    if seen.on >= trial.agreed_on:
        would = _would_have_been_seen(trial, seen, alpha)
        return Verdict(Word.NOT_SEEN, f"no difference seen: {possible} remains possible{would}", ends)
    more = _still_needed(trial, seen, alpha)
    if more > 0:
        but = " but" if seen.on >= trial.until else ""
        text = (
            f"too few yet: no difference seen; {possible} is still possible. "
            f"To see {worth} points: about {more:,} more people,{but} {_until_enough(more, trial, seen)}"
        )
        return Verdict(Word.TOO_FEW_YET, text, ends)
    text = f"no difference seen yet: {possible} is still possible; the agreed day is {trial.agreed_on}"
    return Verdict(Word.NOT_SEEN_YET, text, ends)


def _still_needed(trial: Trial, seen: Seen, alpha: float) -> int:
    """People to enrol until a difference that is worth knowing of would be seen on the agreed day;
    0 if there are enough, or if that is not known."""
    if seen.clusters is not None:
        return 0
    people = people_needed(trial, seen, alpha)
    return 0 if people is None else max(0, people - sum(seen.enrolled))


def people_needed(trial: Trial, seen: Seen, alpha: float) -> int | None:
    """The people in both arms with which a difference that is worth knowing of is seen, on the
    agreed day or, with one reading, on any; None if that is not known. Somebody of the held out
    must have settled."""
    return needed(trial.worth, held_rate(seen), trial.share, *_of_reading(seen, alpha))


def _of_reading(seen: Seen, alpha: float) -> tuple[float, Method]:
    return (alpha, "anytime") if seen.one_reading else (alpha / 2, "newcombe")


def _would_have_been_seen(trial: Trial, seen: Seen, alpha: float) -> str:
    gain = None
    if seen.clusters is None:
        gain = visible(sum(seen.counts), held_rate(seen), trial.share, *_of_reading(seen, alpha))
    if gain is None:
        return ""
    return f"; {plain(points(gain))} points would have been seen with 80 %"


def held_rate(seen: Seen) -> float:
    """The share of the held out who came back. Somebody must have settled."""
    came, did_not = seen.counts[2:]
    return came / (came + did_not)


def _until_enough(people: float, trial: Trial, seen: Seen) -> str:
    """How long it takes until that many more people have settled, or why they never will."""
    if seen.on >= trial.agreed_on:
        return f"the trial was over on {trial.agreed_on}"
    if seen.on >= trial.until:
        return f"nobody new takes part since {trial.until}, and the agreed day is {trial.agreed_on}"
    found = weeks(people, seen.weekly, trial.horizon_days)
    if found is None:
        return "nobody was enrolled in the last four weeks"
    days = math.ceil(7 * people / seen.weekly)
    late = days > (trial.until - seen.on).days
    return f"about {count(found, 'week', 'weeks')} at today's rate" + (f", later than {trial.until}" if late else "")


def _both(trial: Trial, nudged: int, held: int) -> str:
    return f"{nudged:,} {trial.arms.nudged}, {held:,} {trial.arms.held_out}"


def _days(trial: Trial) -> str:
    return count(trial.horizon_days, "day", "days")
