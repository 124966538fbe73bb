"""The team's own query: one SELECT, read only, within its time, and only its rows count."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from rekindle.engine.claim import claim
from rekindle.engine.cycle import Cycle, Deps, Limits
from rekindle.engine.open import open_run
from rekindle.errors import ScenarioQueryFailed, ScenarioQueryInvalid, SourceError
from rekindle.model import Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Evaluation, Terms
from rekindle.postgres.own_query import sample_variables
from rekindle.scenario import OwnQuery, Variable
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, open_programme, scenario, wanted
from team.waiting import WAIT_SECONDS

COLUMNS = "gen_random_uuid() as user_id, 'x'::text as occurrence, '{}'::jsonb as variables"
CATALOG = (
    "select count(*) from pg_class union all select count(*) from pg_proc union all select count(*) from pg_namespace"
)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute("create sequence team.numbers; create table team.victim (n int)")
        await programme.sql.execute("insert into team.victim values (1)")
        yield programme


def own(query: str) -> OwnQuery:
    one = scenario("sql", query=query)
    assert isinstance(one, OwnQuery)
    return one


async def catalog(programme: Programme) -> list[object]:
    counts: list[object] = [next(iter(row.values())) for row in await programme.rows(CATALOG)]
    counts.append(await programme.value("select count(*) from team.victim"))
    counts.append(await programme.value("select is_called from team.numbers"))
    counts.append(await programme.value("select count(*) from rekindle.gate"))
    return counts


REFUSED = {
    "two statements": f"select {COLUMNS}; select 1",
    "a second statement that drops": f"select {COLUMNS}; drop table team.victim",
    "an insert": "insert into team.victim values (2) returning gen_random_uuid() as user_id",
    "a delete": "delete from team.victim",
    "a delete in a CTE": f"with gone as (delete from team.victim returning n) select {COLUMNS} from gone",
    "an insert in a CTE": f"with more as (insert into team.victim values (2) returning n) select {COLUMNS} from more",
    "a sequence": f"select {COLUMNS} from (select nextval('team.numbers') offset 0) s",
    "leaving read only": f"select {COLUMNS} from (select set_config('transaction_read_only', 'off', false) offset 0) s",
    "a create": "create table team.more (n int)",
    "select into": f"select {COLUMNS} into team.more",
    "a do block": "do $$ begin delete from team.victim; end $$",
    "a copy": "copy team.victim to program 'true'",
    "brackets closed early": "select 1) own) to program 'touch /nowhere' --",
    "brackets closed and another statement": f"select {COLUMNS}) as own) to stdout; drop table team.victim; --",
    "brackets closed and opened again": f"select {COLUMNS}) as own, (select 1 as one",
    "a comment that swallows the rest": f"select {COLUMNS} /*",
    "analyze": f"analyze select {COLUMNS}",
    "explain options": f"(analyze) select {COLUMNS}",
    "commit first": f"commit; select {COLUMNS}",
    "locking rows": f"select {COLUMNS} from team.victim for update",
    "a missing table": f"select {COLUMNS} from team.nowhere",
    "a missing column": "select gen_random_uuid() as user_id, 'x'::text as occurrence",
    "text for a uuid": "select 'x'::text as user_id, 'x'::text as occurrence, '{}'::jsonb as variables",
    "json for jsonb": "select gen_random_uuid() as user_id, 'x'::text as occurrence, '{}'::json as variables",
    "a number as occurrence": "select gen_random_uuid() as user_id, 1 as occurrence, '{}'::jsonb as variables",
}


@pytest.mark.parametrize("what", sorted(REFUSED))
async def test_a_query_that_is_not_one_read_only_select_is_refused_and_changes_nothing(
    programme: Programme, what: str
) -> None:
    before = await catalog(programme)
    with pytest.raises(ScenarioQueryInvalid) as caught:
        await programme.claim(own(REFUSED[what]))
    assert caught.value.code == "RK304"
    assert "\n" not in str(caught.value)
    assert await catalog(programme) == before


FAILING = {
    "a division by zero": "select " + COLUMNS.replace("'x'", "(1 / (n - 1))") + " from team.victim",
    "a cast that fails": "select " + COLUMNS.replace("'x'", "('a' || n)::int") + " from team.victim",
}


@pytest.mark.parametrize("what", sorted(FAILING))
async def test_a_query_that_fails_is_a_failed_query(programme: Programme, what: str) -> None:
    before = await catalog(programme)
    with pytest.raises(SourceError) as caught:
        await programme.claim(own(FAILING[what]))
    assert caught.value.code in ("RK304", "RK305")
    assert "nudge" in caught.value.message
    assert await catalog(programme) == before


async def test_an_unusable_row_of_a_query_is_refused_alone(programme: Programme) -> None:
    users = [await programme.person() for _ in range(6)]
    rows: list[tuple[str | None, str]] = [
        ("once", "{}"), (None, "{}"), ("", "{}"), ("x" * 1_001, "{}"), ("once", "[1]"), ("once", "null"),
    ]  # fmt: skip
    for user, (occurrence, variables) in zip(users, rows, strict=True):
        await programme.rows("insert into team.wanted values (%s, %s, %s)", user, occurrence, variables)
    await programme.rows("insert into team.wanted values (null, 'once', '{}')")
    numbers = await programme.claim(wanted())
    assert (numbers.claimed, dict(numbers.refusals)) == (3, {"wrong_occurrence": 3})


async def test_a_long_list_reaches_a_unit_as_a_text_that_any_client_can_decode(programme: Programme) -> None:
    await programme.sql.execute(
        "alter table team.person add numbers jsonb; drop view rekindle_source.recipient; "
        "create view rekindle_source.recipient as select * from team.person"
    )
    await programme.want(await programme.person())
    await programme.sql.execute("update team.person set numbers = to_jsonb(array_fill(7, array[2000]))")
    _, [unit] = await programme.claimed_units()
    assert unit.variables["numbers"] == ("[" + "7, " * 334)[:1_000]


async def test_a_failing_value_is_not_quoted(programme: Programme) -> None:
    secret = "confidential" * 20
    columns = COLUMNS.replace("'x'::text", f"('{secret}' || n)::int::text")
    with pytest.raises(ScenarioQueryFailed) as caught:
        await programme.claim(own(f"select {columns} from team.victim"))
    assert "confidential" not in str(caught.value)


async def test_a_slow_query_fails_within_the_time_that_is_left(programme: Programme) -> None:
    began = time.monotonic()
    with pytest.raises(ScenarioQueryFailed) as caught:
        await programme.store.claim(
            await programme.run(),
            Evaluation(
                applied(own(f"select {COLUMNS} from (select pg_sleep(200) offset 0) s")),
                terms=Terms(timeout_seconds=2),
            ),
            reserved_seconds=60,
        )
    assert time.monotonic() - began < WAIT_SECONDS
    assert caught.value.code == "RK305"


async def test_a_query_that_fails_is_skipped_and_the_other_scenarios_continue(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rekindle.postgres.own_query.QUERY_SECONDS", 4.0)  # instead of 15, which one of them takes
    await programme.want(await programme.person())
    every = [
        applied(own(query), name)
        for name, query in (
            ("broken", REFUSED["a missing table"]),
            ("slow", f"select {COLUMNS} from (select pg_sleep(30) offset 0) s"),
            ("zero", FAILING["a division by zero"]),
        )
    ]
    every.append(applied(wanted(priority=1), "sound"))
    deps = Deps(ScriptedDispatcher(), programme.store, programme.store)
    cycle = Cycle.begin(deps, every, Selection(), Limits(guard=UNGUARDED))
    await open_run(cycle)
    claimed = await claim(cycle)
    assert [numbers.scenario_type for numbers in claimed.numbers] == ["sound"]
    assert claimed.numbers[0].claimed == 1
    assert len(claimed.faults) == 3


@pytest.mark.parametrize(
    "ending",
    [
        "",
        ";",
        " ;\n",
        "; -- done",
        ";; /* done */",
        "\n-- a last word",
        " -- ; drop table team.victim",
        " /* ) */",
        "\n  order by 1",
    ],
)
async def test_a_query_may_end_with_a_semicolon_a_comment_or_an_order(programme: Programme, ending: str) -> None:
    await programme.want(await programme.person())
    numbers = await programme.claim(own(f"select user_id, occurrence, variables from team.wanted{ending}"))
    assert numbers.claimed == 1


@pytest.mark.parametrize(
    "query",
    [
        "with w as (select * from team.wanted) select user_id, occurrence, variables from w",
        "table team.wanted",
        "(select user_id, occurrence, variables from team.wanted)",
        "select w.*, now() as more, 5 % 2 as rest from team.wanted w where occurrence like 'on%'",
        "select variables, occurrence::varchar(50) as occurrence, user_id from team.wanted where true limit 5",
    ],
    ids=["with", "table", "brackets", "more columns", "other order"],
)
async def test_any_select_with_the_three_columns_will_do(programme: Programme, query: str) -> None:
    user = await programme.person()
    await programme.want(user, variables={"n": 7})
    run_id, units = await programme.claimed_units(own(query))
    assert [(unit.user_id, unit.variables) for unit in units] == [(user, {"first_name": "Ada", "n": 7})]
    assert await programme.store.release(run_id) == 1


async def test_a_setting_that_a_query_makes_does_not_outlive_it(programme: Programme) -> None:
    lasting = "set_config('synchronous_commit', 'off', false), set_config('work_mem', '64kB', false)"
    await programme.claim(own(f"select {COLUMNS} from (select {lasting} offset 0) s"))
    async with asyncio.TaskGroup() as group:
        settings = [
            group.create_task(
                programme.database.row(
                    "select current_setting('synchronous_commit') as commit, "
                    "current_setting('work_mem') as memory, pg_sleep(0.05)::text as slept"
                )
            )
            for _ in range(4)
        ]
    assert {(one.result()["commit"], one.result()["memory"]) for one in settings} == {("on", "4MB")}


@pytest.mark.parametrize("then", ["", " where 1 / (random() * 0)::int = 1"], ids=["succeeds", "fails"])
async def test_no_advisory_lock_that_a_query_takes_outlives_it(programme: Programme, then: str) -> None:
    """A lock of a session would stay on a connection of the pool, and of a pooler."""
    query = (
        "select p.user_id, 'once' as occurrence, '{}'::jsonb as variables from team.person p, "
        f"lateral (select pg_advisory_lock(42) is null as taken) held{then}"
    )
    await programme.people(1)
    with contextlib.suppress(SourceError):
        await programme.claim(scenario("sql", query=query))
    assert await programme.value("select count(*) from pg_locks where locktype = 'advisory'") == 0


async def test_the_variables_of_a_query_are_known_from_its_rows(programme: Programme) -> None:
    query = own("select user_id, occurrence, variables from team.wanted")
    assert await sample_variables(programme.database, "nudge", query) is None
    await programme.want(await programme.person(), variables={"city": "Ålesund", "n": 1})
    assert await sample_variables(programme.database, "nudge", query) == {
        "city": Variable(longest=8),
        "n": Variable(frozenset({"number"}), longest=1),
    }


@pytest.mark.parametrize("what", ["a missing table", "a delete in a CTE", "brackets closed early", "a missing column"])
async def test_looking_at_a_querys_variables_refuses_what_a_run_refuses(programme: Programme, what: str) -> None:
    before = await catalog(programme)
    with pytest.raises(ScenarioQueryInvalid):
        await sample_variables(programme.database, "nudge", own(REFUSED[what]))
    assert await catalog(programme) == before


async def test_looking_at_the_variables_of_a_query_that_fails_is_a_fault_of_the_source(programme: Programme) -> None:
    query = own("select " + COLUMNS.replace("'{}'", "(1 / (n - 1))::text") + " from team.victim")
    with pytest.raises(SourceError):
        await sample_variables(programme.database, "nudge", query)
