"""Arguments that cannot be used are one coded line."""

from pathlib import Path
from uuid import UUID

import pytest

from rekindle.cli.logs import set_up_logging
from rekindle.cli.options import config, ids, seconds
from rekindle.errors import BadArgument, ConfigMissing


def test_ids_are_read_in_order_and_in_any_spelling_of_a_uuid() -> None:
    one = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert ids("--run", [one.upper(), f"{{{one}}}"]) == [UUID(one), UUID(one)]
    assert ids("--run", None) == ids("--run", []) == []


@pytest.mark.parametrize("value", ["", "1", "x" * 5_000, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "'; drop table"])
def test_an_invalid_id_is_refused_and_not_quoted(value: str) -> None:
    with pytest.raises(BadArgument) as caught:
        ids("--run", [value])
    assert str(caught.value) == "RK106: --run is not a valid id. Give a UUID."


def test_a_budget_is_a_duration() -> None:
    assert (seconds(None), seconds("30s"), seconds("15m")) == (None, 30.0, 900.0)
    for value in ("", "30", "0s", "-1s", "soon"):
        with pytest.raises(BadArgument, match="RK106"):
            seconds(value)


def test_the_configuration_is_the_one_named_else_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "named.toml").write_text('[run]\nbudget = "11s"')
    (tmp_path / "environment.toml").write_text('[run]\nbudget = "12s"')
    (tmp_path / "rekindle.toml").write_text('[run]\nbudget = "13s"')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REKINDLE_CONFIG", raising=False)
    assert config(None).run.budget == 13
    monkeypatch.setenv("REKINDLE_CONFIG", "environment.toml")
    assert config(None).run.budget == 12
    assert config(tmp_path / "named.toml").run.budget == 11
    with pytest.raises(ConfigMissing, match="the file that --config names does not exist"):
        config(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("level", ["", "loud", "10"])
def test_an_unknown_log_level_is_refused(level: str) -> None:
    with pytest.raises(BadArgument, match="the log level is not valid"):
        set_up_logging(level)
