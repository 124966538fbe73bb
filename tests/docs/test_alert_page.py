"""The page that says how to be told shows what a webhook gets, and code that verifies it."""

import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from docs.documents import blocks, read
from edge.deno import DENO, deno_environment
from rekindle.alert.alerts import Sender, document, signature
from rekindle.ports import Alert

SECRET = "s3cret-of-the-tests-0123456789abcdef"
PAGE = read("docs/how-to/run-on-a-schedule.md").partition("## Be told when it fails")[2].partition("\n## ")[0]
BLOCKS = {one.info: one.text for one in blocks(PAGE)}


def test_the_document_shown_is_the_one_that_is_sent() -> None:
    alert = Alert(
        "run.halted",
        ("inactivity",),
        datetime(2026, 3, 10, 12, 0, tzinfo=UTC),
        "Set GOOGLE_APPLICATION_CREDENTIALS to a path.",
        tick="tick:inactivity:2026-03-10T12:00Z",
        run_id=UUID("5b0b2f6e-6c0e-4c52-9b57-0f6f4e4f3f10"),
        attempt=1,
        status="halted",
        code="RK401",
    )
    sent = document(alert, Sender("machine-1", "0.1.0"), now=datetime(2026, 3, 10, 12, 0, 9, tzinfo=UTC))
    assert json.loads(sent) == json.loads(BLOCKS["json"])


def test_the_code_shown_verifies_a_signature_in_both_languages(tmp_path: Path) -> None:
    body, now = BLOCKS["json"].strip(), int(time.time())
    right = signature(SECRET.encode(), body.encode(), at=now)
    cases = [
        (right, body, SECRET),
        (right, body + " ", SECRET),
        (right, body, SECRET + "x"),
        (signature(SECRET.encode(), body.encode(), at=now - 400), body, SECRET),
        (right.replace("v1=", "v0="), body, SECRET),
        ("", body, SECRET),
    ]
    page: dict[str, Any] = {}
    exec(BLOCKS["python"], page)
    assert [page["verified"](header, text.encode(), secret) for header, text, secret in cases] == [True] + [False] * 5
    program = tmp_path / "verify.ts"
    program.write_text(
        BLOCKS["ts"]
        + "const cases = JSON.parse(Deno.args[0]);\n"
        + "const found = cases.map((one: [string, string, string]) => verified(...one));\n"
        + "console.log(JSON.stringify(await Promise.all(found)));\n"
    )
    done = subprocess.run(
        [DENO, "run", "--no-remote", "--check", program, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=True,
        env=deno_environment(),
    )
    assert json.loads(done.stdout) == [True] + [False] * 5
