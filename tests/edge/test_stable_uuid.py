"""One UUID everywhere: Deno's Web Crypto (as in an app or an Edge Function), SQL and Python give an
id the same UUID."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from docs.documents import blocks, read
from edge.deno import DENO, deno_environment
from rekindle import stable_uuid
from rekindle.policy import _named  # pyright: ignore[reportPrivateUsage]

pytestmark = pytest.mark.usefixtures("database_url")

SPACES = ("people", "organisations", "", "ünïcode")
IDS = (
    "7",
    "007",
    " 7",
    "7 ",
    "-7",
    "Ada",
    "ada",
    "",
    "people",
    "日本語",
    "emoji-🎉",
    "e\u0301",
    "\u00e9",
    "\\x41",
    "z" * 5_000,
)
NUMBERS = (0, 7, -7, 2**63 - 1, -(2**63))
[IN_TYPESCRIPT] = [one.text for one in blocks(read("docs/how-to/ids-that-are-not-uuids.md")) if one.info == "ts"]


async def test_deno_sql_and_python_agree_on_the_uuid_of_awkward_ids(
    sql: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    cases = [(space, one) for space in SPACES for one in (*IDS, *map(str, NUMBERS))]
    script = tmp_path / "ids.ts"
    script.write_text(
        IN_TYPESCRIPT + "const cases: [string, string][] = JSON.parse(Deno.args[0]!);\n"
        "console.log(JSON.stringify(await Promise.all(cases.map((one) => stableUuid(...one)))));\n"
    )
    process = await asyncio.create_subprocess_exec(
        str(DENO), "run", "--no-prompt", "--no-remote", "--no-config", "--check", str(script), json.dumps(cases),
        env=deno_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    ours = [stable_uuid(*case) for case in cases]
    assert json.loads(out) == [str(one) for one in ours]
    assert len(set(ours)) == len(set(cases))
    assert {(one.version, one.variant) for one in ours} == {(8, "specified in RFC 4122")}
    cursor = await sql.execute(
        "select rekindle.stable_uuid(c.space, c.id) as one from unnest(%s::text[], %s::text[]) with ordinality "
        "c (space, id, n) order by c.n",
        [list(column) for column in zip(*cases, strict=True)],
    )
    assert [row["one"] for row in await cursor.fetchall()] == ours
    cursor = await sql.execute(
        "select rekindle.stable_uuid('people', n) as one, rekindle.stable_uuid('people', null::bigint) as none "
        "from unnest(%s::bigint[]) n",
        [list(NUMBERS)],
    )
    rows = await cursor.fetchall()
    assert [row["one"] for row in rows] == [stable_uuid("people", number) for number in NUMBERS]
    assert {row["none"] for row in rows} == {None}


def test_it_is_made_as_the_example_of_the_rfc_is() -> None:
    dns = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    assert _named(dns, "www.example.com") == UUID("5c146b14-3c52-8afd-938a-375d0df1fbf6")
