"""Reads rekindle.toml and the query files that it names, and reports every mistake in one error."""

import codecs
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rekindle.dispatchers.registry import parse_dispatcher
from rekindle.errors import ConfigInvalid, ConfigMissing
from rekindle.scenario import KINDS, Config
from rekindle.scenario.overrides import Mistake, as_table, mistakes
from rekindle.scenario.query import without_ending
from rekindle.settings import Settings

_MAX_BYTES = 4 << 20


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
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(
            f"{called} is not TOML: {error}", hint="Correct that place and try again.", problems=(str(error),)
        ) from None
    problems = _read_query_files(raw, path.parent)
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


def _read_query_files(raw: dict[str, Any], folder: Path) -> list[str]:
    """Replace `file` and `still_due_file` by the queries in them, so that what is applied is
    complete in itself."""
    problems: list[str] = []
    tables = {"trial.outcome": as_table(as_table(raw.get("trial")).get("outcome"))}
    for name, value in as_table(raw.get("scenario")).items():
        tables[f"scenario.{name}"] = as_table(value)
        tables[f"scenario.{name}.outcome"] = as_table(as_table(value).get("outcome"))
    for where, table in tables.items():
        for key, of_file in (("query", "file"), ("still_due", "still_due_file")):
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
