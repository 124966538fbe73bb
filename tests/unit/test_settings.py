"""The settings from the environment, and the secrets that they never show."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import rekindle
from rekindle.app import database_url
from rekindle.errors import BadArgument, DatabaseUrlMissing
from rekindle.settings import Environment, Settings
from team.environments import environments

NAMES = (
    "REKINDLE_DATABASE_URL", "DATABASE_URL", "REKINDLE_CONFIG", "REKINDLE_API_KEY", "REKINDLE_API_KEY_NEXT",
    "REKINDLE_CONSOLE_SECRET", "REKINDLE_METRICS_PORT", "REKINDLE_METRICS_HOST", "REKINDLE_LOG_LEVEL",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_an_empty_environment_has_defaults_and_no_database() -> None:
    settings = Settings()
    assert settings.config == Path("rekindle.toml")
    assert (settings.database_url, settings.api_key, settings.api_key_next) == (None, None, None)
    with pytest.raises(DatabaseUrlMissing, match="REKINDLE_DATABASE_URL"):
        database_url(settings)


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, f"of-{name}")
    settings = Settings()
    assert database_url(settings) == "of-REKINDLE_DATABASE_URL"
    assert settings.config == Path("of-REKINDLE_CONFIG")
    assert [one and one.get_secret_value() for one in (settings.api_key, settings.api_key_next)] == [
        "of-REKINDLE_API_KEY", "of-REKINDLE_API_KEY_NEXT",
    ]  # fmt: skip


def test_the_platforms_database_url_is_used_if_ours_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://theirs")
    assert database_url(Settings()) == "postgresql://theirs"


@pytest.mark.parametrize("kind", environments(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("empty", ["", " ", "\t\n", '""', "' '", "\ufeff", "\u200b"])
def test_an_empty_variable_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch, kind: type[Environment], empty: str
) -> None:
    for name in kind.variables():
        monkeypatch.delenv(name, raising=False)
    unset = kind().model_dump()
    for name in kind.variables():
        monkeypatch.setenv(name, empty)
    read = kind()
    assert (read.model_dump(), read.model_fields_set) == (unset, set())


def test_an_empty_variable_leaves_the_place_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_DATABASE_URL", " ")
    monkeypatch.setenv("DATABASE_URL", "postgresql://theirs")
    assert database_url(Settings()) == "postgresql://theirs"


@pytest.mark.parametrize("around", [" {} ", "{}\n", '"{}"', "'{}'", ' "{}"\r\n', "\ufeff{}"])
def test_quotes_and_space_around_a_value_are_not_part_of_it(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    monkeypatch.setenv("REKINDLE_DATABASE_URL", around.format("postgresql://o'neill:a\"b c@host/db"))
    assert database_url(Settings()) == "postgresql://o'neill:a\"b c@host/db"


@pytest.mark.parametrize("kind", environments(), ids=lambda kind: kind.__name__)
def test_no_value_is_in_a_repr_or_an_error(monkeypatch: pytest.MonkeyPatch, kind: type[Environment]) -> None:
    for name in kind.variables():
        monkeypatch.setenv(name, "c4n4ry")
    settings = kind()
    assert "c4n4ry" not in f"{settings!r} {settings}"
    for name in kind.variables():
        monkeypatch.setenv(name, "c4n4ry\udce9")
        with pytest.raises(BadArgument, match=f"{name} is not UTF-8") as caught:
            kind()
        assert "c4n4ry" not in str(caught.value)
        monkeypatch.delenv(name)
    with pytest.raises(ValidationError) as invalid:
        kind.model_validate({name: {"c4n4ry": 1} for name in kind.variables()})
    assert "c4n4ry" not in str(invalid.value)


def test_every_other_module_gets_its_variables_from_these_classes() -> None:
    """A variable that is read elsewhere would not be tested for secrets and empty values."""
    readers = {
        path.name
        for path in Path(rekindle.__path__[0]).rglob("*.py")
        if re.search(r"\benviron\b|\bgetenv\b|envvar=", path.read_text(encoding="utf-8"))
    }
    # The embedded Postgres passes variables on; `address` removes libpq's values from its texts.
    assert readers == {"settings.py", "supervised.py", "address.py"}
