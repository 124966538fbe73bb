"""Reads the address of a database strictly, so that no part of a password is taken for a host.

libpq takes what follows an unencoded `@` or `/` of a password for a host, a port or a database
name, and quotes it in its errors. This module refuses such an address before libpq sees it, and
removes every part of an address from libpq's texts. It also accepts what ORMs and dashboards write:
the name of a driver in the scheme, and parameters that are for the ORM.
"""

import os
import re
from collections.abc import Iterator

import psycopg
from psycopg import conninfo, pq

from rekindle.errors import DatabaseUnreachable
from rekindle.log import log

_SCHEME = re.compile(r"(?:jdbc:)?postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)
_PSQL = re.compile(r"^psql\s+(['\"]?)(.+)\1$")  # dashboards show the whole command
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%25\w+)?\]|[\w.~%-]*)(?::[0-9]{0,5})?")
_HINT = (
    "Write REKINDLE_DATABASE_URL as postgresql://user:password@host:5432/database, and percent-encode the special "
    "characters of the password: %40 for @, %2F for /, %3A for a colon, %25 for %."
)
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_QUOTED = re.compile(r'"[^"]*"?' + r"|(?<!\w)'[^']*'?(?!\w)")
_SHOWN = {"postgres", "localhost", "127.0.0.1"}
"""Values that are in so many addresses that they say nothing, and help to read an error."""

_IGNORED = frozenset(
    name.lower()
    for name in (
        # Pools and statement caches: Rekindle has a pool, and prepares no statement.
        "pgbouncer", "connection_limit", "pool", "pool_size", "pool_timeout", "pool_recycle", "pool_pre_ping",
        "max_overflow", "min_size", "max_size", "pool_min_conns", "pool_max_conns", "pool_max_conn_lifetime",
        "pool_max_conn_idle_time", "pool_health_check_period", "conn_max_age", "conn_health_checks",
        "statement_cache_size", "prepared_statement_cache_size", "prepared_statement_name_func",
        "prepared_statements", "prepareThreshold", "preparedStatementCacheQueries", "preparedStatementCacheSizeMiB",
        "statement_cache_capacity", "statement_cache_mode", "description_cache_capacity", "default_query_exec_mode",
        "binary_parameters", "prefer_simple_protocol", "simple_protocol", "max_cached_statement_lifetime",
        "max_cacheable_statement_size", "reaping_frequency", "checkout_timeout", "idle_timeout", "max_lifetime",
        # Time limits and session settings: Rekindle sets these itself.
        "socket_timeout", "socketTimeout", "loginTimeout", "connectTimeout", "command_timeout", "query_timeout",
        "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone", "encoding", "charset",
        "application", "ApplicationName", "tcpKeepAlive", "keepAlive", "stringtype", "binaryTransfer",
        "reWriteBatchedInserts", "adapter", "async_fallback",
        # Where the address came from: Supabase's and Vercel's pages, node-postgres.
        "supa", "workaround", "uselibpqcompat",
    )
)  # fmt: skip
_SCHEMAS = ("schema", "currentschema", "search_path")
_DEFAULTS = {*((name, "public") for name in _SCHEMAS), ("sslaccept", "accept_invalid_certs")}
_NAMED = {
    **dict.fromkeys(_SCHEMAS, "remove it; a query of the team's names its schema"),
    "ssl": "write sslmode=require or sslmode=verify-full instead",
    "sslaccept": "write sslmode=verify-full and sslrootcert instead",
    "sslidentity": "write sslcert and sslkey instead",
    "sslfactory": "write sslmode instead",
    "targetservertype": "write target_session_attrs=read-write instead",
    "readonly": "remove it; Rekindle writes to its ledger",
}
"""Parameters of other programs that change where or how to connect, and what to write."""


def parameters(url: str) -> dict[str, str]:
    """The parameters of libpq in an address, which is a URL or a list of `name=value`.

    Raises:
        DatabaseUnreachable: it cannot be read. The error quotes none of its values.
    """
    text = _PSQL.sub(r"\2", url.strip())
    scheme = _SCHEME.match(text)
    if scheme is not None:
        text = _url(text[scheme.end() :])
    elif "=" not in text or "://" in text.partition("=")[0]:
        raise _unreadable("it does not begin with postgresql://")
    try:
        read = {name: str(value) for name, value in conninfo.conninfo_to_dict(text).items()}
    except psycopg.Error:
        raise _unreadable("it is not one that Postgres accepts") from None
    if any("@" in value for name, value in read.items() if name in ("host", "hostaddr", "dbname")):
        raise _unreadable("its host or its database has an @")
    if not all(port.isdigit() for port in read.get("port", "5432").replace(",", "")):
        raise _unreadable("its port is not a number")
    return read


def without_address(text: str, url: str) -> str:
    """The first line of one of libpq's texts without anything of the address or of libpq's own
    variables in it: nothing in quotation marks, and no value."""
    said = text.strip().partition("\n")[0].removeprefix("connection failed: ").removeprefix("connection is bad: ")
    said = _QUOTED.sub("…", re.sub(r"^failed to resolve host .*: ", "its host is not known: ", said))
    said = re.sub(r"^connection to server .*? failed: ", "", said)
    for value in sorted(_values(url), key=len, reverse=True):
        said = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "…", said)  # mutant: values-of-the-address
    return " ".join(said.split())[:200]


def _url(rest: str) -> str:
    """The URL for libpq, without the parameters of other programs."""
    if any(letter.isspace() and letter != " " for letter in rest):
        raise _unreadable("it has a line break or a tab in it")
    head = rest.partition("/")[0]
    user = f"{head.partition('@')[0]}@" if "@" in head else ""
    place, _, query = rest[len(user) :].partition("?")
    hosts, _, database = place.partition("/")
    wrong = "@" in place or "/" in database or not all(_HOST.fullmatch(host) for host in hosts.split(","))
    if wrong:  # mutant: password-in-place
        raise _unreadable("its password has a special character that is not percent-encoded")
    kept = "&".join(_kept(query))
    return f"postgresql://{user}{place}" + (f"?{kept}" if kept else "")


def _kept(query: str) -> Iterator[str]:
    known = {one.keyword.decode() for one in pq.Conninfo.get_defaults()}
    ignored: list[str] = []
    for number, pair in enumerate(query.split("&") if query else (), start=1):
        name, equals, value = pair.partition("=")
        folded, low = name.lower(), value.lower()
        if not equals:
            raise _unreadable("its password has a special character that is not percent-encoded")
        if folded in ("ssl", "sslmode") and low in ("true", "1", "require", "no-verify"):
            yield "sslmode=require"  # which does not verify, either
        elif folded == "ssl" and low in ("false", "0", *_MODES):
            yield f"sslmode={low if low in _MODES else 'disable'}"
        elif name in known:
            yield pair
        elif folded in _IGNORED or (folded, low) in _DEFAULTS:
            ignored.append(folded)
        elif folded in _NAMED:
            raise _unreadable(f"it has the parameter {folded}, which is not one of Postgres: {_NAMED[folded]}")
        else:
            # The name itself may be the end of a password.
            raise _unreadable(f"parameter {number} after its question mark is not one of Postgres")
    if ignored:
        log.debug("database.parameters_ignored", names=ignored)


def _values(url: str) -> Iterator[str]:
    try:
        found = list(parameters(url).values())
    except DatabaseUnreachable:
        found = []
    found += [value for name, value in os.environ.items() if name.startswith("PG")]
    for value in found:
        yield from (one for one in (value, *value.split(",")) if len(one) > 2 and one not in _SHOWN)


def _unreadable(why: str) -> DatabaseUnreachable:
    return DatabaseUnreachable(f"the address of the database cannot be read: {why}", hint=_HINT)
