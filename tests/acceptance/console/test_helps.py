"""The pages that say whether it helps: to which reader, in which words, and what is said when
nothing is known."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.api.world import OURS, SCENARIO, THEIRS, World, two_organisations
from acceptance.command import Command
from acceptance.console.browsing import reading, text
from acceptance.console.trials import begin_texts, begin_trial
from conftest import Server
from rekindle.sandbox import Sandbox
from team.team import Team


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations, and a trial in which ours has 200 people and theirs has 100."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        begin_trial(world.team, SCENARIO, {OURS: 200, THEIRS: 100})
        begin_texts(world.team, SCENARIO, {OURS: 200, THEIRS: 100})
        yield world


@pytest.fixture
def api(rekindle: Command) -> Iterator[Served]:
    rekindle("apply")
    with serving(rekindle.having(REKINDLE_API_KEY=KEY)) as served:
        yield served


def test_the_words_come_first_with_held_out_before_nudged_and_every_chart_has_its_numbers(world: World) -> None:
    with reading(world.api, world.keys["read"]) as reader:
        listed, one = reader.get("/helps"), reader.get(f"/helps/{SCENARIO}")
    assert (listed.status_code, one.status_code) == (200, 200)
    assert f"{SCENARIO} : helps, between " in text(listed)
    assert f'href="/helps/{SCENARIO}"' in listed.text
    said = text(one)
    assert said.index("Helps") < said.index("points more came back") < said.index("Held out, not nudged")
    assert said.index("Held out, not nudged") < said.index("Nudged") < said.index("The difference over time")
    assert re.search(r"Held out, not nudged \d+ % \d+ of \d+ came back", said)
    for heading in ("Back by day", "People until the agreed day", "By month of the first claim", "Can it be trusted"):
        assert heading in said
    assert len(re.findall(r'class="plot', one.text)) == len(re.findall(r"<summary>The numbers as a table", one.text))
    assert "style=" not in one.text
    assert "Everybody is in the group they were drawn into" in said


@pytest.mark.parametrize("key", ["read", "limited read"])
def test_the_pages_of_scenarios_quote_what_was_last_said_to_the_same_readers(world: World, key: str) -> None:
    with reading(world.api, world.keys[key]) as reader:
        listed = text(reader.get("/helps"))
        interval = re.search(r"Helps: (between [0-9.]+ and [0-9.]+ points more came back)", listed)
        assert interval is not None, listed
        page, one = text(reader.get("/scenarios")), text(reader.get(f"/scenarios/{SCENARIO}"))
    assert "Does it help Helps counted today " in page
    assert f"Does it help Helps : {interval[1]}" in one
    assert "Counted today " in one


def test_a_text_trial_has_a_page_that_says_which_text_brings_more_back(world: World) -> None:
    with reading(world.api, world.keys["read"]) as reader:
        listed, one = text(reader.get("/helps")), text(reader.get(f"/helps/text:{SCENARIO}:B"))
    assert f"{SCENARIO}, text B against A : B brings more back than A, between" in listed
    assert "B brings more back than A" in one
    assert one.index("Text A") < one.index("Text B") < one.index("The difference over time")
    assert "with text B minus with text A" in one
    assert "their difference is the effect of the text." in one
    assert "held out was sent" not in one


def test_a_limited_reader_sees_the_people_of_its_organisations_alone(world: World) -> None:
    def enrolled(key: str) -> int:
        with reading(world.api, world.keys[key]) as reader:
            # Twice: once counted and once kept.
            pages = [reader.get("/helps"), reader.get("/helps")]
            assert not any(mark in page.text for mark in world.theirs.marks for page in pages if key != "read")
            rows = {tuple(re.findall(r'data-name="(?:Nudged|Held out)">([0-9,]+)', page.text)) for page in pages}
        [row] = rows
        return sum(int(one) for one in row)

    # In the trial of the control group, and in that of the texts.
    assert enrolled("read") == 2 * 300
    assert enrolled("limited read") == 2 * 200


def test_the_report_has_a_base_rate_and_its_time_can_be_chosen(world: World) -> None:
    with reading(world.api, world.keys["limited read"]) as reader:
        said = text(reader.get("/helps?days=7"))
        assert "The last 7 days." in said
        assert "granvik" in said
        assert "oldhaven" not in said
        assert "base rate and not an effect" in said
        assert "The last 30 days." in text(reader.get("/helps?days=x"))


def test_nobody_is_held_out_is_an_answer_with_the_way_to_begin(api: Served) -> None:
    with reading(api, KEY) as reader:
        said = text(reader.get("/helps"))
        assert "Not known: nobody is held out." in said
        assert '[scenario.NAME.trial] held_out = "50%"' in said
        assert "No push in the last 30 days." in said
        assert "Nobody is held out" in text(reader.get("/helps/nudge"))
        assert reader.get("/helps/other").status_code == 404
        assert reader.get(f"/helps/{quote('<b>')}").status_code == 404


def test_a_broken_trial_shows_no_rate_and_names_what_is_wrong(api: Served, team: Team) -> None:
    begin_trial(team, "nudge", {OURS: 200}, held=4_000)
    with reading(api, KEY) as reader:
        said = text(reader.get("/helps/nudge"))
    assert "Broken" in said
    assert "in another group than drawn" in said
    assert "came back" not in said
