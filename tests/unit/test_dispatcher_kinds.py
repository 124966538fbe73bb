"""Every kind of dispatcher: its keys, its variables, and the dispatcher that it makes."""

import subprocess
import sys
from pathlib import Path

import pytest

from rekindle.configuration import load_config
from rekindle.dispatchers.fcm.config import FCM_URL, FcmSettings
from rekindle.dispatchers.registry import KINDS, build_dispatcher, of_its_kind
from rekindle.dispatchers.supabase_function.config import SupabaseFunctionConfig, SupabaseSettings
from rekindle.errors import BadArgument, ConfigInvalid
from rekindle.scenario import Config, DispatcherConfig

FUNCTION = "push-notification-dispatcher"
VARIABLES = (
    "GOOGLE_APPLICATION_CREDENTIALS", "REKINDLE_FCM_URL", "REKINDLE_FCM_CA", "SUPABASE_URL", "SUPABASE_SECRET_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def load(folder: Path, text: str) -> Config:
    path = folder / "rekindle.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, text)
    return sorted(caught.value.problems)


@pytest.mark.parametrize("name", KINDS)
def test_the_configuration_names_the_dispatcher(tmp_path: Path, name: str) -> None:
    config = load(tmp_path, f'[dispatcher]\nkind = "{name}"')
    assert type(config.dispatcher) is KINDS[name]
    assert build_dispatcher(config.dispatcher).kind == config.dispatcher.kind == name


def test_a_kind_has_its_own_keys_beside_those_of_all(tmp_path: Path) -> None:
    config = load(tmp_path, '[dispatcher]\nkind = "supabase-function"\nfunction = "send"\nbatch = 7\ntimeout = "3s"')
    assert config.dispatcher == SupabaseFunctionConfig(function="send", batch=7, timeout=3)


def test_a_key_of_another_kind_is_refused_with_the_kind_that_has_it(tmp_path: Path) -> None:
    found = problems(tmp_path, '[dispatcher]\nkind = "log"\nbatch = 7\ncolour = "red"\n[run]\nbudget = 0')
    assert found == [
        "dispatcher.batch: kind log has no such key; kinds with this key: supabase-function",
        "dispatcher.colour: there is no such key",
        "run.budget: Input should be greater than 0",
    ]


def test_a_kind_that_does_not_exist_is_refused_with_the_kinds_there_are(tmp_path: Path) -> None:
    found = problems(tmp_path, '[dispatcher]\nkind = "pigeon"\nbatch = 7\ntimeout = 0')
    assert found == [
        f"dispatcher.kind: must be one of {', '.join(KINDS)}",
        "dispatcher.timeout: Input should be greater than 0",
    ]
    with pytest.raises(ConfigInvalid, match="must be one of fcm, supabase-function, log"):
        build_dispatcher(DispatcherConfig(kind="pigeon"))


def test_a_dispatcher_that_is_not_a_table_is_one_mistake(tmp_path: Path) -> None:
    [found] = problems(tmp_path, "dispatcher = 3")
    assert found.startswith("dispatcher: ")


def test_a_configuration_made_in_python_has_the_defaults_of_its_kind() -> None:
    config = Config(dispatcher=DispatcherConfig(kind="supabase-function", concurrency=3))
    assert of_its_kind(config.dispatcher) == SupabaseFunctionConfig(concurrency=3)
    assert build_dispatcher(Config().dispatcher).kind == "fcm"


def test_a_check_names_the_function_if_there_is_one() -> None:
    assert [KINDS[name]().ready for name in ("fcm", "supabase-function", "log")] == [
        "dispatcher fcm is ready to send",
        f"dispatcher supabase-function is ready to send: {FUNCTION} answers, accepts our key and has a Google token",
        "dispatcher log is ready to send",
    ]


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert FcmSettings() == FcmSettings.model_construct(credentials=None, url=FCM_URL, ca=None)
    for name in VARIABLES:
        monkeypatch.setenv(name, f"of-{name}")
    fcm, supabase = FcmSettings(), SupabaseSettings()
    assert fcm.credentials == Path("of-GOOGLE_APPLICATION_CREDENTIALS")
    assert (fcm.url, fcm.ca) == ("of-REKINDLE_FCM_URL", Path("of-REKINDLE_FCM_CA"))
    assert supabase.url == "of-SUPABASE_URL"


def test_the_variables_reach_the_dispatcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_FCM_URL", "http://example.org")
    with pytest.raises(BadArgument, match="REKINDLE_FCM_URL"):
        build_dispatcher(KINDS["fcm"]())
    monkeypatch.setenv("SUPABASE_URL", "http://example.org")
    with pytest.raises(BadArgument, match="SUPABASE_URL"):
        build_dispatcher(KINDS["supabase-function"]())


def test_a_secret_key_of_the_project_goes_before_its_service_role_key_and_is_in_no_repr(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "SECRET-legacy")
    legacy = SupabaseSettings().key
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "SECRET-new")
    settings = SupabaseSettings()
    assert (legacy and legacy.get_secret_value()) == "SECRET-legacy"
    assert (settings.key and settings.key.get_secret_value()) == "SECRET-new"
    assert "SECRET" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_neither_a_configuration_nor_the_command_line_loads_an_http_client() -> None:
    code = (
        "import sys, rekindle.configuration, rekindle.cli\n"
        "print([name for name in ('httpx', 'pyreqwest', 'google.auth', 'supabase_functions') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
