"""The file of metrics goes on where the last command ended."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from rekindle.telemetry import textfile


def counted(path: Path, *, label: str = "a", version: str = "1", waiting: float = 3) -> None:
    """One command has counted one run of 0.2 s, and then writes the file."""
    registry = CollectorRegistry()
    Counter("runs_total", "Runs.", ("scenario",), registry=registry).labels(label).inc()
    Histogram("took_seconds", "Time.", registry=registry, buckets=(0.1, 1)).observe(0.2)
    Gauge("waiting", "Waiting.", registry=registry).set(waiting)
    textfile.write(registry, path, version=version)


def read(path: Path) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(path.read_text())
    return {
        (one.name, next(iter(one.labels.values()), "")): one.value
        for family in families
        for one in family.samples
        if not one.name.endswith("_created")
    }


def test_counters_and_histograms_go_on_and_gauges_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.prom"
    counted(path, label='a "quoted"\\\n')
    counted(path, waiting=7)
    counted(path, waiting=5)
    assert read(path) == {
        ("runs_total", "a"): 2, ("runs_total", 'a "quoted"\\\n'): 1, ("waiting", ""): 5,
        ("took_seconds_bucket", "0.1"): 0, ("took_seconds_bucket", "1.0"): 3, ("took_seconds_bucket", "+Inf"): 3,
        ("took_seconds_count", ""): 3, ("took_seconds_sum", ""): pytest.approx(0.6),
    }  # fmt: skip
    assert [one.name for one in tmp_path.iterdir()] == ["x.prom"]


def test_commands_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.prom"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counted(path), range(40)))
    assert read(path)["runs_total", "a"] == 40


@pytest.mark.parametrize(
    "text", ["", "runs_total{", "# rekindle 1\nruns_total{scenario=", "\xff", "# rekindle 1\n\x00 x"]
)
def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.prom"
    path.write_bytes(text.encode("latin-1"))
    counted(path)
    assert read(path)["runs_total", "a"] == 1


def test_a_file_of_another_release_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.prom"
    counted(path)
    counted(path, version="2")
    assert read(path)["runs_total", "a"] == 1


def test_a_command_that_waits_too_long_for_another_leaves_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfile, "LOCK_SECONDS", 0.05)
    path = tmp_path / "x.prom"
    counted(path)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        textfile.fcntl.flock(folder, textfile.fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            counted(path)
    finally:
        os.close(folder)
    assert read(path)["runs_total", "a"] == 1
