"""The address of a database: what ORMs and dashboards write is read, and no error quotes it."""

import re
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from rekindle.errors import DatabaseUnreachable
from rekindle.postgres.address import parameters, without_address
from rekindle.postgres.faults import primary

PLAIN = "postgresql://app:s3cret@db.example.org:6543/postgres"
READ = {"user": "app", "password": "s3cret", "host": "db.example.org", "port": "6543", "dbname": "postgres"}


@pytest.mark.parametrize(
    "url",
    [
        PLAIN,
        f" {PLAIN}\n",
        PLAIN.replace("postgresql", "postgres"),
        PLAIN.replace("postgresql", "POSTGRESQL"),
        *(PLAIN.replace("postgresql", f"postgresql+{one}") for one in ("psycopg", "psycopg2", "asyncpg", "pg8000")),
        "jdbc:postgresql://db.example.org:6543/postgres?user=app&password=s3cret",
        f"{PLAIN}?pgbouncer=true",
        f"{PLAIN}?pgbouncer=true&connection_limit=1&pool_timeout=20&statement_cache_size=0&schema=public",
        f"{PLAIN}?sslaccept=accept_invalid_certs&socket_timeout=5&supa=base-pooler.x&workaround=supabase-pooler.vercel",
        f"{PLAIN}?prepareThreshold=0&currentSchema=public&ApplicationName=x&reWriteBatchedInserts=true",
        f"{PLAIN}?prepared_statement_cache_size=0&command_timeout=60&uselibpqcompat=true",
        f"psql {PLAIN}",
        f"psql '{PLAIN}'",
        "host=db.example.org port=6543 dbname=postgres user=app password=s3cret",
    ],
)
def test_what_orms_and_dashboards_write_is_read(url: str) -> None:
    assert parameters(url) == READ


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("sslmode=verify-full", "verify-full"),
        ("sslmode=no-verify", "require"),
        ("ssl=true", "require"),
        ("ssl=require", "require"),
        ("ssl=verify-ca", "verify-ca"),
        ("ssl=false", "disable"),
        ("pgbouncer=true&sslmode=require&schema=public", "require"),
    ],
)
def test_other_ways_to_write_sslmode_are_read(query: str, mode: str) -> None:
    assert parameters(f"{PLAIN}?{query}") == {**READ, "sslmode": mode}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///db?host=/var/run/postgresql",
        "postgresql://%2Fvar%2Frun/db",
        "postgresql://app:a%40b%2Fc%3Ad%25@[::1]:5432/db",
        "postgresql://app:a#b?c[d]@127.0.0.1/db",
        "postgresql://one:1,two:2,three/db?target_session_attrs=read-write",
        "postgresql://app@/db",
        "postgresql://",
        "postgresql://h/db?options=-c%20x%3Dy",
        "postgresql://h/db?user=a@b&password=c@d",
        "user=a password='b c@d/e'",
    ],
)
def test_every_other_address_is_read_as_libpq_reads_it(url: str) -> None:
    assert parameters(url) == {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items()}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("postgresql://app:pa@c4n4ry@127.0.0.1:1/db", "is not percent-encoded", id="two @"),
        ("postgresql://app:pa/c4n4ry@127.0.0.1:1/db", "is not percent-encoded"),
        ("postgresql://app:pa@c4n4ry/x@127.0.0.1:1/db", "is not percent-encoded"),
        ("postgresql://app:1/c4n4ry@127.0.0.1:1/db", "is not percent-encoded"),
        ("postgresql://app:p@c4n4ry#1@127.0.0.1:1/db", "is not percent-encoded"),
        ("postgresql://app:p/c4n4ry?x=1@127.0.0.1/db", "is not percent-encoded"),
        ("postgresql://app:1/x?c4n4ry@127.0.0.1/db", "is not percent-encoded"),
        ("postgresql://app:1/x?c4n4ry=y@127.0.0.1/db", "parameter 1 after its question mark"),
        ("postgresql://app:c4n4ry", "is not percent-encoded"),
        ("postgresql://app:c4n4ry@h:c4n4ry/db", "is not percent-encoded"),
        ("postgresql://app:c4n4ry%zz@h/db", "is not one that Postgres accepts"),
        ("postgresql://app:c4n4\nry@h/db", "line break"),
        ("postgresql://h/db?c4n4ry=1", "parameter 1 after its question mark"),
        ("postgresql://h/db?sslmode=prefer&c4n4ry=1", "parameter 2 after its question mark"),
        ("postgresql://h/db?schema=c4n4ry", "has the parameter schema"),
        ("postgresql://h/db?sslaccept=strict&x=c4n4ry", "has the parameter sslaccept"),
        ("postgresql://h/db?port=c4n4ry", "port is not a number"),
        ("postgresql://h/db?host=x@c4n4ry", "has an @"),
        ("postgresql//app:c4n4ry@h/db", "does not begin with postgresql://"),
        ("mysql://app:c4n4ry@h/db", "does not begin with postgresql://"),
        ("mysql://app:c4n4ry@h/db?x=1", "does not begin with postgresql://"),
        ("c4n4ry", "does not begin with postgresql://"),
        ("c4n4ry=", "is not one that Postgres accepts"),
        ("password=c4n4ry rest host=h", "is not one that Postgres accepts"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_quoted(url: str, said: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="RK201: the address of the database cannot be read") as caught:
        parameters(url)
    assert said in caught.value.message
    assert "percent-encode the special characters of the password" in caught.value.hint
    assert "c4n4" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'connection failed: connection to server at "::1", port 5432 failed: FATAL:  role "app" is unknown\nmore',
            "FATAL: role … is unknown",
        ),
        ('connection to server at "h" (10.0.0.7), port 1 failed: Connection refused\n\tIs it?', "Connection refused"),
        (
            "failed to resolve host 'db.example.org': [Errno -2] unknown",
            "its host is not known: [Errno -2] unknown",
        ),
        pytest.param("FATAL: no such database: s3cret", "FATAL: no such database: …", id="bare"),
        ("FATAL: Tenant or user not found", "FATAL: Tenant or user not found"),
        ('invalid sslmode value: "s3cret', "invalid sslmode value: …"),
        (
            'root certificate file "/x/root.crt" does not exist',
            "root certificate file … does not exist",
        ),
    ],
)
def test_a_text_of_libpq_loses_everything_of_the_address(text: str, shown: str) -> None:
    assert without_address(text, PLAIN) == shown


class _Diagnosis:
    severity_nonlocalized = "ERROR"
    internal_query = None

    def __init__(self, said: dict[str, str]) -> None:
        self.message_primary = said.get("message")
        self.source_function = said.get("function")


def server_error(kind: type[psycopg.Error], **said: str) -> psycopg.Error:
    class Said(kind):  # type: ignore[misc, valid-type]
        diag: Any = _Diagnosis(said)

    return Said()


@pytest.mark.parametrize(
    "error",
    [
        server_error(psycopg.errors.RaiseException, message="bad token c4n4ry"),
        server_error(psycopg.errors.LockNotAvailable, message="c4n4ry", function="exec_stmt_raise"),
        server_error(psycopg.errors.UndefinedTable, message='relation "c4n4ry"', function="PLy_elog_impl"),
        server_error(psycopg.errors.ConnectionException, message="c4n4ry", function="pgfdw_report_error"),
    ],
)
def test_of_an_exception_that_the_teams_code_raises_only_the_code_is_shown(error: psycopg.Error) -> None:
    assert re.fullmatch(r"a function of the database raised an exception, SQLSTATE \w{5}", primary(error))


def test_parameters_that_are_not_used_are_named_in_the_log(logged: list[dict[str, Any]]) -> None:
    parameters(f"{PLAIN}?pgbouncer=true&connection_limit=1")
    assert [(one["event"], one["names"]) for one in logged] == [
        ("database.parameters_ignored", ["pgbouncer", "connection_limit"])
    ]
