"""The reference says what the code says: no more, no less."""

import ast
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from docs.documents import ROOT, read, rows, sections
from rekindle import errors
from rekindle.alert.settings import AlertSettings
from rekindle.cli.commands import build
from rekindle.configuration import load_config
from rekindle.dispatchers.registry import KINDS as DISPATCHERS
from rekindle.model import REASONS
from rekindle.policy import MAX_ATTEMPTS, parse_duration
from rekindle.ports import Action
from rekindle.scenario import (
    KINDS,
    WEEKDAYS,
    AlertConfig,
    Android,
    Apns,
    DispatcherConfig,
    Reach,
    Run,
    SignInConfig,
    Text,
    Webpush,
)
from rekindle.scenario.digest import Digest
from rekindle.scenario.further import FurtherText, TextTrial
from rekindle.scenario.kinds import ScenarioKind
from rekindle.scenario.outcome import Outcome
from rekindle.scenario.overrides import FIXED
from rekindle.scenario.reach import Devices
from rekindle.settings import Settings

SOURCE = ROOT / "src" / "rekindle"
CLI = sections(read("docs/reference/cli.md"))
CONFIGURATION_TEXT = read("docs/reference/configuration.md")
CONFIGURATION = sections(CONFIGURATION_TEXT)
ERRORS = sections(read("docs/reference/errors.md"))
LEDGER = sections(read("docs/reference/ledger.md"))
LEDGER_SQL = "".join(path.read_text() for path in sorted((SOURCE / "postgres" / "migrations").iterdir()))


def first_cells(text: str) -> list[str]:
    return [cells[0].strip("`") for cells in rows(text)]


def tree(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield name, command
    for part, one in inner.items():
        yield from tree(one, f"{name} {part}")


ENTRY: Any = typer.main.get_command(build())
COMMANDS = dict(tree(ENTRY, "rekindle"))


def options(command: Any) -> list[str]:
    names = [
        parameter.opts[0] if parameter.param_type_name == "option" else str(parameter.name).upper()
        for parameter in command.params
    ]
    return sorted(name for name in names if name != "--help")


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert {heading for heading in CLI if heading.startswith("rekindle ")} == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_described(name: str) -> None:
    assert sorted(first_cells(CLI[name])) == options(COMMANDS[name])


def test_the_options_before_the_command_are_described() -> None:
    assert sorted(first_cells(CLI["The command line"])) == options(ENTRY)


def test_the_conditions_that_come_before_the_refusals_are_described() -> None:
    conditions = re.findall(r'Condition\(\s*"(\w+)"', (SOURCE / "postgres" / "explain.py").read_text())
    assert [*first_cells(CLI["Conditions before the refusals"]), "no_token"] == conditions


def test_every_reason_and_condition_has_words() -> None:
    refusals = set(first_cells(LEDGER["Due and not claimed (`refusals`)"]))
    before, after = (set(first_cells(CLI[f"Conditions {where} the refusals"])) for where in ("before", "after"))
    assert set(REASONS) == refusals | before | after


def test_a_unit_is_given_up_after_the_number_of_rejections_in_the_reference() -> None:
    [meaning] = [cells[1] for part in LEDGER.values() for cells in rows(part) if cells[0] == "`gave_up_…`"]
    assert meaning.startswith(f"refused {MAX_ATTEMPTS} times;")


def test_the_actions_of_the_audit_are_those_of_the_code() -> None:
    described = [cells[0].strip("`") for cells in rows(LEDGER["The audit"]) if "." in cells[0]]
    assert sorted(described) == sorted(get_args(Action))


def every_error(kind: type[errors.RekindleError] = errors.RekindleError) -> Iterator[type[errors.RekindleError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from every_error(below)


def test_the_table_of_errors_is_that_of_the_code() -> None:
    said = [tuple(cells) for cells in rows(ERRORS["All errors"])]
    known = sorted(
        (one.code, f"`{one.__name__}`", " ".join((one.__doc__ or "").split()), str(one.disposition), str(one.exit_code))
        for one in every_error()
    )
    assert said == known


def test_every_error_has_a_section_and_every_section_an_error() -> None:
    known = {f"{one.code} {one.__name__}": " ".join((one.__doc__ or "").split()) for one in every_error()}
    said = {heading: text for heading, text in ERRORS.items() if heading.startswith("RK")}
    assert list(said) == sorted(known)
    for heading, text in said.items():
        meaning, _, rest = text.strip().partition("\n\n- **Your data:** ")
        data, found, advice = rest.partition("\n- **What to do:** ")
        assert " ".join(meaning.split()) == known[heading]
        assert found, heading
        assert min(len(data), len(advice)) > 10, heading


def test_the_dispositions_are_those_of_the_code() -> None:
    assert first_cells(ERRORS["Errors"]) == [str(one) for one in errors.Disposition]


def test_the_exit_codes_are_those_of_a_run_and_of_the_errors() -> None:
    assert first_cells(CLI["Exit codes"]) == ["0", "1", "2", "3"]
    assert {one.exit_code for one in every_error()} == {0, 1, 2}


COMMON = set(ScenarioKind.model_fields) | {"kind"}


def check_keys(section: str, model: type[BaseModel], names: set[str], *, besides: Set[str] = frozenset()) -> None:
    """Assert that the tables of a section have these keys with these defaults, apart from the
    rows in `besides`."""
    said = {
        name.strip("` "): cells[1].strip("`")
        for cells in rows(CONFIGURATION[section])
        for name in cells[0].split(",")
        if name.strip("` ") not in besides
    }
    assert set(said) == names
    for name, default in said.items():
        if default == "[policy](#policy)":
            continue
        field = model.model_fields[name]
        if field.is_required():
            assert default == "required", name
            continue
        actual = field.get_default(call_default_factory=True)
        assert actual is not PydanticUndefined
        if actual in (None, {}, []):
            assert default == "none", name
        elif actual == list(WEEKDAYS):
            assert default == "every day", name
        elif actual == Devices():
            assert default == "all", name
        elif actual == Outcome():
            assert default == "see there", name
        elif isinstance(actual, bool):
            assert default == str(actual).lower(), name
        elif re.fullmatch("[0-9]+[smhd]", default):
            assert parse_duration(default) == actual, name
        elif default.startswith('["'):
            assert default == str([f"{days}d" for days in actual]).replace("'", '"'), name
        else:
            assert default == str(actual), name


def test_the_keys_of_the_configuration_are_those_of_the_models() -> None:
    check_keys("run", Run, set(Run.model_fields))
    check_keys("dispatcher", DispatcherConfig, set(DispatcherConfig.model_fields))
    check_keys("policy", Reach, set(Reach.model_fields))
    check_keys("alert", AlertConfig, set(AlertConfig.model_fields), besides=set(AlertSettings.variables()))
    assert set(AlertSettings.variables()) < set(first_cells(CONFIGURATION["alert"]))
    check_keys("sign_in", SignInConfig, set(SignInConfig.model_fields))
    # Overrides are written in the tables of their places; only a stored scenario contains them.
    check_keys("scenario.NAME", KINDS["inactivity"], COMMON - {"overrides"})
    check_fixed()
    check_keys("scenario.NAME.outcome", Outcome, set(Outcome.model_fields))
    check_keys("scenario.NAME.digest", Digest, set(Digest.model_fields))
    check_keys("scenario.NAME.message.LOCALE", Text, set(Text.model_fields))
    check_keys("scenario.NAME.text.TEXT", FurtherText, set(FurtherText.model_fields))
    check_keys("scenario.NAME.text_trial", TextTrial, set(TextTrial.model_fields))
    check_keys("scenario.NAME.android", Android, set(Android.model_fields))
    check_keys("scenario.NAME.apns", Apns, set(Apns.model_fields))
    check_keys("scenario.NAME.webpush", Webpush, set(Webpush.model_fields))


def check_fixed() -> None:
    said = re.search(r"same for everybody: ([^.]*)\.", CONFIGURATION["organisation.ID and organisation.ID.chapter.ID"])
    assert said is not None
    assert re.findall(r"`(\w+)`", said[1]) == list(FIXED)


def test_every_kind_of_scenario_has_a_section_with_a_sample_and_every_section_a_kind(tmp_path: Path) -> None:
    samples = re.findall(r"^### kind (\w+)$\n.*?^```toml\n(.*?)^```$", CONFIGURATION_TEXT, re.MULTILINE | re.DOTALL)
    assert [one for one in CONFIGURATION if one.startswith("kind ")] == [f"kind {kind}" for kind in KINDS]
    assert samples == [(kind, (SOURCE / "scenario" / "kinds" / kind / "sample.toml").read_text()) for kind in KINDS]
    for kind, sample in samples:
        path = tmp_path / f"{kind}.toml"
        path.write_text(sample, encoding="utf-8")
        [scenario] = load_config(path).scenario.values()
        assert scenario.kind == kind


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_keys_and_variables_of_each_kind_are_those_of_its_model(kind: str) -> None:
    section = f"kind {kind}"
    check_keys(section, KINDS[kind], set(KINDS[kind].model_fields) - COMMON)
    said = re.search(r"Variables:\s([^.]*)\.", CONFIGURATION[section])
    assert set(re.findall(r"`(\w+)`", said[1] if said else "")) == set(KINDS[kind].variables)


def test_every_environment_variable_is_described() -> None:
    assert set(first_cells(CONFIGURATION["Environment"])) == set(Settings.variables())


def test_every_kind_of_dispatcher_has_a_section_and_every_section_a_kind() -> None:
    assert [one for one in CONFIGURATION if one.startswith("dispatcher kind ")] == [
        f"dispatcher kind {name}" for name in DISPATCHERS
    ]


@pytest.mark.parametrize("name", DISPATCHERS)
def test_the_keys_and_variables_of_each_kind_of_dispatcher_are_those_of_its_model(name: str) -> None:
    section, kind = f"dispatcher kind {name}", DISPATCHERS[name]
    keys = set(kind.model_fields) - set(DispatcherConfig.model_fields)
    read = set[str]() if kind.settings is None else set(kind.settings.variables())
    check_keys(section, kind, keys, besides=read)
    assert set(first_cells(CONFIGURATION[section])) == keys | read


def test_the_tables_of_the_ledger_are_those_of_the_migrations() -> None:
    tables = re.findall(r"create table if not exists rekindle\.(\w+)", LEDGER_SQL)
    assert sorted(first_cells(LEDGER["Tables"])) == sorted(tables)


def test_the_states_of_a_unit_and_of_a_run_are_those_that_the_tables_allow() -> None:
    states, statuses = (
        set(re.findall(r"'(\w+)'", found[1]))
        for found in (
            re.search(r"check \(state in \(([^)]*)\)", LEDGER_SQL),
            re.search(r"check \(status in \(([^)]*)\)", LEDGER_SQL),
        )
        if found is not None
    )
    assert set(first_cells(LEDGER["States of a unit"])) == states
    assert set(first_cells(LEDGER["Numbers of a run"])) == statuses


SECTIONS_OF_REASONS = (
    "Due and not claimed (`refusals`)", "Skipped", "Dead", "Waiting (`retry`)", "Unknown", "Held out", "Halted",
)  # fmt: skip
_PLACES = {"Refused": 1, "Uncertain": 0, "Ending": 2, "Unsendable": 0}


def words_in_python() -> Iterator[str]:
    """Every reason of an outcome, an ending or a fault in the code; a reason with a variable
    part ends in …"""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.ClassDef(body=body):
                    yield from (
                        str(one.value.value)
                        for one in body
                        if isinstance(one, ast.Assign)
                        and ast.unparse(one.targets[0]) == "reason"
                        and isinstance(one.value, ast.Constant)
                    )
                case _:
                    pass
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if name not in _PLACES or len(node.args) <= _PLACES[name]:  # type: ignore[attr-defined]
                continue
            for part in ast.walk(node.args[_PLACES[name]]):  # type: ignore[attr-defined]
                if isinstance(part, ast.JoinedStr):
                    yield f"{ast.unparse(part.values[0])[1:-1]}…"
                elif isinstance(part, ast.Constant) and isinstance(part.value, str) and not part.value.endswith("_"):
                    yield part.value


def words_in_sql() -> Iterator[str]:
    """The words of claim.sql, and those that the sweep and record.sql write themselves."""
    folder = SOURCE / "postgres" / "sql"
    for name in ("parts/refusal.sql", "parts/verdicts.sql", "claim.sql"):
        yield from re.findall(r"then '(\w+)'", (folder / name).read_text())
    # The words for "may be sent" are not reasons.
    yield from set(re.findall(r"then '(\w+)'", (folder / "arm.sql").read_text())) - {"armed"}
    for path in sorted((SOURCE / "scenario" / "kinds").glob("*/no_longer_due.sql")):
        yield from re.findall(r"'(\w+)' as reason", path.read_text())
    for path in sorted(folder.glob("*.sql")):
        text = re.sub("--.*", "", path.read_text())
        yield from re.findall(r"reason = '(\w+)'", text)
        # The reason follows the outcome among the arguments of rekindle.ended.
        ended = r"(?:'unknown'|'dead'|else 'dead' end),\s+(?:coalesce\([^,]+, )?'(\w+)'"
        for arguments in re.findall(r"rekindle\.ended\((.*?)\) ending", text, re.DOTALL):
            yield from re.findall(ended, arguments)


def test_every_reason_is_described_and_nothing_else() -> None:
    said = {word for section in SECTIONS_OF_REASONS for word in first_cells(LEDGER[section])}
    held = re.findall(r'"(record_failed)"', (SOURCE / "engine" / "record.py").read_text())
    used = set(words_in_python()) | set(words_in_sql()) | set(held)
    assert used - said == set()
    assert said - used == set()


def test_every_kind_says_how_its_occurrences_are_named_and_what_is_looked_at_before_sending() -> None:
    assert sorted(first_cells(LEDGER["Occurrences"])) == sorted(KINDS)
    assert sorted(first_cells(CONFIGURATION["Just before sending"])) == sorted(KINDS)


def test_the_words_of_the_configuration_are_documented_where_the_init_file_uses_them() -> None:
    text = (SOURCE / "sample" / "templates" / "rekindle.toml").read_text()
    keys = set(re.findall(r"^#? ?(\w+) = ", text, re.MULTILINE))
    described = {cell for section in CONFIGURATION.values() for cell in first_cells(section)}
    assert keys <= described


def test_the_file_that_init_writes_names_every_kind() -> None:
    template = (SOURCE / "sample" / "templates" / "rekindle.toml").read_text(encoding="utf-8")
    [listed] = re.findall(r"^#   kind +(.+)$", template, re.MULTILINE)
    assert sorted(re.findall(r"\w+", listed.replace(" or ", ", "))) == sorted(KINDS)
