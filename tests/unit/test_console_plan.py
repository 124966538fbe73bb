"""What the pages of the plan keep, and how they read a form with a file."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from rekindle.app.pages import PlanPage
from rekindle.console.compare import fields_of
from rekindle.console.plan import PlanPages
from rekindle.model import Names
from rekindle.ports import Filter

FILE = b'\xef\xbb\xbfa = "\xc3\xb8"\r\nb = 1\r\n'
OURS, THEIRS = UUID(int=1), UUID(int=2)


def rows_of(organisation: UUID | None) -> Filter:
    return Filter(sees=None if organisation is None else frozenset([organisation]))


async def test_a_plan_that_was_slow_is_kept_for_readers_of_the_same_organisations_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    async def plan_page(rows: Any, **_: Any) -> PlanPage:
        asked.append(rows.sees)
        return PlanPage((), ())

    async def names(*_: Any) -> Names:
        return Names()

    engine: Any = SimpleNamespace(plan_page=plan_page, names=names)
    request: Any = SimpleNamespace(query_params={})
    pages = PlanPages(SimpleNamespace(), engine)  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr(pages._plans, "QUICK_SECONDS", -1.0)  # nothing is quick
    for organisation in (None, OURS, THEIRS, OURS, None):
        await pages._plan(request, rows_of(organisation), None, None)
    assert asked == [None, {OURS}, {THEIRS}]


def test_a_form_is_read_with_its_file_and_anything_else_has_no_fields() -> None:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="form"\r\n\r\ns3cret\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + FILE + b"\r\n",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="b.toml"\r\n\r\nother\r\n--x--\r\n',
    ]
    body = b"".join(parts)
    assert fields_of("multipart/form-data; boundary=x", body) == {"form": "s3cret", "file": 'a = "ø"\r\nb = 1\r\n'}
    assert fields_of("application/x-www-form-urlencoded", b"toml=a+%3D+1&toml=b") == {"toml": "a = 1"}
    for kind in ("multipart/form-data", "multipart/form-data; boundary=y", 'multipart/form-data; boundary="'):
        assert fields_of(kind, body) == {}
    assert fields_of("multipart/form-data; boundary=x", body.replace(b"\xef\xbb\xbf", b"\xff")) == {}
    assert fields_of("application/x-www-form-urlencoded", b"\xff") == {}
