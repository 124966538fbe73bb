"""A pytest plugin for one mutant: only the named tests run, they import the mutant, and their
results are kept.

`MUTANTS_SOURCE` is the folder that must be imported, `MUTANTS_TESTS` the names, `MUTANTS_ENDS` the
file to write.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from rekindle.errors import RekindleError

ENDS: dict[str, str] = {}
_FIND = "from importlib.util import find_spec; print(find_spec('rekindle').origin)"


def plain(node_id: str) -> str | None:
    """A test's id below tests/ without the embedded server's name; None for one of another
    server."""
    path, _, parameters = node_id.removeprefix("tests/").partition("[")
    if parameters.startswith("postgres"):
        return None
    parameters = parameters.removeprefix("embedded").removeprefix("-")
    return path if parameters in ("", "]") else f"{path}[{parameters}"


def pytest_sessionstart() -> None:
    """The installed package is the real source: a run that imports it would prove nothing."""
    from acceptance.command import Command

    source = Path(os.environ["MUTANTS_SOURCE"])
    own = find_spec("rekindle")
    environment = Command(source, {}).environment
    theirs = subprocess.run([sys.executable, "-c", _FIND], env=environment, capture_output=True, text=True, check=True)
    for origin in (own.origin if own else None, theirs.stdout.strip()):
        if origin != str(source / "rekindle/__init__.py"):
            pytest.exit(f"{origin} is imported, and not the mutant", returncode=pytest.ExitCode.INTERNAL_ERROR)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    named = set(json.loads(os.environ["MUTANTS_TESTS"]))
    others = [item for item in items if plain(item.nodeid) not in named]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    name = plain(item.nodeid) or ""
    if report.failed:
        noticed = call.when == "call" and call.excinfo is not None and _notices(call.excinfo.value)
        ENDS[name] = "noticed" if noticed else f"broken: {report.longreprtext.splitlines()[-1]}"
    elif call.when == "call":
        ENDS.setdefault(name, "passed")
    return report


def _notices(fault: BaseException) -> bool:
    """Whether a test says that something is wrong, and not that it could not run."""
    if isinstance(fault, pytest.fail.Exception):
        return not str(fault).startswith("Timeout")
    return isinstance(fault, AssertionError | RekindleError)


def pytest_sessionfinish() -> None:
    Path(os.environ["MUTANTS_ENDS"]).write_text(json.dumps(ENDS), encoding="utf-8")
