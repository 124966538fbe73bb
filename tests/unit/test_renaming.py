"""`was` says which name a scenario had. Its mistakes are reported at their place."""

from typing import Any

import pytest
from pydantic import ValidationError

from rekindle.scenario import Config
from rekindle.scenario.overrides import mistakes
from team.programme import TEXT

ONE = {"kind": "inactivity", "after": ["14d"], "cooldown": "7d", "message": TEXT}
ORGANISATION = "00000000-0000-4000-8000-000000000001"


def config(was: dict[str, Any], **others: Any) -> Config:
    """A configuration of these scenarios, each with its `was` unless that is None."""
    scenarios = {name: {**ONE, **({} if former is None else {"was": former})} for name, former in was.items()}
    return Config.model_validate({"scenario": scenarios, **others})


def faults(was: dict[str, Any], **others: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as fault:
        config(was, **others)
    return {".".join(map(str, where)): message for where, _, message in mistakes(fault.value)}


def test_a_former_name_is_part_of_what_is_applied() -> None:
    scenario = config({"new": "old"}).scenario["new"]
    assert scenario.was == "old"


@pytest.mark.parametrize(
    ("was", "expected"),
    [
        pytest.param({"a": "a"}, {"a": "is the name that it has"}, id="itself"),
        pytest.param({"a": "b", "b": None}, {"a": "b is still in this configuration"}, id="still there"),
        pytest.param({"a": "b", "b": "a"}, {"a": "cannot swap", "b": "cannot swap"}, id="swap"),
        pytest.param({"a": "b", "b": "c"}, {"a": "b was renamed, too"}, id="chain"),
        pytest.param({"a": "c", "b": "c"}, {"b": "a says that it was c, too"}, id="twice"),
        pytest.param({"a": "c", "b": "b", "d": "c"}, {"b": "is the name", "d": "a says"}, id="all at once"),
    ],
)
def test_a_wrong_former_name_is_one_line_at_its_place(was: dict[str, Any], expected: dict[str, str]) -> None:
    found = faults(was)
    assert set(found) == {f"scenario.{name}.was" for name in expected}
    for name, message in expected.items():
        assert message in found[f"scenario.{name}.was"]
        assert "\n" not in found[f"scenario.{name}.was"]


@pytest.mark.parametrize("former", ["", "Old", "old name", "all the old", "ø", "x" * 64, 7])
def test_what_cannot_be_a_name_was_none(former: object) -> None:
    (where,) = faults({"a": former})
    assert where == "scenario.a.inactivity.was"


def test_it_is_the_same_for_everybody() -> None:
    found = faults({"a": "b"}, organisation={ORGANISATION: {"scenario": {"a": {"was": "c"}}}})
    (message,) = found.values()
    assert message == "is the same for everybody"
