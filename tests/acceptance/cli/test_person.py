"""`rekindle erase` and `rekindle export`: what a person may ask for, as an operator answers it."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acceptance.command import Command
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, person, write_config

Within = Callable[..., str]


def nudged(within: Within, team: Team, people: int = 2) -> None:
    """All of them have got a push."""
    team.people(people)
    within("apply")
    within("run")
    assert team.counts()["delivery"] == people


def test_a_person_is_erased_with_everything_that_the_ledger_has(within: Within, team: Team) -> None:
    nudged(within, team)
    team.execute("delete from team.person where user_id = %s", person(1))
    said = within("erase", person(1), "--yes").splitlines()
    assert said[0] == "Erased 3 row(s): gate 1, scenario_notification 1, delivery 1."
    # The relevance of the scenario is a day.
    [(until,)] = team.rows(
        "select to_char(max(accepted_at) + interval '1 day', 'YYYY-MM-DD HH24') from rekindle.delivery"
    )
    assert said[1].startswith(f"A push that the provider has accepted may arrive until {until}:")
    assert len(said) == 2
    # The other person's rows are left.
    assert {count for table, count in team.counts().items() if table in ("gate", "delivery")} == {1}
    assert within("erase", person(1), "--yes") == "The ledger has nothing about this person.\n"


def test_a_person_who_is_still_a_recipient_is_erased_only_by_force_and_the_answer_says_so(
    within: Within, team: Team, fcm: Sandbox
) -> None:
    nudged(within, team, 1)
    assert within("erase", person(1), "--yes").startswith(
        "error: RK750: The person is still an active recipient, so the next run may claim them again. Remove"
    )
    assert team.counts()["delivery"] == 1
    answer = json.loads(within("erase", person(1), "--yes", "--force", "--json"))
    until = answer.pop("may_arrive_until")
    assert until is not None
    assert answer == {
        "rows": dict.fromkeys(("gate", "scenario_notification", "delivery"), 1)
        | dict.fromkeys(
            ("cap", "outbox", "came_back", "outcome", "spent", "disabled_token", "enrolment", "test_send"), 0
        ),
        "withdrawn": 0,
        "under_way": 0,
        "still_recipient": True,
    }
    # The cooldown and the occurrence are forgotten, as the answer said.
    within("run")
    assert len(fcm.messages()) == 2
    assert "may be claimed again at once" in within("erase", person(1), "--yes", "--force")


def test_without_a_terminal_an_erasure_needs_yes(rekindle: Command, team: Team) -> None:
    done = rekindle("erase", person(1))
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: RK106: an erasure cannot be undone. Add --yes if it is meant.\n"
    unknown = rekindle("erase", person(1), "--yes")
    assert (unknown.code, unknown.out) == (0, "The ledger has nothing about this person.\n")


def test_an_export_is_one_json_document_with_the_rows_of_every_table(within: Within, team: Team) -> None:
    nudged(within, team)
    document: dict[str, Any] = json.loads(within("export", person(1)))
    assert list(document) == ["user_id", "exported_at", "tables"]
    assert document["user_id"] == str(person(1))
    tables = document["tables"]
    assert {table: len(rows) for table, rows in tables.items() if rows} == {
        "gate": 1,
        "scenario_notification": 1,
        "delivery": 1,
    }
    assert {row["user_id"] for rows in tables.values() for row in rows} == {str(person(1))}
    assert [row[0] for row in team.rows("select details -> 'rows' ->> 'delivery' from rekindle.audit")][-1] == "1"


def test_an_export_to_a_file_is_complete_and_only_its_owner_may_read_it(
    within: Within, team: Team, tmp_path: Path
) -> None:
    nudged(within, team, 1)
    file = tmp_path / "person.json"
    file.write_text("an older export")
    assert within("export", person(1), "--output", file) == ""
    assert len(json.loads(file.read_text())["tables"]["delivery"]) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = set(tmp_path.iterdir())
    said = within("export", person(1), "--output", tmp_path / "none" / "person.json")
    assert said.startswith("error: RK751: the export could not be written to --output: No such file or directory.")
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", ["erase", "export"])
def test_an_id_that_nobody_has_is_refused_and_not_quoted(within: Within, command: str) -> None:
    said = within(command, "anna@example.org", *(["--yes"] if command == "erase" else []))
    assert said.startswith("error: RK729: No recipient has this id.")
    assert "anna" not in said


def test_no_log_names_a_person_and_after_an_erasure_nothing_at_all_does(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    """Standard error is the log. What an operator asks for is on standard output."""
    team.people(6)
    loud = ("--log-level", "debug")
    write_config(rekindle.folder, TEAM_CONFIG.replace('"20s"', '"5s"'))
    unclear = {2: "hang", 3: {"status": 503}, 4: {"status": 404}, 5: {"status": 429}}
    fcm.faults([{"match": {"target": f"t{number}-1"}, "respond": answer} for number, answer in unclear.items()])
    rekindle("apply")
    logs = rekindle(*loud, "run").err
    keys = [
        str(key)
        for (key,) in team.rows(
            "select idempotency_key from rekindle.outbox union select idempotency_key from rekindle.outcome "
            "union select idempotency_key from rekindle.scenario_notification"
        )
    ]
    for number in range(1, 7):
        team.execute("delete from team.person where user_id = %s", person(number))
        logs += rekindle(*loud, "export", person(number)).err
        logs += rekindle(*loud, "erase", person(number), "--yes").err
    logs += rekindle(*loud, "run").err
    assert "dispatch.unknown" in logs
    assert len(keys) == 6
    marks = [str(person(number)) for number in range(1, 7)]
    marks += keys
    assert [mark for mark in marks if mark in logs] == []
    tables = team.rows(
        "select relname from pg_class where relnamespace = 'rekindle'::regnamespace and relkind in ('r', 'p')"
    )
    for (table,) in tables:
        rows = team.rows(f"select t::text from rekindle.{table} t")  # type: ignore[arg-type]
        assert [mark for mark in marks if mark in str(rows)] == [], table
