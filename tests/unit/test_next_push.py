"""When a person could get a push next, by the schedules."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from rekindle.fleet.next_push import NextPush, next_pushes
from rekindle.fleet.status import ScheduleStatus
from rekindle.ports import Condition, Explanation, PersonExplained, Schedule, Standing

NOW = datetime(2026, 11, 25, 9, 41, tzinfo=UTC)
BLOCKS = (Condition("cooldown", blocks=True),)


def person(*scenarios: Explanation) -> PersonExplained:
    return PersonExplained(UUID(int=1), Standing(NOW, True, True, True, ()), scenarios, ())


def scheduled(name: str, cron: str) -> ScheduleStatus:
    schedule = Schedule(name, cron, "Europe/Oslo", NOW, NOW, 0, NOW)
    return ScheduleStatus(schedule, "ok", None, NOW)


def test_the_first_instant_of_the_schedule_after_the_claim_is_possible_counts() -> None:
    free = NOW + timedelta(hours=2, minutes=21)
    found = next_pushes(
        person(
            Explanation("by_hand", 1, "sql"),
            Explanation("waits", 1, "sql", conditions=BLOCKS, next_at=free),
            Explanation("soon", 1, "sql", next_at=NOW - timedelta(hours=1)),
            Explanation("never", 1, "sql", conditions=BLOCKS, waits_for="opted_out"),
            Explanation("broken", 1, "sql", fault="RK301"),
            Explanation("held", 1, "sql", held_out_of="held"),
        ),
        [scheduled("waits", "7 9 * * *"), scheduled("soon", "7 * * * *"), scheduled("held", "* * * * *")],
    )
    assert found == [
        NextPush("soon", NOW, datetime(2026, 11, 25, 10, 7, tzinfo=UTC)),
        NextPush("waits", free, datetime(2026, 11, 26, 8, 7, tzinfo=UTC)),
        NextPush("by_hand", NOW, None),
    ]
