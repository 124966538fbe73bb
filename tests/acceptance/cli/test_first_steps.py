"""From nothing to a first cycle: the demo, the files to start from, the migrations, the sandbox."""

import json
import re
import signal
import ssl
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

from acceptance.command import Command, ended
from acceptance.console.browsing import reading_at, text
from conftest import Server
from rekindle.cli.demo import disagreements
from rekindle.model import Numbers
from rekindle.scratch import remove_orphans
from team.team import Team
from team.waiting import until


@pytest.fixture
def bare(tmp_path: Path) -> Command:
    """The command line in an empty folder, with nothing set up."""
    return Command(tmp_path, {})


def test_the_demo_reaches_everybody_once_and_its_second_cycle_nobody(bare: Command) -> None:
    done = bare("demo", "--mentors", "60", "--seed", "7", "--json")
    assert (done.code, done.err) == (0, "")
    shown = done.json()
    first, second = shown["cycles"]
    assert shown["differences"] == []
    assert [one["scenario_type"] for one in first["scenarios"]] == ["expiry", "inactivity", "milestone"]
    assert sum(one["pushes"] for one in first["scenarios"]) > 10
    assert sum(one["pushes"] + one["claimed"] for one in second["scenarios"]) == 0
    assert list(bare.folder.iterdir()) == []


def test_the_demo_with_the_log_dispatcher_uses_the_database_that_is_named(bare: Command, server: Server) -> None:
    url = server.clone("template_empty", lambda _: None)
    try:
        named = bare.having(REKINDLE_DATABASE_URL=url)
        done = named("demo", "--dispatcher", "log", "--mentors", "60")
        assert (done.code, done.err) == (0, ""), done
        assert "Second cycle:" in done.out
        assert "The ledger and the log dispatcher agree" in done.out
        met = re.search(
            r"One of them is (\S+) in [A-Z].* \(\w{8}…\)\.\n.* because of inactive:.*\n.*\n  It has been a while, \w",
            done.out,
        )
        assert met is not None, done.out
        recorded = "select from rekindle.scenario_notification where user_id = %s and scenario_type = 'inactivity'"
        assert len(Team(url).rows(recorded, met[1])) == 1
        assert "  rekindle init " in done.out.partition("\nNext steps:\n")[2]
        assert len(Team(url).rows("select from rekindle.run")) == 2
        again = named("demo", "--dispatcher", "log", "--mentors", "60")
        assert (again.code, len(again.err.splitlines())) == (2, 1)
        assert again.fault().startswith("error: RK2")
        assert len(Team(url).rows("select from rekindle.run")) == 2
    finally:
        server.drop(url)


def test_a_kept_demo_can_be_explored_by_what_it_says_and_ends_on_a_signal(bare: Command) -> None:
    process = bare.start("demo", "--keep", "--mentors", "60")
    try:
        assert process.stdout is not None
        steps: list[str] = []
        for line in process.stdout:
            steps += [line.strip()] if line.startswith(("  rekindle ", "  . ")) else []
            if line.startswith("Ctrl-C here"):
                break
        environment = Path(steps[0].removeprefix(". "))
        assert environment.stat().st_mode & 0o777 == 0o600
        done = subprocess.run(
            ["/bin/sh", "-ec", "\n".join(steps)], cwd=bare.folder, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "accepted by the provider." in done.stdout
    finally:
        process.send_signal(signal.SIGINT)
        end = ended(process)
    assert (end.code, end.err, environment.parent.exists()) == (0, "", False)


def test_a_served_demo_has_a_past_that_the_console_shows_and_ends_on_a_signal(bare: Command) -> None:
    process = bare.start("demo", "--serve", "--mentors", "300")
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        [address] = re.findall(r"console is at (\S+)", said)
        admin, coordinator = re.findall(r"^  (rekindle_\S+)  \(", said, re.MULTILINE)
        [log] = re.findall(r"^Log lines are written to (\S+);", said, re.MULTILINE)
        assert '"fcm.uncertain"' in Path(log).read_text(encoding="utf-8")
        with reading_at(address, admin) as reader:
            today = text(reader.get("/today"))
            assert "Held back" in today
            assert "2 sends have no known outcome" in today
            assert "came back" in text(reader.get("/helps/inactivity"))
        with reading_at(address, coordinator) as reader:
            assert reader.get("/").headers["location"] == "/mentors"
            assert "Could use a personal word from you" in text(reader.get("/mentors"))
    finally:
        process.send_signal(signal.SIGINT)
        end = ended(process)
    assert (end.code, end.err) == (0, ""), "no log line is between those for people"
    assert "Stopped." in end.out
    assert not Path(log).exists()


@pytest.mark.parametrize("more", [("--keep",), ("--json",), ("--dispatcher", "log")])
def test_a_served_demo_takes_no_option_that_says_otherwise(bare: Command, more: tuple[str, ...]) -> None:
    refused = bare("demo", "--serve", *more)
    assert (refused.code, "--serve" in refused.fault()) == (2, True)


def numbers(pushes: int) -> Any:
    return SimpleNamespace(exit_code=0, status="done", scenarios=(Numbers("s", pushes=pushes),))


def sent(name: str, target: str) -> dict[str, Any]:
    return {"name": name, "target": target, "message": {"data": {"scenario_type": "s"}}}


AGREED = ([numbers(2), numbers(0)], [(uuid4(), "a"), (uuid4(), "b")], [sent("a", "t1"), sent("b", "t2")])


def test_the_demo_finds_every_kind_of_disagreement() -> None:
    reports, recorded, messages = AGREED
    assert disagreements(reports, recorded, messages) == []
    assert disagreements(reports, recorded, None) == []
    halted = numbers(2)
    halted.exit_code, halted.status = 2, "halted"
    cases: list[tuple[list[Any], list[Any], list[Any] | None, str]] = [
        ([halted, numbers(0)], recorded, messages, "the first cycle ended halted"),
        ([numbers(2), numbers(1)], recorded, messages, "the second cycle sent 1 pushes"),
        ([numbers(3), numbers(0)], recorded, None, "the report says 3 pushes, the ledger 2"),
        (reports, recorded, [*messages, sent("c", "t3")], "1 accepted pushes have no record"),
        (reports, recorded, messages[:1], "1 records have no accepted push"),
        (reports, recorded, [sent("a", "t1"), sent("b", "t1")], "1 devices got the same scenario twice"),
    ]
    for cycles, ledger, accepted, says in cases:
        found = disagreements(cycles, ledger, accepted)
        assert says in found
        # Nothing that is in order is reported.
        assert not [line for line in found if line.startswith("0 ")]


def test_init_writes_two_files_once_and_replaces_them_only_with_force(bare: Command) -> None:
    assert bare("init").code == 0
    config, source = bare.folder / "rekindle.toml", bare.folder / "source.sql"
    original = config.read_text()
    assert "[scenario.inactivity]" in original
    assert "rekindle_source.recipient" in source.read_text()
    config.write_text("# mine")
    again = bare("init")
    assert (again.code, len(again.err.splitlines())) == (2, 1)
    assert again.fault().startswith("error: RK106: ")
    assert config.read_text() == "# mine"
    assert bare("init", "--force").code == 0
    assert config.read_text() == original
    assert bare("init", "nowhere").fault().startswith("error: RK106: ")


def test_migrate_can_be_rehearsed_and_run_twice(bare: Command, server: Server) -> None:
    url = server.clone("template_empty", lambda _: None)
    try:
        command = bare.having(REKINDLE_DATABASE_URL=url)
        rehearsed = command("migrate", "--dry-run", "--json").json()
        assert rehearsed["dry_run"] is True
        assert Team(url).rows("select to_regclass('rekindle.run')") == [(None,)]
        done = {"dry_run": False, "migrations": rehearsed["migrations"], "repaired": []}
        assert command("migrate", "--json").json() == done
        assert command("migrate").out.strip() == "The database is up to date."
    finally:
        server.drop(url)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_prints_how_to_send_to_it_serves_and_ends_on_a_signal(
    bare: Command, number: signal.Signals
) -> None:
    process = bare.start("sandbox", "--credentials", "account.json", "--log", "log.jsonl")
    try:
        exports = exports_of(process)
        assert set(exports) == {"REKINDLE_FCM_URL", "REKINDLE_FCM_CA", "GOOGLE_APPLICATION_CREDENTIALS"}
        trust = ssl.create_default_context(cafile=str(bare.folder / exports["REKINDLE_FCM_CA"]))
        with urlopen(f"{exports['REKINDLE_FCM_URL']}/_sandbox/health", context=trust) as answer:
            assert json.load(answer)["status"] == "ok"
        account = json.loads((bare.folder / exports["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
        assert account["token_uri"].startswith(exports["REKINDLE_FCM_URL"])
    finally:
        process.send_signal(number)
        done = ended(process)
    assert (done.code, done.err) == (0, "")


def exports_of(process: "subprocess.Popen[str]") -> dict[str, str]:
    """The variables that the sandbox says to set, once it has printed all three."""
    assert process.stdout is not None
    found: dict[str, str] = {}
    for line in process.stdout:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            found[name] = value
            if len(found) == 3:
                break
    return found


def test_a_killed_demo_leaves_no_folder_and_no_key(bare: Command) -> None:
    moments = ("rekindle-postgres.*", "rekindle-postgres.*/server/data", "rekindle-sandbox.*/service-account.json")
    killed: list[Path] = []
    with ExitStack() as stack:
        for number, moment in enumerate(moments):
            # Not below `bare.folder`: the account that Postgres runs as must reach it.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"demo-{number}-")))
            folder.chmod(0o755)
            process = stack.enter_context(bare.having(TMPDIR=folder).start("demo"))
            stack.callback(process.kill)
            until(lambda folder=folder, moment=moment: list(folder.glob(moment)))
            process.kill()
            killed.append(folder)
        # The next start removes what no process was left to remove.
        for folder in killed:
            until(lambda folder=folder: not _leftovers(folder))


def _leftovers(folder: Path) -> list[Path]:
    for name in ("rekindle-postgres", "rekindle-sandbox"):
        remove_orphans(name, folder)
    return list(folder.iterdir())
