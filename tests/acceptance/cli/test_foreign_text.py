"""Text from the team's tables, from roles and from arguments gives no orders to a terminal."""

import json
import unicodedata
from collections.abc import Callable

import pytest

from team.team import Team, person

ORDERS = "first\x1b]0;OWNED\x07\x1b[2J\x9b31m\u202e\u2066\u200b\nerror: RK999: forged"


def obeyed(text: str) -> set[str]:
    """The characters that a terminal obeys, and those that it shows in another order."""
    return {
        one
        for one in text
        if one != "\n" and (unicodedata.category(one) in ("Cc", "Zl", "Zp") or one in "\u202e\u2066\u200b")
    }


def test_no_command_passes_on_orders_to_a_terminal(within: Callable[..., str], team: Team) -> None:
    team.people(2)
    team.execute("update team.wanted set occurrence = %s", f":warning: [bold]{ORDERS}")
    team.execute("update team.person set first_name = %s", ORDERS)
    team.execute(
        "insert into rekindle.scenario (scenario_type, version, definition, fingerprint, applied_by) "
        "select scenario_type, 2, definition, fingerprint, %s from rekindle.scenario",
        ORDERS,
    )
    team.execute("insert into rekindle.switch (scenario_type, turned, reason) values ('other', 'off', %s)", ORDERS)
    who = person(1)
    commands: list[tuple[object, ...]] = [
        ("plan",),
        ("plan", "--show", who),
        ("explain", who),
        ("explain", who, "--all"),
        ("scenarios", "--history"),
        ("switch", "list"),
        ("--log-level", "debug", "run"),
        ("explain", who),
        ("unknown", "list"),
    ]
    said = {one: within(*one) for one in commands}
    for command, text in said.items():
        assert obeyed(text) == set(), command
        assert not any(line.startswith("error: RK999") for line in text.splitlines()), command
    for command in commands[:6]:
        assert "OWNED" in said[command], f"{command} does not show the text, and proves nothing"
    assert ":warning: [bold]first" in said[commands[0]]
    for command in (("plan", "--json"), ("explain", who, "--json"), ("scenarios", "--history", "--json")):
        text = within(*command)
        assert obeyed(text) == set(), command
        assert "OWNED" in str(json.loads(text)), command


def test_the_words_of_an_exception_that_the_teams_code_raises_are_not_shown(
    within: Callable[..., str], team: Team
) -> None:
    """In a view, in a trigger, and under a SQLSTATE that the team's code chose."""
    team.people(1)
    team.execute(
        "create function team.refuse(state text) returns text language plpgsql as $$ begin "
        "raise exception 'bad token c4n4ry' using errcode = state, detail = 'c4n4ry', hint = 'c4n4ry'; end $$"
    )
    for state in ("P0001", "55P03", "42P01", "42501", "23505", "22P02", "53200", "08006"):
        team.execute("drop view rekindle_source.nudge")
        team.execute(
            f"create view rekindle_source.nudge as select user_id, team.refuse('{state}') as occurrence, variables "  # type: ignore[arg-type]
            "from team.wanted"
        )
        team.execute("grant select on rekindle_source.nudge to rekindle_worker")
        for command in (("plan",), ("--debug", "check", "--json")):
            assert "c4n4ry" not in within(*command), (state, command)
        if state in ("P0001", "55P03"):
            assert "c4n4ry" not in within("--debug", "run", "--budget", "2s"), state


def test_sql_that_a_function_puts_together_is_not_quoted(within: Callable[..., str], team: Team) -> None:
    team.people(1)
    team.execute(
        "create function team.look(name text) returns text language plpgsql as "
        "$$ declare found text; begin execute 'select ' || name into found; return found; end $$"
    )
    team.execute("drop view rekindle_source.nudge")
    team.execute(
        "create view rekindle_source.nudge as "
        "select user_id, team.look('c4n4ry') as occurrence, variables from team.wanted"
    )
    team.execute("grant select on rekindle_source.nudge to rekindle_worker")
    for command in (("plan",), ("check", "--json")):
        said = within(*command)
        assert "does not exist" in said
        assert "c4n4ry" not in said


@pytest.mark.parametrize("argument", ["\x1b[2J", "\x9b", "a\u202eb", "a\nb", "\ud800", "--\x1b", "--limit=\x1b"])
def test_an_argument_that_cannot_be_printed_is_refused_by_its_number(within: Callable[..., str], argument: str) -> None:
    assert within("runs", argument).startswith("error: RK106: argument 2 has a character that cannot be printed.")
