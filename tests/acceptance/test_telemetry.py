"""A monitoring as a team runs it: Prometheus scrapes, a collector takes spans, node_exporter reads
a file."""

import asyncio
import errno
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from acceptance.api.served import KEY, serving
from acceptance.collector import Collector, attributes, collecting
from acceptance.command import Command, ended
from acceptance.fixtures import apply
from conftest import stop_clock
from rekindle.api import scrape
from rekindle.app import version
from rekindle.configuration import load_config
from rekindle.sandbox import Sandbox
from team.ports import free_port
from team.team import TEAM_CONFIG, Team, write_config
from team.waiting import until

EACH_MINUTE = TEAM_CONFIG.replace('cooldown = "7d"', 'cooldown = "7d"\nschedule = "* * * * *"')
MINUTE = timedelta(minutes=1)
UNREGISTERED = {
    "status": 404,
    "body": {
        "error": {
            "code": 404,
            "status": "NOT_FOUND",
            "details": [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"}],
        }
    },
}


class Numbers(dict[tuple[str, tuple[tuple[str, str], ...]], float]):
    """The samples of a page or a file."""

    def of(self, name: str, **labels: str) -> float:
        """One sample; 0: there is none."""
        return self.get((name, tuple(sorted(labels.items()))), 0.0)

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self}


def numbers(text: str) -> Numbers:
    found = Numbers()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def schedule(team: Team, folder: Path, config: str = EACH_MINUTE) -> datetime:
    """Apply a schedule, and let an instant of it pass. Returns when the ledger's clock stands."""
    begun = (datetime.now(UTC) + MINUTE).replace(second=30)
    stop_clock(team.url, begun)
    asyncio.run(apply(team.url, load_config(write_config(folder, config))))
    stop_clock(team.url, begun + MINUTE)
    return begun + MINUTE


def first_line(process: "subprocess.Popen[str]", begin: str) -> str:
    """The rest of the first line on standard output that begins so."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(begin):
            return line.removeprefix(begin).strip().rstrip(".")
    raise AssertionError("the process has ended")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def ended_runs(team: Team) -> int:
    with psycopg.connect(team.url, autocommit=True) as connection:
        row = connection.execute("select count(*) from rekindle.run where finished_at is not null").fetchone()
    assert row is not None
    return row[0]


def test_a_worker_s_metrics_say_what_it_did_and_how_the_ledger_is(rekindle: Command, team: Team, fcm: Sandbox) -> None:
    team.people(3)
    schedule(team, rekindle.folder, EACH_MINUTE.replace('"20s"', '"5s"'))
    fcm.faults(
        [{"match": {"target": "t2-1"}, "respond": UNREGISTERED}, {"match": {"target": "t3-1"}, "respond": "hang"}]
    )
    process = rekindle.start("worker", "--metrics-port", "0")
    try:
        address = first_line(process, "Metrics on ")
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/metrics", address)

        def scraped() -> Numbers:
            answer = httpx.get(address, trust_env=False)
            assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")
            return numbers(answer.text)

        until(lambda: ended_runs(team) == 1)
        until(lambda: scraped().of("rekindle_stage_duration_seconds_count", stage="report") == 1)
        found = scraped()
        sends = {
            (outcome, reason): found.of("rekindle_sends_total", scenario="nudge", outcome=outcome, reason=reason)
            for outcome, reason in (("accepted", ""), ("refused", "unregistered"), ("uncertain", "timeout"))
        }
        assert set(sends.values()) == {1}, found
        for outcome, reason in (("recorded", ""), ("skipped", "unregistered"), ("unknown", "timeout")):
            ended_so = {"scenario": "nudge", "outcome": outcome, "reason": reason}
            assert found.of("rekindle_people_ended_total", **ended_so) == 1
        assert found.of("rekindle_people_evaluated_total", scenario="nudge", outcome="claimed", reason="") == 3
        assert found.of("rekindle_send_duration_seconds_count", dispatcher="fcm") == 3
        assert found.of("rekindle_armed_to_recorded_seconds_count") == 3
        assert found.of("rekindle_tick_delay_seconds_count") == 1
        assert 0 <= found.of("rekindle_tick_delay_seconds_sum") < 120
        assert found.of("rekindle_sends_in_flight") == found.of("rekindle_breaker_open") == 0
        for stage in ("open", "sweep", "claim", "dispatch", "report"):
            assert found.of("rekindle_stage_duration_seconds_count", stage=stage) == 1
        assert found.of("rekindle_queue_units", state="unknown") == 1
        assert found.of("rekindle_workers") == found.of("rekindle_ledger_up") == 1
        assert found.of("rekindle_disabled_tokens") == found.of("rekindle_unknown_sends") == 1
        assert sum(found.of("rekindle_schedules", state=state) for state in ("ok", "waiting", "failed")) == 1
        assert found.of("rekindle_last_tick_timestamp_seconds") > 1_700_000_000
        assert found.of("rekindle_last_run_timestamp_seconds") > 1_700_000_000
        assert found.of("rekindle_database_connections", state="idle") >= 1
        for name in ("rekindle_halted_runs", "rekindle_database_requests_waiting"):
            assert found[name, ()] == 0
        assert found.of("rekindle_build_info", version=version(), dispatcher="fcm") == 1
        for method, path, status in (("GET", "/", 404), ("POST", "/metrics", 405), ("GET", "/metrics/x", 404)):
            answer = httpx.request(method, address.removesuffix("/metrics") + path, trust_env=False)
            assert (answer.status_code, answer.content) == (status, b"")
        assert httpx.head(address, trust_env=False).content == b""
    finally:
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert done.code == 0, done


def test_a_scrape_does_not_ask_the_database_again_within_ten_seconds_and_survives_its_loss(
    rekindle: Command, team: Team
) -> None:
    process = rekindle.start("worker", "--metrics-port", "0")
    try:
        address = first_line(process, "Metrics on ")
        with psycopg.connect(team.url, autocommit=True) as connection:
            connection.execute("alter table rekindle.outbox rename to outbox_away")
            first = numbers(httpx.get(address, trust_env=False, timeout=60).text)
            connection.execute("alter table rekindle.outbox_away rename to outbox")
        assert first.of("rekindle_ledger_up") == 0
        assert str(first.of("rekindle_queue_oldest_age_seconds")) == "nan"
        again = [numbers(httpx.get(address, trust_env=False).text).of("rekindle_ledger_up") for _ in range(3)]
        assert again == [0] * 3
    finally:
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert done.code == 0, done
    assert '"event": "metrics.ledger_lost"' in done.err


async def test_clients_that_say_nothing_do_not_keep_prometheus_out_and_many_scrapes_ask_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scrape, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(scrape, "FRESH_SECONDS", 600.0)
    asked: list[None] = []

    async def refresh() -> None:
        asked.append(None)
        await asyncio.sleep(0.1)

    async with (
        scrape.scraped(CollectorRegistry(), refresh, host="127.0.0.1", port=0) as address,
        AsyncExitStack() as all_,
    ):
        port = int(address.removesuffix("/metrics").rpartition(":")[2])
        for _ in range(3 * scrape.CONNECTIONS):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            all_.callback(writer.close)
        client = await all_.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=200))
        answers = await asyncio.gather(*(client.get(address) for _ in range(30)))
        assert {one.status_code for one in answers} == {200}
        too_long = await client.get(address, headers={"x": "x" * 2 * scrape.MAX_HEAD_BYTES})
        assert too_long.status_code == 431
    assert len(asked) == 1


def test_ticks_add_to_a_file_what_they_did(within: Callable[..., str], team: Team, tmp_path: Path) -> None:
    first = schedule(team, tmp_path)
    path = tmp_path / "rekindle.prom"
    for expected in (1, 2):
        stop_clock(team.url, first + (expected - 1) * MINUTE)
        within("tick", "--metrics-file", path)
        found = numbers(path.read_text())
        assert found.of("rekindle_runs_total", status="done") == expected
        assert found.of("rekindle_run_duration_seconds_count") == expected
        assert found.of("rekindle_run_duration_seconds_bucket", le="+Inf") == expected
        assert found.of("rekindle_ledger_up") == 1
    assert "Nothing is due." in within("tick", "--metrics-file", path)
    assert numbers(path.read_text()).of("rekindle_runs_total", status="done") == 2
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir() if "rekindle-" in one.name] == []
    path.write_text("not metrics {")
    within("run", "--metrics-file", path)
    assert numbers(path.read_text()).of("rekindle_runs_total", status="done") == 1


def test_a_file_that_cannot_be_written_is_refused_before_the_run_or_logged_after_it(
    within: Callable[..., str], team: Team, fcm: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.people(1)
    assert "error: RK741: " in within("run", "--metrics-file", tmp_path / "absent" / "x.prom")
    assert fcm.messages() == []
    monkeypatch.setattr("tempfile.mkstemp", full)
    said = within("run", "--metrics-file", tmp_path / "x.prom")
    assert '"event": "metrics.unwritten"' in said
    assert len(fcm.messages()) == 1


def full(**_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_taken_port_and_a_wrong_one_are_one_clear_error(
    within: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "error: RK741: " in within("worker", "--metrics-port", taken.getsockname()[1])
    assert "error: RK741: " in within("worker", "--metrics-port", "0", "--metrics-host", "no.such.host.invalid")
    monkeypatch.setenv("REKINDLE_METRICS_PORT", "c4n4ry")
    said = within("worker")
    assert ("error: RK106: " in said, "c4n4ry" in said) == (True, False)


def test_without_the_packages_metrics_are_refused_by_name_and_a_run_goes_on(
    within: Callable[..., str], team: Team, fcm: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.people(1)
    monkeypatch.delitem(sys.modules, "rekindle.api.scrape", raising=False)
    for name in ("prometheus_client", "opentelemetry"):
        monkeypatch.setitem(sys.modules, name, None)
    for arguments in (("run", "--metrics-file", "x.prom"), ("worker", "--metrics-port", "0")):
        assert within(*arguments) == (
            "error: RK740: metrics require a package that is not installed: prometheus_client. "
            'Run pip install "rekindle-push[telemetry]" in this environment.\n'
        )
    assert fcm.messages() == []
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    said = within("run")
    assert ('"event": "traces.off"' in said, len(fcm.messages())) == (True, 1)


def test_a_trace_can_be_followed_from_the_tick_to_the_send_and_its_record(
    rekindle: Command, team: Team, fcm: Sandbox, collector: Collector
) -> None:
    team.people(3)
    schedule(team, rekindle.folder)
    fcm.faults([{"match": {"target": "t2-1"}, "respond": UNREGISTERED}])
    done = rekindle.having(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)("--log-level", "info", "tick", "--json")
    (report,) = done.json()
    (tick,) = collector.named("tick")
    (run,) = collector.named("run")
    assert attributes(tick)["key"] == report["tick"]
    assert attributes(run) == {"run_id": report["run_id"], "dispatcher": "fcm"}
    assert (tick.parent_span_id, run.parent_span_id) == (b"", tick.span_id)
    stages = {name: collector.named(name) for name in ("open", "sweep", "claim", "dispatch", "report")}
    assert {name: [one.parent_span_id for one in found] for name, found in stages.items()} == {
        name: [run.span_id] for name in stages
    }
    (scenario,) = collector.named("claim_scenario")
    assert scenario.parent_span_id == stages["claim"][0].span_id
    assert attributes(scenario) == {"scenario": "nudge", "evaluated": 3, "claimed": 3}
    (dispatch,) = stages["dispatch"]
    sends, records = collector.named("send"), collector.named("record")
    below = [*collector.named("render"), *collector.named("arm"), *sends, *records]
    assert {one.parent_span_id for one in below} == {dispatch.span_id}
    assert sorted(attributes(one)["outcome"] for one in sends) == ["accepted", "accepted", "refused"]
    linked = {link.span_id for one in records for link in one.links}
    assert linked == {one.span_id for one in sends}
    assert {one.trace_id for one in collector.spans} == {tick.trace_id}
    assert collector.resources[0]["service.name"] == "rekindle"
    finished = next(line for line in map(json.loads, done.err.splitlines()) if line["event"] == "run.finished")
    (reporting,) = stages["report"]
    assert (finished["trace_id"], finished["span_id"]) == (tick.trace_id.hex(), reporting.span_id.hex())


def test_a_request_and_the_run_that_it_starts_are_part_of_the_caller_s_trace_and_are_counted(
    rekindle: Command, team: Team, fcm: Sandbox, collector: Collector
) -> None:
    team.people(1)
    port = free_port()
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    command = rekindle.having(
        REKINDLE_API_KEY=KEY, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, REKINDLE_METRICS_PORT=port
    )
    with serving(command) as served:
        begun = served.post({}, wait=30, headers={"traceparent": caller})
        assert (begun.status_code, begun.json()["status"]) == (200, "done")
        assert httpx.get(f"{served.url}/v1/runs/c4n4ry", trust_env=False).status_code == 401
        assert served.client.get("/v1/c4n4ry").status_code == 404
        found = numbers(httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text)
        started = time.monotonic()
        served.stop()
        assert time.monotonic() - started < 4  # it does not wait for the threads of the metrics' server
    assert found.of("rekindle_http_requests_total", route="/v1/runs", status="200") == 1
    assert found.of("rekindle_http_requests_total", route="-", status="404") == 1
    assert found.of("rekindle_http_request_duration_seconds_count", route="/v1/runs") == 1
    assert "c4n4ry" not in "".join(str(key) for key in found)
    (request,) = [one for one in collector.named("http.request") if attributes(one).get("route") == "/v1/runs"]
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == tuple(caller.split("-")[1:3])
    assert attributes(request) == {"method": "POST", "route": "/v1/runs", "status": 200}
    (run,) = collector.named("run")
    assert (run.trace_id, run.parent_span_id) == (request.trace_id, request.span_id)
    assert b"c4n4ry" not in b"".join(collector.bodies)


def test_a_collector_that_hangs_changes_no_run_and_the_process_ends(
    rekindle: Command, team: Team, fcm: Sandbox, collector: Collector
) -> None:
    team.people(1)
    collector.hangs = True
    started = time.monotonic()
    # In seconds: without an end of ours the process would wait for the exporter.
    patient = rekindle.having(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_TIMEOUT=200)
    done = patient("run")
    assert (done.code, len(fcm.messages())) == (0, 1), done
    assert time.monotonic() - started < 50


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "http://c4n4ry:c4n4ry@[x"])
def test_an_endpoint_that_cannot_be_used_changes_no_run_and_is_not_quoted(
    rekindle: Command, team: Team, fcm: Sandbox, endpoint: str
) -> None:
    team.people(1)
    done = rekindle.having(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)("run")
    assert (done.code, len(fcm.messages())) == (0, 1), done
    assert "c4n4ry" not in done.err
    assert "Traceback" not in done.err


def test_a_fault_is_in_the_trace_by_its_code_alone(
    rekindle: Command, team: Team, fcm: Sandbox, collector: Collector
) -> None:
    team.execute("drop view rekindle_source.nudge")
    done = rekindle.having(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)("run")
    assert done.code == 2
    (scenario,) = collector.named("claim_scenario")
    assert (scenario.status.code, scenario.status.message, list(scenario.events)) == (2, "RK304", [])
