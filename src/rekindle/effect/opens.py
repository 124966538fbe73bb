"""Opened pushes as a second outcome: what may be said of them. It decides nothing."""

from collections.abc import Iterator

from rekindle.effect.amounts import outwards, share_of, signed
from rekindle.effect.answers import Answer
from rekindle.effect.trial import Word
from rekindle.ports import Opens


def opened_lines(answer: Answer) -> Iterator[str]:
    """How many first pushes were opened; nothing if the team does not say so, or if the trial may
    not be read."""
    found = answer.found
    if answer.read is not None and answer.read.verdict.word is Word.BROKEN:  # mutant: opens-of-a-broken-trial
        return
    if found.opens_failure is not None:
        yield f"opened: not known, because {found.opens_failure}"
    if found.opens is None:
        return
    if found.texts is not None:
        yield from _of_texts(answer, found.opens)
    elif found.accepted:
        yield _of_nudged(found.opens.opened[0], found.accepted)


def _of_nudged(opened: int, accepted: int) -> str:
    return (
        f"opened: {opened:,} of {accepted:,} nudged people whose first push was accepted, "
        f"{share_of(opened, accepted)}; nobody who is held out can open one, so this is no effect"
    )


def _of_texts(answer: Answer, opens: Opens) -> Iterator[str]:
    """Of those who settled, in both arms: for each of them a push was meant."""
    a, b, c, d = answer.seen.counts
    (other, first), arms = opens.settled, answer.trial.arms
    if a + b == 0 or c + d == 0:
        return
    line = (
        f"opened: {other:,} of {a + b:,} {arms.nudged}, {share_of(other, a + b)}; "
        f"{first:,} of {c + d:,} {arms.held_out}, {share_of(first, c + d)}"
    )
    if answer.read is not None and answer.read.opened is not None:
        lower, upper = outwards(*answer.read.opened.interval)
        line += f"; the difference is from {signed(lower)} to {signed(upper)} points"
    yield line
