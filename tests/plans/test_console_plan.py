"""How Postgres reads the lists of the console where they are long."""

from datetime import UTC, datetime
from hashlib import md5
from typing import Any
from uuid import UUID

from plans.test_claim_plan import scans
from plans.test_small_plans import rows_read
from rekindle.postgres.sql import statement
from team.programme import open_programme

ROWS, LIMIT = 100_000, 51
FILL = """
insert into rekindle.audit (at, actor, action)
select rekindle.clock() - make_interval(secs => {rows} - n), 'key k',
       case when n % 5000 = 0 then 'person.erased' else 'run.started' end
from generate_series(1, {rows}) n;
insert into rekindle.disabled_token (device_id, user_id, reason, sent_at, disabled_at)
select md5('d' || n)::uuid, md5('u' || n % 20000)::uuid, 'unregistered', rekindle.clock(),
       rekindle.clock() - make_interval(secs => n / 10)
from generate_series(1, {rows}) n;
analyze;
"""
AUDIT: dict[str, Any] = {"action": None, "since": None, "until": None, "after": None, "limit": LIMIT}
TOKENS: dict[str, Any] = {
    "device_ids": [],
    "user_id": None,
    "reason": None,
    "within_seconds": None,
    "after_at": None,
    "after_device": None,
    "limit": LIMIT,
}
MIDDLE = {"after_at": datetime.now(UTC), "after_device": UUID(int=0)}
PAGES: list[tuple[str, str, dict[str, Any]]] = [
    ("audit", "audit_page", AUDIT),
    ("audit", "audit_page", {**AUDIT, "after": ROWS // 2}),
    ("audit", "audit_page", {**AUDIT, "action": "person.erased"}),
    ("audit", "audit_page", {**AUDIT, "action": "key.revoked"}),
    ("disabled_token", "disabled_tokens", TOKENS),
    ("disabled_token", "disabled_tokens", {**TOKENS, **MIDDLE}),
    ("disabled_token", "disabled_tokens", {**TOKENS, "user_id": UUID(int=7)}),
]


async def test_a_page_of_the_audit_and_of_dead_tokens_reads_as_many_rows_as_it_shows(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(FILL.format(rows=ROWS).encode())
        for table, name, parameters in PAGES:
            query = "explain (analyze, format json, timing off) " + statement(name)
            (row,) = await (await programme.sql.execute(query.encode(), parameters)).fetchall()
            assert rows_read(row["QUERY PLAN"][0], table) <= LIMIT, (name, parameters, row)


PEOPLE, ORGANISATIONS, MEMBERS = 100_000, 100, 2_000
ALONE = PEOPLE // ORGANISATIONS // 10  # of an organisation; another one has as many among its members
PLACES = """
insert into team.person (user_id, organisation_id, timezone, locale, first_name)
select md5('p' || n)::uuid, md5('o' || n % {organisations})::uuid, 'Europe/Oslo', 'en', 'Ada'
from generate_series(1, {people}) n;
insert into team.device (user_id, token)
select md5('p' || n)::uuid, 't' || n from generate_series(1, {people}) n where n / {organisations} % 10 <> 0;
create index on team.device (user_id);
insert into team.activity
select md5('p' || n)::uuid, now() - make_interval(days => n % 60 + d)
from generate_series(1, {people}) n, generate_series(1, 3) d;
insert into team.membership
select md5('p' || n)::uuid, md5('o' || (n + 1) % {organisations})::uuid from generate_series(1, {people}, {step}) n;
analyze;
"""


async def test_people_without_a_phone_are_found_by_one_look_at_each_recipient_and_the_activity_of_few(
    database_url: str,
) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(
            PLACES.format(people=PEOPLE, organisations=ORGANISATIONS, step=PEOPLE // MEMBERS).encode()
        )
        given = {"organisations": [UUID(md5(b"o2").hexdigest())], "away_seconds": 14 * 86_400, "limit": 100}
        for membership in ("membership", "membership_absent"):
            text = statement("alone", membership=membership, latest_activity="latest_activity")
            explain = "explain (analyze, format json, timing off) " + text
            (row,) = await (await programme.sql.execute(explain.encode(), {**given, "user_id": None})).fetchall()
            plan = row["QUERY PLAN"][0]
            read = {table: rows_read(plan, table) for table in ("person", "device", "activity", "membership")}
            assert len(scans(plan, "person")) == 1, membership
            assert max(read["person"], read["device"]) <= PEOPLE, (membership, read)
            assert read["membership"] <= MEMBERS, (membership, read)
            assert 0 < read["activity"] <= 3 * 2 * ALONE, (membership, read)
