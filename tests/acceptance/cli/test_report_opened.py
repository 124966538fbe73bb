"""`rekindle report` with the pushes that the team's app says were opened."""

import json
from collections.abc import Callable
from pathlib import Path

from rekindle.sandbox import Sandbox
from team.team import Team, name_organisations

OPENED = """
create view rekindle_source.opened as
select id as claim_id, now() as opened_at from rekindle.scenario_notification
where user_id = (select min(user_id::text)::uuid from team.person)
"""


def test_opened_pushes_are_shown_only_if_the_team_says_which_they_are(
    within: Callable[..., str], team: Team, fcm: Sandbox, tmp_path: Path
) -> None:
    team.people(4)
    name_organisations(team)
    within("apply")
    within("run")
    assert "opened" not in within("report")
    [place] = json.loads(within("report", "--json"))["scenarios"]
    assert (place["records"], place["opened"]) == (4, None)
    within("report", "--html", "page.html")
    assert "pened" not in (tmp_path / "page.html").read_text(encoding="utf-8")

    team.execute(OPENED)
    assert "permission denied for view opened" in within("report")
    team.execute("grant select on rekindle_source.opened to rekindle_worker")
    shown = within("report")
    assert "1 of 4 " in shown
    assert "`opened` counts the pushes that your app says were tapped" in shown
    [place] = json.loads(within("report", "--json"))["scenarios"]
    assert (place["records"], place["opened"]) == (4, 1)
    within("report", "--html", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<h2>Opened</h2>" in page
    assert '<td class="num">1 of 4</td>' in page
