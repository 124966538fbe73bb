"""Links have targets, references name tests that exist, and no file names anything of one
machine."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from docs.documents import ROOT, anchors, blocks, read, sections

FOLDERS = (".ci", "benchmarks", "docs", "examples", "src", "tests")


def repository() -> list[Path]:
    """Every file of the repository: from git if there is one, else from the folders."""
    try:
        asked = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            capture_output=True,
            check=True,
        )
        found = [ROOT / name for name in asked.stdout.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.iterdir() if path.name not in (".git", ".venv")]
        found += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    return sorted(path for path in found if path.is_file())


FILES = repository()
DOCUMENTS = [str(path.relative_to(ROOT)) for path in FILES if path.suffix == ".md"]
TESTS = {
    found
    for path in FILES
    if path.suffix == ".py" and path.name.startswith("test_")
    for found in re.findall(r"^\s*(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}
"""The name of every test."""
LOCKS = {
    "requirements.lock": 20,
    "requirements-serve.lock": 20,
    "requirements-dev.lock": 20,
    "requirements-docs.lock": 8,
}
"""The locks, each with a number of packages that it exceeds."""


def test_there_are_documents() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/README.md"} <= set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    text = re.sub(r"```.*?```", "", read(name), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_document_is_reachable_from_the_index() -> None:
    linked = set(re.findall(r"\]\(([^)\s#]+)", read("docs/README.md")))
    linked |= {f"decisions/{name}" for name in re.findall(r"\]\(([^)\s#]+)", read("docs/decisions/README.md"))}
    below = {name.removeprefix("docs/") for name in DOCUMENTS if name.startswith("docs/")} - {"README.md"}
    assert below <= linked


def test_every_decision_has_one_number_and_its_title_in_the_list() -> None:
    titles = {path: read(path).partition("\n")[0] for path in DOCUMENTS if path.startswith("docs/decisions/0")}
    listed = [f"- [{title[2:]}]({Path(path).name})" for path, title in sorted(titles.items())]
    assert [line for line in read("docs/decisions/README.md").splitlines() if line.startswith("- ")] == listed
    numbers = [Path(path).name[:4] for path in titles]
    assert len(set(numbers)) == len(numbers)
    assert all(title.startswith(f"# {Path(path).name[:4]}: ") for path, title in titles.items())


def test_every_test_that_the_promise_names_exists() -> None:
    promise = sections(read("docs/explanation/the-promise.md"))["The promise"]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", promise)
    rows = [line for line in promise.splitlines() if re.match(r"\| G[1-8] ", line)]
    assert len(rows) == 8
    assert all("::" in row for row in rows)
    for file, test in named:
        body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        found = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert test in found, f"{file}::{test}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_test_that_a_document_names_exists(name: str) -> None:
    text = re.sub(r"```.*?```", "", read(name), flags=re.DOTALL)
    # A name with fewer words may be a table or a column, such as test_send.
    named = set(re.findall(r"`(?:[\w/.]+::)?(test(?:_[a-z0-9]+){3,})(?:\[[^`]*\])?`", text))
    assert named - TESTS == set()


def test_the_layout_names_every_package() -> None:
    [layout] = [block.text for block in blocks(read("CONTRIBUTING.md")) if "src/rekindle/" in block.text]
    rooms = set(re.findall(r"^  ([\w.]+)/? ", layout, re.MULTILINE))
    ours = [path.relative_to(ROOT).parts for path in FILES if path.suffix == ".py"]
    modules = {parts[2] for parts in ours if parts[:2] == ("src", "rekindle")} - {"__init__.py", "__main__.py"}
    tests = {parts[1] for parts in ours if parts[0] == "tests" and len(parts) > 2}
    assert modules | tests == rooms


def test_the_picture_of_the_layers_is_what_import_linter_checks() -> None:
    pictures = [block.text for block in blocks(read("docs/explanation/architecture.md")) if block.info == "mermaid"]
    shown = re.findall(r'^    L\d+\["([^"]+)"\]', pictures[-1], re.MULTILINE)
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [checked] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    assert shown == [layer.replace(" : ", " | ") for layer in checked]
    assert re.findall(r"L(\d+) *$", pictures[-1], re.MULTILINE) == [str(n) for n in range(2, len(checked) + 1)]


def test_no_file_names_a_place_on_one_machine_or_a_package_registry() -> None:
    # In parts, so that this file does not name them itself.
    forbidden = re.compile(
        "|".join(
            [r"/(root|home|Users)/" + r"\w", "/wo" + "rk/", "pypi" + r"\.org", "pythonhos" + "ted", "index-" + "url"]
        )
    )
    for path in FILES:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for line in text.splitlines():
            if path.name == "Makefile" and line.startswith("LOCK := "):
                continue  # the switch that keeps addresses out of the locks
            assert forbidden.search(line) is None, f"{path.relative_to(ROOT)}: {line[:120]}"


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_of_a_lock_is_pinned_and_has_a_hash(name: str) -> None:
    text = read(name)
    assert "://" not in text
    entries = re.split(
        r"(?<!\\)\n(?=[A-Za-z0-9])", "\n".join(x for x in text.splitlines() if not x.lstrip().startswith("#"))
    )
    assert len(entries) > LOCKS[name]
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==[^\s\\]+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def test_the_locks_agree_about_what_is_in_both() -> None:
    pinned = [
        dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==([^\s\\;]+)", read(name), re.MULTILINE)) for name in LOCKS
    ]
    runtime, served, development, documents = pinned
    assert served.items() <= runtime.items() <= development.items()
    assert {name: documents[name] for name in documents.keys() & development.keys()}.items() <= development.items()


def test_whatever_says_how_to_install_names_the_package_its_version_and_its_extras() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    name, extras = project["name"], project["optional-dependencies"]
    wheel = f"{name.replace('-', '_')}-{project['version']}-py3-none-any.whl"
    named: set[str] = set()
    for path in FILES:
        if path.suffix in (".md", ".py") and "tests" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert "rekindle[" not in text, path
            assert set(re.findall(r"[\w-]+-[\d.]+-py3-none-any\.whl", text)) <= {wheel}, path
            named.update(re.findall(rf"(?:{name}|whl)\[(\w+)\]", text))
    assert named == set(extras)
