"""Each state of a server has an error with its code and what helps. Only what may soon succeed is
asked again."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from conftest import Server, as_worker, one_server
from rekindle import errors
from rekindle.engine.deadline import Deadline
from rekindle.engine.patience import PatientStore
from rekindle.postgres.connection import connect
from rekindle.postgres.faults import database_faults, unanswered
from rekindle.postgres.pool import Database
from rekindle.postgres.store import PostgresStore

server = one_server
URL = "postgresql://localhost/none"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, connections=2)
    await database.open()
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("state", "kind", "helps"),
    [
        ("53100", errors.DatabaseFull, "disk"),
        ("53200", errors.OutOfMemory, "memory"),
        ("53300", errors.NoConnectionLeft, "limit"),
        ("53400", errors.OutOfMemory, "limit"),
        ("53000", errors.OutOfMemory, "memory"),
        ("55P03", errors.InTheWay, "pg_locks"),
        ("55006", errors.InTheWay, "pg_stat_activity"),
        ("55000", errors.ObjectNotReady, "materialized view"),
        ("55P02", errors.ObjectNotReady, "names"),
        ("40P01", errors.InTheWay, "log"),
        ("40001", errors.InTheWay, "log"),
        ("57014", errors.StatementTooSlow, "budget"),
        ("57P01", errors.DatabaseStopping, "server runs"),
        ("57P02", errors.DatabaseStopping, "server runs"),
        ("57P03", errors.DatabaseStopping, "server runs"),
        ("28P01", errors.LoginRefused, "password"),
        ("57P05", errors.DatabaseStopping, "server runs"),
        ("25006", errors.DatabaseUnfit, "default_transaction_read_only"),
        ("08006", errors.DatabaseUnreachable, "REKINDLE_DATABASE_URL"),
    ],
)
def test_a_sqlstate_has_its_error_and_what_helps(state: str, kind: type[errors.RekindleError], helps: str) -> None:
    with pytest.raises(errors.RekindleError) as fault, database_faults(URL):
        raise psycopg.errors.lookup(state)
    assert type(fault.value) is kind
    assert helps in fault.value.hint


async def test_what_a_server_refuses_has_the_code_of_its_state(database: Database) -> None:
    for statement, kind in (
        ("set transaction read only; delete from rekindle.gate", errors.DatabaseUnfit),
        ("create materialized view m as select 1 with no data; select * from m", errors.ObjectNotReady),
        ("select pg_cancel_backend(pg_backend_pid())", errors.StatementTooSlow),
        ("select pg_terminate_backend(pg_backend_pid())", errors.DatabaseStopping),
    ):
        with pytest.raises(errors.RekindleError) as fault:
            async with database.transaction() as connection:
                await connection.execute(statement.encode())
        assert type(fault.value) is kind, statement
    async with database.transaction() as holder:
        await holder.execute("lock table rekindle.gate")
        with pytest.raises(errors.InTheWay, match=r"^RK216: another session .* pg_locks"):
            await database.rows("lock table rekindle.gate nowait")


async def test_a_login_that_finds_no_connection_left_says_so(server: Server, database_url: str) -> None:
    worker = as_worker(server, database_url)
    server.execute(
        "do $$ begin create role test_one login password 'worker' connection limit 1 in role rekindle_worker; "
        "exception when duplicate_object then null; end $$"
    )
    parts = urlsplit(worker)
    url = urlunsplit(parts._replace(netloc=f"test_one:worker@{parts.hostname}:{parts.port}"))
    async with await connect(url):
        with pytest.raises(errors.NoConnectionLeft, match=r"^RK213: .*too many connections for role.*limit"):
            await connect(url)


async def test_a_login_that_the_server_refuses_does_not_count_as_no_answer(server: Server, database_url: str) -> None:
    parts = urlsplit(as_worker(server, database_url))
    for wrong in (
        parts._replace(netloc=f"test_worker:wrong@{parts.hostname}:{parts.port}"),
        parts._replace(netloc=f"test_nobody:worker@{parts.hostname}:{parts.port}"),
        parts._replace(path="/test_nowhere"),
    ):
        with pytest.raises(errors.LoginRefused, match=r"^RK218: the database refuses the login: FATAL: "):
            await connect(urlunsplit(wrong))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("FATAL: no such user", errors.LoginRefused),
        ("FATAL: no such database: app", errors.LoginRefused),
        ("FATAL: SASL authentication failed", errors.LoginRefused),
        ("FATAL: Tenant or user not found", errors.LoginRefused),
        ("FATAL: server login has been failing", errors.DatabaseUnreachable),
        ('root certificate file "/x" does not exist', errors.DatabaseUnreachable),
    ],
)
def test_what_a_pooler_says_of_a_login_has_its_error(said: str, kind: type[errors.RekindleError]) -> None:
    assert type(unanswered(URL, psycopg.OperationalError(said))) is kind


@pytest.mark.parametrize(
    ("kind", "asked_again"),
    [
        (errors.DatabaseUnreachable, True),
        (errors.DatabaseStopping, True),
        (errors.NoConnectionLeft, True),
        (errors.LoginRefused, True),
        (errors.InTheWay, True),
        (errors.DatabaseFull, False),
        (errors.OutOfMemory, False),
        (errors.ObjectNotReady, False),
        (errors.DatabaseUnfit, False),
    ],
)
async def test_a_run_asks_again_only_if_it_can_help_and_never_gives_up_a_write_about_a_push_for_a_full_disk(
    monkeypatch: pytest.MonkeyPatch, kind: type[errors.RekindleError], asked_again: bool
) -> None:
    monkeypatch.setattr("rekindle.engine.patience._PAUSE_SECONDS", 0.0)
    store = PostgresStore(Database(URL))
    patient = PatientStore(store, store, Deadline.after(5.0, answer_seconds=1.0))
    calls = 0

    async def fails_once(*_: object, **__: object) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise kind
        return 0

    monkeypatch.setattr(PostgresStore, "sweep", fails_once)
    monkeypatch.setattr(PostgresStore, "finish", fails_once)
    for write, again in (
        (patient.sweep, asked_again),
        (lambda: patient.finish(uuid4(), ()), asked_again or kind in (errors.DatabaseFull, errors.OutOfMemory)),
    ):
        calls = 0
        if again:
            await write()
        else:
            with pytest.raises(kind):
                await write()
        assert calls == (2 if again else 1)
