"""How Postgres reads the lists of the console where they are long."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

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
