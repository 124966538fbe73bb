"""The part of the engine for device tokens that the provider has proven dead."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rekindle.app.base import Base
from rekindle.errors import BadArgument
from rekindle.model import DisabledToken
from rekindle.ports import Disabled
from rekindle.postgres import disabled


class Tokens(Base):
    """Disabled tokens: which there are, and how to use them again."""

    async def disabled_tokens(
        self, chosen: Disabled | None = None, *, limit: int = 100, after: tuple[datetime, UUID] | None = None
    ) -> Sequence[DisabledToken]:
        """Devices whose token the provider has proven dead, newest first. The key of a row is
        (disabled_at, device_id)."""
        return await disabled.disabled_tokens(self._database, chosen or Disabled(), limit=limit, after=after)

    async def revive(self, chosen: Disabled) -> int:
        """Use the chosen tokens again from the next claim on; how many. If one is dead after all,
        the next send to it disables it again.

        Raises:
            BadArgument: nothing was chosen; nothing has changed.
        """
        if chosen == Disabled():
            raise BadArgument(
                "say which tokens to revive", hint="Name devices, or choose by --user, --reason or --since."
            )
        return await disabled.revive(self._database, chosen, self._entry("tokens.revived"))
