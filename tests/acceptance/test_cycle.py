"""One cycle through everything real: Postgres, the ledger as rekindle_worker, the sandbox over TLS."""

from pathlib import Path

import psycopg

from rekindle import Engine
from rekindle.sample import write_init_files
from rekindle.sandbox import Sandbox
from rekindle.scenario import load_config
from rekindle.settings import Settings


def environment(url: str, fcm: Sandbox) -> Settings:
    return Settings.model_validate(
        {
            "REKINDLE_DATABASE_URL": url,
            "REKINDLE_FCM_URL": fcm.url,
            "REKINDLE_FCM_CA": fcm.ca,
            "GOOGLE_APPLICATION_CREDENTIALS": fcm.credentials,
        }
    )


async def test_every_due_recipient_is_reached_once_and_the_next_cycle_sends_nothing(
    worker_url: str, sql: psycopg.AsyncConnection, fcm: Sandbox, tmp_path: Path
) -> None:
    config = load_config(write_init_files(tmp_path)[0])
    async with Engine.open(environment(worker_url, fcm), config) as engine:
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
