"""Notes a schedule that never meets the window of `send_at` where people live, and a scenario that
has ended."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rekindle.engine.findings import Finding
from rekindle.scenario import Config
from rekindle.scenario.cron import instants_before
from rekindle.scenario.reach import is_within

_INSTANTS = 1_500
"""How many instants of a schedule are looked at, at most: more than a day of one that runs each
minute."""
_BACK = timedelta(days=400)
"""How far back they are looked at: over both changes of the clock."""
_NAMED = 5


def check_hours(config: Config, zones: Sequence[str]) -> list[Finding]:
    """Return a note for each enabled scenario whose schedule has no instant within its window for
    pushes in some time zone of the recipients. Without a schedule nothing is known of its runs."""
    everywhere = sorted({*zones, *filter(None, [config.run.timezone])})
    findings: list[Finding] = []
    for name, scenario in config.scenario.items():
        line = scenario.schedule
        if line is None or scenario.critical or not scenario.enabled_somewhere:
            continue
        at = scenario.schedule_timezone or config.run.timezone or "UTC"
        instants = _instants(line, at)
        windows = {one.send_at: one.send_window() for one in scenario.variants() if one.enabled}
        for send_at, window in windows.items():
            never = [zone for zone in everywhere if window is not None and not _meets(window, instants, zone)]
            if never:
                findings.append(Finding(f"scenario {name}", _said(name, send_at, never), note=True))
    return findings


def check_ends(config: Config, today: date) -> list[Finding]:
    """Return a note for each enabled scenario whose `until` is past in every time zone and
    place."""
    findings: list[Finding] = []
    for name, scenario in config.scenario.items():
        ends = [one.until for one in scenario.variants() if one.enabled]
        last = max((one or "9999-12-31" for one in ends), default="9999-12-31")
        # The day begins last in UTC-12, when it is noon in UTC.
        if last <= (today - timedelta(1)).isoformat():
            said = f"scenario {name}: it has ended everywhere (until = {last}): nobody is due any more"
            findings.append(Finding(f"scenario {name}", said, note=True))
    return findings


def _instants(line: str, timezone: str) -> list[datetime]:
    now = datetime.now(UTC)
    return list(takewhile(lambda at: at > now - _BACK, islice(instants_before(line, timezone, now), _INSTANTS)))


def _meets(window: tuple[time, time], instants: Sequence[datetime], zone: str) -> bool:
    try:
        clock = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return True  # Postgres knows it and this machine does not
    return any(is_within(at.astimezone(clock).time(), window) for at in instants)


def _said(name: str, send_at: str, never: Sequence[str]) -> str:
    named = ", ".join(never[:_NAMED]) + (f" and {len(never) - _NAMED} more" if len(never) > _NAMED else "")
    zones = "the time zone" if len(never) == 1 else f"{len(never)} time zones"
    return (
        f"scenario {name}: no instant of its schedule is within send_at {send_at} in {zones} {named}: nobody there is "
        "ever reached. Run it at least once an hour, or make the window longer"
    )
