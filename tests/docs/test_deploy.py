"""The files of examples/deploy start commands that exist, with options that exist. Nothing here can
run systemd or Kubernetes."""

import re
from typing import Any

import pytest
import typer.main
import yaml

from docs.documents import ROOT
from rekindle.cli.commands import build

DEPLOY = ROOT / "examples" / "deploy"
COMMANDS: Any = typer.main.get_command(build())


def units() -> dict[str, list[str]]:
    """The command of each unit, without the path of `rekindle`."""
    found: dict[str, list[str]] = {}
    for path in sorted((DEPLOY / "systemd").glob("*.service")):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        (line,) = re.findall(r"(?m)^ExecStart=(.*)$", text)
        program, *words = line.split()
        if program == "/opt/rekindle/bin/rekindle":
            found[path.name] = words
    return found


def manifests() -> dict[str, list[str]]:
    """The arguments of the container of each manifest."""
    found: dict[str, list[str]] = {}
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            spec = document["spec"].get("jobTemplate", document)["spec"].get("template")
            if spec is not None:
                (container,) = spec["spec"]["containers"]
                found[path.name] = container["args"]
    return found


STARTED = units() | manifests()


@pytest.mark.parametrize("name", STARTED)
def test_a_file_starts_a_command_that_exists_with_options_that_exist(name: str) -> None:
    command, *words = STARTED[name]
    known = {option for one in COMMANDS.commands[command].params for option in one.opts}
    options = {word for word in words if word.startswith("--")}
    assert options <= known


def test_every_long_running_command_has_a_unit_and_a_manifest() -> None:
    started = {words[0] for words in units().values()}, {words[0] for words in manifests().values()}
    assert [{"worker", "serve"} <= names for names in started] == [True, True]
