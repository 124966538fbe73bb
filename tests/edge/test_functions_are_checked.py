"""Every function under examples/supabase/functions passes Deno's own checks, without the
network."""

import subprocess

import pytest

from edge.deno import DENO, FUNCTIONS, deno_environment

NAMES = sorted(folder.name for folder in FUNCTIONS.iterdir() if (folder / "index.ts").is_file())


def deno(name: str, *arguments: str) -> None:
    """Run this Deno command in the function's folder; it must succeed."""
    done = subprocess.run(
        [DENO, *arguments],
        cwd=FUNCTIONS / name,
        env=deno_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_function_to_check() -> None:
    assert "push-notification-dispatcher" in NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "check", [("check", "--no-remote", "--no-npm", "."), ("lint",), ("fmt", "--check")], ids=" ".join
)
def test_a_function_is_typed_without_lint_and_formatted(name: str, check: tuple[str, ...]) -> None:
    deno(name, *check)
