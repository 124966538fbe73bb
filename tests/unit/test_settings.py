"""What the environment says, and what it never shows."""

from pathlib import Path

import pytest

from rekindle.app import database_url
from rekindle.dispatchers.build import build_dispatcher
from rekindle.errors import DatabaseUrlMissing
from rekindle.scenario import Config
from rekindle.settings import FCM_URL, Settings

NAMES = (
    "REKINDLE_DATABASE_URL", "DATABASE_URL", "REKINDLE_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS", "REKINDLE_FCM_URL",
    "REKINDLE_FCM_CA", "SUPABASE_URL", "SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_an_empty_environment_has_defaults_and_no_database() -> None:
    settings = Settings()
    assert (settings.config, settings.fcm_url) == (Path("rekindle.toml"), FCM_URL)
    assert (settings.database_url, settings.google_credentials, settings.fcm_ca) == (None, None, None)
    with pytest.raises(DatabaseUrlMissing, match="REKINDLE_DATABASE_URL"):
        database_url(settings)


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, f"of-{name}")
    settings = Settings()
    assert database_url(settings) == "of-REKINDLE_DATABASE_URL"
    assert settings.config == Path("of-REKINDLE_CONFIG")
    assert settings.google_credentials == Path("of-GOOGLE_APPLICATION_CREDENTIALS")
    assert (settings.fcm_url, settings.fcm_ca) == ("of-REKINDLE_FCM_URL", Path("of-REKINDLE_FCM_CA"))


def test_a_database_url_of_the_platform_serves_where_ours_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://theirs")
    assert database_url(Settings()) == "postgresql://theirs"


def test_an_empty_database_url_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_DATABASE_URL", "")
    with pytest.raises(DatabaseUrlMissing):
        database_url(Settings())


def test_the_password_is_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_DATABASE_URL", "postgresql://user:SECRET@host/db")
    settings = Settings()
    assert "SECRET" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_secret_key_of_the_project_goes_before_its_service_role_key_and_is_in_no_repr(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "SECRET-legacy")
    legacy = Settings().supabase_key
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "SECRET-new")
    settings = Settings()
    assert (legacy and legacy.get_secret_value()) == "SECRET-legacy"
    assert (settings.supabase_key and settings.supabase_key.get_secret_value()) == "SECRET-new"
    assert "SECRET" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize("kind", ["log", "fcm", "supabase-function"])
def test_the_configuration_names_the_dispatcher(kind: str) -> None:
    config = Config.model_validate({"dispatcher": {"kind": kind}})
    assert build_dispatcher(Settings(), config).kind == kind
