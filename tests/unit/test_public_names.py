"""`import rekindle` is cheap, and every public name is loaded on first use."""

import subprocess
import sys

import pytest

import rekindle


def test_every_public_name_is_there_and_no_other() -> None:
    assert sorted(rekindle.__all__) == rekindle.__all__ == sorted(rekindle._MODULE_OF)
    for name in rekindle.__all__:
        assert getattr(rekindle, name).__module__.startswith("rekindle") or name == "Outcome"
    assert set(rekindle.__all__) < set(dir(rekindle))
    with pytest.raises(AttributeError, match="has no attribute 'Engines'"):
        _ = rekindle.Engines  # type: ignore[attr-defined]


def test_importing_the_package_alone_imports_nothing_else() -> None:
    source = "import sys, rekindle; print([one for one in sys.modules if one.startswith(('rekindle.', 'pydantic'))])"
    done = subprocess.run([sys.executable, "-P", "-c", source], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"


def test_settings_that_are_given_by_name_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_DATABASE_URL", "postgresql://environment")
    given = rekindle.Settings(database_url="postgresql://given").database_url  # type: ignore[arg-type]
    assert given is not None
    assert given.get_secret_value() == "postgresql://given"
