"""The role rekindle_worker: enough for everything but migrating, and for nothing else."""

import re
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.engine.preview import Preview
from rekindle.model import Accepted, Message, Outcome, Uncertain
from rekindle.postgres.sql import names, statement
from rekindle.postgres.twins import over_twins
from rekindle.sample import write_init_files
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher

OWN_QUERY = """
[scenario.own]
kind = "sql"
query = "select user_id, 'once' as occurrence, '{}'::jsonb as variables from rekindle_source.recipient"
cooldown = "1d"
[scenario.own.message.en]
title = "Hello"
body = "There"
"""


async def test_the_worker_is_neither_superuser_nor_above_row_level_security(
    worker_url: str, programme_url: str, sql: psycopg.AsyncConnection[dict[str, bool]]
) -> None:
    assert worker_url.split("@")[1] == programme_url.split("@")[1]
    cursor = await sql.execute(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin from pg_roles"
        " where rolname = 'rekindle_worker'"
    )
    assert [set(row.values()) for row in await cursor.fetchall()] == [{False}]


async def test_the_worker_can_do_everything_but_migrate(worker_url: str, tmp_path: Path) -> None:
    path = write_init_files(tmp_path)[0]
    path.write_text(path.read_text() + OWN_QUERY)

    def answer(message: Message) -> Outcome:
        if len(dispatcher.sent) == 1:
            return Uncertain("timeout")
        return Accepted(f"n/{message.claim_id}/{len(dispatcher.sent)}")

    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": worker_url})
    dispatcher = ScriptedDispatcher(answer)
    async with Engine.open(settings, load_config(path), dispatcher=dispatcher) as engine:
        assert [finding.fault for finding in await engine.check() if finding.fault] == []
        assert len(await engine.apply()) == 4
        planned = [step async for step in engine.plan() if isinstance(step, Preview)]
        previews = await engine.dry_run()
        assert dispatcher.sent == []
        report = await engine.run(confirmed=1_000)
        statuses = await engine.scenarios()
        runs = await engine.runs()
        unknown = await engine.unknown()
        erased = await engine.erase(unknown[0].user_id, force=True)
        exported = [piece async for piece in engine.export(unknown[0].user_id)]
    claimed = {numbers.scenario_type: numbers.claimed for numbers in report.scenarios}
    assert claimed == {preview.scenario_type: preview.would_claim for preview in planned}
    assert claimed == {preview.scenario_type: preview.would_claim for preview in previews}
    assert all(claimed.values())
    assert [run.run_id for run in runs] == [report.run_id]
    assert {status.latest.claimed for status in statuses if status.latest} == set(claimed.values())
    assert [one.reason for one in unknown] == ["timeout"]
    assert (erased.under_way, erased.rows["outbox"]) == (1, 1)
    assert len(exported) == 1  # nothing is left, so the document is one piece


WRITING = (
    "apply", "arm", "audit", "backtest_save", "claim", "claim_undo", "erase_cap", "erase_disabled_tokens",
    "erase_enrolments", "erase_gates", "erase_outcomes", "erase_records", "erase_spent", "erase_test_sends",
    "erase_units", "finish", "hold", "lease", "lock", "lock_if_free", "look_back",
    "key_create", "key_revoke", "key_used",
    "pace_reserve",
    "prune_audit", "prune_cap", "prune_disabled_token", "prune_enrolment", "prune_gate",
    "prune_notification", "prune_outcome", "prune_rest", "prune_run", "prune_spent", "record",
    "release", "retry", "run_close", "run_lock", "run_lost", "run_open", "run_scenario_close", "run_scenario_fault",
    "run_scenario_open", "run_seen",
    "runs_lost", "schedule_apply", "schedules_overdue",
    "test_send_arm", "test_send_end",
    "tokens_revive", "installation_seen", "settle_enrolments", "settle_lock", "settle_not_sent", "sweep_dispatching",
    "sweep_gates", "sweep_stale", "sweep_unknown", "switch_turn", "tick_begin", "tick_skip", "ticks_failed",
    "trials_end", "trials_start",
    "worker_seen",
)  # fmt: skip
_BOUND = {
    "candidates": "kinds/inactivity/candidates",
    "known": "kinds/inactivity/known",
    "longest": "kinds/expiry/longest",
    "outranking": "outranking_absent",
    "membership": "membership_absent",
    "zone_of_place": "zone_of_place_absent",
    "recipient_of": "recipient_of_absent",
    "first_place": "first_place_absent",
    "opened": "opened_absent",
    "kinds/milestone/amount": "kinds/milestone/amount_absent",
    "twin": '"gate"',
    "table": '"rekindle_replayed"',
    "view": '"activity"',
}
_WRITES = re.compile(r"\b(insert into|update|delete from) rekindle\.")


def test_the_statements_that_write_are_those_that_the_worker_is_tried_with() -> None:
    # A replay of the past writes to temporary tables alone.
    texts = {
        name: over_twins(statement(name, **_BOUND)) if name.startswith("replay") else statement(name, **_BOUND)
        for name in names()
    }
    writing = {name for name, text in texts.items() if _WRITES.search(text) or "for update" in text}
    assert writing == set(WRITING)


@pytest.mark.parametrize("name", WRITING)
async def test_the_worker_has_every_right_that_a_statement_needs(worker_url: str, name: str) -> None:
    order: dict[str, int] = {}
    numbered = re.sub(
        r"%\((\w+)\)s", lambda match: f"${order.setdefault(match[1], len(order) + 1)}", statement(name, **_BOUND)
    )
    nulls = f"({', '.join(['null'] * len(order))})" if order else ""
    async with await psycopg.AsyncConnection.connect(worker_url, autocommit=True) as connection:
        await connection.execute(f"prepare tried as {numbered}".encode())
        # This plans the statement, opens every table with the rights that it needs, and executes
        # nothing.
        await connection.execute(f"explain execute tried{nulls}".encode())


FORBIDDEN = [
    "create table rekindle.mine (n int)",
    "create function rekindle.mine() returns int language sql as 'select 1'",
    "create or replace function rekindle.clock() returns timestamptz language sql as 'select now()'",
    "alter table rekindle.gate disable row level security",
    "delete from rekindle.delivery",
    "delete from rekindle.run_scenario",
    "delete from rekindle.scenario",
    "truncate rekindle.outbox",
    "update rekindle.delivery set provider_name = 'x'",
    "update rekindle.scenario set retired = true",
    "update rekindle.switch set turned = 'on'",
    "update rekindle.scenario_notification set dispatched_at = now()",
    "update rekindle.scenario_notification set idempotency_key = 'x'",
    "update rekindle.scenario_notification set occurrence = 'x'",
    "update rekindle.gate set user_id = gen_random_uuid()",
    "update rekindle.cap set user_id = gen_random_uuid()",
    "update rekindle.outbox set target = 'x'",
    "update rekindle.outbox set idempotency_key = 'x'",
    "update rekindle.outbox set give_up_at = now()",
    "update rekindle.outcome set user_id = gen_random_uuid()",
    "update rekindle.outcome set occurrence = 'x'",
    "update rekindle.run set started_at = now()",
    "update rekindle.backtest set saved_by = 'x'",
    "update rekindle.run_scenario set claimed = 0",
    "update rekindle.run_scenario set confirmed = 0",
    "update rekindle.disabled_token set device_id = gen_random_uuid()",
    "insert into rekindle.schema_migration (version, name, sha256) values ('29990101000000', 'x', repeat('0', 64))",
    "update rekindle.schema_migration set sha256 = repeat('0', 64)",
    "insert into rekindle.lock values ('mine', 'x')",
    "update rekindle.lock set name = 'x'",
    "delete from rekindle.lock",
    "do $$ begin lock table rekindle.lock in access exclusive mode; end $$",
    "do $$ begin lock table rekindle.schema_migration in share row exclusive mode; end $$",
    "drop schema rekindle cascade",
    "select * from programme.mentors",
    "select * from programme.activity_log",
    "select * from programme.push_tokens",
    "insert into rekindle_source.activity values (gen_random_uuid(), now())",
    "delete from rekindle_source.device_token",
    "create view rekindle_source.mine as select 1",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_the_worker_may_not(worker_url: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(worker_url, autocommit=True) as connection:
        with pytest.raises(errors.InsufficientPrivilege):
            await connection.execute(statement.encode())
