"""Whether a server can keep the ledger's promises."""

from rekindle.errors import DatabaseUnfit
from rekindle.postgres.connection import Connection
from rekindle.postgres.faults import read_only
from rekindle.postgres.sql import statement

MINIMUM_SERVER = 150_000


async def require_fit(connection: Connection) -> None:
    """Refuse a server that cannot keep the ledger's promises, whether it has a ledger or not.

    What a role, a database or a variable may set is no reason: session.sql sets it. These are the
    facts that a session cannot change, or should not.

    Raises:
        DatabaseUnfit: the server is too old, a replica or read-only, its encoding lacks characters,
            or the ledger's triggers are off.
    """
    row = await (await connection.execute(statement("fitness"))).fetchone() or {}
    if row["version_number"] < MINIMUM_SERVER:
        raise DatabaseUnfit("Postgres is older than 15", hint="Use Postgres 15 to 18.")
    if row["replica"]:
        raise DatabaseUnfit("this server is a replica", hint="Connect to the primary.")
    if row["read_only"]:
        raise read_only()
    if row["encoding"] != "UTF8":
        raise DatabaseUnfit(
            f"the encoding of the database is {row['encoding']}, which cannot store every character of a text",
            hint="Create a database with encoding UTF8 and restore into it: "
            "createdb --encoding UTF8 --template template0 NAME.",
        )
    if row["replication_role"] == "replica":
        raise DatabaseUnfit(
            "session_replication_role is replica, so the triggers of the ledger do not run",
            hint="Reset it as a superuser: alter role ... reset session_replication_role.",
        )
