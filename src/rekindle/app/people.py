"""The part of the engine that answers a person's rights over their own data."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from rekindle.app.base import Base
from rekindle.engine.compose import MAX_TTL_SECONDS, longest_ttl
from rekindle.errors import PersonAmbiguous, PersonUnknown, RekindleError, StillRecipient
from rekindle.ports import Erased, LastSend
from rekindle.postgres import people


class People(Base):
    """Erase a person, and export what the ledger has about one."""

    async def erase(self, user_id: UUID, *, force: bool = False) -> Erased:
        """Delete everything that the ledger has about a person, in one transaction. An unknown
        person is no error: every number is 0.

        A push that was not armed yet is never sent. One that is being sent may still be accepted;
        nothing is recorded of it. Cooldowns and occurrences are forgotten too: somebody who is
        still a recipient may be claimed by the next run.

        Args:
            user_id: the person.
            force: erase also an active recipient.

        Raises:
            StillRecipient: `force` is false, and the recipient view has the person as active;
                nothing has changed.
            StatementTooSlow: a claim did not end in time; nothing has changed.
        """
        standing = await self._explanations.standing(user_id)
        if standing.active and not force:  # mutant: still-recipient
            raise StillRecipient
        deleted = await people.erase(self._database, user_id, self._entry("person.erased"))
        until = await self._may_arrive_until(deleted.sends)
        return Erased(
            rows=deleted.rows,
            withdrawn=deleted.withdrawn,
            under_way=deleted.under_way,
            may_arrive_until=until if until is not None and until > deleted.at else None,
            still_recipient=standing.active,
        )

    async def export(self, user_id: UUID) -> AsyncGenerator[str]:
        """Everything that the ledger has about a person, as one JSON document in pieces: for each
        table its rows. It has no device token.

        The audit has the export before the first piece is given out. Memory does not grow with the
        number of rows. Close the generator if it is not read to its end.
        """
        left = list(people.TABLES)
        open_table: str | None = None
        lead = f'{{"user_id": "{user_id}", "exported_at": "{datetime.now(UTC).isoformat()}", "tables": {{'
        async with aclosing(people.export(self._database, user_id, self._entry("person.exported"))) as rows:
            async for table, row in rows:
                if table == open_table:
                    lead = ", "
                else:
                    lead += "" if open_table is None else "], "
                    while left[0] != table:
                        lead += f'"{left.pop(0)}": [], '
                    lead += f'"{left.pop(0)}": ['
                    open_table = table
                yield lead + row
                lead = ""
        closed = [] if open_table is None else ["]"]
        yield lead + ", ".join([*closed, *(f'"{table}": []' for table in left)]) + "}}\n"

    async def person(self, given: str) -> UUID:
        """The user_id of the person with this id: a `user_id`, also one that nobody has, or the
        `external_id` of a recipient.

        Raises:
            PersonAmbiguous: it is the id of several people.
            PersonUnknown: it is not a UUID, and nobody's external_id.
        """
        try:
            user_id: UUID | None = UUID(given)
        except ValueError:
            user_id = None
        found: Sequence[UUID] = ()
        if "\0" not in given:  # Postgres has no text with it
            found = await people.named(self._database, given, user_id)
        if len(found) > 1:  # mutant: ambiguous-person
            raise PersonAmbiguous
        if found:
            return found[0]
        if user_id is None:
            raise PersonUnknown
        return user_id

    async def organisations_of(self, user_id: UUID) -> frozenset[UUID | None]:
        """The organisations of a person, from the recipient view and the ledger; see
        `rekindle.postgres.people.organisations_of`."""
        return await people.organisations_of(self._database, user_id)

    async def _may_arrive_until(self, sends: Sequence[LastSend]) -> datetime | None:
        """Until when a provider may keep what was sent. A version that cannot be read counts with
        the longest time that a provider keeps anything."""
        until: list[datetime] = []
        for send in sends:
            seconds = MAX_TTL_SECONDS
            if send.scenario_version is not None:
                with suppress(RekindleError):
                    seconds = longest_ttl(await self.deps.store.scenario(send.scenario_type, send.scenario_version))
            until.append(send.at + timedelta(seconds=seconds))
        return max(until, default=None)
