"""`rekindle sql` prints a statement of the engine that psql runs unchanged."""

import psycopg

from acceptance.command import Command
from team.team import TEAM_CONFIG, Team, write_config


def test_the_printed_statement_runs_unchanged_and_claims_the_people_that_the_plan_names(
    rekindle: Command, team: Team
) -> None:
    team.people(3)
    write_config(rekindle.folder, TEAM_CONFIG)
    assert rekindle("apply").code == 0
    before = team.counts()
    done = rekindle("sql", "claim", "--scenario", "nudge")
    assert (done.code, done.err) == (0, "")
    [plan] = rekindle("plan", "--json").json()["scenarios"]
    with psycopg.connect(team.url, autocommit=True) as connection:
        cursor = connection.execute(done.out.encode())
        results = []
        while cursor.nextset():
            if cursor.description is not None:
                results += cursor.fetchall()
    assert results == [("claimed", plan["would_claim"], [])] == [("claimed", 3, [])]
    assert team.counts() == before
    for private in ("t1-1", "Hello", "Hei", "You have", "points.", "poeng", "Name1"):
        assert private not in done.out
    assert "points" in done.out  # the name of a variable, which the claim checks for


def test_a_scenario_that_is_not_applied_and_a_statement_that_does_not_exist_are_named(
    rekindle: Command, team: Team
) -> None:
    team.people(1)
    write_config(rekindle.folder, TEAM_CONFIG)
    assert rekindle("apply").code == 0
    other = rekindle("sql", "claim", "--scenario", "other")
    assert (other.code, other.out) == (2, "")
    assert "RK105" in other.err
    assert "no scenario other is applied" in other.err
    sweep = rekindle("sql", "sweep")
    assert (sweep.code, sweep.out) == (2, "")
    assert "'sweep' is not one of" in sweep.err
