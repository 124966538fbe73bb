"""The dispatcher that only logs."""

import asyncio
import logging
import time
from typing import Any

from contract.fcm_server import message
from rekindle.dispatchers.log import LogDispatcher
from rekindle.model import Accepted


async def test_every_message_is_accepted_under_a_unique_name():
    dispatcher = LogDispatcher()
    await dispatcher.open()
    sent = message()
    outcomes = await asyncio.gather(*(dispatcher.send(sent, timeout=1) for _ in range(50)))
    await dispatcher.close()
    names = {outcome.name for outcome in outcomes if isinstance(outcome, Accepted)}
    assert len(names) == 50
    assert all(name.startswith(f"log/{sent.claim_id}/") for name in names)


async def test_the_log_shows_the_claim_and_the_scenario_and_nothing_about_the_person(logged: list[dict[str, Any]]):
    sent = message()
    await LogDispatcher().send(sent, timeout=1)
    assert logged == [
        {
            "event": "push.logged",
            "log_level": "debug",
            "claim_id": str(sent.claim_id),
            "scenario_type": "inactivity",
        }
    ]


async def test_a_message_costs_next_to_nothing_while_debug_lines_are_off():
    assert not logging.getLogger("rekindle").isEnabledFor(logging.DEBUG)
    dispatcher, sent = LogDispatcher(), message()
    started = time.process_time()
    for _ in range(10_000):
        await dispatcher.send(sent, timeout=1)
    assert time.process_time() - started < 1.0  # 100 us each; it is about 3
