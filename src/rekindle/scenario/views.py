"""The columns of the team's views that the engine reads, and the types that each may have, as
Postgres writes them."""

from collections.abc import Mapping

Columns = Mapping[str, frozenset[str]]

UUID = frozenset({"uuid"})
TEXT = frozenset({"text", "character varying", "character", "citext"})
DATE = frozenset({"date"})
INSTANT = frozenset({"date", "timestamp with time zone", "timestamp without time zone"})
ID = frozenset({"uuid", "text", "bigint", "integer", "character varying"})

RECIPIENT: Columns = {
    "user_id": UUID,
    "organisation_id": UUID,
    "chapter_id": UUID,
    "timezone": TEXT,
    "locale": TEXT,
    "active": frozenset({"boolean"}),
}

EXTERNAL_ID = "external_id"
"""An optional column of the recipient view: the id that people know. It is no variable."""

REQUIRED: Mapping[str, Columns] = {
    "recipient": RECIPIENT,
    "device_token": {
        "user_id": UUID,
        "token": TEXT,
        "target_kind": TEXT,
        "platform": TEXT,
        "last_registered_at": INSTANT,
    },
}
"""The columns that every scenario needs."""

OPTIONAL: Mapping[str, Columns] = {
    "organisation": {"organisation_id": UUID},
    "chapter": {"chapter_id": UUID},
    "preference": {"user_id": UUID, "scenario_type": TEXT, "opted_out": frozenset({"boolean"})},
    "membership": {"user_id": UUID, "organisation_id": UUID, "chapter_id": UUID},
}
"""Views that the engine reads if they exist. They must then have these columns."""

ACTIVITY: Columns = {"user_id": UUID, "activity_date": INSTANT}
AMOUNT: Columns = {"amount": frozenset({"numeric", "double precision", "real", "bigint", "integer", "smallint"})}
"""The column of `activity` that a milestone on a sum reads too."""
EVENT: Columns = {
    "event_id": ID,
    "user_id": UUID,
    "name": TEXT,
    "starts_at": frozenset({"timestamp with time zone"}),
}
CERTIFICATION: Columns = {"certification_id": ID, "user_id": UUID, "name": TEXT, "expires_on": DATE}
