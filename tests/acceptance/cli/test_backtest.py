"""`rekindle backtest`: as a table, as JSON and as a page, and with wrong input."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.command import Command
from rekindle.sandbox import Sandbox
from team.team import Team

Within = Callable[..., str]

ABSENT = """
[scenario.absent]
kind = "inactivity"
after = ["10d"]
cooldown = "3d"
message.en = { title = "Hello", body = "There" }
"""


@pytest.fixture
def edited(team: Team, tmp_path: Path) -> str:
    """A file with one more scenario than what is applied, and people who went away one by one."""
    for number, user_id in enumerate(team.people(12)):
        team.execute("insert into team.activity values (%s, now() - make_interval(days => %s))", user_id, 13 + number)
    (tmp_path / "edited.toml").write_text((tmp_path / "rekindle.toml").read_text() + ABSENT)
    return "edited.toml"


def test_an_edited_file_is_compared_with_what_is_applied(
    within: Within, team: Team, fcm: Sandbox, edited: str, tmp_path: Path
) -> None:
    before = team.counts()
    document = json.loads(within("backtest", "--since", "20d", "--config", edited, "--json"))
    assert list(document) == ["applied", "file"]
    [nudge] = document["applied"]["scenarios"]
    assert (nudge["scenario_type"], nudge["label"], nudge["days"]) == ("nudge", "refused", [])
    assert nudge["fault"].startswith("RK768: ")
    absent, _ = document["file"]["scenarios"]
    assert (absent["scenario_type"], absent["label"], absent["fault"]) == ("absent", "exact", None)
    assert sum(day["nudged"] for day in absent["days"]) == sum(absent["hours"].values()) == 12
    assert absent["per_day"]["nudged"]["most"] == 1
    assert document["file"]["pushes_per_person"] == {"1": 12}
    shown = within("backtest", "--since", "20d", "--config", edited)
    for line in ("absent (file)    exact", "nudge (applied)  refused", "This says nothing about whether a push helps."):
        assert line in shown
    assert within("backtest", "--config", edited, "--html", "page.html") == "Wrote page.html.\n"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "absent (file), people nudged per day: exact" in page
    assert "nudge (applied): refused" in page
    assert "http" not in page, "it needs nothing else"
    assert team.counts() == before
    assert fcm.messages() == []


def test_wrong_input_is_one_line_with_a_hint(within: Within, edited: str) -> None:
    assert "RK106: a backtest is about 1 to 1,096 days. Give --since 90d" in within("backtest", "--since", "1h")
    assert "--since is not a duration" in within("backtest", "--since", "soon")
    assert "RK105: no scenario absent" in within("backtest", "--scenario", "absent"), "it is not applied"
    assert "RK751: the backtest could not be written to --html" in within(
        "backtest", "--since", "2d", "--html", "no/where.html"
    )
    off = Path(edited)
    off.write_text(off.read_text().replace('after = ["10d"]', 'after = ["10d"]\nenabled = false'))
    shown = within("backtest", "--scenario", "absent", "--config", edited)
    assert "scenario absent is not enabled. Set enabled = true in a copy" in shown


def test_the_exit_code_says_whether_any_past_could_be_replayed(rekindle: Command, team: Team, edited: str) -> None:
    assert rekindle("backtest", "--since", "2d").code == 2, "the only scenario is refused"
    assert rekindle("backtest", "--since", "2d", "--config", edited).code == 0
    done = rekindle("backtest", "--since", "2d", "--config", edited, "--scenario", "absent", "--json")
    assert list(done.json()) == ["file"], "the scenario is not applied"
    assert (done.code, done.err) == (0, ""), "no bar without a terminal"
    gone = rekindle.having(REKINDLE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert gone("backtest").fault().startswith("error: RK201")
