"""What is known of the trials as one HTML file, which needs nothing else: it can be mailed."""

from collections.abc import Iterator, Sequence
from html import escape

from rekindle.cli.page import bars, document, folded, section, table
from rekindle.cli.plot import HELD_OUT, NUDGED, Plot
from rekindle.effect.amounts import outwards, percent, plain, points, share_of, signed
from rekindle.effect.answers import Answer, Effect, Read
from rekindle.effect.curve import DayShown
from rekindle.effect.lines import NAMES, NOBODY, headline, notes, people_needed, terms, title

_CUT = 3
"""The intervals of the first days are wide: those of more than this times today's are cut off."""

_ROWS_OF_TEXT = 12
_PEOPLE = ("nudged, back", "nudged, away", "held out, back", "held out, away")


def page(effect: Effect) -> str:
    """The whole document."""
    name = f"Does it help? {effect.at:%Y-%m-%d}"
    parts = [f"<h1>{escape(name)}</h1>"]
    if not effect.answers:
        parts.append(f"<p>{escape(NOBODY)}.</p>")
    if effect.fault is not None:
        parts.append(f"<p>{escape(str(effect.fault))}</p>")
    parts += _side_by_side(effect.answers)
    for answer in effect.answers:
        parts += _trial(answer)
    return document(name, parts)


def _trial(answer: Answer) -> Iterator[str]:
    """The word of a trial, and its pictures where it may be read."""
    said = "".join(f"<li>{escape(line)}</li>\n" for line in notes(answer))
    yield f"<h2>{escape(title(answer))}</h2>\n<p><strong>{escape(headline(answer))}</strong></p>"
    yield f"<p>{escape(terms(answer))}</p>\n<ul>\n{said}</ul>"
    yield _counts(answer)
    if answer.read is None or answer.read.verdict.interval is None:
        return
    yield _over_time(answer, answer.read)
    yield _by_day(answer, answer.read)
    if answer.read.needed is not None:
        yield _people(answer, answer.read.needed)
    yield _months(answer, answer.read)


def _side_by_side(answers: Sequence[Answer]) -> Iterator[str]:
    """The intervals of all trials, each with its word."""
    rows = [
        (title(one), one.read.verdict.interval, NAMES[one.read.verdict.word])
        for one in answers
        if one.read is not None and one.read.verdict.interval is not None
    ]
    if len(rows) < 2:
        return
    most = max(max(abs(low), abs(high)) for _, (low, high), _ in rows)
    plot = Plot((0, len(rows)), (-most, most))
    _points_axis(plot, most)
    plot.bands([(number + 0.5, *ends) for number, (_, ends, _) in enumerate(rows)], NUDGED)
    for number, (name, _, word) in enumerate(rows):
        plot.mark(number + 0.5, name)
        plot.mark(number + 0.5, word, row=1)
    numbers = table(("trial", "word", "from", "to"), [(name, word, *_ends(ends)) for name, ends, word in rows], texts=2)
    yield section(
        "Side by side",
        "The difference in points, nudged minus held out. The scenarios share one allowed error. The trial of the "
        "whole programme is another comparison: do not add it to them.",
        plot.svg("The interval of each trial") + folded("Numbers", numbers),
    )


def _counts(answer: Answer) -> str:
    """People of each arm, and the shares meant and found."""
    a, b, c, d = answer.seen.counts
    nudged, held = answer.seen.enrolled
    rows = [
        ("nudged, enrolled", nudged, f"{nudged:,}"),
        ("nudged, settled", a + b, f"{a + b:,}"),
        ("nudged, came back", a, f"{a:,}, {share_of(a, a + b)}"),
        ("held out, enrolled", held, f"{held:,}"),
        ("held out, settled", c + d, f"{c + d:,}"),
        ("held out, came back", c, f"{c:,}, {share_of(c, c + d)}"),
    ]
    found = share_of(held, nudged + held)
    return section(
        f"{title(answer)}: people",
        f"{percent(1 - answer.trial.share)} were to be held out; {found} of those enrolled are.",
        bars(rows),
    )


def _over_time(answer: Answer, read: Read) -> str:
    """The interval at the counts of each day."""
    steps, worth = read.past.steps, answer.trial.worth
    most = max(2 * worth, *(_CUT * abs(end) for end in steps[-1].interval))
    last = max(steps[-1].on, answer.trial.agreed_on) if answer.found.ended_at is None else steps[-1].on
    plot = Plot((steps[0].on.toordinal() - 1, last.toordinal() + 1), (-most, most))
    _points_axis(plot, most)
    for level in (-worth, worth):
        plot.level(level, signed(points(level)) if worth > most / _ROWS_OF_TEXT else "")
    plot.bands([(one.on.toordinal(), *one.interval) for one in steps], NUDGED)
    plot.mark(steps[0].on.toordinal(), str(steps[0].on))
    if last >= answer.trial.agreed_on:
        plot.mark(answer.trial.agreed_on.toordinal(), f"{answer.trial.agreed_on}: the agreed day")
    for before, one in zip((None, *steps), steps, strict=False):
        if one.word is not None and (before is None or before.word is not one.word):
            plot.mark(one.on.toordinal(), NAMES[one.word], row=1)
    rows = [
        (str(one.on), NAMES[one.word] if one.word else "-", *map(str, one.counts), *_ends(one.interval))
        for one in steps
    ]
    return section(
        f"{title(answer)}: the difference over time",
        "In points, nudged minus held out, from the people who had settled by each day. Each bar is right whenever "
        "you look; one that reaches the edge is longer. The dashed lines are the difference that is worth knowing of, "
        f"{plain(points(worth))} points.",
        plot.svg("The interval on each day")
        + folded("Numbers", table(("day", "word", *_PEOPLE, "from", "to"), rows, texts=2)),
    )


def _by_day(answer: Answer, read: Read) -> str:
    """When the people of both arms came back."""
    arms = (("nudged", read.back.nudged, NUDGED), ("held out", read.back.held_out, HELD_OUT))
    most = max((one.upper for _, days, _ in arms for one in days), default=1.0)
    plot = Plot((0, answer.trial.horizon_days + 1), (0, most))
    plot.level(0, "0 %", dashed=False)
    plot.level(most, f"{most:.0%}")
    for day in (0, answer.trial.horizon_days):
        plot.mark(day, f"day {day}")
    for _, days, colour in arms:
        plot.steps([(one.day, one.share, one.lower, one.upper) for one in days], colour)
    a, b, c, d = answer.seen.counts
    rows = [(name, *_day(one)) for name, days, _ in arms for one in days]
    return section(
        f"{title(answer)}: back by day",
        f"By day since the first claim, for this look; not for deciding. Green: {a + b:,} nudged. Brown: {c + d:,} "
        "held out. A nudge often brings forward a visit that would have come later.",
        plot.svg("The share of each arm that was back by each day")
        + folded("Numbers", table(("arm", "day", "back", "from", "to"), rows)),
    )


def _people(answer: Answer, needed: int) -> str:
    """The people enrolled so far, and how many are needed."""
    total, enrolled = 0, list[tuple[float, float]]()
    for day in answer.found.days:
        total += sum(day.enrolled)
        enrolled.append((day.on.toordinal(), total))
    until, today = answer.trial.until.toordinal(), answer.seen.on.toordinal()
    expected = total + answer.seen.weekly * max(0, until - today) / 7
    plot = Plot((enrolled[0][0] - 1, max(until, today) + 1), (0, max(needed, expected) * 1.05))
    plot.level(0, "0", dashed=False)
    plot.level(needed, f"{needed:,}")
    plot.line([*enrolled, (min(today, max(until, enrolled[-1][0])), total)], NUDGED)
    if answer.found.ended_at is None and until > today:
        plot.line([(today, total), (until, expected)], NUDGED, dashed=True)
    plot.mark(until, f"until {answer.trial.until}")
    numbers = table(
        ("", "people"), [("enrolled", f"{total:,}"), ("expected", f"{expected:,.0f}"), ("needed", f"{needed:,}")]
    )
    return section(
        f"{title(answer)}: people until the agreed day",
        f"{people_needed(answer)} The dashed line continues at the rate of the last four weeks.",
        plot.svg("People enrolled, and how many are needed") + folded("Numbers", numbers),
    )


def _months(answer: Answer, read: Read) -> str:
    rows = [
        (f"{one.month:%Y-%m}", *map(str, one.counts), *(("-", "-") if one.interval is None else _ends(one.interval)))
        for one in read.months
    ]
    return section(
        f"{title(answer)}: by month of the first claim",
        "The difference in points. The months share one allowed error.",
        table(("month", *_PEOPLE, "from", "to"), rows),
    )


def _points_axis(plot: Plot, most: float) -> None:
    plot.level(0, "0", dashed=False)
    for level in (-most, most):
        plot.level(level, signed(points(level)))


def _ends(ends: tuple[float, float]) -> tuple[str, str]:
    low, high = outwards(*ends)
    return signed(low), signed(high)


def _day(one: DayShown) -> tuple[str, ...]:
    return (str(one.day), *(f"{number:.1%}" for number in (one.share, one.lower, one.upper)))
