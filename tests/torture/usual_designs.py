"""Two designs that teams often write by hand, on the same database, sandbox and faults, for
comparison.

`check-send-record`: find the people without a record within the cooldown, send, write the record.
`claim-and-requeue`: a job per device, taken under a lease; a job that failed, or whose lease has
expired, is taken again.

Both are written with care: bounded concurrency, time-outs, tokens disabled only on proof, one
transaction where one is needed. They lack the step between "taken" and "may have been sent".
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row

from torture.engine_process import prepare
from torture.terms import ARM_LEASE_SECONDS, CONCURRENCY, COOLDOWN_SECONDS, TIMEOUT_SECONDS

_BATCH = 200

_DUE = """
select d.device_id, d.user_id, d.token from torture.device d join torture.person p on p.user_id = d.user_id
where p.active and not exists (select from torture.disabled x where x.device_id = d.device_id)
  and not exists (select from torture.sent s where s.device_id = d.device_id
                  and s.sent_at > clock_timestamp() - make_interval(secs => %(cooldown)s))
order by random() limit %(limit)s
"""
_RECORD = """
insert into torture.sent (claim_id, device_id, user_id, provider_name)
values (%(claim_id)s, %(device_id)s, %(user_id)s, %(name)s) on conflict do nothing
"""
_DISABLE = "insert into torture.disabled values (%(device_id)s) on conflict do nothing"
_ENQUEUE = """
insert into torture.job as j (device_id, user_id, token, claim_id)
select d.device_id, d.user_id, d.token, gen_random_uuid()
from torture.device d join torture.person p on p.user_id = d.user_id
where p.active and not exists (select from torture.disabled x where x.device_id = d.device_id)
order by d.device_id
on conflict (device_id) do update set state = 'ready', claim_id = excluded.claim_id, not_before = clock_timestamp()
where j.state = 'done' and j.done_at <= clock_timestamp() - make_interval(secs => %(cooldown)s)
"""
_TAKE = """
with free as (
  select device_id from torture.job
  where (state = 'ready' and not_before <= clock_timestamp())
     or (state = 'taken' and lease_until < clock_timestamp())
  order by not_before limit %(limit)s for update skip locked
)
update torture.job j set state = 'taken', lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
from free where j.device_id = free.device_id
returning j.device_id, j.user_id, j.token, j.claim_id
"""
_DONE = """
update torture.job set state = 'done', done_at = clock_timestamp()
where device_id = %(device_id)s and claim_id = %(claim_id)s
"""
_AGAIN = """
update torture.job set state = 'ready', not_before = clock_timestamp() + interval '1 second'
where device_id = %(device_id)s and claim_id = %(claim_id)s and state = 'taken'
"""

Job = dict[str, Any]
Connection = psycopg.AsyncConnection[Job]


class Pushes:
    """Sends through the product's own FCM client, so that only the design differs."""

    def __init__(self, dispatcher: Any) -> None:
        self._dispatcher = dispatcher
        self._room = asyncio.Semaphore(CONCURRENCY)

    async def send(self, job: Job) -> tuple[Job, Any]:
        """The job with its outcome."""
        from rekindle.model import Message

        claim_id: UUID = job.get("claim_id") or uuid4()
        message = Message(
            claim_id=claim_id,
            idempotency_key=claim_id.hex * 2,
            user_id=job["user_id"],
            scenario_type="again",
            target_kind="token",
            target=job["token"],
            title="CANARYTITLE",
            body=f"CANARYBODY {time.time_ns()}",
        )
        async with self._room:
            return {**job, "claim_id": claim_id}, await self._dispatcher.send(message, timeout=TIMEOUT_SECONDS)


async def check_send_record(connection: Connection, pushes: Pushes) -> None:
    """One round: find the people who are due, send, record."""
    due = await _rows(connection, _DUE, {"cooldown": COOLDOWN_SECONDS, "limit": _BATCH})
    for sending in asyncio.as_completed([asyncio.ensure_future(pushes.send(job)) for job in due]):
        job, outcome = await sending
        await _settle(connection, job, outcome)


async def claim_and_requeue(connection: Connection, pushes: Pushes) -> None:
    """One round: put who is due into the queue, take some, send, mark as done or put back."""
    await connection.execute(_ENQUEUE, {"cooldown": COOLDOWN_SECONDS})
    taken = await _rows(connection, _TAKE, {"limit": _BATCH, "lease": ARM_LEASE_SECONDS})
    for sending in asyncio.as_completed([asyncio.ensure_future(pushes.send(job)) for job in taken]):
        job, outcome = await sending
        async with connection.transaction():
            done = await _settle(connection, job, outcome)
            await connection.execute(_DONE if done else _AGAIN, job)


async def _settle(connection: Connection, job: Job, outcome: Any) -> bool:
    """Whether the job is over: accepted and recorded, or its device is proven gone."""
    match type(outcome).__name__, getattr(outcome, "reason", ""):
        case "Accepted", _:
            await connection.execute(_RECORD, job | {"name": outcome.name})
        case "Refused", "unregistered":
            await connection.execute(_DISABLE, job)
        case _:
            return False
    return True


async def _rows(connection: Connection, query: Any, parameters: dict[str, Any]) -> Sequence[Job]:
    return await (await connection.execute(query, parameters)).fetchall()


_ROUNDS: dict[str, Callable[[Connection, Pushes], Awaitable[None]]] = {
    "check-send-record": check_send_record,
    "claim-and-requeue": claim_and_requeue,
}


async def work(design: str) -> None:
    """Run round after round; retry a lost database or token endpoint, as a supervisor would."""
    from rekindle.dispatchers.fcm.config import FcmConfig
    from rekindle.errors import RekindleError
    from rekindle.settings import Settings

    settings = Settings()
    assert settings.database_url is not None
    while True:
        dispatcher = FcmConfig().build()
        try:
            await dispatcher.open()
            async with await Connection.connect(
                settings.database_url.get_secret_value(), autocommit=True, connect_timeout=2, row_factory=dict_row
            ) as connection:
                pushes = Pushes(dispatcher)
                while True:
                    await _ROUNDS[design](connection, pushes)
                    await asyncio.sleep(0.3)
        except (RekindleError, psycopg.Error):
            await asyncio.sleep(0.3)
        finally:
            await dispatcher.close()


if __name__ == "__main__":
    prepare()
    asyncio.run(work(sys.argv[1]))
