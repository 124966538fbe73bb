"""The command line prints nothing secret: no token, text, name, key or password."""

import json
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.types.json import Jsonb

from acceptance.api.served import KEY, serving
from acceptance.collector import collecting
from acceptance.command import Command, Done, environment
from conftest import Server, shift_clock
from rekindle.sandbox import Sandbox
from team.team import Team, person, write_config

CANARY = re.compile(r"c4n4ry[-\w]*")
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"

CONFIG = """
[dispatcher]
kind = "fcm"
timeout = "4s"
concurrency = 4
[scenario.nudge]
kind = "sql"
query = "select user_id, occurrence, variables from rekindle_source.nudge"
cooldown = "7d"
link = "https://example.org/c4n4ry-link/{points}"
[scenario.nudge.data]
note = "c4n4ry-data {points}"
[scenario.nudge.message.en]
title = "c4n4ry-title {first_name}"
body = "c4n4ry-body {points}"
"""

PEOPLE = 16


def error(status: int, code: str, fcm_code: str | None = None) -> dict[str, object]:
    """An error whose message the provider chooses; it contains the token."""
    details = [] if fcm_code is None else [{"@type": FCM_ERROR, "errorCode": fcm_code}]
    body = {"error": {"code": status, "message": "c4n4ry-provider says no", "status": code, "details": details}}
    return {"status": status, "body": body}


FAULTS: dict[int, object] = {
    2: error(404, "NOT_FOUND", "UNREGISTERED"),
    3: error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    4: error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    5: error(503, "UNAVAILABLE", "UNAVAILABLE"),
    6: {"status": 502, "body": "<html>c4n4ry-page</html>"},
    7: "hang",
    8: "reset",
    9: "cut_body",
    10: "accept_then_503",
    11: error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
    12: error(404, "NOT_FOUND"),
    13: error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
}


@pytest.fixture
def canary_url(server: Server, team: Team) -> str:
    """The team's database as a worker whose password is a canary."""
    password = f"c4n4ry-password-{secrets.token_hex(4)}"
    server.execute(
        "do $$ begin create role test_canary login in role rekindle_worker; "
        "exception when duplicate_object then null; end $$"
    )
    server.execute(f"alter role test_canary password '{password}'")
    parts = urlsplit(team.url)
    return urlunsplit(parts._replace(netloc=f"test_canary:{password}@{parts.hostname}:{parts.port}"))


def plant(team: Team) -> None:
    """Canaries in every text of the team's rows that a run touches."""
    team.people(PEOPLE)
    for number in range(1, PEOPLE + 1):
        team.execute(
            "update team.person set first_name = %s where user_id = %s", f"c4n4ry-name-{number}", person(number)
        )
        team.execute("update team.device set token = %s where user_id = %s", f"c4n4ry-token-{number}", person(number))
        team.execute(
            "update team.wanted set variables = %s where user_id = %s",
            Jsonb({"points": f"c4n4ry-points-{number}", "c4n4ry_key": 1}),
            person(number),
        )
    team.execute("update team.wanted set variables = '{\"c4n4ry_only\": 1}' where user_id = %s", person(15))


class Ear:
    """Runs commands and keeps everything that they print."""

    def __init__(self, rekindle: Command) -> None:
        self.rekindle = rekindle
        self.said: list[tuple[tuple[str, ...], Done]] = []

    def __call__(self, *arguments: str, on: Command | None = None) -> Done:
        done = (on or self.rekindle)(*arguments)
        self.said.append((arguments, done))
        return done

    def found(self, extra: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
        """Every canary with the command that printed it."""
        found: list[tuple[tuple[str, ...], str]] = []
        for arguments, done in self.said:
            text = done.out + done.err
            found += [(arguments, hit) for hit in CANARY.findall(text)]
            found += [(arguments, "key or access token") for secret in extra if secret in text]
        return found


@pytest.fixture
def ear(canary_url: str, team: Team, fcm: Sandbox, tmp_path: Path) -> Ear:
    plant(team)
    write_config(tmp_path, CONFIG)
    return Ear(Command(tmp_path, environment(canary_url, fcm)))


def key_lines(fcm: Sandbox) -> tuple[str, ...]:
    """Lines of the private key; each is unique."""
    pem = str(json.loads(fcm.credentials.read_text())["private_key"])
    lines = [line for line in pem.splitlines() if line and "PRIVATE KEY" not in line]
    assert len(lines) > 10
    return tuple(lines)


def test_no_command_prints_a_token_a_text_a_name_a_key_or_a_password(ear: Ear, team: Team, fcm: Sandbox) -> None:
    loud = ("--debug", "--log-level", "debug")
    assert ear(*loud, "apply").code == 0
    ear(*loud, "check")
    for json_too in ((), ("--json",)):
        ear(*loud, "plan", "--limit", "0", *json_too)
        ear(*loud, "run", "--dry-run", *json_too)
    fcm.faults(
        [{"match": {"target": f"c4n4ry-token-{number}"}, "respond": respond} for number, respond in FAULTS.items()]
    )
    report = ear(*loud, "run", "--json", "--budget", "60s").json()
    fcm.faults([])
    (one,) = report["scenarios"]
    # Every kind of ending occurred.
    assert {reason.partition(":")[0] for reason in one["reasons"]} == {"skipped", "dead", "retry", "unknown"}, one
    assert one["recorded"] >= 1
    shift_clock(team.url, "10 minutes")
    ear(*loud, "run")
    shift_clock(team.url, "30 minutes")
    ear(*loud, "run", "--json")
    for command in ("scenarios", "runs"):
        ear(*loud, command)
        ear(*loud, command, "--json")
    run_id = report["run_id"]
    for number in (1, 2, 6, 15):
        said = ear(*loud, "explain", str(person(number)), "--json").json()
        assert (said["known"], len(said["scenarios"])) == (True, 1)
    for of in ((), ("--run", run_id), ("--run", run_id, "--json")):
        ear(*loud, "explain", str(person(2)), *of)
    listed = ear(*loud, "unknown", "list", "--json").json()
    assert listed
    ear(*loud, "unknown", "list")
    ear(*loud, "unknown", "settle", listed[0]["claim_id"], "--not-sent")
    assert {done.code for _, done in ear.said} <= {0, 1}, ear.said
    assert ear.found(key_lines(fcm)) == []


def test_no_metric_and_no_span_has_a_token_a_text_a_name_a_person_a_key_or_a_password(
    ear: Ear, fcm: Sandbox, tmp_path: Path
) -> None:
    """Every kind of ending occurs, and a request of the API for a person."""
    path = tmp_path / "rekindle.prom"
    faults = [{"match": {"target": f"c4n4ry-token-{number}"}, "respond": respond} for number, respond in FAULTS.items()]
    with collecting() as collector:
        traced = ear.rekindle.having(
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_EXPORTER_OTLP_HEADERS="authorization=c4n4ry-header",
            REKINDLE_API_KEY=KEY,
        )
        ear("apply", on=traced)
        fcm.faults(faults)
        assert ear("run", "--json", "--budget", "60s", "--metrics-file", path, on=traced).code == 1
        fcm.faults([])
        secret = ear.rekindle("key", "create", "ours", "--scope", "admin").out.strip()
        with serving(traced, "--metrics-port", "0", before=("--log-level", "debug")) as served:
            served.client.get(f"/v1/people/{person(2)}?c4n4ry=1", headers={"traceparent": "c4n4ry"})
            served.client.get("/v1/c4n4ry-path", headers={"x-c4n4ry": "c4n4ry"})
            answers = [
                served.client.get(path, headers={"apikey": key}).text
                for path in ("/v1/keys", "/v1/audit", "/v1/keys/ours", "/v1/c4n4ry-path")
                for key in (secret, f"c4n4ry-{secret}", "rekindle_c4n4ry" + secret[15:])
            ]
            said = served.said()
        ear("key", "list", "--json", on=traced)
        ear("key", "list", on=traced)
        ear("audit", "--json", on=traced)
        spans = b"".join(collector.bodies).decode("latin-1")
        names = {one.name for one in collector.spans}
    assert {"run", "claim_scenario", "send", "record", "http.request"} <= names
    shown = path.read_text()
    assert 'rekindle_sends_total{outcome="uncertain"' in shown
    hidden = (KEY, secret, secret[-30:], *key_lines(fcm))
    for text in (shown, spans, said, *answers):
        assert CANARY.findall(text) == []
        assert [one for one in hidden if one in text] == []
        # Claims and runs have ids; a person's is not among them.
        assert [number for number in range(1, PEOPLE + 1) if str(person(number)) in text] == []
    assert ear.found(hidden) == []


def test_a_person_is_shown_their_texts_on_standard_output_alone_and_no_token_key_or_password(
    ear: Ear, fcm: Sandbox
) -> None:
    """The one exception: `plan --show` shows texts. It shows nothing else that is secret, and
    logs contain none of it."""
    loud = ("--debug", "--log-level", "debug")
    assert ear(*loud, "apply").code == 0
    texts = {"c4n4ry-title", "c4n4ry-name-1", "c4n4ry-body", "c4n4ry-points-1", "c4n4ry-link"}
    for json_too in ((), ("--json",)):
        done = ear.rekindle(*loud, "plan", "--show", person(1), *json_too)
        assert done.code == 0
        assert set(CANARY.findall(done.out)) == texts
        assert CANARY.findall(done.err) == []
        assert not any(line in done.out + done.err for line in key_lines(fcm))
        # A missing variable is named; the person's other variables are not.
        ear(*loud, "plan", "--show", str(person(15)), *json_too)
    for arguments in (("plan", "--show", "c4n4ry"), ("plan", "--show", str(person(1)), "--scenario", "other")):
        assert ear.rekindle(*arguments).code == 2
    assert "c4n4ry" not in "".join(done.err for _, done in ear.said)
    assert ear.found(key_lines(fcm)) == []


BROKEN = {"wrong password": ("c4n4ry-password", "c4n4ry-wrong"), "no such database": ("/test_", "/no_such_")}


@pytest.mark.parametrize("name", BROKEN)
def test_a_database_that_cannot_be_reached_is_reported_without_its_password(ear: Ear, name: str) -> None:
    old, new = BROKEN[name]
    address = ear.rekindle.environment["REKINDLE_DATABASE_URL"]
    assert old in address
    command = ear.rekindle.having(REKINDLE_DATABASE_URL=address.replace(old, new))
    done = ear("--debug", "--log-level", "debug", "run", on=command)
    assert (done.code, "error: RK218" in done.err) == (2, True)
    assert ear.found() == []


@pytest.mark.parametrize(
    ("name", "code"),
    [("not json", "RK40"), ("no key", "RK402"), ("bad key", "RK402"), ("key of another", "RK402")],
)
def test_unusable_credentials_are_reported_without_the_key(
    ear: Ear, fcm: Sandbox, tmp_path: Path, name: str, code: str
) -> None:
    account = json.loads(fcm.credentials.read_text())
    broken = tmp_path / "credentials.json"
    pem = str(account["private_key"])
    match name:
        case "not json":
            broken.write_text(f'{{"private_key": "{pem[:400]}c4n4ry-key')
        case "no key":
            account["private_key"] = "c4n4ry-key"
            broken.write_text(json.dumps(account))
        case "bad key":
            account["private_key"] = pem.replace(pem.splitlines()[3], "c4n4ry-key" * 6)
            broken.write_text(json.dumps(account))
        case _:
            account["client_email"] = "stranger@example.org"
            broken.write_text(json.dumps(account))
    command = ear.rekindle.having(GOOGLE_APPLICATION_CREDENTIALS=broken)
    ear("apply")
    done = ear("--debug", "--log-level", "debug", "run", on=command)
    assert (done.code, f"error: {code}" in done.err) == (2, True), done
    assert ear.found(key_lines(fcm)) == []


def test_the_access_token_is_never_printed(ear: Ear, team: Team, fcm: Sandbox) -> None:
    """The test makes the token: the token endpoint answers with it, and FCM then refuses it."""
    ear("apply")
    answer = {"access_token": "c4n4ry-access", "expires_in": 3600, "token_type": "Bearer"}
    fcm.faults([{"match": {"path": "token"}, "respond": {"status": 200, "body": answer}}])
    done = ear("--debug", "--log-level", "debug", "run", "--budget", "60s")
    assert done.code == 2
    assert "RK402" in done.out + done.err
    refused = {"error": "invalid_grant", "error_description": "c4n4ry-grant"}
    fcm.faults([{"match": {"path": "token"}, "respond": {"status": 400, "body": refused}}])
    shift_clock(team.url, "5 minutes")
    assert ear("--debug", "--log-level", "debug", "run", "--budget", "60s").code == 2
    assert ear.found() == []


def test_rows_and_settings_that_the_database_refuses_are_not_quoted(ear: Ear, team: Team, fcm: Sandbox) -> None:
    ear("apply")
    # An unreadable value in the view and in the query, a key that another row has, and a trigger
    # that quotes values.
    team.execute("drop view rekindle_source.nudge")
    team.execute("alter table team.wanted alter column variables type text")
    for value in ("c4n4ry-json", '{"x": "\\ud800 c4n4ry"}'):
        with psycopg.connect(team.url, autocommit=True) as connection:
            connection.execute("drop view if exists rekindle_source.nudge")
            connection.execute(
                "create view rekindle_source.nudge as "
                "select user_id, occurrence, variables::jsonb as variables from team.wanted"
            )
            connection.execute("grant select on rekindle_source.nudge to rekindle_worker")
            connection.execute("update team.wanted set variables = %s where user_id = %s", [value, person(3)])
        for arguments in (("run",), ("plan", "--json"), ("check",), ("runs", "--json")):
            ear("--debug", "--log-level", "debug", *arguments)
    team.execute("update team.wanted set variables = '{\"points\": 1}'")
    team.execute(
        "create function team.quote() returns trigger language plpgsql as "
        "$$ begin raise unique_violation using message = 'no', detail = new.target; end $$"
    )
    team.execute("create trigger quote before insert on rekindle.outbox for each row execute function team.quote()")
    assert ear("--debug", "--log-level", "debug", "run").code == 2
    team.execute("drop trigger quote on rekindle.outbox")
    team.execute("alter table rekindle.outbox add constraint short check (length(target) < 3)")
    assert ear("--debug", "--log-level", "debug", "run").code == 2
    assert ear.found() == []
