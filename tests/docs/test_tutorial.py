"""The tutorial runs as it is shown: its files, its commands in order, its Python, and their
output."""

from pathlib import Path

import pytest

from docs.console import base_environment, run_blocks
from docs.documents import blocks, read
from rekindle.sandbox import Sandbox

BLOCKS = [block for block in blocks(read("docs/tutorial.md")) if not block.text.startswith("$ make")]


@pytest.fixture
def environment(empty_url: str, fcm: Sandbox) -> dict[str, str]:
    """The variables that the tutorial exports."""
    return base_environment() | {
        "REKINDLE_DATABASE_URL": empty_url,
        "REKINDLE_FCM_URL": fcm.url,
        "REKINDLE_FCM_CA": str(fcm.ca),
        "GOOGLE_APPLICATION_CREDENTIALS": str(fcm.credentials),
    }


def test_every_block_of_the_tutorial_does_what_it_shows(
    environment: dict[str, str], fcm: Sandbox, tmp_path: Path
) -> None:
    ran = run_blocks(BLOCKS, tmp_path, environment)
    wanted = ["init", "migrate", "check", "apply", "plan", "plan", "run", "run", "explain", "explain", "runs"]
    assert [line.removeprefix("rekindle ") for line in ran if line.startswith("rekindle ")] == wanted
    assert ran[-1] == "python"
    assert sorted(message["target"] for message in fcm.messages()) == ["token-of-her-phone", "token-of-her-tablet"]
    shown = next(text for text in read("README.md").split("\n\n") if text.startswith("> **"))
    push = fcm.messages()[0]["message"]["notification"]
    assert shown == f"> **{push['title']}**<br>\n> {push['body']}"


def test_the_scenario_of_the_readme_is_that_of_the_tutorial() -> None:
    [in_readme] = [block.text for block in blocks(read("README.md")) if block.info == "toml"]
    [in_tutorial] = [block.text for block in BLOCKS if block.info == "toml rekindle.toml"]
    assert in_readme == in_tutorial
