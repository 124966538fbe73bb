"""The pages of scenarios: words, texts, numbers, places, versions, and the switch in two steps."""

import re
from collections.abc import Iterator

import pytest

from acceptance.api.served import KEY, Served
from acceptance.api.world import MEMBERS, OURS, SCENARIO, THEIRS, World, two_organisations
from acceptance.command import Command
from acceptance.console.browsing import FORM, Reader, reading, text
from conftest import Server
from rekindle.sandbox import Sandbox
from team.team import SCENARIO as NUDGE
from team.team import UNGUARDED, Team, write_config

PAGE = f"/scenarios/{SCENARIO}"


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations. No test of this module changes anything in them but switches."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        yield world


def turn(reader: Reader, turned: str, organisation: object = "", *, reason: str = "why", form: str | None = None):
    """Send the form of the second step as it is on its page."""
    page = reader.get(f"{PAGE}/switch?turned={turned}")
    sent = FORM.search(page.text)
    fields = {"turned": turned, "organisation": str(organisation), "reason": reason}
    fields["form"] = form if form is not None else sent[1] if sent else ""
    return reader.post(f"{PAGE}/switch", data=fields)


def test_each_scenario_is_a_sentence_with_its_next_run_and_what_it_sent(world: World) -> None:
    with reading(world.api, world.keys["read"]) as reader:
        page = text(reader.get("/scenarios"))
        one = text(reader.get(PAGE))
    assert "People that your own query returns. Each occurrence once. At most once in 20 hours." in page
    assert "Off in 2 organisations" in page
    assert re.search(r"Next run (Today|Tomorrow) \d\d:07", page)
    assert "Sent in 30 days 6 people 6 pushes" in page
    assert "Came back – too early for 6" in page
    assert "Every day at 09:07 in Oslo." in one
    assert "Evaluated 4 8 Active people that runs looked at, in 2 runs, each of which counts a person again" in one
    assert "Sent 3 6 Accepted by the provider, 6 pushes; 2 unknown" in one
    assert "granvik Words: Other texts: en, nb." in one
    assert "oldhaven Words: Other texts: en, nb." in one


@pytest.mark.parametrize("key", ["limited read", "limited operate", "limited admin"])
def test_a_reader_of_one_organisation_sees_its_part_and_no_number_of_everybody(world: World, key: str) -> None:
    with reading(world.api, world.keys[key]) as reader:
        pages = [reader.get("/scenarios"), reader.get(PAGE), reader.get(f"{PAGE}?locale=nb")]
        for page in pages:
            assert page.status_code == 200
            assert not any(mark in page.text for mark in world.theirs.marks), page.url
        assert "Sent in 30 days 3 people 3 pushes" in text(pages[0])
        assert "Off in 1 organisation" in text(pages[0])
        assert "The other stages count everybody" in text(pages[1])
        assert "Evaluated" not in text(pages[1])
        assert "Due, but not claimed" not in text(pages[1])
        assert "Off in granvik" in text(pages[1])
        assert ("Switch off inactivity" in text(pages[1])) == (key != "limited read")


def test_a_text_is_shown_on_both_phones_in_the_language_that_is_asked_for(world: World) -> None:
    with reading(world.api, world.keys["limited read"]) as reader:
        page = reader.get(f"{PAGE}?locale=nb")
        assert page.text.count('lang="nb"') == 2
        assert page.text.count("Hei [first name]") == 2
        assert "A made-up person" in text(page)
        assert reader.get(f"{PAGE}?person={MEMBERS[OURS][0]}").status_code == 403
        assert 'name="person"' not in page.text
    with reading(world.api, world.keys["limited operate"]) as reader:
        real = reader.get(f"{PAGE}?person={MEMBERS[OURS][0]}")
        assert real.text.count("granvik granvik") == 2
        assert "A real person" in text(real)
        other = reader.get(f"{PAGE}?person={MEMBERS[THEIRS][0]}")
        assert "Nobody here has this id. This is a made-up person." in text(other)
        assert "oldhaven" not in other.text
        assert not re.search(r"\bt\d-1\b", real.text)


def test_a_switch_takes_two_steps_and_is_in_the_audit_under_the_readers_name(world: World) -> None:
    with reading(world.api, world.keys["operate"]) as reader:
        asked = reader.get(f"{PAGE}/switch?turned=off")
        assert "nothing more of this scenario is claimed" in text(asked)
        assert "Off in 2 organisations" in text(reader.get("/scenarios"))
        done = turn(reader, "off", reason="the text <b> names the wrong day")
        assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}#switch")
        page = reader.get(PAGE)
        assert "Switched off" in text(page)
        assert "by key operate: the text &lt;b&gt; names the wrong day" in page.text
        assert turn(reader, "on").status_code == 303
        assert "names the wrong day" not in text(reader.get(PAGE))
    entries = world.team.rows(
        "select actor, details ->> 'turned' from rekindle.audit"
        " where action = 'switch.turned' and organisation_id is null order by audit_id"
    )
    assert entries == [("key operate", "off"), ("key operate", "on")]


def test_a_limited_operator_switches_their_organisation_and_nothing_else(world: World) -> None:
    with reading(world.api, world.keys["limited operate"]) as reader:
        asked = reader.get(f"{PAGE}/switch?turned=on")
        assert ("granvik" in asked.text, "Everywhere" in asked.text) == (True, False)
        assert turn(reader, "off").status_code == 403
        assert turn(reader, "off", THEIRS).status_code == 404
        assert turn(reader, "on", OURS).status_code == 303
        assert "Off in granvik" not in text(reader.get(PAGE))
        assert turn(reader, "off", OURS, reason="granvik").status_code == 303
    switches = {one["organisation_id"]: one for one in world.api.client.get("/v1/switches").json()["items"]}
    assert {switches[str(one)]["turned"] for one in (OURS, THEIRS)} == {"off"}
    assert switches[str(OURS)]["switched_by"] == "key l-operate"
    assert switches[str(THEIRS)]["switched_by"] != "key l-operate"


def test_a_form_with_a_mistake_or_without_its_secret_or_of_a_reader_changes_nothing(world: World) -> None:
    before = world.team.rows("select * from rekindle.switch order by 1")
    with reading(world.api, world.keys["operate"]) as reader:
        for reason, organisation, said in (("", "", "Say why"), ("x" * 501, "", "500"), ("y", "no", "UUID")):
            answer = turn(reader, "off", organisation, reason=reason)
            assert (answer.status_code, said in text(answer)) == (422, True), reason[:3]
            assert "There is a problem" in text(answer)
            assert f'value="{reason}"' in answer.text
        assert turn(reader, "off", form="x").status_code == 403
        assert turn(reader, "sideways").status_code == 422
        assert reader.get("/scenarios/nothing/switch").status_code == 404
        assert reader.get("/scenarios/nothing").status_code == 404
    with reading(world.api, world.keys["read"]) as reader:
        assert reader.get(f"{PAGE}/switch").status_code == 403
        assert turn(reader, "off").status_code == 403
        assert "Switch off" not in text(reader.get(PAGE))
    assert world.team.rows("select * from rekindle.switch order by 1") == before


def test_a_version_shows_the_lines_that_it_changed(rekindle: Command, api: Served, team: Team) -> None:
    write_config(rekindle.folder, UNGUARDED + NUDGE.replace('cooldown = "7d"', 'cooldown = "22h"\nlimit_x = 1'))
    assert rekindle("apply").code == 2
    changed = NUDGE.replace('cooldown = "7d"', 'cooldown = "22h"').replace("Hello {", "<script>Ho {")
    write_config(rekindle.folder, UNGUARDED + changed)
    assert rekindle("apply").code == 0
    with reading(api, KEY) as reader:
        page = reader.get("/scenarios/nudge")
        assert "<del>cooldown = &#34;7d&#34;</del><ins>cooldown = &#34;22h&#34;</ins>" in page.text
        assert "<ins>message.en.title = &#34;&lt;script&gt;Ho {first_name}&#34;</ins>" in page.text
        assert "First version" in text(page)
        team.execute("update rekindle.scenario set retired = true where version = 2")
        assert "No scenario is in force" in text(reader.get("/scenarios"))
