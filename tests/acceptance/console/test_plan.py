"""The page of the plan, and the comparison of an edited configuration."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.api.world import CONFIG, MEMBERS, OURS, OVERRIDES, THEIRS, World
from acceptance.command import Command
from acceptance.console.browsing import FORM, Reader, reading, text
from team.team import SCENARIO, TEAM_CONFIG, Team, name_people, write_config

QUERY = "select user_id, occurrence, variables from rekindle_source.nudge"


def compare(reader: Reader, toml: str, *, as_file: bool = False, form: str | None = None):
    """Send the form of the comparison as it is on its page."""
    sent = FORM.search(reader.get("/plan/compare").text)
    secret = form if form is not None else sent[1] if sent else ""
    if as_file:
        files = {"file": ("rekindle.toml", b"\xef\xbb\xbf" + toml.replace("\n", "\r\n").encode())}
        return reader.post("/plan/compare", data={"form": secret, "toml": ""}, files=files)
    return reader.post("/plan/compare", data={"form": secret, "toml": toml})


@pytest.mark.parametrize("key", ["limited read", "limited operate"])
def test_a_reader_of_one_organisation_plans_for_its_people_alone(world: World, key: str) -> None:
    with reading(world.api, world.keys[key]) as reader:
        refused = reader.get("/plan?show=refused")
        assert refused.status_code == 200
        assert all(f"/people/{person}" in refused.text for person in MEMBERS[OURS])
        for page in (refused, reader.get("/plan")):
            assert not any(mark in page.text for mark in world.theirs.marks)
        assert reader.get(f"/plan?organisation={THEIRS}").status_code == 404
        assert reader.get("/plan?organisation=x").status_code == 404
        assert ("Compare a configuration" in text(refused)) == (key == "limited operate")
    with reading(world.api, world.keys["read"]) as reader:
        every = reader.get("/plan?show=refused")
    assert all(f"/people/{person}" in every.text for people in MEMBERS.values() for person in people)


def test_the_numbers_are_those_of_the_plan_of_the_api_and_each_reason_is_in_words(world: World) -> None:
    [preview] = world.api.client.get("/v1/plan").json()["scenarios"]
    with reading(world.api, world.keys["read"]) as reader:
        page = text(reader.get("/plan?show=refused"))
    assert preview["refusals"] == {"switched_off": 8}
    assert "If a run started now, it would reach 0 people . 8 more people are due" in page
    assert "inactivity 8 0 8 0 switched off 8" in page
    assert "Switched off switched_off" in page


def test_every_person_is_on_one_page_with_the_name_of_the_team(rekindle: Command, api: Served, team: Team) -> None:
    team.people(60)
    name_people(team)
    rekindle("apply")
    with reading(api, KEY) as reader:
        path, seen = "/plan", list[str]()
        for expected in (25, 25, 10):
            page = reader.get(path)
            found = re.findall(r'href="/people/([0-9a-f-]{36})"', page.text)
            assert len(found) == expected
            seen += found
            following = re.search(r'href="(/plan\?cursor=[^"]+)">Next', page.text)
            path = following[1] if following else ""
        assert (path, len(set(seen))) == ("", 60)
        first = text(reader.get("/plan"))
        assert "it would reach 60 people ." in first
        assert "Name1 n1 – nudge first Would be claimed 1" in first
        assert "nudge 60 0 0 60 –" in first
        assert "Nobody who is due would be refused." in text(reader.get("/plan?show=refused"))
        assert "RK725" in text(reader.get("/plan?cursor=x"))


def test_a_scenario_that_does_not_exist_is_not_found_and_one_that_is_not_enabled_is_said_at_its_field(
    rekindle: Command, api: Served, team: Team
) -> None:
    team.people(1)
    write_config(rekindle.folder, TEAM_CONFIG.replace('cooldown = "7d"', 'cooldown = "7d"\nenabled = false'))
    rekindle("apply")
    with reading(api, KEY) as reader:
        for name in ("nothing", "<b>", "a\x00b"):
            missing = reader.get("/plan", params={"scenario": name})
            assert (missing.status_code, "<b>" in missing.text) == (404, False)
            assert "Not found no scenario in force is called" in text(missing)
        disabled = reader.get("/plan?scenario=nudge")
        assert disabled.status_code == 422
        assert text(disabled).count("nudge is not enabled, so a run would reach nobody by it.") == 2
        assert 'name="scenario" aria-invalid="true"' in disabled.text


def test_a_reader_of_every_organisation_plans_for_one_of_them(world: World) -> None:
    with reading(world.api, world.keys["read"]) as reader:
        every = reader.get("/plan?show=refused")
        assert f'href="/plan?show=refused&amp;organisation={OURS}">granvik</a>' in every.text
        ours = reader.get(f"/plan?show=refused&organisation={OURS}")
        assert all(f"/people/{person}" in ours.text for person in MEMBERS[OURS])
        assert not any(f"/people/{person}" in ours.text for person in MEMBERS[THEIRS])
        assert "inactivity 4 0 4 0 switched off 4" in text(ours)
        assert f'name="organisation" value="{OURS}"' in ours.text, "the next question begins with this one"
        wrong = reader.get("/plan", params={"organisation": "<b>", "at": "x"})
        assert (wrong.status_code, "<b>" in wrong.text) == (422, False)
        assert text(wrong).count("<b> is not the id of an organisation.") == 2
        assert text(wrong).count("x is not a moment") == 2


def test_a_later_moment_is_the_readers_and_a_wrong_one_is_said_at_its_field(
    rekindle: Command, api: Served, team: Team
) -> None:
    team.people(1)
    rekindle("apply")
    soon = datetime.now(UTC) + timedelta(days=3)
    with reading(api, KEY) as reader:
        page = text(reader.get(f"/plan?at={soon:%Y-%m-%dT%H:%M}"))
        assert "If a run started then, it would reach 1 person" in page
        assert "A later moment is judged by the rows of now" in page
        for at, said in (("x<b>", "x<b> is not a moment"), ("2020-01-01T09:00", "past"), ("2099-01-01T09:00", "366")):
            wrong = reader.get("/plan", params={"at": at})
            assert (wrong.status_code, said in text(wrong)) == (422, True)
            assert text(wrong).count(said) == 2, "in the summary and at the field"
            assert "<b>" not in wrong.text


def test_the_guard_is_explained_with_the_day_that_many_have_in_common(
    rekindle: Command, api: Served, team: Team
) -> None:
    team.people(10)
    team.execute("update team.wanted set occurrence = 'away:2026-11-11:14d'")
    guarded = TEAM_CONFIG.replace('max_share = "none"', 'max_share = "10%"\nguard_floor = 0')
    write_config(rekindle.folder, guarded)
    rekindle("apply")
    with serving(rekindle.having(REKINDLE_API_KEY=KEY)) as guarding, reading(guarding, KEY) as reader:
        page = text(reader.get("/plan"))
    assert "it would reach 0 people . The guard would hold back another 10 ." in page
    assert "10 of 10 have the same day in their occasion: Wed 11 Nov. A day with one big event looks like this" in page
    assert "Held back by the guard" in page


def test_an_edited_configuration_says_what_it_would_change_and_changes_nothing(
    rekindle: Command, api: Served, team: Team
) -> None:
    team.people(5)
    rekindle("apply")
    before = team.rows("select * from rekindle.scenario"), team.rows("select * from rekindle.audit")
    disabled = TEAM_CONFIG.replace('cooldown = "7d"', 'cooldown = "7d"\nenabled = false')
    other = (
        SCENARIO.replace("nudge]", "second]").replace("nudge.", "second.").replace("_source.second", "_source.nudge")
    )
    with reading(api, KEY) as reader:
        assert "Nothing would change" in text(compare(reader, TEAM_CONFIG))
        lost = text(compare(reader, disabled, as_file=True))
        assert "0 people would be claimed in addition, and 5 people no longer." in lost
        assert "nudge Changed 0 5 0 enabled" in lost
        added = text(compare(reader, TEAM_CONFIG + other))
        assert "5 people would be claimed in addition" in added
        assert "second New 5 0 0" in added
        retired = text(compare(reader, "[run]\n"))
        assert "nudge Would be retired 0 5 0" in retired
    assert (team.rows("select * from rekindle.scenario"), team.rows("select * from rekindle.audit")) == before


def test_a_mistake_is_said_at_the_field_and_the_text_is_kept(rekindle: Command, api: Served) -> None:
    with reading(api, KEY) as reader:
        for toml, said in (
            ("[run\n</textarea><b>", "Expected"),
            ('[run]\nbudget = "x"\nbudge = 1\n', "there is no such key"),
            ("a = " + "[" * 20_000, "nested"),
            ("a = " + "9" * 5_000, "digits"),
            (".".join("a" * 9_000) + " = 1", ""),
            ("", "Paste a configuration"),
        ):
            wrong = compare(reader, toml)
            assert (wrong.status_code, said in text(wrong)) == (422, True), toml[:20]
            assert "There is a problem" in text(wrong) or "problems" in text(wrong)
            assert "<b>" not in wrong.text
        assert "&lt;/textarea&gt;&lt;b&gt;" in compare(reader, "[run\n</textarea><b>").text
        assert compare(reader, "x" * 70_000).status_code == 413


def test_no_file_and_no_other_query_is_read(rekindle: Command, api: Served, team: Team) -> None:
    team.people(2)
    rekindle("apply")
    secret = rekindle.folder / "secret.sql"
    secret.write_text("select pg_sleep(9)", encoding="utf-8")
    with reading(api, KEY) as reader:
        for key, said in (
            ('query = "select user_id, token as occurrence from rekindle_source.device_token"', "not in force"),
            (f'query = "{QUERY}"\nstill_due = "select pg_sleep(9)"', "not in force"),
            (f'query = "{QUERY}"\noutcome.query = "select pg_sleep(9)"', "not in force"),
        ):
            wrong = compare(reader, TEAM_CONFIG.replace(f'query = "{QUERY}"', key))
            assert (wrong.status_code, said in text(wrong)) == (422, True), key
        for name in ("secret.sql", "/etc/passwd"):
            own = text(compare(reader, TEAM_CONFIG.replace(f'query = "{QUERY}"', f'file = "{name}"')))
            assert "Nothing would change" in own, "the query in force counts, whatever the file is"
        added = SCENARIO.replace("nudge]", "second]").replace("nudge.", "second.")
        added = re.sub(r"query = .*", 'file = "secret.sql"', added)
        wrong = compare(reader, TEAM_CONFIG + added)
        assert "scenario.second.file: no file is read here, and no such query is in force" in text(wrong)


def test_only_those_who_may_operate_compare_and_a_limited_one_for_their_people(world: World) -> None:
    disabled = CONFIG.replace('cooldown = "20h"', 'cooldown = "20h"\nenabled = false') + OVERRIDES
    for key in ("read", "limited read"):
        with reading(world.api, world.keys[key]) as reader:
            assert reader.get("/plan/compare").status_code == 403
            assert compare(reader, disabled).status_code == 403
    with reading(world.api, world.keys["limited operate"]) as reader:
        added = CONFIG.partition("[scenario.inactivity]")[2].replace("inactivity", "second")
        page = text(compare(reader, CONFIG + OVERRIDES + "[scenario.second]" + added.replace("_source.second", "")))
        assert "second New 4 0 0" in page
        assert compare(reader, disabled, form="x").status_code == 403
    with reading(world.api, world.keys["operate"]) as reader:
        page = text(compare(reader, CONFIG + OVERRIDES + "[scenario.second]" + added))
        assert "second New 8 0 0" in page
