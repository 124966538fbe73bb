"""The part of the engine that answers somebody who looks after people."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from rekindle.app.base import Base
from rekindle.ports import LookedAfter
from rekindle.postgres.looking_after import looked_after


class LookingAfter(Base):
    """The people of some organisations, by name where the view gives one."""

    async def looked_after(self, organisations: Collection[UUID], *, within: timedelta, away: timedelta) -> LookedAfter:
        """Who got a push within this time and has been active since, and who has been away for
        longer than `away` and has no device; see `rekindle.postgres.looking_after.looked_after`."""
        return await looked_after(self._database, organisations, within=within, away=away)
