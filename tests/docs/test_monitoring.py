"""The alert rules and the dashboard load, and use metrics that exist."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from docs.documents import ROOT, read, rows, sections
from rekindle.telemetry.measures import METRICS

MONITORING = ROOT / "examples" / "monitoring"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")

SERIES = {
    series: one
    for one in METRICS
    for series in ([f"{one.name}_{part}" for part in ("bucket", "count", "sum")] if one.buckets else [one.name])
}


def check(expression: str) -> None:
    """Assert that the expression reads metrics that exist, by labels that they have."""
    used = re.findall(r"(rekindle_\w+)(?:\{([^}]*)\})?", expression)
    assert used, expression
    for name, matchers in used:
        assert name in SERIES, expression
        assert set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)\s*\"", matchers)) <= set(SERIES[name].labels), expression
    grouped = {label.strip() for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(",")}
    known = {label for name, _ in used for label in SERIES[name].labels}
    assert grouped <= known | {"le"}, expression


@promtool
@pytest.mark.parametrize("arguments", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")])
def test_the_alert_rules_load_and_fire_when_they_should(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=MONITORING, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_reads_metrics_that_exist_and_is_tested_and_described(rule: dict[str, Any]) -> None:
    check(rule["expr"])
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert f'{{alertname="{rule["alert"]}"}}' in (MONITORING / "alerts_test.yaml").read_text()


def test_the_guide_has_every_alert_and_no_other() -> None:
    section = sections(read("docs/how-to/monitor.md"))["Alerts and the dashboard"]
    said = [name for cells in rows(section) for name in re.findall(r"`(Rekindle\w+)`", cells[0])]
    assert sorted(said) == sorted(rule["alert"] for rule in RULES)


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    expressions = [target["expr"] for panel in PANELS for target in panel.get("targets", [])]
    for expression in expressions:
        check(expression)
    shown = {SERIES[name] for one in expressions for name in re.findall(r"rekindle_\w+", one)}
    unshown = {"rekindle_build_info", "rekindle_last_run_timestamp_seconds"}
    assert {one.name for one in METRICS} - {one.name for one in shown} == unshown


def test_the_dashboard_has_the_form_that_grafana_imports() -> None:
    """Grafana publishes no schema that can be loaded without its own packages, so this checks
    what its importer reads."""
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= set(DASHBOARD)
    assert "id" not in DASHBOARD  # of a database of Grafana
    (source,) = DASHBOARD["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["type"] in ("stat", "timeseries", "heatmap")
        assert panel["description"].endswith(".")
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        references = [target["refId"] for target in panel["targets"]]
        assert references == ["A", "B", "C"][: len(references)]
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        assert panel["fieldConfig"]["defaults"]["unit"]
