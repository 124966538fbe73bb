"""Prints the texts that one person would read. Only `plan --show` does this, and only to standard
output."""

import dataclasses
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rekindle.cli.output import print_json, say
from rekindle.cli.people import People
from rekindle.documents import person_document
from rekindle.engine.show import NOT_EVALUATED, Shown
from rekindle.model import Names
from rekindle.payload import MAX_PAYLOAD_BYTES


def show_texts(user_id: UUID, names: Names, shown: Sequence[Shown], *, as_json: bool) -> None:
    """Print what each scenario would do for one person, with the texts."""
    if as_json:
        print_json({**person_document(user_id, names), "scenarios": [_json(one) for one in shown]})
        return
    if not shown:
        say(f"{People(names).person(user_id)} is not an active recipient here.")
    for number, one in enumerate(shown):
        if number:
            say()
        say(f"{one.scenario_type}{_text(one)}: {_verdict(one)}")
        if one.verdict in ("not_due", NOT_EVALUATED):
            continue
        for name, value in _lines(one):
            first, *more = value.splitlines() or ["-"]
            say(f"  {name:<7} {first}")
            for line in more:
                say(f"  {'':<8}{line}")


def _json(one: Shown) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}


def _text(one: Shown) -> str:
    return "" if one.text is None else f", text {one.text}"


def _verdict(one: Shown) -> str:
    if not one.theirs:
        return "others get this text"
    if one.verdict == "not_due":
        return "not due"
    if one.verdict == NOT_EVALUATED:
        return f"cannot be evaluated. {one.problem}"
    because = f"because of {one.occurrence}"
    if one.verdict == "claim":
        return f"would claim, {one.devices} device(s), {because}"
    return f"refused: {one.verdict}; due {because}"


def _lines(one: Shown) -> list[tuple[str, str]]:
    lines = [("locale", one.locale or "-")]
    if one.problem is not None:
        lines.append(("problem", one.problem + (f": {one.variable}" if one.variable else "")))
    if one.payload_bytes is not None:
        lines += [
            ("title", one.title or ""),
            *([("subtitle", one.subtitle)] if one.subtitle else []),
            ("body", one.body or ""),
            *([("image", one.image)] if one.image else []),
            ("link", one.link or ""),
            ("data", ", ".join(one.data_keys)),
            ("size", f"{one.payload_bytes:,} of {MAX_PAYLOAD_BYTES:,} bytes"),
        ]
    return lines
