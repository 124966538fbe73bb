"""docs/reference/python.md lists the public names of `rekindle` with their signatures, and its
examples print what it shows."""

import asyncio
import dataclasses
import inspect
import re
import subprocess
import sys
from enum import EnumType
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import BaseModel

import rekindle
from docs.console import base_environment
from docs.documents import blocks, read, rows, sections
from rekindle.postgres.migrate import migrate
from rekindle.sandbox import Sandbox

PAGE = read("docs/reference/python.md")
# These are made from rekindle.toml, or described by their meaning.
ELSEWHERE = {"Config": "configuration.md", "Outcome": "`Accepted`, `Refused` or `Uncertain`"}


def named() -> set[str]:
    """The names in the first cells of the tables."""
    return {name for cells in rows(PAGE) for name in re.findall(r"`([^`]+)`", cells[0])}


def signature(function: Any) -> str:
    """Without annotations and self: `name(first, *, second=None)`."""
    shown: list[str] = []
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        if one.name not in ("self", "cls"):
            shown.append(one.name if one.default is one.empty else f"{one.name}={one.default!r}")
    return f"{function.__name__}({', '.join(shown)})"


def members(kind: Any) -> set[str]:
    """The public attributes of a class as the page writes them: methods with their signatures."""
    found = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    if issubclass(kind, BaseModel):
        return set(kind.model_fields)
    for name, value in inspect.getmembers(kind):
        if not name.startswith("_") and name not in found:
            found.add(signature(value) if callable(value) else name)
    return found


def described(name: str) -> set[str]:
    """The entries that the tables must have for one public name."""
    one = getattr(rekindle, name)
    if name in ELSEWHERE:
        return set()
    if inspect.isfunction(one):
        return {signature(one)}
    if isinstance(one, EnumType):
        return {member.name for member in one}
    if issubclass(one, Exception):
        return {name}
    return members(one)


@pytest.mark.parametrize("name", rekindle.__all__)
def test_every_public_name_is_described_with_its_signature(name: str) -> None:
    assert f"`{name}`" in PAGE or f"`{name}(" in PAGE or f"\n## {name}" in PAGE
    if name == "NotificationRepository":  # its only method is in a sentence
        assert f"`{signature(rekindle.NotificationRepository.record)}`" in PAGE
        return
    assert described(name) - named() == set()
    assert ELSEWHERE.get(name, "") in PAGE


@pytest.mark.parametrize("name", ["Engine", "Report", "Numbers", "Caller", "Watch", "Dispatcher", "Message", "Deps"])
def test_a_table_has_each_member_of_its_type_once(name: str) -> None:
    title = "method" if name == "Engine" else name
    [table] = re.findall(rf"^(\| {title} \| .*\n(?:\|.*\n)+)", PAGE, re.MULTILINE)
    said = [member for cells in rows(table) for member in re.findall(r"`([^`]+)`", cells[0])]
    assert sorted(said) == sorted(described(name))


def test_the_tables_describe_nothing_that_does_not_exist() -> None:
    known = {member for name in rekindle.__all__ for member in described(name)} | set(rekindle.__all__)
    assert named() - known == set()


def test_the_page_says_how_the_library_logs_and_what_may_run_at_once() -> None:
    assert {"Concurrency", "Logging", "Errors"} <= sections(PAGE).keys()


def test_the_examples_print_what_the_page_shows(empty_url: str, fcm: Sandbox, tmp_path: Path) -> None:
    asyncio.run(migrate(empty_url))
    for block in blocks(read("docs/tutorial.md")):
        _, _, file = block.info.partition(" ")
        if file:
            (tmp_path / file).write_text(block.text, encoding="utf-8")
    with psycopg.connect(empty_url) as connection:
        for name in ("tables.sql", "source.sql"):
            connection.execute((tmp_path / name).read_text(encoding="utf-8").encode())
    environment = base_environment() | {
        "REKINDLE_DATABASE_URL": empty_url,
        "REKINDLE_FCM_URL": fcm.url,
        "REKINDLE_FCM_CA": str(fcm.ca),
        "GOOGLE_APPLICATION_CREDENTIALS": str(fcm.credentials),
    }
    shown = blocks(PAGE)
    assert [block.info for block in shown] == ["python", "text"] * (len(shown) // 2)
    for example, printed in zip(shown[::2], shown[1::2], strict=True):
        done = subprocess.run(
            [sys.executable, "-P", "-c", example.text],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (done.stdout, done.stderr) == (printed.text, "")
