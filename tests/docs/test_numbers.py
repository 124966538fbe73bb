"""The page about the numbers of a run shows real runs: their output, and the rows that they
leave."""

import json
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from conftest import shift_clock
from docs.console import COMMAND, anonymous, base_environment
from docs.documents import blocks, commands, read, rows, sections
from rekindle.sandbox import Sandbox

PAGE = read("docs/explanation/how-the-numbers-add-up.md")
SECTIONS = sections(PAGE)
NAMES = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "number 7", "Hana", "Ivo"]
ENDINGS = """
    select 'recorded' as ending, user_id from rekindle.scenario_notification
    union select outcome, user_id from rekindle.outcome o
      where not exists (select from rekindle.scenario_notification n where n.user_id = o.user_id)
    union select case state when 'retry' then 'pending' else state end, user_id from rekindle.outbox
"""


def told(section: str) -> dict[str, tuple[int, str]]:
    """For each column of rekindle.run_scenario, the number and the people that the page shows."""
    return {cells[0].strip("`"): (int(cells[1]), cells[2]) for cells in rows(SECTIONS[section])}


def run(folder: Path, environment: dict[str, str]) -> tuple[int, list[str]]:
    done = subprocess.run(
        [*COMMAND, "run"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, anonymous(done.stdout)


def test_two_runs_print_and_leave_the_numbers_that_the_page_shows(empty_url: str, fcm: Sandbox, tmp_path: Path) -> None:
    environment = base_environment() | {
        "REKINDLE_DATABASE_URL": empty_url,
        "REKINDLE_FCM_URL": fcm.url,
        "REKINDLE_FCM_CA": str(fcm.ca),
        "GOOGLE_APPLICATION_CREDENTIALS": str(fcm.credentials),
    }
    files = {
        block.info.partition(" ")[2]: block.text for page in (read("docs/tutorial.md"), PAGE) for block in blocks(page)
    }
    (tmp_path / "rekindle.toml").write_text(files["rekindle.toml"], encoding="utf-8")
    fcm.faults(json.loads(files["faults.json"]))
    first, second = ("\n".join(commands(block.text)[0][1]) for block in blocks(PAGE) if block.info == "console")
    with psycopg.connect(empty_url, autocommit=True, row_factory=dict_row) as connection:

        def latest() -> dict[str, Any]:
            row = connection.execute("select * from rekindle.run_scenario order by at desc limit 1").fetchone()
            assert row is not None
            return row

        connection.execute(files["tables.sql"].encode())
        subprocess.run([*COMMAND, "migrate"], env=environment, check=True, capture_output=True, timeout=60)
        for name in ("source.sql", "people.sql"):
            connection.execute(files[name].encode())
        applying = [*COMMAND, "apply"]
        subprocess.run(applying, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60)

        assert run(tmp_path, environment) == (1, anonymous(first))
        row, said = latest(), told("The first run")
        assert {name: number for name, (number, _) in said.items()} == {name: row[name] for name in said}
        assert row["confirmed"] == 0
        assert set(said) == {name for name, value in row.items() if isinstance(value, int)} - {"position", "confirmed"}
        endings: dict[str, list[str]] = {}
        for found in connection.execute(ENDINGS + "order by user_id").fetchall():
            endings.setdefault(found["ending"], []).append(NAMES[int(str(found["user_id"])[-1]) - 1])
        assert endings == {name: said[name][1].split(", ") for name in endings}
        assert set(endings) == {"recorded", "skipped", "dead", "unknown", "pending"}

        shift_clock(empty_url, "2 minutes")
        assert run(tmp_path, environment) == (0, anonymous(second))
        row, said = latest(), told("The second run, two minutes later")
        assert {name: number for name, (number, _) in said.items()} == {name: row[name] for name in said}
        others = {name for name, value in row.items() if isinstance(value, int)} - {"position"} - set(said)
        assert all(row[name] == 0 for name in others)
