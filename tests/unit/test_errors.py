"""Every fault has one code, one line, and a place in the tree at the top of the package."""

import re

import pytest

from rekindle import errors
from rekindle.errors import ConfigInvalid, Disposition, RecordFailed, RekindleError


def _below(kind: type[RekindleError]) -> list[type[RekindleError]]:
    return [
        one
        for child in kind.__subclasses__()
        if child.__module__.startswith(errors.__name__)
        for one in [child, *_below(child)]
    ]


CLASSES = _below(RekindleError)
_LINE = re.compile(
    r"(?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+)\s+(?P<code>RK\w+)?\s*(?P<disposition>[a-z]+)?\s*(?P<exit>\d)?$"
)


def _drawn() -> dict[str, dict[str, str]]:
    """The tree in the docstring: for each class, its parent and the text beside it."""
    drawn: dict[str, dict[str, str]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = _LINE.match(line)
        if match is None or not any(mark in line for mark in "├└"):
            continue
        depth = line.replace("└", "├").index("├") // 4
        path = [*path[: depth - 1], match["name"]]
        parent = path[-2] if depth > 1 else "RekindleError"
        inherited = drawn.get(parent, {})
        drawn[match["name"]] = {
            "parent": parent,
            "code": match["code"] or "",
            "disposition": match["disposition"] or inherited.get("disposition", ""),
            "exit": match["exit"] or inherited.get("exit", ""),
        }
    return drawn


def test_the_tree_drawn_in_the_module_is_the_tree_of_classes() -> None:
    drawn = _drawn()
    assert set(drawn) == {kind.__name__ for kind in CLASSES}
    for kind in CLASSES:
        said = drawn[kind.__name__]
        assert said["parent"] == kind.__bases__[0].__name__
        assert kind.code.startswith(said["code"].rstrip("x")), f"{kind.__name__} is drawn with {said['code']}"
        if not said["code"].endswith("xx"):
            assert said["code"] == kind.code
        if said["disposition"]:
            assert said["disposition"] == kind.disposition
        if said["exit"]:
            assert said["exit"] == str(kind.exit_code)


def test_no_two_faults_share_a_code() -> None:
    codes = [kind.code for kind in [RekindleError, *CLASSES]]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"RK\d{3}", code) for code in codes)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_fault_without_a_message_shows_its_docstring_and_its_usual_hint_on_one_line(
    kind: type[RekindleError],
) -> None:
    assert "code" in vars(kind), "a class with the code of its parent cannot be told from it"
    text = str(kind())
    said = " ".join((kind.__doc__ or "").split()).rstrip(".")
    assert text == f"{kind.code}: {said}. {kind.usual_hint}"


@pytest.mark.parametrize("kind", [RekindleError, *CLASSES], ids=lambda kind: kind.__name__)
def test_every_fault_has_a_hint_however_it_is_raised(kind: type[RekindleError]) -> None:
    assert kind.usual_hint.endswith(".")
    assert len(kind.usual_hint) < 120
    assert kind("what is wrong").hint == kind.usual_hint
    assert kind("what is wrong", hint="Do this.").hint == "Do this."


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_message_and_a_hint_of_several_lines_become_one_line(kind: type[RekindleError]) -> None:
    fault = kind("first\n  second\r\nthird\t", hint="do\nthis")
    assert str(fault) == f"{kind.code}: first second third. do this"
    assert (fault.message, fault.hint) == ("first second third", "do this")
    assert fault.args == ("first second third",)


@pytest.mark.parametrize("ending", [".", "!", "?"])
def test_a_message_that_ends_a_sentence_gets_no_second_full_stop(ending: str) -> None:
    assert str(RekindleError(f"it broke{ending}", hint="Fix it.")) == f"RK000: it broke{ending} Fix it."


def test_faults_leave_the_process_with_the_exit_code_of_who_must_act() -> None:
    by_code = {kind.__name__: kind.exit_code for kind in CLASSES}
    not_two = {name: code for name, code in by_code.items() if code != 2}
    assert not_two == {
        "ProviderUnreachable": 1,
        "ScenarioRenamed": 1,
        "RecordFailed": 1,
        "DemoDisagrees": 1,
        "OutputIncomplete": 0,
        "AlertFailed": 0,
    }
    assert RecordFailed.disposition is Disposition.HOLD


def test_all_mistakes_of_a_configuration_travel_with_its_fault() -> None:
    assert ConfigInvalid("two", problems=("a: wrong", "b: wrong")).problems == ("a: wrong", "b: wrong")
    assert ConfigInvalid("none").problems == ()
