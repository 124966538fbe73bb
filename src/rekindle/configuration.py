"""Reads rekindle.toml and the query files that it names, and reports every mistake in one error."""

import codecs
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rekindle.dispatchers.registry import parse_dispatcher
from rekindle.errors import ConfigInvalid, ConfigMissing
from rekindle.scenario import KINDS, AnyScenario, Config
from rekindle.scenario.overrides import Mistake, as_table, mistakes
from rekindle.scenario.query import without_ending
from rekindle.settings import Settings

_MAX_BYTES = 4 << 20
_QUERIES = (("query", "file"), ("still_due", "still_due_file"))
"""The keys that have a query, and those that name a file with one."""


def configured(settings: Settings) -> Config:
    """The configuration in the file that the environment names, else in rekindle.toml. Raises as
    `load_config`."""
    named = "config" in settings.model_fields_set
    return load_config(settings.config, called="the file that REKINDLE_CONFIG names" if named else None)


def load_config(path: Path, *, called: str | None = None) -> Config:
    """Read and validate a rekindle.toml and the files that its scenarios name.

    Args:
        called: what errors call the file instead of its path, which may be a secret by mistake if
            it comes from the environment.

    Raises:
        ConfigMissing: there is no such file.
        ConfigInvalid: it is not TOML, or has mistakes; all of them are in `problems`.
    """
    called = called or str(path)
    try:
        text = _text(path)
    except FileNotFoundError:
        raise ConfigMissing(
            f"there is no configuration: {called} does not exist",
            hint="Write one with `rekindle init`, or name it with --config.",
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigMissing(
            f"{called} cannot be read: {_reason(error)}", hint="Name a readable file in UTF-8 with --config."
        ) from None
    raw = _tables(text, called)
    return _config(raw, called, _read_query_files(raw, path.parent))


def edited_config(text: str, in_force: Mapping[str, AnyScenario]) -> Config:
    """A configuration that somebody gives as a text, to compare it with the scenarios in force.

    It reads no file. A query runs with the rights of the worker, so that only the queries in force
    are taken: where the text names a file, it is the query that the scenario has, and a query of
    the text must be one of those in force. The outcome of the whole programme is left out, because
    it says nothing about people who are due.

    Raises:
        ConfigInvalid: as `load_config`, or it has a query that is not in force.
    """
    called = "the configuration"
    try:
        raw = _tables(text.replace("\r\n", "\n"), called)
        as_table(raw.get("trial")).pop("outcome", None)
        return _config(raw, called, _take_queries(raw, in_force))
    except RecursionError:
        raise ConfigInvalid(
            f"{called} has tables in tables without end", hint="Flatten it.", problems=("it is nested too deeply",)
        ) from None


def _tables(text: str, called: str) -> dict[str, Any]:
    """The tables of a text.

    Raises:
        ConfigInvalid: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also of an integer that has too many digits
        raise ConfigInvalid(
            f"{called} is not TOML: {error}", hint="Correct that place and try again.", problems=(str(error),)
        ) from None


def _config(raw: dict[str, Any], called: str, problems: list[str]) -> Config:
    """The configuration of these tables.

    Raises:
        ConfigInvalid: it has mistakes; `problems` are some of them.
    """
    found = _read_dispatcher(raw)
    config = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        found += mistakes(error)
    problems += dict.fromkeys(_problem(mistake) for mistake in found)
    if problems or config is None:
        count = f"{len(problems)} mistakes" if len(problems) > 1 else "a mistake"
        raise ConfigInvalid(
            f"{called} has {count}: {'; '.join(problems)}",
            hint="Fix the lines named and try again.",
            problems=tuple(problems),
        )
    return config


def _take_queries(raw: dict[str, Any], in_force: Mapping[str, AnyScenario]) -> list[str]:
    """Replace the names of files by the queries in force. Returns the queries that are not."""
    allowed: set[str] = set()
    known: dict[str, dict[str, str]] = {}
    for name, one in in_force.items():
        own = {key: getattr(one, key, None) for key, _ in _QUERIES}
        known[f"scenario.{name}"] = {key: query for key, query in own.items() if query is not None}
        known[f"scenario.{name}.outcome"] = {} if one.outcome.query is None else {"query": one.outcome.query}
    for name, value in as_table(raw.get("scenario")).items():
        was = as_table(value).get("was")
        for table in ("", ".outcome"):
            known.setdefault(f"scenario.{name}{table}", known.get(f"scenario.{was}{table}", {}))
    for queries in known.values():
        allowed.update(without_ending(query) for query in queries.values())
    problems: list[str] = []
    for where, table in _with_queries(raw):
        for key, of_file in _QUERIES:
            if isinstance(table.get(of_file), str) and key not in table:
                if key not in known.get(where, {}):
                    problems.append(f"{where}.{of_file}: no file is read here, and no such query is in force")
                    continue
                table[key] = known[where][key]
                del table[of_file]
            query = table.get(key)
            if isinstance(query, str) and without_ending(query) not in allowed:  # mutant: foreign-query
                problems.append(f"{where}.{key}: this query is not in force; use `rekindle plan --changes` for it")
    return problems


def _with_queries(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables that may have a query, and their names."""
    yield "trial.outcome", as_table(as_table(raw.get("trial")).get("outcome"))
    for name, value in as_table(raw.get("scenario")).items():
        yield f"scenario.{name}", as_table(value)
        yield f"scenario.{name}.outcome", as_table(as_table(value).get("outcome"))


def _read_query_files(raw: dict[str, Any], folder: Path) -> list[str]:
    """Replace `file` and `still_due_file` by the queries in them, so that what is applied is
    complete in itself."""
    problems: list[str] = []
    for where, table in _with_queries(raw):
        for key, of_file in _QUERIES:
            if not isinstance(table.get(of_file), str) or key in table:
                continue
            try:
                query = _text(folder / str(table[of_file]))
            except (OSError, ValueError) as error:
                problems.append(f"{where}.{of_file}: the file cannot be read: {_reason(error)}")
                continue
            if not without_ending(query):
                problems.append(f"{where}.{of_file}: the file has no query")
                continue
            table[key] = query
            del table[of_file]
    return problems


def _text(path: Path) -> str:
    """The text of a file in UTF-8, without the mark that Windows programs put in front, and with
    line ends as everywhere: a query must not change with the editor that saved it.

    Raises:
        ValueError: it is not text in UTF-8, or is too large.
    """
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)  # not more: a device has no end
    if len(content) > _MAX_BYTES:
        raise ValueError(f"it has more than {_MAX_BYTES >> 20} MiB")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        raise ValueError("it is in UTF-16, or not text; save it as UTF-8")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not in UTF-8; save it as UTF-8") from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or "it cannot be read").lower() if isinstance(error, OSError) else str(error)


def _read_dispatcher(raw: dict[str, Any]) -> list[Mistake]:
    """Replace the table [dispatcher] by its values as its kind parses them; returns its
    mistakes."""
    if not isinstance(raw.get("dispatcher", {}), dict):
        return []  # a value of another type is reported with the rest of the file
    try:
        raw["dispatcher"] = parse_dispatcher(as_table(raw.pop("dispatcher", {})))
    except ValidationError as error:
        return [(("dispatcher", *where), kind, message) for where, kind, message in mistakes(error)]
    return []


def _problem(mistake: Mistake) -> str:
    loc, kind, message = list(map(str, mistake[0])), mistake[1], mistake[2]
    # In a tagged union pydantic puts the kind after the scenario's name. The file has no such
    # level.
    if loc[:1] == ["scenario"] and loc[2:3] and loc[2] in KINDS:
        del loc[2]
    # A mistake in an override is found in the variant that it makes. It is reported at the
    # organisation, where the file has it.
    if loc[:1] == ["scenario"] and loc[2:3] == ["organisation"]:
        end = 6 if loc[4:5] == ["chapter"] else 4
        loc = [*loc[2:end], *loc[:2], *loc[end:]]
    where = ".".join(part for part in loc if part != "[key]")
    if kind == "extra_forbidden":
        message = "there is no such key"
    elif kind == "missing":
        message = "is missing"
    elif kind in ("union_tag_not_found", "union_tag_invalid"):
        message = f"kind must be one of {', '.join(KINDS)}"
    return f"{where}: {message}"
