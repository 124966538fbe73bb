"""Compares the sandbox's log with our ledger: the rules that apply after any course of events."""

import hashlib
from collections import Counter
from uuid import UUID

from rekindle.sandbox import Sandbox
from team.team import Team


def audit(team: Team, fcm: Sandbox) -> None:
    """No device got a scenario twice. Every accepted push has one delivery or is unknown.
    Nothing else is recorded."""
    messages = fcm.messages()
    reached = Counter((sent["target"], sent["message"]["data"]["scenario_type"]) for sent in messages)
    assert [key for key, count in reached.items() if count > 1] == []
    accepted: set[tuple[UUID, UUID, str]] = set()
    for sent in messages:
        device = UUID(hashlib.sha256(f"{sent['target_kind']}:{sent['target']}".encode()).hexdigest()[:32])
        accepted.add((UUID(sent["message"]["data"]["claim_id"]), device, sent["name"]))
    delivered = set(team.rows("select claim_id, device_id, provider_name from rekindle.delivery"))
    assert delivered <= accepted
    unknown = set(
        team.rows(
            "select claim_id, device_id from rekindle.outcome where outcome = 'unknown' union all "
            "select claim_id, device_id from rekindle.outbox where state in ('unknown', 'dispatching')"
        )
    )
    assert {(claim, device) for claim, device, _ in accepted - delivered} <= unknown
    assert not {(claim, device) for claim, device, _ in delivered} & unknown
    records = [row[0] for row in team.rows("select id from rekindle.scenario_notification")]
    assert len(records) == len(set(records))
    assert set(records) == {claim for claim, _, _ in delivered}
