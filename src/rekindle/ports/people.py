"""The values of erasing a person: what was deleted, and what cannot be taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LastSend:
    """The last moment at which a provider may have accepted a push of one version of a scenario.
    The version is None if another program recorded it."""

    scenario_type: str
    scenario_version: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Deleted:
    """What the transaction of an erasure deleted, and when.

    Args:
        rows: the number of rows by table, for every table that holds people.
        withdrawn: pushes that were waiting and are never sent.
        under_way: pushes that were being sent, or whose outcome was not known. A provider may have
            accepted them or may do so yet. Nothing records it.
    """

    rows: Mapping[str, int]
    withdrawn: int
    under_way: int
    sends: Sequence[LastSend]
    at: datetime


@dataclass(frozen=True, slots=True)
class Erased:
    """The result of an erasure; see `Deleted`.

    Args:
        may_arrive_until: until when a provider may still deliver a push that it accepted; None if
            no such push is left.
        still_recipient: the recipient view still has the person as active, so the next run may
            claim them again.
    """

    rows: Mapping[str, int]
    withdrawn: int
    under_way: int
    may_arrive_until: datetime | None
    still_recipient: bool

    @property
    def total(self) -> int:
        """All deleted rows. 0: the ledger had nothing about the person."""
        return sum(self.rows.values())
