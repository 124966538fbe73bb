"""Notes of the check about opt-outs, cooldowns and caps; and the names by which people opt out."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from conftest import one_server
from rekindle.engine.check_reach import check_caps, check_reach
from rekindle.engine.explain import explain
from rekindle.ports import OptOuts, Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.source import PostgresSource
from rekindle.scenario import Config
from team.programme import TEXT, Programme, applied, open_programme, wanted

server = one_server


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


def config(**scenarios: dict[str, Any]) -> Config:
    whole = {"kind": "sql", "query": "select 1", "cooldown": "7d", "key": "occurrence", "message": TEXT}
    return Config.model_validate({"scenario": {name: whole | keys for name, keys in scenarios.items()}})


async def notes(programme: Programme, one: Config, in_force: tuple[str, ...] = ()) -> list[str]:
    findings = await check_reach(one, PostgresSource(programme.database), in_force)
    assert all(finding.fault is None for finding in findings)
    return [finding.message for finding in findings if finding.note]


# Each of these people opted out of the scenario `nudge`, or of everything.
MEANT = ("nudge", "Nudge", "NUDGE", " nudge ", "\tnudge\n", "nudge\u00a0", None, "", "  ", "all", " All", "*")
# These names are of no scenario.
OTHER = ("nudg", "push", "nudge!", "nu dge")


async def test_a_name_counts_whatever_its_case_and_the_blanks_around_it(programme: Programme) -> None:
    users = await programme.people(len(MEANT) + len(OTHER))
    for user, name in zip(users, (*MEANT, *OTHER), strict=True):
        await programme.sql.execute("insert into team.preference values (%s, %s, true)", [user, name])
    terms = Terms(timezone="UTC")
    for user, name in zip(users, MEANT, strict=False):
        [explained] = await explain(PostgresExplanations(programme.database), user, [applied(wanted())], terms=terms)
        assert explained.blocked_by == ("opted_out",), name
    _, units = await programme.claimed_units()
    assert {unit.user_id for unit in units} == set(users[len(MEANT) :])
    # An opt-out since the claim is read by the same names.
    await programme.sql.execute("update team.preference set scenario_type = ' NUDGE' where user_id = %s", [users[-1]])
    verdicts = await programme.store.arm(units, lease_seconds=30)
    assert sorted(verdicts.values()) == ["armed"] * (len(OTHER) - 1) + ["opted_out"]


RETIRED = (
    "2 people opted out of old, which this configuration retires: a scenario that replaces it under another name "
    "would reach them"
)


async def test_opt_outs_of_names_that_no_scenario_has_are_counted_and_named(programme: Programme) -> None:
    users = await programme.people(9)
    wishes = [
        (0, "Inactivty"),
        (1, "inactivty "),
        (1, "\x1b[2Jx" + "y" * 60),
        (2, "inactivity"),
        (3, None),
        (4, "push"),
    ]
    wishes += [(5, "old"), (6, "Old"), (7, "push")]
    for number, name in wishes:
        await programme.sql.execute("insert into team.preference values (%s, %s, true)", [users[number], name])
    await programme.sql.execute("insert into team.preference values (%s, 'not meant', false)", [users[8]])
    found = await PostgresSource(programme.database).opt_outs(["inactivity"])
    assert (found.everything, found.known, found.unknown) == (1, 1, 6)
    one = config(inactivity={})
    assert await notes(programme, one) == [
        "6 people opted out of names that no scenario has: inactivty 2, old 2, push 2, �[2jx" + "y" * 34 + "… 1"
    ]
    assert await notes(programme, one, ("inactivity", "old")) == [
        "4 people opted out of names that no scenario has: inactivty 2, push 2, �[2jx" + "y" * 34 + "… 1",
        RETIRED,
    ]
    await programme.sql.execute("drop view rekindle_source.preference")
    assert await PostgresSource(programme.database).opt_outs([]) == OptOuts(0, 0, 0, {})


@pytest.mark.parametrize(
    ("schedule", "cooldown", "instead"),
    [
        ("7 9 * * *", "1d", "22h"),
        ("7 9 * * 1-5", "86399s", "22h"),
        ("*/30 * * * *", "30m", "1650s"),
        ("0 8 * * 1", "7d", "154h"),
        ("7 9 * * *", "22h", None),
        ("7 9 * * *", "7d", None),
        ("7 9 * * *", "25h", None),
        (None, "1d", None),
        ("0 0 29 2 *", "1d", None),
    ],
)
async def test_a_cooldown_as_long_as_the_interval_of_the_schedule_is_noted(
    programme: Programme, schedule: str | None, cooldown: str, instead: str | None
) -> None:
    found = await notes(programme, config(nudge={"schedule": schedule, "cooldown": cooldown}))
    assert [note.rpartition("write ")[2] for note in found] == ([f'cooldown = "{instead}" or less'] if instead else [])


async def test_a_cooldown_within_a_day_is_noted_if_the_key_allows_one_push_a_day(programme: Programme) -> None:
    whole = {"cooldown": "6h", "key": "day"}
    one = config(often=whole, meant=whole | {"key": "occurrence"}, daily={"cooldown": "22h"})
    (note,) = await notes(programme, one)
    assert note.startswith("scenario often: after a cooldown of 6h, a second push within the same UTC day is refused")
    assert note.endswith('write key = "occurrence"')


def test_two_scenarios_without_a_word_about_caps_are_noted() -> None:
    def found(*silent: str) -> list[str]:
        both: dict[str, Any] = {"caps": []}
        one = config(**{name: {"enabled": name != "c"} | ({} if name in silent else both) for name in "abc"})
        return [finding.message.split(":")[0] for finding in check_caps(one.scenario)]

    assert found() == []
    assert found("a", "b", "c") == ["no frequency cap is set for a, b"]
    assert found("b") == ["no frequency cap is set for b"]


def test_no_scenario_is_called_all() -> None:
    with pytest.raises(ValueError, match="'all' cannot be a scenario's name"):
        config(all={})
