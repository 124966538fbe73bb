"""One key everywhere: Deno's Web Crypto (as in Edge Functions), SQL and Python compute the same
key from the same text."""

import asyncio
import json
from datetime import date
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from edge.deno import DENO, deno_environment
from rekindle.policy import idempotency_key

pytestmark = pytest.mark.usefixtures("database_url")

# As a program in TypeScript that writes to the same table would compute it.
IN_TYPESCRIPT = """
const cases: [string, string, string, string | null][] = JSON.parse(Deno.args[0]!);
const keys = await Promise.all(cases.map(async ([userId, scenarioType, isoDate, occurrence]) => {
  const text = userId + scenarioType + isoDate + (occurrence === null ? "" : ":" + occurrence);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}));
console.log(JSON.stringify(keys));
"""
USERS = (
    UUID("6f1c2c1e-90bb-4c0e-9d0b-3f6f6f0e8a11"),
    UUID(int=0),
    UUID(int=2**128 - 1),
    UUID("ABCDEF01-0000-4000-8000-ABCDEFABCDEF"),
    UUID("0000000a-0000-4000-8000-000000000000"),
)
SCENARIOS = ("a", "inactivity", "first-activity", "x_1", "z" * 63, "ünïcode", "日本語", "emoji-🎉", "e\u0301", "\u00e9")
OCCURRENCES = ("", "2026-11-24", ":", "event:42:2026-11-24T09:00:00Z:120m", "føde\u0301dag 🎉")
DAYS = (date(1, 1, 1), date(987, 6, 5), date(2024, 2, 29), date(2026, 11, 24), date(2026, 12, 31), date(9999, 12, 31))


async def test_deno_sql_and_python_agree_on_the_key_for_awkward_values(
    sql: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    cases: list[tuple[str, str, str, str | None]] = [
        (str(user), scenario, day.isoformat(), None) for user in USERS for scenario in SCENARIOS for day in DAYS
    ]
    cases += [
        (str(USERS[0]), scenario, day.isoformat(), occurrence)
        for scenario in SCENARIOS
        for day in DAYS[2:4]
        for occurrence in OCCURRENCES
    ]
    script = tmp_path / "keys.ts"
    script.write_text(IN_TYPESCRIPT)
    process = await asyncio.create_subprocess_exec(
        str(DENO), "run", "--no-prompt", "--no-remote", "--no-config", "--check", str(script), json.dumps(cases),
        env=deno_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    in_deno = json.loads(out)
    assert len(set(in_deno)) == len(cases) == 400
    assert in_deno == [
        idempotency_key(UUID(user), scenario, date.fromisoformat(day), occurrence)
        for user, scenario, day, occurrence in cases
    ]
    cursor = await sql.execute(
        "select case when c.o is null then rekindle.idempotency_key(c.u, c.s, c.d) "
        "            else rekindle.idempotency_key(c.u, c.s, c.d, c.o) end as key "
        "from unnest(%s::uuid[], %s::text[], %s::date[], %s::text[]) with ordinality c(u, s, d, o, n) order by c.n",
        [list(column) for column in zip(*cases, strict=True)],
    )
    assert in_deno == [row["key"] for row in await cursor.fetchall()]
