"""Keeps metrics in a file, for the textfile collector of node_exporter.

A command that ends cannot be scraped. So it adds what it counted to what the file has: the counters
and histograms go on, as those of one long process, and gauges are replaced. Of two commands that
write at once, one waits for the other.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

LOCK_SECONDS = 2.0
MAX_BYTES = 4_000_000

_Series = tuple[str, frozenset[tuple[str, str]]]


def write(registry: CollectorRegistry, path: Path, *, version: str) -> None:
    """Add the numbers of the registry to the file, which is replaced at once.

    A file that another release wrote, or that cannot be read, is begun anew: Prometheus takes that
    as a restart.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    from prometheus_client import generate_latest

    head = f"# rekindle {version}\n".encode()
    with _alone(path.parent):
        text = head + generate_latest(_Summed(registry, _numbers(path, head)))  # pyright: ignore[reportArgumentType]
        handle, name = tempfile.mkstemp(prefix=".rekindle-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
                os.fchmod(file.fileno(), 0o644)  # the collector is another user
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Lock the folder, at most `LOCK_SECONDS` late. A process that ends unlocks it."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # mutant: one-writes-the-file
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
        yield
    finally:
        os.close(lock)


def _numbers(path: Path, head: bytes) -> dict[_Series, float]:
    """The series of counters and histograms that this release has written to the file."""
    from prometheus_client.parser import text_string_to_metric_families

    with suppress(OSError, ValueError, KeyError, IndexError):
        with path.open("rb") as file:
            text = file.read(MAX_BYTES)
        if text.startswith(head):
            return {
                (sample.name, frozenset(sample.labels.items())): sample.value
                for family in text_string_to_metric_families(text.decode())
                if family.type in ("counter", "histogram")
                for sample in family.samples
            }
    return {}


class _Summed:
    """The families of a registry, with the numbers of an earlier process added."""

    def __init__(self, registry: CollectorRegistry, before: dict[_Series, float]) -> None:
        self._registry = registry
        self._before = before

    def collect(self) -> Iterable[Any]:
        from prometheus_client import Metric

        for family in self._registry.collect():
            if family.type not in ("counter", "histogram"):
                yield family
                continue
            summed = Metric(family.name, family.documentation, family.type)
            for sample in family.samples:
                earlier = self._before.pop((sample.name, frozenset(sample.labels.items())), 0.0)
                summed.add_sample(sample.name, sample.labels, sample.value + earlier)
            names = {f"{family.name}{ending}" for ending in ("_total", "_bucket", "_count", "_sum")}
            for name, labels in [one for one in self._before if one[0] in names]:
                summed.add_sample(name, dict(labels), self._before.pop((name, labels)))
            yield summed
