"""What is known of the trials: as one HTML file, which needs nothing else and can be mailed, and
as single pictures."""

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from math import ceil

from rekindle.effect.amounts import outwards, percent, plain, points, share_of, signed
from rekindle.effect.answers import Answer, Effect, Read
from rekindle.effect.curve import DayShown
from rekindle.effect.lines import NOBODY, headline, named, notes, people_needed, shared, terms, title
from rekindle.effect.trial import Arms, Word
from rekindle.pictures.page import Picture, bars, document, drawn, table
from rekindle.pictures.plot import HELD_OUT, NUDGED, Plot
from rekindle.ports import FourCounts

_CUT = 3
"""The intervals of the first days are wide: those of more than this times today's are cut off."""

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
_MOST_LEVELS = 4
"""Levels on each side of zero."""


def _people_of(arms: Arms) -> tuple[str, ...]:
    """The headings of the four counts."""
    return tuple(f"{arm}, {end}" for arm in (arms.nudged, arms.held_out) for end in ("back", "away"))


def page(effect: Effect) -> str:
    """The whole document."""
    name = f"Does it help? {effect.at:%Y-%m-%d}"
    parts = [f"<h1>{escape(name)}</h1>"]
    if not effect.answers:
        parts.append(f"<p>{escape(NOBODY)}.</p>")
    if effect.fault is not None:
        parts.append(f"<p>{escape(str(effect.fault))}</p>")
    parts += [drawn(one) for one in side_by_side(effect.answers)]
    for answer in effect.answers:
        parts += _trial(answer)
    return document(name, parts)


def side_by_side(answers: Sequence[Answer]) -> Iterator[Picture]:
    """The intervals of all trials, each with its word, if there are several."""
    rows = [
        (title(one), one.read.verdict.interval, named(one.read.verdict.word, one))
        for one in answers
        if one.read is not None and one.read.verdict.interval is not None
    ]
    if len(rows) < 2:
        return
    plot = _of_points(0, len(rows), max(max(abs(low), abs(high)) for _, (low, high), _ in rows))
    plot.ranges([(number + 0.5, *ends) for number, (_, ends, _) in enumerate(rows)])
    for number, (name, _, word) in enumerate(rows):
        plot.mark(number + 0.5, name, css="")
        plot.mark(number + 0.5, word, row=1, css="")
    yield Picture(
        "Side by side",
        "The difference in points, nudged minus held out, or the other text minus the first. "
        f"{shared(answers)} The trial of the whole programme is another comparison: do not add it to them.",
        plot.svg("; ".join(f"{name}: {word}, from {' to '.join(_ends(ends))} points" for name, ends, word in rows)),
        table(("trial", "word", "from", "to"), [(name, word, *_ends(ends)) for name, ends, word in rows], texts=2),
    )


def pictures(answer: Answer) -> Iterator[Picture]:
    """The pictures of one trial: its people, and the difference where it may be read."""
    yield _counts(answer)
    if answer.read is None or answer.read.verdict.interval is None:
        return
    yield _over_time(answer, answer.read)
    yield _by_day(answer, answer.read)
    if answer.read.needed is not None:
        yield _people(answer, answer.read.needed)
    yield _months(answer, answer.read)


def may_be_read(answer: Answer) -> bool:
    """Whether rates of a trial may be shown: not if its people are not where chance put them, or if
    it is not known whether they came back."""
    if answer.read is None:
        return not (answer.found.misplaced or answer.found.delivered)
    return answer.read.verdict.word not in (Word.BROKEN, Word.OUTCOME_FAILED)


def _trial(answer: Answer) -> Iterator[str]:
    """The word of a trial, and its pictures."""
    said = "".join(f"<li>{escape(line)}</li>\n" for line in notes(answer))
    yield f"<h2>{escape(title(answer))}</h2>\n<p><strong>{escape(headline(answer))}</strong></p>"
    yield f"<p>{escape(terms(answer))}</p>\n<ul>\n{said}</ul>"
    for picture in pictures(answer):
        yield drawn(picture, of=title(answer))


def _counts(answer: Answer) -> Picture:
    """People of each arm, and the shares meant and found."""
    a, b, c, d = answer.seen.counts
    nudged, held = answer.seen.enrolled
    arms = answer.trial.arms
    rows = [
        (f"{arms.nudged}, enrolled", nudged, f"{nudged:,}"),
        (f"{arms.nudged}, settled", a + b, f"{a + b:,}"),
        (f"{arms.nudged}, came back", a, f"{a:,}, {share_of(a, a + b)}"),
        (f"{arms.held_out}, enrolled", held, f"{held:,}"),
        (f"{arms.held_out}, settled", c + d, f"{c + d:,}"),
        (f"{arms.held_out}, came back", c, f"{c:,}, {share_of(c, c + d)}"),
    ]
    if not may_be_read(answer):
        rows = [row for row in rows if not row[0].endswith("came back")]
    found = share_of(held, nudged + held)
    return Picture(
        "People",
        f"{percent(1 - answer.trial.share)} {_meant(answer)}; {found} of those enrolled are.",
        bars(rows),
    )


def _over_time(answer: Answer, read: Read) -> Picture:
    """The interval at the counts of each day."""
    steps, worth, agreed = read.past.steps, answer.trial.worth, answer.trial.agreed_on
    low, high = steps[-1].interval
    last = max(steps[-1].on, agreed) if answer.found.ended_at is None else steps[-1].on
    plot = _of_points(steps[0].on.toordinal() - 1, last.toordinal() + 1, max(2 * worth, _CUT * -low, _CUT * high))
    until = steps[-1].on.toordinal() + 1
    plot.band([(one.on.toordinal(), *one.interval) for one in steps], until=until)
    plot.line([(one.on.toordinal(), _seen(one.counts)) for one in steps], expected=True)
    for level in (-worth, worth):
        plot.level(level, "", "worth")
    plot.level(0, "", "zero")
    for end, number in zip((low, high), _ends(steps[-1].interval), strict=True):
        plot.end(end, number)
    plot.unit(f"points more came back {_when(answer.trial.arms)}")
    plot.mark(steps[0].on.toordinal(), _day_of(steps[0].on), css="")
    if last >= agreed:
        plot.mark(agreed.toordinal(), f"agreed day, {_day_of(agreed)}")
    for before, one in zip((None, *steps), steps, strict=False):
        if one.word is not None and (before is None or before.word is not one.word):
            plot.mark(one.on.toordinal(), named(one.word, answer), row=1)
    rows = [
        (str(one.on), named(one.word, answer) if one.word else "-", *map(str, one.counts), *_ends(one.interval))
        for one in reversed(steps)
    ]
    lower, upper = _ends(steps[-1].interval)
    return Picture(
        "The difference over time",
        f"In points, {_minus(answer.trial.arms)}, from the people who had settled by each day. The band is all that "
        "the "
        "numbers of that day allow, and it is right whenever you look. The dashed line is the difference seen. Dotted: "
        f"{plain(points(worth))} points either way, the difference that is worth knowing of.",
        plot.svg(f"The difference on each day. On {_day_of(steps[-1].on)} it is between {lower} and {upper} points."),
        table(("day", "word", *_people_of(answer.trial.arms), "from", "to"), rows, texts=2),
    )


def _by_day(answer: Answer, read: Read) -> Picture:
    """When the people of both arms came back."""
    called = answer.trial.arms
    arms = ((called.held_out, read.back.held_out, HELD_OUT), (called.nudged, read.back.nudged, NUDGED))
    most = max((one.upper for _, days, _ in arms for one in days), default=1.0)
    horizon = answer.trial.horizon_days
    levels = _levels(most)
    plot = Plot((0, horizon + 1), (0, max(levels)))
    for level in levels:
        plot.level(level, f"{level:.0%}", "grid" if level else "base")
    for day in range(0, horizon + 1, max(1, ceil(horizon / 4))):
        plot.mark(day, f"{day}" if day else "day 0", css="")
    for _, days, css in arms:
        plot.steps([(one.day, one.share, one.lower, one.upper) for one in days], css)
        if days:
            plot.end(days[-1].share, f"{days[-1].share:.0%}")
    a, b, c, d = answer.seen.counts
    rows = [(name, *_day(one)) for name, days, _ in reversed(arms) for one in days]
    ends = ((called.of_nudged, read.back.nudged), (called.of_held_out, read.back.held_out))
    last = ", ".join(f"{days[-1].share:.0%} {name}" for name, days in ends if days)
    return Picture(
        "Back by day",
        f"By day since the first claim, for this look; not for deciding. Solid: {a + b:,} {called.nudged}. "
        f"Dashed: {c + d:,} {called.held_out}. A nudge often brings forward a visit that would have come later.",
        plot.svg(f"The share of each arm that was back by each day. In the end {last or 'nobody'}."),
        table(("arm", "day", "back", "from", "to"), rows),
    )


def _people(answer: Answer, needed: int) -> Picture:
    """The people enrolled so far, and how many are needed."""
    total, enrolled = 0, list[tuple[float, float]]()
    for day in answer.found.days:
        total += sum(day.enrolled)
        enrolled.append((day.on.toordinal(), total))
    until, today = answer.trial.until.toordinal(), answer.seen.on.toordinal()
    expected = total + answer.seen.weekly * max(0, until - today) / 7
    plot = Plot((enrolled[0][0] - 1, max(until, today) + 1), (0, max(needed, expected) * 1.05))
    plot.level(0, "0", "base")
    plot.level(needed, f"{needed:,}", "worth")
    plot.line([*enrolled, (min(today, max(until, enrolled[-1][0])), total)])
    if answer.found.ended_at is None and until > today:
        plot.line([(today, total), (until, expected)], expected=True)
    plot.mark(until, f"until {_day_of(answer.trial.until)}")
    numbers = table(
        ("", "people"), [("enrolled", f"{total:,}"), ("expected", f"{expected:,.0f}"), ("needed", f"{needed:,}")]
    )
    return Picture(
        "People until the agreed day",
        f"{people_needed(answer)} The dashed line continues at the rate of the last four weeks.",
        plot.svg(f"{total:,} people enrolled; {needed:,} are needed."),
        numbers,
    )


def _months(answer: Answer, read: Read) -> Picture:
    rows = [
        (f"{one.month:%Y-%m}", *map(str, one.counts), *(("-", "-") if one.interval is None else _ends(one.interval)))
        for one in read.months
    ]
    return Picture(
        "By month of the first claim",
        "The difference in points. The months share one allowed error.",
        table(("month", *_people_of(answer.trial.arms), "from", "to"), rows),
    )


def _meant(answer: Answer) -> str:
    texts = answer.found.texts
    return "were to be held out" if texts is None else f"were to be with text {texts.first}"


def _minus(arms: Arms) -> str:
    return f"{arms.nudged} minus {arms.held_out}"


def _when(arms: Arms) -> str:
    return "when nudged" if arms == Arms() else arms.nudged


def _of_points(first: float, last: float, most: float) -> Plot:
    """A chart of differences, with the same room above and below zero."""
    levels = _levels(min(1.0, most))
    plot = Plot((first, last), (-max(levels), max(levels)), height=280)
    for level in levels:
        for one in sorted({-level, level}):
            plot.level(one, signed(points(one)) if one else "0", "grid" if one else "zero")
    return plot


def _levels(most: float) -> list[float]:
    """Round numbers from zero to the first that is not below `most`."""
    step = next((one for one in _STEPS if one * _MOST_LEVELS >= most), _STEPS[-1])
    return [number * step for number in range(ceil(most / step - 1e-9) + 1)]


def _seen(counts: FourCounts) -> float:
    a, b, c, d = counts
    return a / (a + b) - c / (c + d)


def _ends(ends: tuple[float, float]) -> tuple[str, str]:
    low, high = outwards(*ends)
    return signed(low), signed(high)


def _day(one: DayShown) -> tuple[str, ...]:
    return (str(one.day), *(f"{number:.1%}" for number in (one.share, one.lower, one.upper)))


def _day_of(on: date) -> str:
    return f"{on:%-d %b %Y}"
