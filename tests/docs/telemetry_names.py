"""The metrics, spans and log events of the code, found in its syntax."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import rekindle

SOURCE = Path(rekindle.__path__[0])
LEVELS = ("debug", "info", "warning", "error", "critical")


@cache
def calls() -> list[tuple[str, ast.Call, dict[str, list[str]]]]:
    """Every call, with the name of what is called, and the local names of log methods. The sandbox
    is a provider, and not a part of what is monitored."""
    found: list[tuple[str, ast.Call, dict[str, list[str]]]] = []
    for path in sorted(one for one in SOURCE.rglob("*.py") if "sandbox" not in one.parts):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        chosen = {
            node.targets[0].id: [node.value.body.attr, node.value.orelse.attr]
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.IfExp)
            and isinstance(node.value.body, ast.Attribute)
            and isinstance(node.value.orelse, ast.Attribute)
            and ast.unparse(node.value.body.value) == "log"
        }
        every = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        found.extend((ast.unparse(node.func), node, chosen) for node in every)
    return found


def events() -> dict[str, tuple[set[str], set[str]]]:
    """The levels and the fields of every event. A call whose event is not written in it fails."""
    found: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    by_reason: set[str] = set()
    for name, call, chosen in calls():
        if name == "_log_by_reason":
            by_reason |= _texts(call.args[0])
            continue
        levels = [name.removeprefix("log.")] if name.startswith("log.") else chosen.get(name, [])
        if not levels or not set(levels) <= set(LEVELS):
            continue
        # _log_by_reason has the event as a parameter.
        named = by_reason if ast.unparse(call.args[0]) == "event" else _texts(call.args[0])
        for event in named:
            found[event][0].update(levels)
            found[event][1].update(one.arg for one in call.keywords if one.arg is not None)
    return dict(found)


def spans() -> set[str]:
    """The names of every span."""
    found: set[str] = set()
    for name, call, _ in calls():
        if name in ("span", "stage", "tracer.start_span") and call.args:
            found |= _texts(call.args[0], lenient=True)
    return found


def _texts(argument: ast.expr, *, lenient: bool = False) -> set[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return {argument.value}
    if isinstance(argument, ast.IfExp):
        return _texts(argument.body) | _texts(argument.orelse)
    assert lenient, f"an event is not written where it is logged: {ast.unparse(argument)}"
    return set()
