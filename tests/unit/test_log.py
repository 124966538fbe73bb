"""Events become one line each, with their fields; a level that is off costs next to nothing."""

import json
import logging
import sys
import threading
import timeit
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from rekindle.cli.logs import EventFormatter, set_up_logging
from rekindle.log import line, log

LEVELS = ("debug", "info", "warning", "error", "critical")


@pytest.fixture
def quiet_afterwards() -> Iterator[None]:
    loggers = {name: logging.getLogger(name) for name in ("rekindle", "psycopg")}
    before = {name: (one.level, one.handlers[:]) for name, one in loggers.items()}
    hooks = logging.lastResort, threading.excepthook, sys.unraisablehook
    yield
    logging.lastResort, threading.excepthook, sys.unraisablehook = hooks
    for name, one in loggers.items():
        one.level, one.handlers = before[name]
        one.setLevel(one.level)


@pytest.mark.parametrize(("position", "level"), list(enumerate(LEVELS)))
def test_a_logger_says_its_level_and_what_is_above(position: int, level: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(level.upper(), logger="rekindle")
    for one in LEVELS:
        getattr(log, one)("some.event", level=one)
    assert [record.fields["level"] for record in caplog.records] == list(LEVELS[position:])  # type: ignore[attr-defined]
    assert [record.levelname.lower() for record in caplog.records] == list(LEVELS[position:])


def test_a_record_keeps_event_and_fields_apart_and_names_the_line_that_logged(caplog: pytest.LogCaptureFixture) -> None:
    log.error("some.event", scenario="nudge", message="100 %s", name="a", args=[1, "b"])
    (record,) = caplog.records
    said = record.__dict__
    assert (said["event"], said["fields"]["message"], said["fields"]["args"]) == ("some.event", "100 %s", [1, "b"])
    assert record.getMessage() == "some.event scenario=nudge message='100 %s' name=a args=[1, 'b']"
    assert (record.filename, record.funcName) == (
        "test_log.py",
        "test_a_record_keeps_event_and_fields_apart_and_names_the_line_that_logged",
    )


@pytest.mark.parametrize("value", ["two\nlines", "a=b", "", "it's", "\u2028", "\x1b[31m", "a b", ["x\ny"], {"k": "\r"}])
def test_a_field_never_breaks_the_line_or_reads_as_another_field(value: object) -> None:
    said = line("some.event", {"first": value, "second": 2})
    assert said.isprintable()
    assert said == f"some.event first={value!r} second=2"


def test_a_line_on_a_level_that_is_off_costs_next_to_nothing() -> None:
    assert not logging.getLogger("rekindle").isEnabledFor(logging.DEBUG)
    lines = 20_000
    seconds = min(timeit.repeat(lambda: log.debug("some.event", claim_id="x", scenario="y"), number=lines, repeat=5))
    assert seconds / lines < 20e-6  # it is about 0.2 us; this machine may be busy


def test_the_command_line_writes_json_from_its_level_on(
    monkeypatch: pytest.MonkeyPatch, quiet_afterwards: None
) -> None:
    monkeypatch.setattr(sys, "stderr", StringIO())
    for _ in range(2):  # after a second setup, each line is still logged once
        set_up_logging("warning")
    log.info("not.shown")
    log.warning("some.event", scenario="nudge", seconds_left=1.5, message="ø")
    (said,) = sys.stderr.getvalue().splitlines()  # type: ignore[attr-defined]
    shown: dict[str, Any] = json.loads(said)
    at = shown.pop("timestamp")
    assert shown == {
        "scenario": "nudge", "seconds_left": 1.5, "message": "ø", "event": "some.event", "level": "warning",
    }  # fmt: skip
    assert at.endswith("Z")


def test_on_a_terminal_a_line_is_readable(caplog: pytest.LogCaptureFixture) -> None:
    log.error("some.event", scenario="nudge")
    shown = EventFormatter(readable=True).format(caplog.records[0])
    assert "some.event" in shown
    assert "nudge" in shown
    assert not shown.startswith("{")


def test_on_a_terminal_a_field_cannot_give_orders(caplog: pytest.LogCaptureFixture) -> None:
    log.error("some.event", reason="\x1b]0;OWNED\x07\x9b31m\u202e\nline two")
    said = EventFormatter(readable=True).format(caplog.records[0])
    assert "\x1b]" not in said  # colours begin with ESC [
    assert not {"\x07", "\x9b", "\u202e", "\n"} & set(said)


def test_the_text_of_another_program_part_is_not_written(
    monkeypatch: pytest.MonkeyPatch, quiet_afterwards: None
) -> None:
    """Python writes unconfigured loggers, lost threads and failed destructors to stderr, each with
    the text of its error."""
    monkeypatch.setattr(sys, "stderr", StringIO())
    set_up_logging("warning")
    secret = "c4n4ry"

    class Failing:
        def __del__(self) -> None:
            raise ValueError(secret)

    def fail() -> None:
        raise ValueError(secret)

    logging.getLogger("asyncio").handlers = []
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's
    try:
        fail()
    except ValueError:
        logging.getLogger("asyncio").exception("Task failed: %s", secret)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    del thread
    Failing()
    lines = [json.loads(one) for one in sys.stderr.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert {(one["event"], one.get("logger"), one["kind"]) for one in lines} == {
        ("library.logged", "asyncio", "ValueError"),
        ("thread.failed", None, "ValueError"),
        ("object.failed", None, "ValueError"),
    }
    assert secret not in str(lines)
