"""Names and reasons from outside stay text on every page, for every reader."""

from collections.abc import Iterator

import pytest

from acceptance.api.world import MEMBERS, OURS, SCENARIO, World, two_organisations
from acceptance.console.browsing import reading
from acceptance.console.pages import PAGES
from conftest import Server
from rekindle.sandbox import Sandbox

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\" onload='x' {{ 7919*7919 }}"
BAD = ("<script>", "\x1b", "\u202e", "onload='x'", "62710561")
AS_TEXT = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations, in which every name and reason that a team can write is hostile."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        team = world.team
        team.execute("update team.organisation set name = %s || name", HOSTILE)
        team.execute("update team.person set first_name = %s || first_name", HOSTILE)
        away = [MEMBERS[OURS][0]]
        team.execute("insert into team.activity values (%s, rekindle.clock() - interval '40 days')", away[0])
        team.execute("delete from team.device where user_id = any (%s)", away)
        yield world


def test_what_a_team_wrote_is_text_on_every_page(world: World) -> None:
    shown: dict[str, list[str]] = {}
    for key in sorted({visit.key for visit in PAGES}):
        with reading(world.api, world.keys[key]) as reader:
            for visit in PAGES:
                if visit.key == key:
                    page = reader.get(visit.path.format_map(world.ours.named))
                    assert not any(
                        bad in page.text for bad in ("<script>", "\x1b", "\u202e", "62710561", "onload='x'")
                    ), visit
                    if AS_TEXT in page.text:
                        shown.setdefault(key, []).append(visit.path)
    assert {"/mentors", f"/scenarios/{SCENARIO}", "/runs/{run_id}"} <= set(shown["limited read"]), shown
    assert {"/people/{user_id}?texts=1&guard=1", f"/scenarios/{SCENARIO}/switch"} <= set(shown["operate"]), shown
