"""The columns of the team's views that the engine reads, and the types that each may have, as
Postgres writes them."""

from collections.abc import Collection, Mapping

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

_AT: Columns = {"opened_at": frozenset({"timestamp with time zone"})}

OPTIONAL: Mapping[str, Columns] = {
    "organisation": {"organisation_id": UUID},
    "chapter": {"chapter_id": UUID},
    "preference": {"user_id": UUID, "scenario_type": TEXT, "opted_out": frozenset({"boolean"})},
    "membership": {"user_id": UUID, "organisation_id": UUID, "chapter_id": UUID},
    "opened": {"claim_id": UUID, **_AT},
}
"""Views that the engine reads if they exist. They must then have these columns."""

_OPENED_BY_PERSON: Columns = {"user_id": UUID, "scenario_type": TEXT, **_AT}


def optional(view: str, there: Collection[str]) -> Columns:
    """The columns that an optional view must have, given those that it has. The view `opened` names
    a claim, or a person and a scenario."""
    by_person = view == "opened" and "claim_id" not in there and "user_id" in there
    return _OPENED_BY_PERSON if by_person else OPTIONAL[view]


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
