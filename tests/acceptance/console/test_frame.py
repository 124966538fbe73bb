"""The frame of the pages: it is the same on every page of a reader."""

import re

from acceptance.api.world import World
from acceptance.console.browsing import reading
from acceptance.console.pages import PAGES

_TABS = re.compile(r'<nav class="tabs".*?</nav>', re.DOTALL)


def test_every_page_has_the_tabs_of_its_reader_and_nothing_of_a_page_takes_their_place(world: World) -> None:
    visits = [one for one in PAGES if not one.path.startswith("/mentors")]
    for key in sorted({one.key for one in visits}):
        with reading(world.api, world.keys[key]) as reader:
            found: dict[str, list[str]] = {}
            for path in ["/today", *(one.path.format_map(world.ours.named) for one in visits if one.key == key)]:
                [tabs] = _TABS.findall(reader.get(path).text)
                found[path] = re.findall(r'href="([^"]+)"', tabs)
        different = {path: tabs for path, tabs in found.items() if tabs != found["/today"]}
        assert different == {}, key
        assert len(found["/today"]) > 6, key
