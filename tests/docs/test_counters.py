"""The counters of a run are the same in every place that lists them."""

import json
import re
from dataclasses import fields

from docs.documents import ROOT, read
from rekindle.api.models import ScenarioNumbers
from rekindle.model import COUNTERS, Numbers

POSTGRES = ROOT / "src" / "rekindle" / "postgres"
TABLES = (POSTGRES / "migrations" / "20261123090100_tables.sql").read_text()
OF_A_RUN = [name for name in COUNTERS if name != "confirmed"]
DERIVED = "due"  # refused + claimed


def sql(name: str) -> str:
    return re.sub(r"--.*", "", (POSTGRES / "sql" / f"{name}.sql").read_text())


def columns(table: str) -> list[str]:
    """The table's columns that are counters."""
    (body,) = re.findall(rf"create table if not exists rekindle\.{table} \((.*?)\n\)", TABLES, re.DOTALL)
    return re.findall(r"^  (\w+) +bigint not null default 0", body, re.MULTILINE)


def listed(pattern: str, name: str) -> list[str]:
    """The names in the one list of the statement that follows the pattern."""
    (found,) = re.findall(pattern + r"\s*\(([^)]*)\)", sql(name))
    return [one.strip() for one in found.split(",")]


def test_the_tables_count_them() -> None:
    assert columns("run") == OF_A_RUN
    assert columns("run_scenario") == list(COUNTERS)


def test_the_model_has_them_with_the_refusals_by_reason() -> None:
    names = {one.name for one in fields(Numbers)} - {"scenario_type", "reasons"}
    assert {name for name in names if name != "refusals"} | {"refused"} == set(COUNTERS)
    assert "refusals" in names
    assert all(isinstance(getattr(Numbers("s"), name), int) for name in COUNTERS)


def test_a_run_is_closed_with_the_sum_of_each() -> None:
    assert listed(r"held = %\(held\)s,", "run_close") == OF_A_RUN
    assert re.findall(r"coalesce\(sum\((\w+)\), 0\)", sql("run_close")) == OF_A_RUN


def test_the_statements_of_a_scenario_write_each_of_them() -> None:
    opened = listed(r"insert into rekindle\.run_scenario", "run_scenario_open")
    closed = listed(r"insert into rekindle\.run_scenario", "run_scenario_close")
    keys = {"run_id", "scenario_type", "position", "refusals", "reasons"}
    assert set(opened) | set(closed) == set(COUNTERS) | keys
    updated = re.findall(r"(\w+) = f\.\1", sql("run_scenario_close"))
    assert set(updated) - {"scenario_type"} == set(closed) - {"run_id", "scenario_type", "position"}


def test_the_api_and_its_document_show_them() -> None:
    of_the_model = [name for name, field in ScenarioNumbers.model_fields.items() if field.annotation is int]
    document = json.loads(read("docs/reference/openapi.json"))
    properties = document["components"]["schemas"]["ScenarioNumbers"]["properties"]
    of_the_document = [name for name, one in properties.items() if one.get("type") == "integer"]
    assert sorted(of_the_model) == sorted(of_the_document) == sorted([*COUNTERS, DERIVED])


def test_the_edge_function_relays_them() -> None:
    text = (ROOT / "examples/supabase/functions/scenario-edge-function-scheduler/report.ts").read_text()
    (found,) = re.findall(r"const COUNTS = \[(.*?)\]", text, re.DOTALL)
    assert sorted(re.findall(r'"(\w+)"', found)) == sorted([*COUNTERS, DERIVED])
