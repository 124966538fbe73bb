"""`--help`, `--version` and shell completion, as a reader with 80 columns meets them."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from acceptance.command import Command
from rekindle.cli.commands import build

COLUMNS = 80


def tree(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from tree(inner, (*words, name))


COMMANDS = dict(tree(typer.main.get_command(build())))


@pytest.fixture
def anywhere(tmp_path: Path) -> Command:
    """The command line with nothing set up."""
    return Command(tmp_path, {})


def help_lines(words: tuple[str, ...]) -> list[str]:
    done = CliRunner().invoke(build(), [*words, "--help"], env={"COLUMNS": str(COLUMNS)})
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_fits_80_columns(words: tuple[str, ...]) -> None:
    lines = help_lines(words)
    assert max(map(len, lines)) <= COLUMNS
    assert not [line for line in lines if line.endswith("...") and not line.startswith("Usage: ")]
    for name, inner in getattr(COMMANDS[words], "commands", {}).items():
        [short] = [line for line in lines if re.match(rf"  {name}  +\S", line)]
        # A short help that is too long for its line ends in "...".
        assert re.search(r"[^.][.?]$", short), short
        assert inner.help or inner.callback.__doc__


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_says_in_one_line_what_it_does_and_in_one_word_what_it_takes(words: tuple[str, ...]) -> None:
    lines = help_lines(words)
    for parameter in COMMANDS[words].params:
        name = parameter.opts[0]
        if name in ("--install-completion", "--show-completion"):  # Typer's own texts
            continue
        assert parameter.help, name
        assert any(parameter.help in line for line in lines), (name, parameter.help)
        if parameter.param_type_name == "option" and not parameter.is_flag:
            assert re.fullmatch(r"[A-Z]+", parameter.metavar or ""), name
            assert any(line.startswith(f"  {name} {parameter.metavar}  ") for line in lines), name


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_argument_is_shown_by_its_name_alone(words: tuple[str, ...]) -> None:
    lines = help_lines(words)
    for parameter in COMMANDS[words].params:
        if parameter.param_type_name == "argument":
            shown = parameter.metavar if parameter.required else f"[{parameter.metavar}]"
            assert lines[0].endswith(f" {shown}{'...' if parameter.nargs != 1 else ''}")
            assert any(line.startswith(f"  {parameter.metavar}  ") for line in lines), parameter.metavar


def test_the_version_is_that_of_the_package(anywhere: Command) -> None:
    done = anywhere("--version")
    assert (done.code, done.out, done.err) == (0, f"rekindle {version('rekindle-push')}\n", "")


@pytest.mark.parametrize(
    ("typed", "position", "offered"),
    [
        ("rekindle ex", 1, ["explain", "export"]),
        ("rekindle switch ", 2, ["off", "on", "list"]),
        ("rekindle plan --ch", 2, ["--changes"]),
    ],
)
def test_a_shell_completes_commands_and_options(
    anywhere: Command, typed: str, position: int, offered: list[str]
) -> None:
    asked = anywhere.having(_REKINDLE_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=position)
    done = asked()
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == offered
