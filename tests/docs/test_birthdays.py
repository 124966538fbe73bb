"""The how-to about birthdays does what it shows."""

from pathlib import Path

from docs.console import base_environment, run_blocks
from docs.documents import blocks, read


def test_the_how_to_about_birthdays_plans_the_pushes_that_it_shows(empty_url: str, tmp_path: Path) -> None:
    environment = base_environment() | {"REKINDLE_DATABASE_URL": empty_url}
    ran = run_blocks(blocks(read("docs/how-to/birthdays.md")), tmp_path, environment)
    assert ran == ["psql $REKINDLE_DATABASE_URL", "rekindle migrate", "psql $REKINDLE_DATABASE_URL", "rekindle apply",
                   "rekindle plan"]  # fmt: skip
