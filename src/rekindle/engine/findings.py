"""The findings of a check."""

from collections.abc import Sequence
from dataclasses import dataclass

from rekindle import errors


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked. It is in order, or it has the `fault` that a run would meet.
    `note`: it is in order, but worth a look."""

    subject: str
    message: str
    fault: errors.RekindleError | None = None
    note: bool = False


def raise_faults(findings: Sequence[Finding]) -> None:
    """Raise the faults among the findings as one error: with the code of the first one, and the
    messages of all. Hints that differ are left to `rekindle check`: in one line nobody could tell
    which of them belongs to which message.

    Raises:
        RekindleError: there was at least one.
    """
    faults = [finding.fault for finding in findings if finding.fault is not None]
    if not faults:
        return
    if len(faults) == 1:
        raise faults[0]
    message = "; ".join(dict.fromkeys(fault.message for fault in faults))
    hints = {fault.hint for fault in faults}
    hint = hints.pop() if len(hints) == 1 else "`rekindle check` says what to do about each."
    raise type(faults[0])(f"{len(faults)} problems: {message}", hint=hint)
