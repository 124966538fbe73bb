"""`rekindle effect`: as lines, as JSON and as a page."""

import json
from collections.abc import Callable
from pathlib import Path

from conftest import shift_clock
from rekindle.sandbox import Sandbox
from team.team import Team

Within = Callable[..., str]

TRIAL = """
insert into rekindle.trial (scope, unit, held, horizon_seconds, outcome_sha256, worth, until_on, agreed_at)
select %s, 'person', 5000, 1209600, repeat('0', 64), 0.05, rekindle.clock()::date + 90,
       rekindle.clock() + interval '105 days'
"""
SETTLED = """
insert into rekindle.enrolment (trial_id, user_id, arm, bucket, claim_id, claimed_at, scenario_type, scenario_version,
                                settled_at, came_back_at)
select t.trial_id, one.user_id, arm.arm, 0, gen_random_uuid(), t.started_at, 'nudge', 1,
       t.started_at + interval '15 days',
       case when arm.arm = 'nudged' then t.started_at + interval '2 days' end
from rekindle.trial t
cross join generate_series(1, 200) number
cross join lateral (select md5(t.trial_id::text || number)::uuid as user_id) one
cross join lateral (
  select case when rekindle.bucket(t.trial_id::text, t.scope, one.user_id::text) < 5000 then 'held_out'
              else 'nudged' end as arm
) arm
"""


def test_a_team_reads_whether_the_nudges_help(within: Within, team: Team, fcm: Sandbox, tmp_path: Path) -> None:
    within("apply")
    assert within("effect") == "not known: nobody is held out\n"
    assert within("effect", "--scenario", "nudge") == "not known: nobody is held out\n"
    assert "no scenario other is applied" in within("effect", "--scenario", "other")
    for scope in ("*", "nudge"):
        team.execute(TRIAL, scope)
    assert "too early: nobody is enrolled yet" in within("effect")
    team.execute(SETTLED)
    shift_clock(team.url, "20 days")
    shown = within("effect")
    assert shown.index("the whole programme: helps: between ") < shown.index("nudge: helps: between ")
    assert "of the nudged, 0.0 % were accepted by the provider" in shown
    document = json.loads(within("effect", "--json", "--scenario", "nudge"))
    [trial] = document["trials"]
    assert (trial["word"], trial["alpha"], trial["control"]["came_back"]) == ("helps", 0.05, 0)
    assert trial["nudged"]["enrolled"] + trial["control"]["enrolled"] == 200
    assert within("effect", "--html", "page.html") == "Wrote page.html.\n"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<strong>helps: between " in page
    assert "http" not in page, "it needs nothing else"
    assert "RK751: the page could not be written to --html" in within("effect", "--html", "no/where.html")


def test_an_arm_that_is_not_the_assigned_one_stops_the_reading(within: Within, team: Team, fcm: Sandbox) -> None:
    within("apply")
    team.execute(TRIAL, "nudge")
    team.execute(SETTLED.replace("< 5000 then 'held_out'", "< 4000 then 'held_out'"))
    shift_clock(team.url, "20 days")
    shown = within("effect")
    assert "the assignment looks broken: do not read on" in shown
    assert "helps" not in shown
    assert "came back" not in shown
