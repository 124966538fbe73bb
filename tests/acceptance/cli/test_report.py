"""`rekindle report`: as a table, as JSON and as a page."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import Team, name_organisations, person

Within = Callable[..., str]


def test_a_coordinator_reads_what_became_of_the_pushes(
    within: Within, team: Team, fcm: Sandbox, tmp_path: Path
) -> None:
    assert within("report").startswith("Nobody was due since ")
    team.people(4)
    name_organisations(team)
    team.execute("update team.organisation set name = '<b>Nørd & co'")
    team.execute("update team.person set organisation_id = %s", UUID(int=2))
    within("apply")
    within("run")
    assert "not known yet" in within("report")
    team.execute("insert into team.activity values (%s, now() + interval '3 days')", person(1))
    shift_clock(team.url, "16 days")
    within("run")
    shown = within("report")
    assert "1 of 4 within 14 days, 25%" in shown
    assert "`came back` is a base rate and not an effect" in shown
    document = json.loads(within("report", "--json"))
    [place] = document["scenarios"]
    assert (place["scenario_type"], place["looked_back"], place["came_back"]) == ("nudge", 4, 1)
    assert document["refusals"]["nudge"]
    assert within("report", "--html", "page.html") == "Wrote page.html.\n"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "25%, 1 of 4 in 14 d" in page
    assert "&lt;b&gt;Nørd &amp; co" in page
    assert "<b>" not in page
    assert "http" not in page, "it needs nothing else"
    assert "RK751: the report could not be written to --html" in within("report", "--html", "no/where.html")
    assert "--since is not a duration" in within("report", "--since", "soon")
