"""A command imports what it uses: each process pays for its imports before it does anything."""

import json
import subprocess
import sys

# Servers, HTTP clients, Google's library, and what only a terminal uses. Psycopg, pydantic and
# Typer take three quarters of the 0.4 s, and nearly every command uses them.
HEAVY = {
    "cryptography", "fastapi", "google", "granian", "httpx", "pyreqwest", "rekindle.api", "starlette", "structlog",
    "supabase_functions", "uvicorn",
}  # fmt: skip


def test_the_command_line_imports_no_part_before_a_command_uses_it() -> None:
    program = "import json, sys; from rekindle.cli.commands import build; build(); print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded: list[str] = json.loads(done.stdout)
    assert HEAVY & set(loaded) == set()
    # Those of other packages: our own are small, and their number grows with what there is.
    assert len([one for one in loaded if not one.startswith("rekindle.")]) <= 520
