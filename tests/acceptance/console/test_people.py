"""The page of a person: why they get a push, or none, for which reader, and what it never shows."""

import re

import pytest

from acceptance.api.served import KEY, Served
from acceptance.api.world import MEMBERS, OURS, THEIRS, World
from acceptance.command import Command
from acceptance.console.browsing import reading, text
from team.team import Team, name_people


@pytest.mark.parametrize("key", ["limited read", "limited operate", "limited admin"])
def test_a_reader_of_one_organisation_finds_its_people_and_nobody_else(world: World, key: str) -> None:
    ours, theirs = MEMBERS[OURS][0], MEMBERS[THEIRS][0]
    with reading(world.api, world.keys[key]) as reader:
        found = reader.get("/people", params={"id": str(ours)})
        assert (found.status_code, found.headers["location"]) == (303, f"/people/{ours}")
        page = reader.get(f"/people/{ours}")
        assert page.status_code == 200
        assert "granvik" in page.text
        assert not any(mark in page.text for mark in world.theirs.marks)
        assert "/runs/" not in page.text, "the run may be one of everybody"
        assert ("Erase this person" in page.text) == (key == "limited admin")
        for path in (f"/people?id={theirs}", f"/people/{theirs}", f"/people/{theirs}?guard=1"):
            other = reader.get(path)
            assert other.status_code == 404, path
            assert "obody here has this id" in text(other)
            assert not any(mark in other.text for mark in world.theirs.marks - {str(theirs)})


def test_the_first_condition_that_blocks_the_next_push_and_the_history_are_those_of_explain(world: World) -> None:
    person = MEMBERS[OURS][0]
    with reading(world.api, world.keys["read"]) as reader:
        page = text(reader.get(f"/people/{person}"))
    explained = world.api.client.get(f"/v1/people/{person}").json()
    [scenario] = explained["scenarios"]
    assert scenario["waits_for"] == "switched_off"
    assert "Nothing. No scenario has a time from which it could: see what blocks each of them." in page
    assert "Switched off switched_off Not while that is so" in page
    blocks = re.findall(r"(\w+)(?: [^.]*?)? Blocks", page)
    assert len(blocks) == len(scenario["blocked_by"])
    shown = page.partition("History")[0]
    assert [one["reason"] for one in scenario["conditions"] if one["reason"] not in shown] == []
    [claim] = explained["claims"]
    assert claim["occurrence"] in page
    assert "accepted by the provider" in page
    assert claim["units"][0]["provider_name"] in page


def test_a_person_whose_push_may_have_arrived_is_told_so(world: World) -> None:
    with reading(world.api, world.keys["read"]) as reader:
        page = text(reader.get(f"/people/{MEMBERS[OURS][-1]}"))
    assert "may have arrived, not repeated" in page
    assert "See it" in page


def test_no_page_has_a_token_and_a_text_is_shown_to_those_who_may_operate_if_they_ask(world: World) -> None:
    person = MEMBERS[OURS][0]
    with reading(world.api, world.keys["limited read"]) as reader:
        page = reader.get(f"/people/{person}")
        assert "What this person would read" not in text(page)
        assert "?texts=1" not in page.text
        assert reader.get(f"/people/{person}?texts=1").status_code == 403
    with reading(world.api, world.keys["limited operate"]) as reader:
        page = reader.get(f"/people/{person}")
        assert "granvik granvik" not in page.text
        assert f"/people/{person}?texts=1" in page.text
        asked = reader.get(f"/people/{person}?texts=1&guard=1")
        assert asked.text.count("granvik granvik") == 2, "the title, on a phone of each platform"
        assert '<div class="push" dir="auto" lang="en">' in asked.text
    for one in (page, asked):
        assert not re.search(r"\bt1-1\b", one.text)


def test_the_team_s_own_id_finds_a_person_also_if_it_has_a_slash(rekindle: Command, api: Served, team: Team) -> None:
    team.people(5)
    name_people(team)
    team.execute("update team.person set first_name = 'a/b?c#<d>' where first_name = 'Name1'")
    rekindle("apply")
    with reading(api, KEY) as reader:
        found = reader.get("/people", params={"id": "a/b?c#<d>"})
        assert found.status_code == 303
        page = reader.get(found.headers["location"])
        assert "<h1>a/b?c#&lt;d&gt;</h1>" in page.text
        assert "nudge, " in text(page)
        assert "Nothing blocks it. No schedule begins it: somebody starts a run." in text(page)
        assert "The guard lets it pass" not in text(page)
        assert "The guard lets it pass held_by_guard Passes" in text(reader.get(f"{found.headers['location']}?guard=1"))
        assert reader.get("/people/n2").status_code == 200
        several = reader.get("/people", params={"id": "shared"})
        assert (several.status_code, "RK728" in several.text) == (409, True)
        for nobody in ("n77", "\0", "x" * 300, "00000000-0000-0000-0000-000000000000", "<b>"):
            missing = reader.get("/people", params={"id": nobody})
            assert (missing.status_code, "Nobody here has this id" in text(missing)) == (404, True), nobody
            assert "<b>" not in missing.text
        empty = reader.get("/people")
        assert (empty.status_code, "Nobody" in empty.text) == (200, False)
