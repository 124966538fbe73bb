"""Answers that take long: who waits, what is kept, and for how long."""

import asyncio

import pytest

from rekindle.console.kept import Counted, Kept


class Counting:
    """A count that ends when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.begun = 0
        self.may_end = asyncio.Event()
        self.takes = 5.0

    async def count(self) -> str:
        self.begun += 1
        number = self.begun
        await self.may_end.wait()
        self.now += self.takes
        if number == 13:
            raise ValueError
        return f"answer {number}"


@pytest.fixture
async def counting() -> Counting:
    return Counting()


@pytest.fixture
async def kept(counting: Counting) -> Kept[str]:
    kept = Kept[str](lambda: counting.now)
    kept.WAIT_SECONDS = kept.QUICK_SECONDS = 0.02
    return kept


def end(counting: Counting, kept: Kept[str]) -> None:
    """Let the counts end. Nobody waits in vain on a slow machine."""
    counting.may_end.set()
    kept.WAIT_SECONDS = 60.0


def answer(found: Counted[str] | None) -> tuple[str, bool] | None:
    return None if found is None else (found.answer, found.earlier)


async def test_nobody_waits_for_a_long_count_and_it_is_counted_once(counting: Counting, kept: Kept[str]) -> None:
    readers = await asyncio.gather(*(kept.get("all", counting.count) for _ in range(5)))
    assert (readers, counting.begun) == ([None] * 5, 1)
    end(counting, kept)
    assert answer(await kept.get("all", counting.count)) == ("answer 1", False)
    assert answer(await kept.get("all", counting.count)) == ("answer 1", True)
    assert counting.begun == 1


async def test_an_old_answer_is_shown_while_it_is_counted_again_and_a_very_old_one_is_not(
    counting: Counting, kept: Kept[str]
) -> None:
    end(counting, kept)
    await kept.get("all", counting.count)
    counting.may_end.clear()
    kept.WAIT_SECONDS = 0.02
    counting.now += Kept.FRESH_SECONDS + 1
    assert answer(await kept.get("all", counting.count)) == ("answer 1", True)
    assert counting.begun == 2
    counting.now += Kept.LONGEST_SECONDS
    assert await kept.get("all", counting.count) is None
    end(counting, kept)
    assert answer(await kept.get("all", counting.count)) == ("answer 2", False)


async def test_a_quick_answer_is_counted_anew_and_another_key_has_another_answer(
    counting: Counting, kept: Kept[str]
) -> None:
    end(counting, kept)
    counting.takes = 0.0
    found = [answer(await kept.get(key, counting.count)) for key in ("all", "all", "ours", "all")]
    assert found == [(f"answer {number}", False) for number in (1, 2, 3, 4)]


async def test_a_fault_is_told_and_not_kept_and_few_answers_are_kept(counting: Counting, kept: Kept[str]) -> None:
    end(counting, kept)
    counting.begun = 12
    with pytest.raises(ValueError, match=r"^$"):
        await kept.get("all", counting.count)
    assert answer(await kept.get("all", counting.count)) == ("answer 14", False)
    for key in range(Kept.MOST):
        await kept.get(key, counting.count)
    assert answer(await kept.get("all", counting.count)) == (f"answer {counting.begun}", False)
