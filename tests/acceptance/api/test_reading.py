"""What the API reads, over a real socket: the same documents as the command line, page by page, and
for a key of one organisation nothing of another."""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from acceptance.api.operations import NOBODY
from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command, engine_over, environment
from acceptance.fixtures import apply
from conftest import Server, as_worker
from docs.documents import read as read_text
from rekindle.cli.invoke import invoke
from rekindle.configuration import load_config
from rekindle.ports import Grant
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from team.team import TEAM_CONFIG, Team, fill_team, name_organisations, person, write_config

OURS, THEIRS = str(UUID(int=1)), str(UUID(int=2))
PEOPLE = [str(person(number)) for number in range(1, 7)]
CONFIG = TEAM_CONFIG.replace('cooldown = "7d"', 'cooldown = "7d"\nschedule = "7 9 * * *"') + "".join(
    f'[organisation."{one}".scenario.nudge]\ncooldown = "{cooldown}"\n'
    for one, cooldown in ((OURS, "8d"), (THEIRS, "9d"))
)
UNKNOWN = """
insert into rekindle.outcome (claim_id, device_id, user_id, scenario_type, scenario_version, organisation_id,
                              claimed_run_id, run_id, outcome, reason, occurrence, idempotency_key,
                              cooldown_window_start, cooldown_seconds, epoch, attempts, armed_at)
select gen_random_uuid(), gen_random_uuid(), user_id, 'nudge', 1, organisation_id, gen_random_uuid(),
       gen_random_uuid(), 'unknown', 'timeout', 'before', 'key', rekindle.clock(), 60, 1, 1, rekindle.clock()
from team.person where user_id = any (%s)
"""
TRIAL = """
with trial as (
  insert into rekindle.trial (scope, unit, held, horizon_seconds, outcome_sha256, worth, until_on, agreed_at)
  values ('nudge', 'person', 5000, 1209600, repeat('0', 64), 0.05, rekindle.clock()::date + 90,
          rekindle.clock() + interval '105 days')
  returning trial_id
)
insert into rekindle.enrolment (trial_id, user_id, arm, bucket, claim_id, claimed_at, scenario_type, scenario_version,
                                organisation_id)
select trial_id, user_id, case when rekindle.bucket(trial_id::text, 'nudge', user_id::text) < 5000 then 'held_out'
                               else 'nudged' end,
       0, gen_random_uuid(), rekindle.clock(), 'nudge', 1, organisation_id
from trial, team.person where user_id = any (%s)
"""
LISTS = ("runs", "notifications", "deliveries", "unknown")


@dataclass(frozen=True, slots=True)
class World:
    """A served programme of two organisations. Persons 1 and 2 belong to ours, 3 and 4 to theirs,
    and each got a push on two devices; 5 (ours) and 6 (theirs) are due now."""

    api: Served
    command: Command
    limited: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        """The answer for everybody."""
        return read(self.api.client, path, **query)

    def ours(self, path: str, **query: Any) -> Any:
        """The answer for the key of our organisation."""
        return read(self.limited, path, **query)


def read(client: httpx.Client, path: str, **query: Any) -> Any:
    answer = client.get(f"/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    for never in ("t1-1", "Name1", "Hello", "\x1b"):  # a token, a variable, a text, a character for a terminal
        assert never not in answer.text
    return answer.json()


def items(answer: Any) -> list[dict[str, Any]]:
    assert answer["next"] is None
    return answer["items"]


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("reading")
    config = load_config(write_config(folder, CONFIG))

    def fill(url: str) -> None:
        fill_team(url)
        asyncio.run(apply(url, config))

    url = server.clone("template_reading", fill)
    team = Team(url)
    name_organisations(team)
    team.people(6, devices=2)
    team.execute(
        "update team.person set organisation_id = %s where user_id = any (%s)", THEIRS, [*PEOPLE[2:4], PEOPLE[5]]
    )
    team.execute("update team.person set organisation_id = %s where user_id = any (%s)", OURS, [*PEOPLE[:2], PEOPLE[4]])
    team.execute("delete from team.wanted where user_id = any (%s)", PEOPLE[4:])
    command = Command(folder, environment(as_worker(server, url), running_sandbox)).having(REKINDLE_API_KEY=KEY)
    with serving(command) as api:
        api.post({"organisations": [OURS]}, wait=30)
        api.post({}, wait=30)
        team.execute("insert into team.wanted select unnest(%s::uuid[]), 'first', '{\"points\": 7}'", PEOPLE[4:])
        team.execute(UNKNOWN, [PEOPLE[0], PEOPLE[2]])
        team.execute(TRIAL, PEOPLE[:5])
        key = asyncio.run(decided(url, running_sandbox, config))
        with httpx.Client(base_url=api.url, headers={"apikey": key}, timeout=60, trust_env=False) as limited:
            yield World(api, command, limited)
    server.drop(url)


async def decided(url: str, fcm: Sandbox, config: Config) -> str:
    """Turn a switch in each organisation, and make a key that is limited to ours."""
    async with engine_over(url, fcm, config) as engine:
        for one in (OURS, THEIRS):
            await engine.switch("on", scenario_type="nudge", organisation_id=UUID(one))
        return (await engine.create_key(Grant("granvik", "read", (UUID(OURS),), None))).secret


@pytest.fixture
def cli(
    process_as_before: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], world: World
) -> Callable[..., Any]:
    """Runs a command with --json on the same database, in this process."""
    monkeypatch.chdir(world.command.folder)
    for name, value in world.command.environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: object) -> Any:
        monkeypatch.setattr(sys, "argv", ["rekindle", *map(str, arguments), "--json"])
        invoke()
        return json.loads(capfd.readouterr().out)

    return run


def test_every_list_is_what_the_command_line_writes(world: World, cli: Callable[..., Any]) -> None:
    assert items(world.get("runs")) == cli("runs")
    assert items(world.get("scenarios")) == cli("scenarios")
    assert items(world.get("scenarios/nudge/versions")) == cli("scenarios", "--history")
    assert items(world.get("unknown")) == cli("unknown", "list")
    assert items(world.get("switches")) == cli("switch", "list")
    status = cli("status")
    assert items(world.get("schedules")) == status["schedules"]
    assert items(world.get("workers")) == status["workers"] == []
    plan = cli("plan")
    shown = world.get("plan")
    assert (shown["scenarios"], items(shown)) == (plan["scenarios"], plan["people"])
    assert [one["user_id"] for one in shown["items"]] == PEOPLE
    later = datetime.now(UTC) + timedelta(days=10)  # the cooldown of everybody has passed
    plan, shown = cli("plan", "--at", later.isoformat()), world.get("plan", at=later.isoformat())
    assert (shown["at"], shown["scenarios"], items(shown)) == (plan["at"], plan["scenarios"], plan["people"])
    assert world.api.client.get("/v1/plan", params={"at": "2020-01-01T00:00:00Z"}).json()["code"] == "RK106"
    told, shown = cli("report", "--since", "2d"), world.get("report", since="2d")
    assert told.pop("at") < shown.pop("at")
    assert told.pop("since") < shown.pop("since")
    assert told == shown
    told_of_trials, trials = cli("effect"), world.get("effect")
    assert told_of_trials.pop("at") < trials.pop("at")
    assert told_of_trials == trials
    assert enrolled(trials) == 5
    assert trials["trials"][0]["word"] == "too_early"
    assert cli("effect", "--scenario", "nudge")["trials"] == world.get("effect", scenario="nudge")["trials"]
    first = shown["scenarios"][0]
    assert (first["organisation_name"], first["reached"]) == ("Granvik", 2)
    assert sum(shown["refusals"]["nudge"].values()) == 2


def enrolled(effect: Any) -> int:
    [trial] = effect["trials"]
    return trial["nudged"]["enrolled"] + trial["control"]["enrolled"]


def test_a_person_is_explained_as_the_command_line_does(world: World, cli: Callable[..., Any]) -> None:
    told, shown = cli("explain", PEOPLE[0]), world.get(f"people/{PEOPLE[0]}")
    assert told.pop("at") < shown.pop("at")
    assert told == shown
    assert {unit["ending"] for claim in shown["claims"] for unit in claim["units"]} == {"recorded", "unknown"}
    assert len(world.get(f"people/{PEOPLE[0]}", limit=1)["claims"]) == 1
    assert world.api.client.get(f"/v1/people/{NOBODY}").json()["code"] == "RK726"


def test_a_reader_who_names_a_scenario_that_does_not_exist_gets_404(world: World) -> None:
    for path in ("plan", "effect", f"people/{PEOPLE[0]}"):
        for method in ("GET", "HEAD"):
            answer = world.api.client.request(method, f"/v1/{path}", params={"scenario": "gone"})
            assert answer.status_code == 404, (method, path)
        assert world.api.client.get(f"/v1/{path}", params={"scenario": "gone"}).json()["code"] == "RK105"


def test_a_record_is_shown_with_its_devices_and_each_delivery_belongs_to_one(world: World) -> None:
    notifications, deliveries = items(world.get("notifications")), items(world.get("deliveries"))
    assert sorted(one["user_id"] for one in notifications) == PEOPLE[:4]
    assert {one["organisation_name"] for one in notifications} == {"Granvik", "[b]Old�[2J Harbour"}
    for one in notifications:
        shown = world.get(f"notifications/{one['claim_id']}")
        units = shown.pop("units")
        assert shown == one
        names = {unit["device_id"]: unit["provider_name"] for unit in units}
        assert names == {
            each["device_id"]: each["provider_name"] for each in deliveries if each["claim_id"] == one["claim_id"]
        }
        assert len(names) == 2
    assert world.api.client.get(f"/v1/notifications/{NOBODY}").json()["code"] == "RK726"


def test_a_filter_leaves_the_rows_that_meet_it(world: World) -> None:
    first = world.get("notifications")["items"][-1]
    for name in ("notifications", "deliveries"):
        assert {one["user_id"] for one in items(world.get(name, user=PEOPLE[0]))} == {PEOPLE[0]}
        assert {one["user_id"] for one in items(world.get(name, organisation=OURS))} == set(PEOPLE[:2])
        assert items(world.get(name, scenario="other")) == []
        assert items(world.get(name, until=first["dispatched_at"])) == []
        assert items(world.get(name, since="2100-01-01T00:00:00Z")) == []
    assert len(items(world.get("runs", organisation=OURS))) == 1
    assert len(items(world.get("unknown", user=PEOPLE[2]))) == 1
    plan = world.get("plan", organisation=THEIRS, scenario="nudge", user=PEOPLE[5])
    assert [one["user_id"] for one in plan["items"]] == [PEOPLE[5]]


@pytest.mark.parametrize("name", [*LISTS, "plan"])
def test_a_list_is_walked_row_by_row(world: World, name: str) -> None:
    whole, walked, cursor = items(world.get(name)), [], None
    assert len(whole) >= 2
    for _ in whole:
        page = world.get(name, limit=1, **({} if cursor is None else {"cursor": cursor}))
        walked += page["items"]
        cursor = page["next"]
    assert (walked, cursor) == (whole, None)


def shape(value: Any) -> Any:
    """The names in a document, without what varies from one to another: values, lists, counts by
    reason, and keys of a configuration."""
    if isinstance(value, list):
        return shape(value[0]) if value else None
    if isinstance(value, dict):
        return {name: None if name in VARIES else shape(one) for name, one in value.items()}
    return None


VARIES = ("refusals", "reasons", "checks", "facts", "definition", "changes", "last_run", "override", "latest", "next")
SHOWN = re.findall(
    r'\$ curl -s "http://127\.0\.0\.1:8321/v1/([^"]+)" -H [^\n]+\n```\n\n```json\n(.*?)\n```',
    read_text("docs/reference/http-api.md"),
    re.DOTALL,
)


@pytest.mark.parametrize(("path", "answer"), SHOWN, ids=[path.partition("?")[0] for path, _ in SHOWN])
def test_the_page_shows_what_a_route_answers(world: World, path: str, answer: str) -> None:
    name, _, query = path.partition("?")
    ours = {"since": "2026-11-23T00:00:00Z", "scenario": "nudge", "organisation": OURS, "user": PEOPLE[0], "limit": "1"}
    asked = {part.partition("=")[0]: ours[part.partition("=")[0]] for part in query.split("&") if part}
    found = world.get(name.replace("3f1c8a52-9d4e-4b6a-8c7f-1e2d3c4b5a69", PEOPLE[0]), **asked)
    assert shape(found) == shape(json.loads(answer))


def test_the_page_shows_ten_routes() -> None:
    assert len(SHOWN) == 10


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "no cursor of any list": ({"cursor": "abc"}, "RK725"),
    "an empty cursor": ({"cursor": ""}, "RK725"),
    "a long cursor": ({"cursor": "a" * 501}, "RK701"),
    "no row": ({"limit": "0"}, "RK701"),
    "too many rows": ({"limit": "1001"}, "RK701"),
    "no number": ({"limit": "ten"}, "RK701"),
    "no id": ({"organisation": "granvik"}, "RK701"),
    "no scenario": ({"scenario": "No Such"}, "RK701"),
    "an unknown parameter": ({"page": "2"}, "RK701"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_parameter_is_a_mistake_of_the_request(world: World, wrong: str) -> None:
    query, code = WRONG[wrong]
    for name in (*LISTS, "plan"):
        answer = world.api.client.get(f"/v1/{name}", params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, code), name


def test_a_cursor_of_another_list_and_a_time_without_a_zone_are_mistakes(world: World) -> None:
    cursor = world.get("notifications", limit=1)["next"]
    for name in {*LISTS, "plan"} - {"notifications"}:
        answer = world.api.client.get(f"/v1/{name}", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "RK725"), name
    for name in LISTS:
        for since in ("2026-01-01T00:00:00", "yesterday", "9" * 40):
            assert world.api.client.get(f"/v1/{name}", params={"since": since}).status_code == 422, (name, since)
    for since in ("2026-01-01T00:00:00Z", "0d", "3660000h", "9" * 40 + "s", " 1d"):
        answer = world.api.client.get("/v1/report", params={"since": since})
        assert (answer.status_code, answer.json()["code"]) == (422, "RK701"), since


def test_a_key_of_one_organisation_reads_that_organisation_alone(world: World) -> None:
    for name in ("notifications", "deliveries", "unknown", "switches"):
        found = items(world.ours(name))
        assert found
        assert found == [one for one in items(world.get(name)) if one["organisation_id"] == OURS]
    (run,) = items(world.ours("runs"))
    assert run["organisations"] == [OURS]
    plan = world.ours("plan")
    assert [one["user_id"] for one in plan["items"]] == [PEOPLE[0], PEOPLE[1], PEOPLE[4]]
    assert [one["evaluated"] for one in plan["scenarios"]] == [3]
    (scenario,) = items(world.ours("scenarios"))
    assert [one["organisation_id"] for one in scenario["overrides"]] == [OURS]
    assert scenario["latest"] is None
    assert world.ours("scenarios/nudge") == scenario
    assert THEIRS not in str(world.ours("scenarios/nudge/versions"))
    assert [one["last_run"] for one in items(world.ours("schedules"))] == [None]
    assert world.ours(f"people/{PEOPLE[0]}")["organisation_name"] == "Granvik"
    report = world.ours("report")
    assert report["scenarios"] == world.get("report")["scenarios"][:1]
    assert report["refusals"] == {}
    assert enrolled(world.ours("effect")) == 3


def test_a_saved_backtest_is_what_the_command_line_wrote_and_no_limited_key_reads_it(
    world: World, cli: Callable[..., Any]
) -> None:
    """It counts everybody."""
    absent = '[scenario.absent]\nkind = "inactivity"\nafter = ["10d"]\ncooldown = "3d"\nmessage.en.title = "Hello"\n'
    (world.command.folder / "edited.toml").write_text(CONFIG + absent + 'message.en.body = "There"\n')
    asked = ("backtest", "--since", "2d", "--config", "edited.toml", "--scenario", "absent")
    assert "backtest_id" not in cli(*asked), "a try is not stored"
    first, second = (cli(*asked, "--save") for _ in range(2))
    assert first["scenario_types"] == ["absent"]
    assert first["configurations"] == list(first["result"]) == ["file"]
    assert [(one["scenario_type"], len(one["fingerprint"])) for one in first["result"]["file"]["scenarios"]] == [
        ("absent", 64)
    ]
    assert world.get(f"backtests/{first['backtest_id']}") == first
    newest = world.get("backtests", limit=1)
    oldest = world.get("backtests", limit=1, cursor=newest["next"])
    assert oldest["next"] is None
    for page, one in ((newest, second), (oldest, first)):
        assert page["items"] == [{name: value for name, value in one.items() if name != "result"}]
    saved = [one for one in items(world.get("audit")) if one["action"] == "backtest.saved"]
    assert [one["subject"] for one in saved] == [second["backtest_id"], first["backtest_id"]]
    assert {one["actor"] for one in saved} == {first["saved_by"]}
    for path in ("backtests", f"backtests/{first['backtest_id']}"):
        answer = world.limited.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, "RK712")


def test_to_a_key_of_one_organisation_another_one_is_like_none_at_all(world: World) -> None:
    theirs = next(one for one in world.get("notifications")["items"] if one["organisation_id"] == THEIRS)
    for path, nothing in (
        (f"people/{PEOPLE[2]}", f"people/{NOBODY}"),
        (f"notifications/{theirs['claim_id']}", f"notifications/{NOBODY}"),
    ):
        answers = [world.limited.get(f"/v1/{one}") for one in (path, nothing)]
        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
    for name in (*LISTS, "plan"):
        answers = [world.limited.get(f"/v1/{name}", params={"organisation": one}) for one in (THEIRS, NOBODY)]
        assert [one.status_code for one in answers] == [404, 404], name
        assert answers[0].json() == answers[1].json()
        assert world.ours(name, organisation=OURS)["items"] == world.ours(name)["items"]
    assert items(world.ours("plan", user=PEOPLE[2])) == items(world.ours("plan", user=NOBODY)) == []
    answer = world.limited.get("/v1/workers")
    assert (answer.status_code, answer.json()["code"]) == (403, "RK712")
