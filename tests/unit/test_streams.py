"""A text stream that never fails."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rekindle.cli.streams import Sink, lossy


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def unread() -> int:
    """A pipe whose reader has ended."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def closed() -> int:
    descriptor = unread()
    os.close(descriptor)
    return descriptor


def read_only() -> int:
    return os.open("/dev/null", os.O_RDONLY)


@pytest.mark.parametrize("broken", [full, unread, closed, read_only])
def test_what_cannot_be_written_is_dropped(broken: Callable[[], int]) -> None:
    sink = Sink(broken())
    text = lossy(sink, None, errors="replace", by_line=True)
    for _ in range(3):
        text.write("a line\n" * 10_000)
        text.flush()
    assert sink.failed is not None
    assert not text.isatty()


def test_a_letter_without_bytes_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "written"
    for encoding, written in (("ascii", b"f?r ? ?"), ("latin-1", b"f\xf8r ? ?"), ("utf-8", "før 🚲 ?".encode())):
        like: Any = SimpleNamespace(encoding=encoding)
        with path.open("wb") as file:
            text = lossy(Sink(file.fileno()), like, errors="replace", by_line=False)
            text.write("før 🚲 \udcff")
            text.flush()
        assert path.read_bytes() == written


def test_a_pipe_that_another_program_made_non_blocking_gets_everything() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    text = lossy(Sink(writer), None, errors="replace", by_line=False)
    with subprocess.Popen(["wc", "-c"], stdin=reader, stdout=subprocess.PIPE) as counting:
        os.close(reader)
        text.write("x" * 1_000_000)
        text.flush()
        os.close(writer)
        assert counting.communicate(timeout=30)[0].strip() == b"1000000"
