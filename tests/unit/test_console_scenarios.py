"""What the pages of scenarios calculate: states, stages, reasons, and the lines that changed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rekindle.console.funnel import came_back, funnel, refused
from rekindle.console.states import standing
from rekindle.console.versions import versions_shown
from rekindle.model import Numbers, Switch
from rekindle.ports import Applied, PlaceSummary, ScenarioDay, ScenarioStatus, ScenarioVersion, Summary
from rekindle.scenario import parse_scenario

NOW = datetime(2026, 11, 25, 9, 41, tzinfo=UTC)
OURS, THEIRS = UUID(int=1), UUID(int=2)


def place(organisation: UUID, *, records: int, looked_back: int, came: int) -> PlaceSummary:
    return PlaceSummary(
        "away", organisation, records, records, records + 1, None, 14, looked_back, came, 0, 0, 0
    )  # fmt: skip


REPORT = Summary(
    NOW,
    NOW,
    (place(OURS, records=10, looked_back=4, came=1), place(THEIRS, records=5, looked_back=4, came=2)),
    {},
)
DAY = ScenarioDay(29, 2, 952, 258, 20, 1, 15, 2, 1, 1, 17, {"no_token": 200, "cooldown": 38, "already_notified": 7})


def status(**keys: Any) -> ScenarioStatus:
    text = {"en": {"title": "t", "body": "b"}}
    scenario = parse_scenario({"kind": "inactivity", "after": [14], "cooldown": 60, "message": text, **keys})
    return ScenarioStatus(Applied("away", 1, scenario, ""), NOW, "login a", None, None)


def switch(turned: Any = "off", *, scenario: str | None = "away", organisation: UUID | None = None) -> Switch:
    return Switch(scenario, organisation, turned, "why", NOW, "key ida")


def test_a_scenario_is_off_by_its_definition_or_by_a_switch_of_it_or_of_everything() -> None:
    assert standing(status(), [], sees=None).tag[2] == "On"
    assert standing(status(), [switch("on"), switch(scenario="other")], sees=None).tag[2] == "On"
    assert standing(status(enabled=False), [], sees=None).tag[2] == "Disabled"
    for one in (switch(), switch(scenario=None)):
        found = standing(status(), [one], sees=None)
        assert (found.tag[2], found.off, found.shown) == ("Switched off", one, True)


def test_a_limited_reader_learns_of_their_switches_and_that_it_is_off_everywhere() -> None:
    both = [switch(organisation=OURS), switch(organisation=THEIRS)]
    assert standing(status(), both, sees=None).tag[2] == "Off in 2 organisations"
    mine = standing(status(), both, sees={OURS})
    assert (mine.tag[2], [one.organisation_id for one in mine.off_in]) == ("Off in 1 organisation", [OURS])
    everywhere = standing(status(), [switch()], sees={OURS})
    assert (everywhere.tag[2], everywhere.shown) == ("Switched off", False)


def test_the_stages_say_what_counts_again_and_what_is_too_early() -> None:
    latest = Numbers("away", evaluated=476, not_due=347, refusals={"no_token": 129})
    stages = {one.name: one for one in funnel("away", latest, [DAY], REPORT)}
    assert [(one.last, one.people, one.share) for one in stages.values()] == [
        (476, 952, None),
        (129, 258, None),
        (0, 20, 100.0),
        (0, 15, 75.0),
        (None, 3, 15.0),
    ]
    assert "in 2 runs, each of which counts a person again" in stages["Evaluated"].means
    assert stages["Sent"].means == "Accepted by the provider, 17 pushes; 1 held out, 2 skipped, 1 dead, 1 unknown"
    assert stages["Came back"].means == ("Within 14 days: 3 of 8 (38 %). For 7 (dashed) it is too early")
    assert stages["Came back"].early == 50.0


def test_without_a_run_and_while_it_is_counted_nothing_is_made_up() -> None:
    stages = funnel("away", None, [], None)
    assert [(one.last, one.people) for one in stages] == [(None, 0)] * 4 + [(None, None)]
    assert stages[-1].means == "Counting …"
    back = came_back(REPORT, "other")
    assert back is not None
    assert (back.share, back.of, back.open) == ("–", 0, 0)


def test_the_reasons_are_rows_of_days_the_most_frequent_first_without_those_who_had_it() -> None:
    days = [NOW + timedelta(days=number) for number in range(-29, 2)]
    found = refused([DAY], days)
    assert [(one.name, sum(one.counts), one.counts[-1]) for one in found.reasons] == [
        ("no device that a push can be sent to", 200, 200),
        ("the cooldown is not over", 38, 38),
    ]
    assert len(found.days) == len(found.reasons[0].counts) == 30
    assert found.had == (7, 7)
    assert "no device that a push can be sent to, people refused per day, 30 days: 200 in all" in found.chart
    assert refused([], days).had is None


def test_what_a_version_changed_is_written_as_in_the_file_and_of_ones_own_places() -> None:
    values = {
        "cooldown": (604_800, 79_200),
        "enabled": (None, False),
        "message.en.title": ("Hi\u202e", "Ho"),
        f"organisation.{OURS}.after": ([14], [7]),
        f"organisation.{THEIRS}.after": ([14], [7]),
    }
    one = ScenarioVersion("away", 2, "changed", tuple(values), NOW, "login a", values)
    [shown] = versions_shown([one], sees={OURS})
    assert [(line.key, line.before, line.after) for line in shown.lines] == [
        ("cooldown", '"7d"', '"22h"'),
        ("enabled", "", "false"),
        ("message.en.title", '"Hi\ufffd"', '"Ho"'),
        (f"organisation.{OURS}.after", "[14]", "[7]"),
    ]
    assert len(versions_shown([one], sees=None)[0].lines) == 5
