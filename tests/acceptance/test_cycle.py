"""One cycle without doubles: Postgres, the ledger as rekindle_worker, the sandbox over TLS."""

from pathlib import Path

import psycopg

from acceptance.command import engine_over
from conftest import server as every_server
from rekindle.configuration import load_config
from rekindle.sample import write_init_files
from rekindle.sandbox import Sandbox

server = every_server


async def test_every_due_recipient_is_reached_once_and_the_next_cycle_sends_nothing(
    worker_url: str, sql: psycopg.AsyncConnection, fcm: Sandbox, tmp_path: Path
) -> None:
    config = load_config(write_init_files(tmp_path)[0])
    async with engine_over(worker_url, fcm, config) as engine:
        await engine.apply()
        first = await engine.run(confirmed=500)
        second = await engine.run()
    assert (first.status, second.status) == ("done", "done")
    assert sum(one.pushes for one in first.scenarios) == 311
    assert sum(one.pushes for one in second.scenarios) == 0
    deliveries = await (
        await sql.execute("select claim_id, device_id, provider_name from rekindle.delivery")
    ).fetchall()
    assert {row["provider_name"] for row in deliveries} == {message["name"] for message in fcm.messages()}
    assert len(fcm.messages()) == len(deliveries) == 311
    records = await (await sql.execute("select count(*) as n from rekindle.scenario_notification")).fetchone()
    assert records["n"] == sum(one.recorded for one in first.scenarios) == 228
