"""Read the ledger's lists, a page at a time. Every method is one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rekindle.ports import Delivery, Filter, Notification
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement


class Lists:
    """Records and deliveries, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def notifications(self, asked: Filter) -> Sequence[Notification]:
        """Return records, by time and id."""
        rows = await self._database.rows(statement("notification_page"), page_of(asked))
        return [Notification(**row) for row in rows]

    async def notification(self, claim_id: UUID, asked: Filter) -> Notification | None:
        """Return the record of a claim; None if there is none, or not in the organisations that are
        asked for."""
        parameters = {"claim_id": claim_id, "organisations": _array(asked.organisations)}
        rows = await self._database.rows(statement("notification"), parameters)
        return Notification(**rows[0]) if rows else None

    async def deliveries(self, asked: Filter) -> Sequence[Delivery]:
        """Return devices that accepted, by time and id of their notification, and by device."""
        return [Delivery(**row) for row in await self._database.rows(statement("delivery_page"), page_of(asked))]


def page_of(asked: Filter) -> dict[str, Any]:
    """The parameters of a statement that returns a page. The parts of a key are an instant, an id,
    and a device."""
    after_at, after_id, after_device = (*(asked.after or ()), None, None, None)[:3]
    return {
        "organisations": _array(asked.organisations),
        "organisation_id": asked.organisation_id,
        "scenario_type": asked.scenario_type,
        "user_id": asked.user_id,
        "since": asked.since,
        "until": asked.until,
        "after_at": after_at,
        "after_id": after_id,
        "after_device": after_device,
        "limit": asked.limit,
    }


def _array(organisations: Sequence[UUID] | None) -> list[UUID] | None:
    return None if organisations is None else list(organisations)
