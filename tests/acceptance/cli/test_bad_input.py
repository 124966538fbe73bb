"""Every mistake gives one line with a code and the right exit code, and leaves nothing half
done."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from acceptance.command import Command
from conftest import Server
from rekindle.sandbox import Sandbox
from team.team import SCENARIO, TEAM_CONFIG, Team, write_config


def untouched(team: Team) -> None:
    """No run, claim or send has left a row, and the configuration in force is the one from the
    start."""
    assert set(team.counts().values()) == {0}
    assert team.rows("select scenario_type, version from rekindle.scenario") == [("nudge", 1)]


def not_started(team: Team, codes: set[str]) -> None:
    """Each run has left a row with its reason, and no claim or send has left one."""
    assert {code for (code,) in team.rows("select left(halted_by, 5) from rekindle.run")} == codes
    assert team.rows("select status from rekindle.run where status <> 'not_started' or claimed > 0") == []
    assert {name for name, count in team.counts().items() if count} <= {"run"}


def test_without_a_configuration_it_says_how_to_write_one(rekindle: Command, team: Team) -> None:
    (rekindle.folder / "rekindle.toml").unlink()
    for command in ("run", "apply"):
        done = rekindle(command)
        assert done.code == 2
        assert done.fault().startswith("error: RK101: ")
        assert "rekindle init" in done.fault()
    untouched(team)


def test_every_mistake_in_a_configuration_is_listed_at_once(rekindle: Command, team: Team) -> None:
    text = """
[run]
budget = "soon"
[dispatcher]
kind = "pigeon"
[scenario.one]
kind = "inactivity"
after = ["14h"]
cooldown = "7d"
message.en = { title = "Hi {user.name}", body = "b" }
[scenario.two]
kind = "guess"
[scenario.three]
kind = "milestone"
at = []
cooldown = "1d"
colour = "red"
message.en = { title = "t", body = "b" }
"""
    write_config(rekindle.folder, text)
    done = rekindle("apply")
    assert done.code == 2
    assert done.fault().startswith("error: RK102: ")
    for place in (
        "run.budget:", "dispatcher.kind:", "scenario.one.after", "scenario.one.message.en.title:", "scenario.two: ",
        "scenario.three.at:", "scenario.three.colour: there is no such key",
    ):  # fmt: skip
        assert sum(line.startswith(f"  - {place}") for line in done.err.splitlines()) == 1, place
    assert done.out == ""
    untouched(team)


def test_a_file_that_is_not_toml_is_one_line_with_the_place(rekindle: Command, team: Team) -> None:
    write_config(rekindle.folder, "[run\nbudget = 1")
    done = rekindle("run")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert done.fault().startswith("error: RK102: ")
    assert "line 1" in done.fault()
    untouched(team)


def test_an_unknown_variable_is_refused_at_apply_and_nothing_is_stored(rekindle: Command, team: Team) -> None:
    team.people(1)
    write_config(rekindle.folder, TEAM_CONFIG.replace("{points} poeng", "{poeng}"))
    done = rekindle("apply")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert done.fault().startswith("error: RK103: scenario.nudge.message.nb.body names poeng")
    assert "first_name, points" in done.fault()
    untouched(team)


INACTIVITY = """
[scenario.absence]
kind = "inactivity"
after = ["14d"]
cooldown = "7d"
message.en = { title = "Hi {first_name}", body = "{days} days" }
"""


@pytest.mark.parametrize(
    ("break_it", "code", "says"),
    [
        ("drop view rekindle_source.activity", "RK301", "rekindle_source.activity does not exist"),
        (
            """drop view rekindle_source.activity;
               create view rekindle_source.activity as select user_id::text as user_id from team.activity;
               grant select on rekindle_source.activity to rekindle_worker""",
            "RK302",
            "user_id is of type text and must be uuid, column activity_date (date or ",
        ),
        ("drop index team.activity_user_id_activity_date_idx", "RK303", "no index on (user_id, activity_date)"),
        ("revoke select on rekindle_source.activity from rekindle_worker", "RK206", "may not read"),
    ],
    ids=["view missing", "columns wrong", "index missing", "no permission"],
)
def test_apply_and_check_report_what_the_teams_views_lack(
    rekindle: Command, team: Team, break_it: str, code: str, says: str
) -> None:
    team.execute(break_it)
    write_config(rekindle.folder, TEAM_CONFIG + INACTIVITY)
    done = rekindle("apply")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert done.fault().startswith(f"error: {code}: ")
    assert says in done.fault()
    checked = rekindle("check", "--json")
    assert checked.code == 2
    assert [one["code"] for one in checked.json() if not one["ok"]] == [code]
    untouched(team)


def test_a_view_that_is_gone_halts_the_run_after_the_other_scenarios(
    rekindle: Command, team: Team, fcm: Sandbox
) -> None:
    write_config(rekindle.folder, TEAM_CONFIG + INACTIVITY)
    assert rekindle("apply").code == 0
    team.people(1)
    team.execute("drop view rekindle_source.activity")
    done = rekindle("run", "--json")
    report = done.json()
    assert (done.code, report["status"]) == (2, "halted")
    assert report["halted_by"].startswith("RK301: ")
    assert [(one["scenario_type"], one["recorded"]) for one in report["scenarios"]] == [("nudge", 1)]
    assert len(fcm.messages()) == 1
    assert "Traceback" not in done.err


def test_a_database_that_is_down_or_refuses_the_login_is_one_line_without_the_password(
    rekindle: Command, team: Team
) -> None:
    parts = urlsplit(rekindle.environment["REKINDLE_DATABASE_URL"])
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        down = urlunsplit(parts._replace(netloc=f"u:open-sesame@127.0.0.1:{nobody.getsockname()[1]}"))
        wrong = urlunsplit(parts._replace(netloc=f"test_worker:open-sesame@{parts.hostname}:{parts.port}"))
        for url, code in ((down, "RK201"), (wrong, "RK218")):
            done = rekindle.having(REKINDLE_DATABASE_URL=url)("run")
            assert (done.code, len(done.err.splitlines())) == (2, 1)
            assert done.fault().startswith(f"error: {code}: ")
            for part in ("open-sesame", "test_worker", str(parts.hostname), str(urlsplit(url).port)):
                assert part not in done.err + done.out
        assert rekindle.having(REKINDLE_DATABASE_URL=wrong)("worker").code == 2  # it does not wait
    untouched(team)


def test_without_a_database_address_it_says_which_variable_to_set(rekindle: Command) -> None:
    done = rekindle.having(REKINDLE_DATABASE_URL=None)("run")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert done.fault().startswith("error: RK202: ")
    assert "REKINDLE_DATABASE_URL" in done.fault()


def test_a_database_that_is_not_migrated_is_reported(rekindle: Command, server: Server) -> None:
    url = server.clone("template_empty", lambda _: None)
    try:
        for command in ("run", "runs"):
            done = rekindle.having(REKINDLE_DATABASE_URL=url)(command)
            assert (done.code, len(done.err.splitlines())) == (2, 1)
            assert done.fault().startswith("error: RK203: ")
            assert "rekindle migrate" in done.fault()
    finally:
        server.drop(url)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "--scenario", "nope"), "RK105"),
        (("plan", "--scenario", "nope"), "RK105"),
        (("run", "--scenario", "nudge", "--scenario", "off"), "RK106"),
        (("run", "--organisation", "oslo"), "RK106"),
        (("plan", "--user", "me"), "RK729"),
        (("plan", "--at", "soon"), "RK106"),
        (("plan", "--at", "2126-12-24T09:00"), "RK106"),
        (("plan", "--at", "2020-12-24T09:00Z"), "RK106"),
        (("plan", "--at", "2126-12-24T09:00Z"), "RK106"),
        (("plan", "--at", "0001-01-01T00:00+12:00"), "RK106"),
        (("explain", "me"), "RK729"),
        (("explain", "00000000-0000-0000-0000-000000000001", "--run", "yesterday"), "RK106"),
        (("explain", "00000000-0000-0000-0000-000000000001", "--scenario", "nope"), "RK105"),
        (("run", "--budget", "soon"), "RK106"),
        (("run", "--budget", "0s"), "RK106"),
        (("--log-level", "loud", "run"), "RK106"),
        (("demo", "--dispatcher", "pigeon"), "RK106"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_an_argument_that_cannot_be_used_is_named(
    rekindle: Command, team: Team, arguments: tuple[str, ...], code: str
) -> None:
    if "off" in arguments:
        off = SCENARIO.replace("nudge]", "off]").replace("nudge.m", "off.m").replace('"7d"', '"7d"\nenabled = false')
        write_config(rekindle.folder, TEAM_CONFIG + off)
        assert rekindle("apply").code == 0
    done = rekindle(*arguments)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert done.fault().startswith(f"error: {code}: ")
    assert set(team.counts().values()) == {0}


@pytest.mark.parametrize("arguments", [("run", "--nonsense"), ("plan", "--limit", "x"), ("nonsense",)])
def test_usage_that_the_command_line_cannot_parse_ends_with_2(rekindle: Command, arguments: tuple[str, ...]) -> None:
    done = rekindle(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.err


def of_another_key(folder: Path, fcm: Sandbox) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "other-key.json"
    path.write_text(json.dumps(json.loads(fcm.credentials.read_text()) | {"private_key": pem.decode()}))
    return path


def malformed(folder: Path, fcm: Sandbox) -> Path:
    path = folder / "malformed.json"
    path.write_text(fcm.credentials.read_text()[:200])
    return path


def absent(folder: Path, fcm: Sandbox) -> Path:
    return folder / "absent.json"


def none(folder: Path, fcm: Sandbox) -> None:
    return None


@pytest.mark.parametrize(
    ("credentials", "codes"),
    [
        (none, {"RK401"}),
        (absent, {"RK401"}),
        (malformed, {"RK401", "RK402"}),
        (of_another_key, {"RK402"}),
    ],
)
def test_credentials_that_cannot_be_used_stop_the_run_before_anything_is_claimed(
    rekindle: Command,
    team: Team,
    fcm: Sandbox,
    credentials: Callable[[Path, Sandbox], Path | None],
    codes: set[str],
) -> None:
    team.people(1)
    command = rekindle.having(GOOGLE_APPLICATION_CREDENTIALS=credentials(rekindle.folder, fcm))
    done = command("run")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert done.fault().removeprefix("error: ").partition(":")[0] in codes
    assert "PRIVATE KEY" not in done.err
    not_started(team, {done.fault()[len("error: ") :][:5]})
    assert fcm.messages() == []


def test_a_provider_that_is_down_at_the_start_is_RK403_and_nothing_is_claimed(  # noqa: N802
    rekindle: Command, team: Team, tmp_path: Path
) -> None:
    team.people(1)
    folder = tmp_path / "gone"
    folder.mkdir()
    with Sandbox(folder) as gone:
        down = rekindle.having(
            REKINDLE_FCM_URL=gone.url, REKINDLE_FCM_CA=gone.ca, GOOGLE_APPLICATION_CREDENTIALS=gone.credentials
        )
    for arguments in (("run",), ("run", "--dry-run")):
        done = down(*arguments)
        assert (done.code, len(done.err.splitlines())) == (1, 1)
        assert done.fault().startswith("error: RK403: ")
    not_started(team, {"RK403"})


def test_a_traceback_is_shown_only_with_debug(rekindle: Command) -> None:
    done = rekindle("--debug", "run", "--scenario", "nope")
    assert done.code == 2
    assert done.err.startswith("Traceback")
    assert done.err.splitlines()[-1].startswith("error: RK105: ")
