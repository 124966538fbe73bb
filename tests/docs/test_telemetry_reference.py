"""The reference of telemetry has every metric, span and log event of the code, and nothing else;
and each of them is produced by a test."""

import re

import pytest

from docs.documents import ROOT, read, rows, sections
from docs.telemetry_names import events, spans
from rekindle.settings import TraceSettings
from rekindle.telemetry.measures import METRICS

PAGE = sections(read("docs/reference/telemetry.md"))
FORMATTER = "library.logged"  # of cli/logs.py, for a line that has no event


def words(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def table(section: str) -> dict[str, list[str]]:
    return {cells[0].strip("`"): cells[1:] for cells in rows(PAGE[section])}


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    said = [tuple(cells) for cells in rows(PAGE["Metrics"])]
    labels = {one.name: ", ".join(f"`{label}`" for label in one.labels) for one in METRICS}
    assert said == [(f"`{one.name}`", one.kind, labels[one.name], one.meaning) for one in METRICS]


def test_the_table_of_spans_is_that_of_the_code() -> None:
    said = {name for name, cells in table("Traces").items() if len(cells) == 3}
    assert said == spans()


def test_the_table_of_events_is_that_of_the_code() -> None:
    said = {
        name: (set(level.split(", ")), words(fields))
        for name, (level, fields, _) in table("Log events").items()
        if name != FORMATTER
    }
    assert said == events()
    listed = [cells[0] for cells in rows(PAGE["Log events"])]
    assert listed == sorted(set(listed))


def test_the_variables_of_traces_are_those_of_the_code() -> None:
    said = {name for cells in rows(PAGE["Traces"]) if len(cells) == 2 for name in words(cells[0])}
    assert said == set(TraceSettings.variables())


TESTS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "tests").rglob("*.py"))
    if not path.name.startswith(("test_telemetry_reference", "telemetry_names"))
)


@pytest.mark.parametrize("event", [*sorted(events()), FORMATTER])
def test_every_event_is_looked_for_by_a_test(event: str) -> None:
    """By its name, in a test that produces it: a new event needs one."""
    assert re.search(rf"[\"'\b]{re.escape(event)}[\"'\b]", TESTS), event


@pytest.mark.parametrize("name", [one.name for one in METRICS])
def test_every_metric_is_looked_for_by_a_test(name: str) -> None:
    assert re.search(rf"\"{name}(_count|_sum|_bucket)?\"", TESTS), name


@pytest.mark.parametrize("name", sorted(spans()))
def test_every_span_is_looked_for_by_a_test(name: str) -> None:
    assert re.search(rf'(named\("{name}"\)|"{re.escape(name)}"[^\n]*\))', TESTS), name
