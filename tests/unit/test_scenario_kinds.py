"""Every kind of scenario: its declarations, and what follows from them."""

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from rekindle.engine.check import _needed
from rekindle.scenario import KINDS, Config
from rekindle.scenario.kinds import ScenarioKind
from rekindle.scenario.views import ACTIVITY, DATE, INSTANT, OPTIONAL, RECIPIENT, REQUIRED, UUID, Columns
from team.samples import FOLDER, sample

TEXTS: dict[str, Any] = {"cooldown": "7d", "message": {"en": {"title": "t", "body": "b"}}}
# The parameters that every evaluation has.
COMMON = {"at", "evaluated_on", "names", "organisations", "scenario_type", "timezone", "user_id"}


class Shift(ScenarioKind):
    """A kind with a view that no other kind reads, and a column of the recipient view."""

    kind: Literal["shift"]

    def views(self) -> Mapping[str, Columns]:
        return {"shift": {"user_id": UUID, "starts_at": INSTANT}, "recipient": {"born_on": DATE}}

    def people(self) -> str:
        return ""

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        return f"{len(facts)}"


def needed(*kinds: str, there: tuple[str, ...] = ()) -> dict[str, Columns]:
    scenarios = {kind: sample(kind) for kind in kinds}
    views: Any = {name: SimpleNamespace(columns=()) for name in there}
    return _needed(Config.model_construct(scenario=scenarios), views)


@pytest.mark.parametrize(
    ("kinds", "views"),
    [
        ((), []),
        (("sql",), []),
        (("inactivity", "milestone"), ["activity"]),
        (("expiry", "inactivity"), ["activity", "certification"]),
    ],
)
def test_a_configuration_needs_the_views_of_its_kinds_and_no_others(kinds: tuple[str, ...], views: list[str]) -> None:
    assert list(needed(*kinds)) == ["recipient", "device_token", *views]
    assert needed("inactivity")["activity"] == ACTIVITY


def test_an_optional_view_is_needed_if_it_exists() -> None:
    assert list(needed(there=("preference", "activity"))) == ["recipient", "device_token", "preference"]
    assert needed(there=("chapter",))["chapter"] == OPTIONAL["chapter"]


def test_a_kind_may_need_a_view_that_no_other_reads_and_a_column_of_the_recipients() -> None:
    config = Config.model_construct(scenario={"shift": Shift.model_validate({"kind": "shift", **TEXTS})})
    found = _needed(config, {})
    assert found["shift"] == {"user_id": UUID, "starts_at": INSTANT}
    assert found["recipient"] == {**RECIPIENT, "born_on": DATE}
    assert found["device_token"] == REQUIRED["device_token"]


def test_the_needs_of_a_variant_are_included() -> None:
    class Sum(Shift):
        amount: bool = False

        def views(self) -> Mapping[str, Columns]:
            return {"activity": {"amount": UUID}} if self.amount else {}

    place = {"organisation_id": "6f1c2b9e-0000-4000-8000-00000000000a", "changes": {"amount": True}}
    one = Sum.model_validate({"kind": "shift", **TEXTS, "overrides": [place]})
    assert _needed(Config.model_construct(scenario={"one": one}), {})["activity"] == {"amount": UUID}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_declares_its_thresholds_ascending_and_the_parameters_of_its_sql(kind: str) -> None:
    one = sample(kind)
    assert one.kind == kind
    assert one.thresholds() == sorted(set(one.thresholds()))
    candidates = FOLDER.joinpath(kind, "candidates.sql").read_text(encoding="utf-8")
    assert set(one.bounds()) == set(re.findall(r"%\((\w+)\)s", candidates)) - COMMON


def test_a_kind_has_the_values_of_its_variables_that_have_no_longest_one() -> None:
    assert [kind for kind in KINDS if FOLDER.joinpath(kind, "longest.sql").is_file()] == [
        kind for kind in KINDS if sample(kind).open_ended
    ]
    assert sample("expiry").open_ended == {"certificate"}


def test_each_folder_is_a_registered_kind() -> None:
    folders = {one.name for one in FOLDER.iterdir() if one.is_dir() and one.joinpath("__init__.py").is_file()}
    assert folders == set(KINDS)
    assert {kind: KINDS[kind].__module__ for kind in KINDS} == {
        kind: f"rekindle.scenario.kinds.{kind}" for kind in KINDS
    }
