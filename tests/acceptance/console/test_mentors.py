"""The pages for a coordinator: people by name, of their organisation alone, in their language."""

import re
import threading
from collections.abc import Iterator

import psycopg
import pytest

from acceptance.api.world import OURS, SCENARIO, THEIRS, World, two_organisations
from acceptance.console.browsing import Reader, reading, text
from acceptance.console.trials import begin_texts, begin_trial
from conftest import Server
from rekindle.sandbox import Sandbox

PATHS = ("/mentors", "/mentors/messages", "/mentors/helps")
AWAY = """
insert into team.activity select user_id, rekindle.clock() - interval '40 days' from team.person
where user_id = any (%s)
"""
NO_PHONE = "delete from team.device where user_id = any (%s)"


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations. One person of each has been away for 40 days, and has no phone."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        begin_trial(world.team, SCENARIO, {OURS: 200, THEIRS: 100})
        begin_texts(world.team, SCENARIO, {OURS: 200, THEIRS: 100})
        away = [world.ours.named["user_id"], world.theirs.named["user_id"]]
        world.team.execute(AWAY, away)
        world.team.execute(NO_PHONE, away)
        yield world


@pytest.fixture
def reader(world: World) -> Iterator[Reader]:
    with reading(world.api, world.keys["limited read"]) as reader:
        yield reader


def test_the_pages_have_people_by_name_and_nothing_of_another_organisation(world: World, reader: Reader) -> None:
    pages = [reader.get(path) for path in PATHS]
    assert [page.status_code for page in pages] == [200, 200, 200]
    for page in pages:
        assert not any(mark in page.text for mark in world.theirs.marks), page.url
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", page.text), "no ids"
    said = text(pages[0])
    assert "Today at granvik" in said
    assert "In the last 7 days, 3 people got a message from the app. Nobody of them has been active since." in said
    assert "granvik No phone with the app, so no message can arrive. Not active since" in said
    assert "away 5 weeks" in said
    assert "Yes. More people come back with a message than without one." in said
    assert "Got no message" in text(pages[2])
    assert text(pages[2]).count("Got no message") == 1, "nobody goes without a message in a text trial"
    for word in ("claim", "refus", "evaluat", "nudge", "held out", "run "):
        assert word not in said.lower(), word


def test_the_language_is_that_of_the_browser_until_the_reader_chooses(world: World, reader: Reader) -> None:
    def asked(language: str, path: str = "/mentors") -> tuple[str, str]:
        page = reader.get(path, headers={"accept-language": language})
        return re.findall(r'<html lang="([^"]+)"', page.text)[0], text(page)

    reader.get("/mentors")
    assert asked("fr, nb;q=0.5, de;q=0.4")[0] == "nb"
    assert asked("no")[0] == "nb"
    assert asked("de-CH, en;q=0.9")[0] == "de"
    assert asked("fr")[0] == "en"
    assert asked("x" * 5_000)[0] == "en"
    _, said = asked("nb-NO")
    assert "I dag hos granvik" in said
    assert "De siste 7 dagene har 3 personer fått en melding fra appen." in said
    assert "borte i 5 uker" in said
    assert not re.search(r"\b(Today|people|Not active|Sign out)\b", said)
    german = asked("nb", "/mentors?language=de")
    assert german[0] == "de"
    assert "Heute bei granvik" in german[1]
    kept = reader.get("/mentors?language=de").headers.get_list("set-cookie")
    assert any(line.startswith("rekindle_language=de;") for line in kept)
    page = reader.get(
        "/mentors",
        headers={"accept-language": "nb", "cookie": f"rekindle_session={reader.cookie}; rekindle_language=de"},
    )
    assert '<html lang="de"' in page.text


def test_the_text_of_a_message_is_in_the_readers_language_or_says_which_it_is(reader: Reader) -> None:
    page = reader.get("/mentors/messages", headers={"accept-language": "de"}).text
    assert '<html lang="de"' in page
    assert '<div lang="en">' in page
    assert "granvik [first name]" in page, "the text of their organisation, for a made-up person"
    assert "oldhaven" not in page


def test_pages_of_operators_stay_english_and_readers_of_everything_have_others(world: World, reader: Reader) -> None:
    assert '<html lang="en"' in reader.get("/runs", headers={"accept-language": "nb"}).text
    with reading(world.api, world.keys["read"]) as other:
        assert [other.get(path).status_code for path in PATHS] == [404, 404, 404]


def test_a_coordinator_lands_on_these_pages_and_nobody_else(world: World) -> None:
    leads = {}
    for key in ("limited read", "limited operate", "read"):
        with reading(world.api, world.keys[key]) as reader:
            leads[key] = reader.get("/").headers["location"]
    assert leads.pop("limited read") == "/mentors"
    assert "/mentors" not in leads.values()


def test_two_coordinators_do_not_get_each_others_people_where_they_are_kept(world: World) -> None:
    body = {"scope": "read", "organisations": [str(THEIRS)]}
    made = world.api.client.put("/v1/keys/theirs", json=body)
    assert made.status_code == 201, made.text
    with reading(world.api, world.keys["limited read"]) as ours, reading(world.api, made.json()["secret"]) as theirs:
        # What takes long is kept: the tables of the people are locked meanwhile.
        with psycopg.connect(world.team.url) as connection:
            connection.execute("lock table team.device in access exclusive mode")
            ending = threading.Timer(0.5, connection.commit)
            ending.start()
            ours.get("/mentors")
            ending.join()
        assert "Today at granvik" in text(ours.get("/mentors"))
        page = text(theirs.get("/mentors"))
    assert "Today at oldhaven" in page
    assert "granvik" not in page
