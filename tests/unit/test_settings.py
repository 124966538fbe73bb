"""The settings from the environment, and the secrets that they never show."""

from pathlib import Path

import pytest

from rekindle.app import database_url
from rekindle.errors import DatabaseUrlMissing
from rekindle.settings import Settings

NAMES = (
    "REKINDLE_DATABASE_URL", "DATABASE_URL", "REKINDLE_CONFIG", "REKINDLE_API_KEY", "REKINDLE_API_KEY_NEXT"
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


def test_an_empty_database_url_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_DATABASE_URL", "")
    with pytest.raises(DatabaseUrlMissing):
        database_url(Settings())


def test_the_password_is_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_DATABASE_URL", "postgresql://user:SECRET@host/db")
    settings = Settings()
    assert "SECRET" not in f"{settings!r} {settings} {settings.model_dump_json()}"
