"""The times of the faults, drawn from the seed alone before anything starts."""

import random
from dataclasses import dataclass, field
from typing import Any

from torture.terms import ARM_LEASE_SECONDS, GONE, HOLD_SECONDS, LONGEST_DELAY_SECONDS, TOKEN

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One fault. `seconds` is its duration, `worker` the process that it affects, `rules` the
    sandbox's rules from then on."""

    at: float
    kind: str
    worker: int = 0
    seconds: float = 0.0
    late: bool = False
    rules: tuple[Rule, ...] = field(default=(), compare=False)


_EVERY = {  # mean seconds between two
    "kill": 2.0,
    "pause": 5.0,
    "crash": 15.0,
    "restart": 45.0,
    "cut": 6.0,
    "silence": 15.0,
    "stampede": 8.0,
}
_ERASE_EVERY = 5.0
_HEX = "0123456789abcdef"
_UNCLEAR = ("hang", "reset", "reset_after_accept", "accept_then_503", "cut_body")
_NOT_FOUND = {"error": {"code": 404, "status": "NOT_FOUND", "message": "Requested entity was not found."}}
_GONE_RULE: Rule = {
    "match": {"target": f"{GONE}*"},
    "respond": {
        "status": 404,
        "body": {
            "error": {
                **_NOT_FOUND["error"],
                "details": [
                    {
                        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
                        "errorCode": "UNREGISTERED",
                    }
                ],
            }
        },
    },
}
CALM: tuple[Rule, ...] = (_GONE_RULE,)
"""No fault: only the devices that are always gone are refused."""


def draw(seed: int, seconds: float, workers: int) -> list[Event]:
    """The faults of one session, in order of time; at least one of each kind once it lasts ten
    seconds."""
    rng = random.Random(f"torture {seed}")
    events: list[Event] = []
    for kind, every in _EVERY.items():
        at = rng.uniform(0.5, min(every, seconds * 0.6))
        while at < seconds:
            events.append(_event(rng, kind, at, workers))
            at += rng.expovariate(1 / every)
    at = 0.0
    while at < seconds:
        events.append(Event(at, "fcm", rules=_rules(rng)))
        at += rng.uniform(1.0, 3.0)
    return sorted(events + _erasures(seed, seconds) + _prunes(seed, seconds))


def _prunes(seed: int, seconds: float) -> list[Event]:
    """When the process that prunes is killed and another one started; drawn separately, as the
    erasures."""
    rng = random.Random(f"prune {seed}")
    events: list[Event] = []
    at = 0.5
    while at < seconds:
        events.append(Event(at, "prune"))
        at += rng.uniform(4.0, 12.0)
    return events


def _erasures(seed: int, seconds: float) -> list[Event]:
    """The erasures, drawn separately, so that a seed gives the same faults with them. Some end by
    kill -9 in the middle."""
    rng = random.Random(f"erase {seed}")
    events: list[Event] = []
    at = rng.uniform(0.5, min(_ERASE_EVERY, seconds * 0.6))
    while at < seconds:
        events.append(Event(at, "erase", worker=rng.randrange(10**6), seconds=rng.uniform(2.0, 12.0)))
        at += rng.expovariate(1 / _ERASE_EVERY)
    return events


def _event(rng: random.Random, kind: str, at: float, workers: int) -> Event:
    worker = rng.randrange(workers)
    match kind:
        case "pause":
            # Longer than the lease of an armed unit; some also longer than the hold that follows
            # it.
            least = ARM_LEASE_SECONDS + (HOLD_SECONDS if rng.random() < 0.2 else 0.0)
            return Event(at, kind, worker, seconds=least + rng.uniform(0.5, 5.0))
        case "silence":
            return Event(at, kind, seconds=rng.uniform(0.5, 6.0), late=rng.random() < 0.6)
        case "stampede":
            return Event(at, kind, worker=rng.randrange(2, 4))
        case _:
            return Event(at, kind, worker)


def _rules(rng: random.Random) -> tuple[Rule, ...]:
    """The sandbox's rules for the next seconds. Faults match tokens by their first letters, so
    that the affected devices follow from the seed and not from the order of the requests."""
    rules: list[Rule] = []
    draw = rng.random()
    if draw < 0.12:
        storm = {"status": 429, "headers": {"retry-after": str(rng.choice((1, 1, 2)))}, "body": ""}
        return (*CALM, {"match": {}, "respond": storm})
    if draw < 0.30:
        answer: Any = rng.choice(
            (
                "hang",
                "reset",
                {"status": 503},
                {"status": 500, "body": "<html>oops</html>"},
                {"status": 400, "body": {"error": "invalid_grant"}},
                {"delay_ms": 1_500},
            )
        )
        rules.append({"match": {"path": "token"}, "times": rng.randrange(1, 5), "respond": answer})
    for conduct in _UNCLEAR:
        # A reset ends a whole connection with every send under way on it, so it is drawn less
        # often.
        times = rng.randrange(1, 4) if conduct.startswith("reset") else rng.randrange(2, 25)
        rules.append(_rule(rng, conduct, times))
    rules.append(_rule(rng, {"delay_ms": rng.randrange(50, 900)}, 100))
    rules.append(
        _rule(rng, {"delay_ms": rng.randrange(1_100, int(LONGEST_DELAY_SECONDS * 1000))}, 15)
    )  # accepted after the client has given up
    rules.append(_rule(rng, {"status": 502, "body": "<html>bad gateway</html>"}, 10))
    rules.append(_rule(rng, {"status": 404, "body": _NOT_FOUND}, 3))  # proves nothing about a token
    rules.append(_rule(rng, {"status": 429, "headers": {"retry-after": "1"}}, 30))
    rng.shuffle(rules)
    return (*CALM, *rules)


def _rule(rng: random.Random, respond: Any, times: int) -> Rule:
    return {"match": {"target": f"{TOKEN}{rng.choice(_HEX)}*"}, "times": times, "respond": respond}
