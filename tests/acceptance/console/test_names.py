"""People are called by their name on every page, for readers who may see them."""

from acceptance.api.world import MEMBERS, OURS, PEOPLE, THEIRS, World
from acceptance.console.browsing import reading, text


def test_a_person_has_their_name_on_each_page_that_shows_them(world: World) -> None:
    person = MEMBERS[OURS][-1]
    world.team.execute("update team.person set first_name = E' Åse\\x1b Marie ' where user_id = %s", person)
    claim = world.ours.named["claim_id"]
    for key in ("admin", "limited admin"):
        with reading(world.api, world.keys[key]) as reader:
            page = reader.get(f"/people/{person}")
            assert "<h1>Åse\ufffd Marie</h1>" in page.text, key
            for path in ("/unknown", f"/unknown/{claim}", f"/erasures/confirm?person={person}"):
                assert f'<a href="/people/{person}">Åse' in reader.get(path).text, (key, path)


def test_the_name_of_a_person_who_went_to_another_organisation_is_shown_to_readers_of_that_one(world: World) -> None:
    person = MEMBERS[OURS][PEOPLE - 1]
    moved = "update team.person set first_name = 'Torunn', organisation_id = %s where user_id = %s"
    world.team.execute(moved, THEIRS, person)
    try:
        with reading(world.api, world.keys["limited read"]) as reader:
            page = reader.get("/unknown")
            assert (str(person) in page.text, "Torunn" in page.text) == (True, False)
        with reading(world.api, world.keys["read"]) as reader:
            assert "Torunn" in text(reader.get("/unknown"))
    finally:
        world.team.execute(moved, OURS, person)


def test_people_without_a_name_are_called_by_their_id(world: World) -> None:
    person = MEMBERS[OURS][-1]
    world.team.execute("update team.person set first_name = ' ' where user_id = %s", person)
    with reading(world.api, world.keys["read"]) as reader:
        assert f'<a href="/people/{person}">{person}</a>' in reader.get("/unknown").text
        assert f"<h1>Person {str(person)[:8]}</h1>" in reader.get(f"/people/{person}").text
