"""The keys of the HTTP API. The database knows the SHA-256 of each, and no key."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rekindle.access import Actor, key_digest, new_key
from rekindle.errors import KeyNameTaken, NotFound
from rekindle.ports import ApiKey, Entry, Grant, KnownKey, NewKey
from rekindle.postgres.audit import audit
from rekindle.postgres.pool import Database
from rekindle.postgres.sql import statement

NOTE_SECONDS = 60
"""How long the last use of a key may be ahead of what its row says."""


async def create(database: Database, grant: Grant, entry: Entry) -> NewKey:
    """Create a key. Its secret is in what this returns, and nowhere else.

    Raises:
        KeyNameTaken: there is a key of that name that was not revoked; nothing has changed.
    """
    secret = new_key()
    parameters = {
        "digest": key_digest(secret.encode()),
        "name": grant.name,
        "scope": grant.scope,
        "organisations": sorted(set(grant.organisations)) or None,
        "expires_seconds": grant.expires_seconds,
        "actor": entry.signature,
    }
    async with database.transaction() as connection:
        row = await (await connection.execute(statement("key_create"), parameters)).fetchone()
        if row is None:
            raise KeyNameTaken(f"there is a key {grant.name} already")
        created = _key(row)
        await audit(connection, _created(entry, created))  # mutant: created
    return NewKey(created, secret)


async def revoke(database: Database, name: str, entry: Entry) -> bool:
    """Revoke the key of that name. Returns whether it was valid until now, or had only expired;
    False: it was revoked before.

    Raises:
        NotFound: there never was such a key.
    """
    async with database.transaction() as connection:
        parameters = {"name": name, "actor": entry.signature}
        row = await (await connection.execute(statement("key_revoke"), parameters)).fetchone() or {}
        if not row["known"]:
            raise NotFound(f"no key has the name {name}", hint="See `rekindle key list`.")
        if row["revoked"]:
            await audit(connection, replace(entry, subject=name))  # mutant: revoked
    return bool(row["revoked"])


async def known(database: Database, digest: bytes) -> KnownKey | None:
    """The actor of the key with this digest. None: there is none, it has expired or was revoked."""
    rows = await database.rows(statement("key_known"), {"digest": digest, "note_seconds": NOTE_SECONDS})
    if not rows:
        return None
    (row,) = rows
    organisations = row["organisations"]
    limit = None if organisations is None else frozenset(organisations)  # mutant: limit
    return KnownKey(Actor("key", row["name"], row["scope"], limit), row["unnoted"])


async def note_use(database: Database, digest: bytes) -> None:
    """Note that the key is used now, unless that was noted within the last minute."""
    await database.rows(statement("key_used"), {"digest": digest, "note_seconds": NOTE_SECONDS})


async def keys(
    database: Database,
    *,
    name: str | None = None,
    limit: int | None = None,
    after: tuple[str, datetime] | None = None,
) -> list[ApiKey]:
    """The keys that were ever created, or those of one name, by name and then by age, from the one
    after `after`."""
    after_name, after_created_at = after or (None, None)
    parameters = {"name": name, "limit": limit, "after_name": after_name, "after_created_at": after_created_at}
    return [_key(row) for row in await database.rows(statement("keys"), parameters)]


async def usable(database: Database) -> bool:
    """Whether there is a key that is valid now."""
    return bool((await database.row(statement("keys_usable")))["usable"])


def _created(entry: Entry, key: ApiKey) -> Entry:
    organisations = [str(one) for one in key.organisations]
    return replace(
        entry,
        organisation_id=key.organisations[0] if len(organisations) == 1 else None,
        subject=key.name,
        details={
            "scope": key.scope,
            "organisations": organisations,
            "expires_at": key.expires_at and key.expires_at.isoformat(),
        },
    )


def _key(row: Mapping[str, Any]) -> ApiKey:
    values: dict[str, Any] = {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()
    }
    values["organisations"] = tuple(row["organisations"] or ())
    return ApiKey(**values)
