"""Which arm of a trial somebody is in: a function of their id, equal in SQL and Python."""

import hashlib
from collections.abc import Sequence

BUCKETS = 10_000
"""A share is a whole number of these: hundredths of a per cent."""


def bucket(salt: str, scope: str, unit: str) -> int:
    """0 to 9,999, equal to `rekindle.bucket` in SQL, and the same whenever it is asked.

    Args:
        salt: the id of the trial, in lower case.
        scope: `*` for a trial of the whole programme, the name of a scenario, or `text:` and that
            name.
        unit: the id of a person, or of a chapter if the trial assigns chapters, in lower case.
    """
    digest = hashlib.sha256(f"{salt}:{scope}:{unit}".encode()).digest()
    return int.from_bytes(digest[:4], "big") * BUCKETS >> 32


def held_out(salt: str, scope: str, unit: str, held: int) -> bool:
    """Whether the unit belongs to the control group.

    Args:
        held: the size of the control group in hundredths of a per cent.
    """
    return bucket(salt, scope, unit) < held


def text_of(salt: str, scenario: str, unit: str, weights: Sequence[int]) -> int:
    """The position of the text that the unit gets.

    Args:
        weights: one per text, hundredths of a per cent that add up to 10,000.

    Raises:
        ValueError: the weights do not add up to 10,000.
    """
    if sum(weights) != BUCKETS:
        raise ValueError(f"the weights add up to {sum(weights)}, not to {BUCKETS}")
    found, end = bucket(salt, f"text:{scenario}", unit), 0
    for position, weight in enumerate(weights):
        end += weight
        if found < end:
            return position
    raise AssertionError("unreachable: a bucket is below 10,000")
