"""The statement files: each does what its header says, and the server can plan each."""

import re
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from rekindle.postgres.connection import Connection
from rekindle.postgres.evaluation import (
    AT_ANY_HOUR,
    OF_MEMBERSHIP,
    OF_TRIALS,
    WITH_ONE_TEXT,
    kinds_that_look,
    parts_of,
    parts_of_names,
    source_views,
)
from rekindle.postgres.sql import names, statement
from rekindle.postgres.twins import PARTS
from rekindle.scenario import KINDS
from rekindle.scenario.digest import Digest
from team.programme import SHOW_AMOUNTS, SHOW_OPENED, SHOW_OPENED_BY_PERSON, open_programme, scenario
from team.samples import sample
from team.tables import DAYS

MEASURED = [name for name, kind in KINDS.items() if any(one.longest is None for one in kind.variables.values())]
SQL = resources.files("rekindle.postgres.sql")
KIND_FILES = {
    f"parts/kinds/{kind}/{file.name}": file.read_text(encoding="utf-8")
    for kind in KINDS
    for file in resources.files("rekindle.scenario.kinds").joinpath(kind).iterdir()
    if file.name.endswith(".sql")
}
FILES = sorted(
    [f"{name}.sql" for name in names()]
    + [str(file.relative_to(str(SQL))) for file in Path(str(SQL), "parts").rglob("*.sql")]
    + list(KIND_FILES)
)
VIEWS = ["chapter", "organisation", "preference", "membership"]
OPENED = ["opened", "opened_by_person", "opened_absent"]
BOUND = ("candidates", "known", "longest", "outranking", "own_columns", "opened", *VIEWS)
EVALUATE = [
    "test_person",
    "claim",
    "claimable",
    "claimants",
    "plan",
    "stage_claimants",
    "stage_outranking",
    "explain",
    "replay",
]
# PREPARE takes no utility statements; these are executed.
UTILITY = {
    "stage_create", "stage_drop", "outranking_create", "outranking_drop", "claimants_create", "source_activity_plan",
    "erasure_begin", "erasure_share", "twin_clock", "twin_create", "twin_index", "replayed_create", "replayed_by_next",
    "replayed_by_sent", "replay_analyze"
}  # fmt: skip
Planner = psycopg.AsyncConnection[dict[str, Any]]
# What the callers of these bind {twin}, {table} and {view} to.
NAMED = {
    "twin_create": {"twin": '"scenario_notification"'},
    "replay_analyze": {"table": '"rekindle_replayed"'},
    "replay_clear": {"table": '"rekindle_candidate"'},
    "replay_rows": {"view": '"activity"'},
    "replay_entered": {"view": '"activity"'},
}
SLOT = re.compile(r"\{([a-z_/*]+)\}")


def raw(file: str) -> str:
    return KIND_FILES.get(file) or SQL.joinpath(file).read_text(encoding="utf-8")


def unmarked(file: str) -> str:
    """The file without the markers of mutants, which the loader leaves out."""
    return re.sub(r" *-- mutant: .*", "", raw(file))


def code(text: str) -> str:
    return re.sub(r"--.*", "", text)


def absent(*there: str) -> dict[str, str]:
    """Every optional view is bound to its absent twin, but these."""
    parts = {view: view if view in there else f"{view}_absent" for view in VIEWS}
    return parts | {slot: parts["membership"].replace("membership", slot) for slot in OF_MEMBERSHIP}


def numbered(text: str) -> str:
    """The statement with $1, $2 … in place of %(name)s, as the server sees it."""
    order: dict[str, int] = {}
    return re.sub(r"%\((\w+)\)s", lambda match: f"${order.setdefault(match[1], len(order) + 1)}", text)


@pytest.fixture
async def planner(database_url: str) -> AsyncIterator[Planner]:
    async with open_programme(database_url) as programme, programme.sql.transaction(force_rollback=True):
        await programme.sql.execute(DAYS)
        for name in (
            "stage_create",
            "stage_drop",
            "stage_create",
            "outranking_create",
            "claimants_create",
            "replayed_create",
        ):
            await programme.sql.execute(statement(name))
        await programme.sql.execute(SHOW_AMOUNTS)
        await programme.sql.execute(SHOW_OPENED)
        await programme.sql.execute(
            "create or replace view rekindle_source.activity as "
            "select user_id, activity_date, amount, null::timestamptz as recorded_at from team.activity"
        )
        yield programme.sql


async def prepare(connection: Planner, name: str, text: str) -> None:
    await connection.execute(f'prepare "{name}" as {numbered(text)}'.encode())


async def test_every_standalone_statement_can_be_prepared(planner: Planner) -> None:
    alone = [name for name in names() if name not in UTILITY.union(EVALUATE, ["longest_of_kind"])]
    assert len(alone) >= 25
    for name in alone:
        await prepare(planner, name, statement(name, **NAMED.get(name, {})))


@pytest.mark.parametrize("type_of_day", ["date", "timestamp", "timestamptz"])
async def test_the_statements_of_an_own_outcome_can_be_prepared_with_each_type(
    planner: Planner, type_of_day: str
) -> None:
    await planner.execute(
        f"create temporary table rekindle_happened (user_id uuid, happened_at {type_of_day})".encode()
    )
    for name in ("outcome_asked", "outcome_tried", "effect_changed"):
        await prepare(planner, name, statement(name, back="back_own"))
    for name in ("look_back", "settle_enrolments"):
        await prepare(planner, name, statement(name, back="back_asked", preference="preference_absent"))


@pytest.mark.parametrize("kind", MEASURED)
async def test_the_longest_values_of_a_kind_can_be_prepared(planner: Planner, kind: str) -> None:
    await prepare(planner, "longest_of_kind", statement("longest_of_kind", longest=f"kinds/{kind}/longest"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EVALUATE)
async def test_composed_statements_can_be_prepared_with_and_without_each_view(
    planner: Planner, name: str, kind: str
) -> None:
    views = [absent(), *(absent(view) for view in VIEWS), absent(*VIEWS)]
    careful = {**absent(*VIEWS), "own_columns": "own_columns_careful"}
    for number, bound in enumerate([*views, careful]):
        # Parts do not depend on each other: every view with one of the three, all views with each.
        every = ("outranking", "outranking_absent", "outranking_known")
        for outranking in every if bound in (views[0], views[-1]) else every[number % 3 :][:1]:
            devices = "newest_devices" if outranking == "outranking_known" else "every_device"
            hours = AT_ANY_HOUR if outranking == "outranking_absent" and name != "explain" else {}
            days = dict.fromkeys(("not_over", "not_too_old"), "every_candidate")
            if KINDS[kind].occasion_day is not None and outranking == "outranking":
                days = {}
            one = sample(kind)
            if outranking == "outranking_known" and KINDS[kind].several:
                one = one.model_copy(update={"digest": Digest()})
            parts = {
                **bound,
                **parts_of(one),
                **hours,
                **days,
                "outranking": outranking,
                "newest_devices": devices,
            }
            if kind == "milestone" and outranking == "outranking_absent":
                parts |= scenario("milestone", at=[1], of="count").parts()
            elif kind == "milestone" and outranking == "outranking":
                parts |= scenario("milestone", at=[1], of="sum", max_age="1d").parts()
            if name == "test_person":
                parts["refusal"] = "refusal_of_a_test"
                parts["candidates"] = "anybody" if outranking == "outranking_known" else parts["candidates"]
            if name == "replay" and outranking != "outranking_known":
                parts |= PARTS
            text = statement(name, **parts)
            await prepare(planner, f"{name}_{kind}_{number}_{outranking}", text)
            assert not SLOT.search(code(text))


async def test_arming_and_counting_can_be_prepared_with_or_without_each_view(planner: Planner) -> None:
    for name in ("arm", "source_counts", "place_names"):
        for number, bound in enumerate([absent(), *(absent(view) for view in VIEWS)]):
            await prepare(planner, f"{name}_{number}", statement(name, **bound, **parts_of_names(bound)))
    for kinds in ([], *([kind] for kind in KINDS)):
        await prepare(planner, f"arm_{kinds}", statement("arm", kinds=frozenset(kinds)))


@pytest.mark.parametrize("opened", OPENED)
async def test_a_report_can_be_prepared_with_and_without_the_opened_pushes(planner: Planner, opened: str) -> None:
    if opened == "opened_by_person":
        await planner.execute("drop view rekindle_source.opened")
        await planner.execute(SHOW_OPENED_BY_PERSON)
    await prepare(planner, opened, statement("summary", opened=opened))


async def test_a_kind_looks_again_before_sending_only_if_its_views_exist(planner: Planner) -> None:
    views = await source_views(cast("Connection", planner))
    assert views >= {"recipient", "activity", "certification"}
    assert kinds_that_look(["inactivity", "expiry", "removed since"], views) == {"inactivity", "expiry"}
    assert kinds_that_look(KINDS, views - {"activity"}) == {
        name for name in KINDS if "activity" not in KINDS[name].last_look
    }


async def test_every_statement_is_prepared_executed_or_a_part_of_one_that_is(planner: Planner) -> None:
    assert set(names()) >= UTILITY.union(EVALUATE)
    for name in (
        "source_activity_plan",
        "erasure_begin",
        "erasure_share",
        "twin_create",
        "twin_index",
        "twin_clock",
        "replayed_by_next",
        "replayed_by_sent",
        "replay_analyze",
    ):
        await planner.execute(statement(name, **NAMED.get(name, {})))
    slots = {slot for file in FILES for slot in SLOT.findall(code(raw(file)))}
    parts = {file.removeprefix("parts/").removesuffix(".sql") for file in FILES if file.startswith("parts/")}
    twins = {f"{view}_absent" for view in (*VIEWS, "outranking", *parts_of_names(absent()), "no_longer_due")}
    twins |= {
        "claiming_staged",
        "outranking_known",
        "own_columns_careful",
        "every_device",
        "at_any_hour",
        "gate_renamed",
        *PARTS.values(),
    }
    twins |= {"back_own", "back_asked", "latest_activity_absent", "anybody", "refusal_of_a_test", "every_candidate"}
    twins |= {f"{slot}_absent" for slot in OF_MEMBERSHIP}
    twins |= {f"kinds/milestone/{part}" for part in ("undated", "sum", "amount_absent")}
    twins |= {"occasion_digest", "variables_digest", "opened_by_person", "opened_absent"}
    twins |= {f"{slot}_absent" for slot in OF_TRIALS} | set(WITH_ONE_TEXT.values())
    of_a_kind = {f"kinds/{kind}/{part}" for kind in KINDS for part in ("candidates", "known")}
    of_a_kind |= {f"kinds/{kind}/longest" for kind in MEASURED}
    of_a_kind |= {f"kinds/{kind}/relevant_until" for kind in KINDS if KINDS[kind].ends}
    columns = {slot for kind in KINDS for slot in sample(kind).columns()}
    unions = {slot for slot in slots if "*" in slot}
    assert unions == {"kinds/*/no_longer_due", "kinds/*/useless"}
    of_a_kind |= {slot.replace("*", kind) for slot in unions for kind in KINDS} & parts
    assert (
        parts
        == slots - unions - {"candidates", "known", "longest", "twin", "table", "view", *columns} | twins | of_a_kind
    )


def test_explain_checks_the_conditions_in_the_order_of_the_claim() -> None:
    claim = re.findall(r"when \{refusals/(\w+)\}\s+then '(\w+)'", code(raw("parts/refusal.sql")))
    explain = re.findall(r"'(\w+)', \{refusals/(\w+)\}", code(raw("parts/every_refusal.sql")))
    assert claim == explain
    assert all(file == reason for file, reason in claim)
    assert (
        len(claim) == len(SLOT.findall(raw("parts/refusal.sql"))) == len(SLOT.findall(raw("parts/every_refusal.sql")))
    )
    assert {file for file, _ in claim} == {Path(file).stem for file in FILES if file.startswith("parts/refusals/")}


async def test_the_optional_views_are_bound_to_the_part_that_reads_them_or_to_its_absent_twin(
    planner: Planner,
) -> None:
    async def bound() -> dict[str, str]:
        rows = await (await planner.execute(statement("optional_views"))).fetchall()
        return {row["slot"]: row["part"] for row in rows}

    nothing = {slot: part for slot, part in absent().items() if slot not in OF_MEMBERSHIP}
    there = await bound()
    amount = "kinds/milestone/amount"
    assert set(there) == {*VIEWS, "own_columns", amount, "opened", *OF_TRIALS}
    assert {slot: there[slot] for slot in OF_TRIALS} == {slot: f"{slot}_absent" for slot in OF_TRIALS}
    assert (there["preference"], there["own_columns"], there[amount]) == ("preference", "own_columns", amount)
    assert there["opened"] == "opened"
    for view in (*VIEWS, "activity", "opened"):
        await planner.execute(f"drop view if exists rekindle_source.{view}".encode())
    assert await bound() == {
        **nothing, "own_columns": "own_columns", amount: f"{amount}_absent", "opened": "opened_absent",
        **{slot: f"{slot}_absent" for slot in OF_TRIALS},
    }  # fmt: skip
    await planner.execute(
        "insert into rekindle.trial (scope, unit, held, horizon_seconds, outcome_sha256, worth, until_on, agreed_at) "
        "values ('*', 'person', 100, 1, repeat('0', 64), 1, '2026-06-01', '2026-06-03')"
    )
    assert {slot: part for slot, part in (await bound()).items() if slot in OF_TRIALS} == {
        slot: slot for slot in OF_TRIALS
    }
    await planner.execute("update rekindle.trial set ended_at = rekindle.clock()")
    assert (await bound())["assigned"] == "assigned_absent"
    await planner.execute(SHOW_OPENED_BY_PERSON)
    assert (await bound())["opened"] == "opened_by_person"
    await planner.execute(
        "alter table team.person add meta json; drop view rekindle_source.recipient; "
        "create view rekindle_source.recipient as select * from team.person"
    )
    assert (await bound())["own_columns"] == "own_columns_careful"


def test_a_part_is_indented_as_its_slot_is_and_the_caller_may_bind_the_slot_to_another() -> None:
    lines = statement("source_counts", chapter="chapter_absent").splitlines()
    assert lines[1:3] == ["with chapter as (", "  select null::uuid as chapter_id, null::text as timezone where false"]
    assert "    from rekindle_source.organisation o" in lines


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("parts/")])
def test_a_part_can_be_put_into_the_middle_of_a_line(file: str) -> None:
    assert "--" not in unmarked(file).rstrip().splitlines()[-1]


@pytest.mark.parametrize("file", FILES)
def test_every_file_says_first_what_goes_in_and_comes_out(file: str) -> None:
    header = [line for line in raw(file).splitlines() if line.startswith("--")]
    text = " ".join(line.removeprefix("--").strip() for line in header)
    assert raw(file).startswith("-- ")
    assert re.search(r"^A part of " if file.startswith("parts/") else r"\b(In|Out): ", text), text


@pytest.mark.parametrize("file", FILES)
def test_no_statement_reads_a_clock_other_than_the_ledgers(file: str) -> None:
    text = code(raw(file)).lower()
    assert not re.search(r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(", text)
    assert not re.search(r"\bcurrent_(date|time|timestamp)\b|\blocaltime(stamp)?\b", text)


@pytest.mark.parametrize("name", names())
def test_the_loader_marks_each_statement_and_leaves_its_header_out(name: str) -> None:
    bound = parts_of(sample("expiry")) | {"longest": "kinds/expiry/longest"} | NAMED.get(name, {})
    first, _, body = statement(name, **bound).partition("\n")
    assert first == f"/* rekindle:{name} */"
    assert body.strip()
    assert not body.startswith("--")
    last = unmarked(f"{name}.sql").rstrip().splitlines()[-1]
    assert body.rstrip().endswith(re.sub(r"\{(\w+)\}", lambda slot: NAMED.get(name, {}).get(slot[1], slot[0]), last))
    assert "mutant:" not in body


@pytest.mark.parametrize("file", FILES)
def test_each_file_holds_one_statement(file: str) -> None:
    text = re.sub(r"'[^']*'", "''", code(raw(file)))
    assert ";" not in text.rstrip().removesuffix(";")
