"""How Postgres executes the claim of one person, and counts activities when its statistics are
wrong."""

from typing import Any
from uuid import UUID

import pytest

from plans.test_claim_plan import KINDS, filled, nodes, plan_of, scans
from rekindle.model import Selection
from rekindle.postgres.own_query import NOT_LOOKED_AT
from rekindle.postgres.sql import statement
from team.programme import SHOW_AMOUNTS, Programme, open_programme, scenario, wanted

PEOPLE = 6_000

PLACES = """
create index if not exists person_by_id on team.person (user_id);
insert into team.organisation select md5('o' || n)::uuid, 'Europe/Paris' from generate_series({first}, {last}) n;
insert into team.chapter select md5('c' || n)::uuid, 'Europe/Rome' from generate_series({first}, {last}) n;
analyze;
"""


def rows_read(plan: dict[str, Any], table: str) -> float:
    """The rows of a table that were read, including those that a filter then removed."""
    return sum(
        scan["Actual Loops"] * (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0))
        for scan in scans(plan, table)
    )


async def someone(programme: Programme) -> UUID:
    """A person who is due under each kind, with a chapter and an organisation and no time zone."""
    user_id = await programme.person(timezone=None)
    await programme.sql.execute(
        "update team.person set chapter_id = md5('c7')::uuid, organisation_id = md5('o7')::uuid where user_id = %s",
        [user_id],
    )
    await programme.sql.execute(
        "insert into team.activity select %s, now() - make_interval(days => 20 + n) from generate_series(0, 11) n",
        [user_id],
    )
    await programme.sql.execute(
        "insert into team.certificate values (gen_random_uuid(), %s, 'First aid', current_date + 5)", [user_id]
    )
    await programme.sql.execute(
        "insert into team.event values ('one', %s, 'Shift', now() + interval '90 minutes')", [user_id]
    )
    return user_id


async def test_the_claim_of_one_person_reads_no_more_where_there_are_more_chapters_and_organisations(
    database_url: str,
) -> None:
    async with filled(database_url, people=2_000, away=60, often=1) as programme:
        await programme.sql.execute(PLACES.format(first=1, last=2_000).encode())
        user_id = await someone(programme)
        for size in (2_000, 6_000):
            if size > 2_000:
                await programme.sql.execute(PLACES.format(first=2_001, last=size).encode())
            for kind, one in KINDS.items():
                for name in ("claim", "plan"):
                    plan = await plan_of(programme, one, name, user_id=user_id)
                    read = {table: rows_read(plan, table) for table in ("chapter", "organisation")}
                    assert read == {"chapter": 1, "organisation": 1}, (size, kind, name)
                    assert rows_read(plan, "person") < 10, (size, kind, name)
                    assert rows_read(plan, "event") < 10, (size, kind, name)


async def test_the_owner_of_one_persons_token_is_looked_up_by_index_in_the_claim_and_before_sending(
    database_url: str,
) -> None:
    async with filled(database_url, people=4_000, away=60, often=1) as programme:
        await programme.sql.execute("create index on team.device (token)")
        user_id = await someone(programme)
        await programme.token(user_id, " shared\n", registered_at="2026-01-01")
        await programme.sql.execute(
            "insert into team.device values (gen_random_uuid(), 'shared', 'token', '2025-01-01')"
        )
        await programme.sql.execute("analyze team.device")
        for name in ("claim", "plan"):
            plan = await plan_of(programme, KINDS["inactivity"], name, user_id=user_id)
            assert rows_read(plan, "device") < 20, name
        _, units = await programme.claimed_units(KINDS["inactivity"], selection=Selection(user_id=user_id))
        assert sorted(unit.target for unit in units) == ["shared", f"token-{user_id}"]
        await programme.sql.execute(SHOW_AMOUNTS)
        keys = {f"{key}s": [getattr(unit, key) for unit in units] for key in ("claim_id", "device_id", "epoch")}
        query = "explain (analyze, format json, timing off) " + statement("arm")
        parameters = keys | {"user_ids": [user_id], "lease_seconds": 60.0, **NOT_LOOKED_AT}
        plan = (await (await programme.sql.execute(query, parameters)).fetchone())["QUERY PLAN"][0]
        assert rows_read(plan, "device") < 20
        # Nothing is read for kinds that no unit has.
        assert rows_read(plan, "certificate") == 0


@pytest.mark.parametrize("distinct", [5, -1])
async def test_activities_are_counted_in_order_whatever_number_of_people_the_server_estimates(
    database_url: str, distinct: float
) -> None:
    async with filled(database_url, people=4_000, away=60, often=4) as programme:
        await programme.sql.execute(f"alter table team.activity alter user_id set (n_distinct = {distinct})".encode())
        await programme.sql.execute("vacuum analyze team.activity")
        plan = await plan_of(programme, scenario("milestone", at=[9]), "plan")
        [counted] = [
            node
            for node in nodes(plan["Plan"])
            if node["Node Type"] == "Aggregate"
            and node.get("Group Key")
            and "activity" in {scan.get("Relation Name") for scan in nodes(node)}
        ]
        assert counted["Strategy"] == "Sorted"
        assert counted["Actual Rows"] == 4_000
        assert not [node for node in nodes(counted) if node["Node Type"] == "Sort"]


async def test_devices_are_read_once_where_no_index_serves_them(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.people(PEOPLE)
        assert (await programme.claim(wanted())).claimed == PEOPLE
        await programme.database.rows("select pg_stat_force_next_flush()")  # by the connection that claimed
        read = await programme.value("select seq_tup_read from pg_stat_user_tables where relname = 'device'")
    assert read <= 2 * PEOPLE
