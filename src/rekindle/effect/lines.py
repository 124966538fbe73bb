"""What is said of a trial, line by line, for the command line and the page."""

from collections.abc import Iterator, Sequence

from rekindle.effect.amounts import count, outwards, percent, plain, points, share_of, signed
from rekindle.effect.answers import EVERYTHING, Answer, Read
from rekindle.effect.opens import opened_lines
from rekindle.effect.past import Said
from rekindle.effect.trial import Word
from rekindle.ports import scenario_of

NOBODY = "not known: nobody is held out"

NAMES = {
    Word.NOT_KNOWN: "not known",
    Word.BROKEN: "broken",
    Word.OUTCOME_FAILED: "outcome failed",
    Word.TOO_EARLY: "too early",
    Word.TOO_FEW: "too few",
    Word.HELPS: "helps",
    Word.HARMS: "harms",
    Word.SMALL: "makes no difference that matters",
    Word.TOO_FEW_YET: "too few yet",
    Word.NOT_SEEN_YET: "no difference seen yet",
    Word.NOT_SEEN: "no difference seen",
}


def named(word: Word, answer: Answer) -> str:
    """The word for a chart or a list: of a text trial, which text brings more back."""
    arms = answer.trial.arms
    return {Word.HELPS: arms.helps, Word.HARMS: arms.harms, Word.SMALL: arms.small}.get(word, NAMES[word])


def title(answer: Answer) -> str:
    """The name of the scenario, or of the whole programme; of a text trial, the two texts."""
    found = answer.found
    if found.texts is not None:
        return f"{scenario_of(found.scope)}, text {found.texts.other} against {found.texts.first}"
    return "the whole programme" if found.scope == EVERYTHING else found.scope


def key(answer: Answer) -> str:
    """Its name among all answers: the scope, and of a text trial the other text."""
    return answer.found.scope + (f":{answer.found.text_name}" if answer.found.texts else "")


def terms(answer: Answer) -> str:
    """What was agreed beforehand."""
    found, trial = answer.found, answer.trial
    units = "people" if found.unit == "person" else "chapters"
    ended = "" if found.ended_at is None else f", ended on {found.ended_at:%Y-%m-%d}"
    if found.texts is not None:
        first, other = found.texts.first, found.texts.other
        return (
            f"text trial from {found.started_at:%Y-%m-%d} until {trial.until}{ended}; "
            f"{found.texts.first_weight / 100:g} % of the people get text {first}, "
            f"{found.texts.other_weight / 100:g} % text {other}; the agreed day is {trial.agreed_on}"
        )
    return (
        f"trial from {found.started_at:%Y-%m-%d} until {trial.until}{ended}; {percent(1 - trial.share)} of the {units} "
        f"held out; the agreed day is {trial.agreed_on}"
    )


def headline(answer: Answer) -> str:
    """The word with its numbers; without the extra, the counts."""
    if answer.read is not None:
        return answer.read.verdict.text
    a, b, c, d = answer.seen.counts
    arms = answer.trial.arms
    return f"{arms.nudged}: {a:,} of {a + b:,} came back; {arms.held_out}: {c:,} of {c + d:,} came back"


def notes(answer: Answer) -> list[str]:
    """What is always said beside it."""
    nudged, held = answer.seen.enrolled
    arms = answer.trial.arms
    lines = [f"enrolled: {nudged:,} {arms.nudged}, {held:,} {arms.held_out}"]
    if answer.read is not None:
        lines += [*answer.read.beside, *_of_past(answer, answer.read), *_opted_out(answer, answer.read)]
    lines += opened_lines(answer)
    if answer.not_nudged_monthly:
        people = count(answer.not_nudged_monthly, "person", "people")
        lines.append(f"the control group costs: about {people} a month {_are(answer.not_nudged_monthly)} not nudged")
    if answer.found.changed:
        people = count(answer.found.changed, "person", "people")
        what = "the view of activities" if answer.found.outcome == "activity" else "the query of the outcome"
        lines.append(f"{what} says something else now about {people} who settled; the result stays")
    return lines + [f"earlier {terms(one)}{_then(one, answer)}: {headline(one)}" for one in answer.earlier]


def shared(answers: Sequence[Answer]) -> str:
    """How the scenarios of a page share the error that is allowed."""
    if any(one.seen.one_reading for one in answers):
        return "Of the words about scenarios, on average at most 5 % are wrong."
    return "The scenarios share one allowed error."


def no_longer(said: Said, answer: Answer) -> str:
    """A word that was said once."""
    return f"no longer true: it said “{named(said.word, answer)}” from {said.from_on} until {said.until_on}"


def _then(earlier: Answer, answer: Answer) -> str:
    """The name that the scenario had then, if it was another."""
    return (
        ""
        if earlier.found.scope == answer.found.scope
        else f"; the scenario was called {scenario_of(earlier.found.scope)}"
    )


def _of_past(answer: Answer, read: Read) -> Iterator[str]:
    if read.past.zero_out_on is not None:
        yield f"zero was first outside the interval on {read.past.zero_out_on}"
    for said in read.past.no_longer:
        yield no_longer(said, answer)


def _opted_out(answer: Answer, read: Read) -> Iterator[str]:
    """Of those who settled, in both arms; with the difference where one may be shown."""
    a, b, c, d = answer.seen.counts
    if read.verdict.word is Word.BROKEN or a + b == 0 or c + d == 0:
        return
    (nudged, held_out), arms = answer.found.opted_out, answer.trial.arms
    both = (
        f"{nudged:,} of {a + b:,} {arms.nudged}, {share_of(nudged, a + b)}; "
        f"{held_out:,} of {c + d:,} {arms.held_out}, {share_of(held_out, c + d)}"
    )
    difference = ""
    if read.opted_out is not None:
        lower, upper = outwards(*read.opted_out.interval)
        difference = f"; the difference is from {signed(lower)} to {signed(upper)} points"
    yield f"opted out within the same days: {both}{difference}"


def people_needed(answer: Answer) -> str:
    """How many people the difference worth knowing of takes."""
    if answer.read is None or answer.read.needed is None:
        return "It is not known yet how many people are needed."
    weeks = answer.read.weeks
    worth = plain(points(answer.trial.worth))
    text = (
        f"{answer.read.needed:,} people are needed to see {worth} points on the agreed day; "
        f"{sum(answer.seen.enrolled):,} are enrolled"
    )
    if sum(answer.seen.enrolled) >= answer.read.needed:
        return f"{text}."
    if answer.found.ended_at is not None or answer.seen.on >= answer.trial.until:
        return f"{text}, and nobody new takes part."
    return (
        f"{text}, and nobody in the last four weeks."
        if weeks is None
        else (f"{text}. At today's rate that takes about {count(weeks, 'week', 'weeks')}.")
    )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
