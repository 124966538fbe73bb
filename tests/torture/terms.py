"""The settings of a torture session: the shortened waits of the product, and the texts that may
never be logged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

COOLDOWN_SECONDS = 12
SPELL_SECONDS = (
    30  # how long an occurrence of the scenario `spell` lasts: longer than its cooldown, so only "once" applies
)
CAP_PUSHES, CAP_SECONDS = (
    3,
    30,
)  # for all scenarios together: sometimes it, and not the cooldown, refuses a person
BUDGET_SECONDS = 6
TIMEOUT_SECONDS = 1
CONCURRENCY = 100
BATCH = 20  # messages in a request to the Edge Function
LONGEST_DELAY_SECONDS = 4.0  # of an answer that the sandbox gives late
WORKERS = 6

CONSTANTS: Mapping[str, float] = {
    "rekindle.engine.claim.RESERVE_SECONDS": 1.0,
    "rekindle.engine.dispatch.START_SECONDS": 1.0,
    "rekindle.engine.dispatch.ANSWERED_SECONDS": 2.0,
    "rekindle.policy.HOLD_SECONDS": 6,
    "rekindle.policy.REFUSED_COOLDOWN_SECONDS": 4,
    "rekindle.policy.RETRY_SECONDS": 1.0,
    "rekindle.policy.SEEN_EVERY_SECONDS": 1.0,
    "rekindle.policy.LOST_SECONDS": 4.0,
    "rekindle.policy.MAX_RETRY_SECONDS": 3.0,
    "rekindle.dispatchers.fcm.errors.QUOTA_DELAY_SECONDS": 1.0,
    "rekindle.postgres.connection.CONNECT_SECONDS": 2,
    "rekindle.postgres.pool.CONNECT_SECONDS": 2,
    "rekindle.fleet.worker.LOOK_SECONDS": 0.5,
    "rekindle.fleet.worker.LEFT_SECONDS": 1.0,
    "rekindle.fleet.worker.SWEEP_SECONDS": 5.0,
}
"""The waits of the product, shortened in every engine process before it runs, so that a pause of
seconds outlives a lease and a hold ends within a session. Nothing else in the product changes."""

START_SECONDS = CONSTANTS["rekindle.engine.dispatch.START_SECONDS"]
ARM_LEASE_SECONDS = START_SECONDS + TIMEOUT_SECONDS + CONSTANTS["rekindle.engine.dispatch.ANSWERED_SECONDS"]
HOLD_SECONDS = CONSTANTS["rekindle.policy.HOLD_SECONDS"]

RETENTION = {"notification": 5, "outcome": 5, "run": 25, "gate": 1, "disabled_token": 5, "audit": 5, "api_key": 5}
"""Of the prunes, in seconds: shorter than a spell, whose occurrence must stay spent, and than the
cooldown."""

TOKEN = "canarytoken-"
GONE = "canarygone-"
CANARIES = (TOKEN, GONE, "CANARYTITLE", "CANARYBODY", "CANARYNAME", "PRIVATE KEY", "canarypassword")
"""Beginnings of all tokens, names and texts, and of secrets: none may be in any log or
output."""

TITLE_OF_B = "CANARYTITLE B"
"""With which the title of the second text of `spell` begins."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the harness under one seed."""

    design: str
    seed: int
    seconds: float
    recipients: int = 3_000
    workers: int = WORKERS
    dispatcher: str = "fcm"


def configuration(dispatcher: str = "fcm") -> str:
    """The rekindle.toml of the programme, sending through a dispatcher of that kind.

    Only the gate refuses `again`: each evaluation is a new occasion. `parts` is a digest. Each
    push says what it covers.
    """
    scenarios = "".join(
        f"""
[scenario.{name}]
kind = "sql"
cooldown = "{COOLDOWN_SECONDS}s"
key = "occurrence"
{digest}
schedule = "* * * * *"
relevance = "25s"
priority = {priority}
query = "select user_id, occurrence, variables from torture.{name}"
[scenario.{name}.message.en]
title = "CANARYTITLE {{first_name}}"
body = "CANARYBODY {said}"
"""
        for name, priority, digest, said in (
            ("again", 50, "", "{slot}"),
            ("spell", 60, "", "{slot}"),
            ("parts", 40, 'digest = { names = 10, items = "slot" }', "{items, list}"),
        )
    )
    return f"""
[run]
budget = "{BUDGET_SECONDS}s"
max_share = "none"
max_times_median = "none"
[dispatcher]
kind = "{dispatcher}"
{f"batch = {BATCH}" if dispatcher == "supabase-function" else ""}
concurrency = {CONCURRENCY}
timeout = "{TIMEOUT_SECONDS}s"
[policy]
caps = ["{CAP_PUSHES} per {CAP_SECONDS}s"]
[trial]
held_out = "5%"
until = "{_later()}"
{scenarios}
[scenario.spell.trial]
held_out = "30%"
until = "{_later()}"
[scenario.spell.text.B]
weight = "40%"
[scenario.spell.text.B.message.en]
title = "{TITLE_OF_B} {{first_name}}"
body = "CANARYBODY {{slot}}"
[scenario.spell.text_trial]
until = "{_later()}"
"""


def _later() -> str:
    return (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
