"""Whole cycles on the app of examples/supabase: its own tables, the login of the guide, and what
reaches a device."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acceptance.audit import audit
from acceptance.command import Command, ended
from acceptance.pooler import PGBOUNCER, pooled
from edge.dispatcher import KEY, before_sandbox
from rekindle.sandbox import Sandbox
from supabase.conftest import Project, SupabaseServer
from supabase.test_worker import DUE

EXPIRING = {"phone-of-3"}
MARKED = {f"phone-of-{n}" for n in range(1, 41) if n % 12 >= 9 and n % 4} | {
    f"tablet-of-{n}" for n in range(1, 41) if n % 12 >= 9 and n % 5 == 0
}
EVERYTHING = Counter(
    (device, scenario)
    for scenario, devices in (("inactivity", DUE), ("milestone", MARKED), ("expiry", EXPIRING))
    for device in devices
)


@pytest.fixture(scope="session")
def supabase(supabase_named: Callable[[str], SupabaseServer]) -> SupabaseServer:
    """The embedded server; test_worker shows on another one what a login may do."""
    return supabase_named("embedded")


@contextmanager
def by_fcm(rekindle: Command, _: Sandbox) -> Iterator[Command]:
    """The command sends directly, through FCM."""
    yield rekindle


@contextmanager
def by_function(rekindle: Command, fcm: Sandbox) -> Iterator[Command]:
    """The Edge Function of the example sends, under real Deno; the command has no FCM
    credentials."""
    config = rekindle.folder / "rekindle.toml"
    config.write_text(config.read_text().replace('kind = "fcm"', 'kind = "supabase-function"'))
    with before_sandbox(fcm) as function:
        nothing = dict.fromkeys(("REKINDLE_FCM_URL", "REKINDLE_FCM_CA", "GOOGLE_APPLICATION_CREDENTIALS"))
        yield rekindle.having(SUPABASE_URL=function.url, SUPABASE_SECRET_KEY=KEY, **nothing)


SENDING = {"fcm": by_fcm, "supabase-function": by_function}
"""For each dispatcher, a context in which the command sends through it to the sandbox."""


def reached(fcm: Sandbox) -> Counter[tuple[str, str]]:
    return Counter((sent["target"], sent["message"]["data"]["scenario_type"]) for sent in fcm.messages())


@pytest.fixture(params=sorted(SENDING))
def sending(request: pytest.FixtureRequest, rekindle: Command, fcm: Sandbox) -> Iterator[Command]:
    """The command line on the example's app, with each way of sending."""
    with SENDING[request.param](rekindle, fcm) as command:
        yield command


def test_a_cycle_reaches_each_device_once_with_one_record_each_and_the_second_reaches_nobody(
    sending: Command, project: Project, fcm: Sandbox
) -> None:
    applied = sending("apply")
    assert (applied.code, applied.err) == (0, "")
    first = sending("run")
    assert (first.code, first.err) == (0, ""), first
    assert reached(fcm) == EVERYTHING
    audit(project, fcm)
    devices = project.rows("select count(*), count(distinct (claim_id, device_id)) from rekindle.delivery")
    assert devices == [(EVERYTHING.total(), EVERYTHING.total())]
    assert project.rows("select count(*) from rekindle.outbox") == [(0,)]
    again = sending("run")
    assert (again.code, again.err) == (0, "")
    assert reached(fcm) == EVERYTHING
    audit(project, fcm)


@pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")
def test_eight_runs_at_once_through_a_transaction_pooler_reach_each_device_once(
    sending: Command, project: Project, fcm: Sandbox, tmp_path: Path
) -> None:
    assert sending("apply").code == 0
    with pooled(project.worker_url, tmp_path) as url:
        through = sending.having(REKINDLE_DATABASE_URL=url)
        assert through("check").code == 0
        processes = [through.start("run", "--json") for _ in range(8)]
        runs = [ended(process) for process in processes]
        assert [(run.code, run.err) for run in runs] == [(0, "")] * 8
        explained = through("explain", "0c000000-0000-4000-8000-000000000015")
        assert explained.code == 0
    assert reached(fcm) == EVERYTHING
    audit(project, fcm)
    assert project.rows("select count(*) from rekindle.outbox") == [(0,)]
