"""The statements as files: each is what its header says, and each is one that the server can plan."""

import re
from collections.abc import AsyncIterator
from importlib import resources

import psycopg
import pytest

from database.programme_tables import open_programme
from rekindle.postgres.sql import OPTIONAL, composed, names, refusals, statement

KINDS = ["inactivity", "milestone", "expiry", "sql"]
PARTS = {
    "verdicts",
    "refusals",
    "switched_off",
    "devices",
    "usable",
    "wanted_known",
    *OPTIONAL,
    *(f"{part}_absent" for part in OPTIONAL),
}
PARTS |= {f"{part}_{kind}" for part in ("candidates", "known") for kind in KINDS}
COMPOSED = {"claim", "claimants", "plan", "stage_wanted", "explain"}
# PREPARE takes no utility statements; these are executed.
UTILITY = {"stage_create", "stage_drop", "wanted_create", "source_activity_plan"}


def raw(name: str) -> str:
    return resources.files("rekindle.postgres.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def numbered(text: str) -> str:
    """The statement with $1, $2 … in place of %(name)s, as the server sees it."""
    order: dict[str, int] = {}
    return re.sub(r"%\((\w+)\)s", lambda match: f"${order.setdefault(match[1], len(order) + 1)}", text)


@pytest.fixture
async def planner(database_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with open_programme(database_url) as programme, programme.sql.transaction(force_rollback=True):
        for name in ("stage_create", "stage_drop", "stage_create", "wanted_create"):
            await programme.sql.execute(statement(name))
        yield programme.sql


async def prepare(connection: psycopg.AsyncConnection, name: str, text: str) -> None:
    await connection.execute(f'prepare "{name}" as {numbered(text)}'.encode())


async def test_every_statement_of_its_own_can_be_prepared(planner: psycopg.AsyncConnection) -> None:
    alone = [name for name in names() if name not in PARTS | COMPOSED | UTILITY | {"arm", "source_counts"}]
    assert len(alone) >= 25
    for name in alone:
        await prepare(planner, name, statement(name))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(COMPOSED))
async def test_what_is_composed_can_be_prepared_with_and_without_each_view(
    planner: psycopg.AsyncConnection, name: str, kind: str
) -> None:
    for parts in ([], *([one] for one in OPTIONAL), OPTIONAL, ["wanted_known"]):
        text = composed(name, kind=kind, parts=frozenset(parts))
        await prepare(planner, f"{name}_{kind}_{'_'.join(parts)}", text)
    assert "{" not in re.sub(r"'[^']*'", "", re.sub(r"--.*", "", text))


def test_the_refusals_are_taken_apart_without_anything_lost_or_added() -> None:
    _, _, whole = statement("refusals").partition("\n")
    assert "\n".join(refusals().values()) == whole
    for reason, part in refusals().items():
        code = re.sub(r"--.*", "", part).strip()
        assert code.startswith("when ")
        assert code.endswith(f" then '{reason}'")
        assert len(re.findall(r"\bwhen\b", code)) == len(re.findall(r"\bthen\b", code)) == 1


async def test_arming_and_counting_can_be_prepared_with_or_without_each_view(planner: psycopg.AsyncConnection) -> None:
    for parts in ([], ["preference"], ["activity"], ["preference", "activity"]):
        await prepare(planner, f"arm_{'_'.join(parts)}", composed("arm", parts=frozenset(parts)))
    await prepare(planner, "counts", composed("source_counts"))
    await prepare(planner, "counts_of_all", composed("source_counts", parts=frozenset(OPTIONAL)))


async def test_every_statement_is_prepared_executed_or_a_part_of_one_that_is(planner: psycopg.AsyncConnection) -> None:
    assert set(names()) >= PARTS | COMPOSED | UTILITY
    await planner.execute(statement("source_activity_plan"))


@pytest.mark.parametrize("name", names())
def test_every_file_says_first_what_goes_in_and_comes_out(name: str) -> None:
    header = [line for line in raw(name).splitlines() if line.startswith("--")]
    text = " ".join(line.removeprefix("--").strip() for line in header)
    assert raw(name).startswith("-- ")
    assert re.search(r"\b(In|Out): |^A part of ", text), text


@pytest.mark.parametrize("name", names())
def test_no_statement_reads_a_clock_other_than_the_ledgers(name: str) -> None:
    code = re.sub(r"--.*", "", raw(name)).lower()
    assert not re.search(r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(", code)
    assert not re.search(r"\bcurrent_(date|time|timestamp)\b|\blocaltime(stamp)?\b", code)


@pytest.mark.parametrize("name", names())
def test_the_loader_marks_each_statement_and_leaves_its_header_out(name: str) -> None:
    text = statement(name)
    first, _, body = text.partition("\n")
    assert first == f"/* rekindle:{name} */"
    assert body.strip()
    assert not body.startswith("--")
    assert raw(name).rstrip().endswith(body.rstrip())


@pytest.mark.parametrize("name", names())
def test_each_file_holds_one_statement(name: str) -> None:
    code = re.sub(r"'[^']*'", "''", re.sub(r"--.*", "", raw(name)))
    assert ";" not in code.rstrip().removesuffix(";")
