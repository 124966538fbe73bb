"""What operators and admins do on the pages: settle, manage keys, erase, and read what was done."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
import pytest

from acceptance.api.world import MEMBERS, OURS, World, two_organisations
from acceptance.console.browsing import FORM, Reader, reading, text
from conftest import Server
from rekindle.sandbox import Sandbox

HOSTILE = "<script>alert(1)</script> \x1b[31m\u202e{{ 7*7 }}"


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations, in each of which something happened. Each test changes other things."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        yield world


@contextmanager
def acting(world: World, key: str) -> Iterator[Reader]:
    with reading(world.api, world.keys.get(key, key)) as reader:
        yield reader


def secret(reader: Reader) -> dict[str, str]:
    """What each form of the reader's session sends."""
    return {"form": FORM.findall(reader.get("/runs").text)[0]}


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status, and the code of the error on the page."""
    return answer.status_code, "".join(re.findall(r"RK\d{3}", answer.text)[:1])


def refuses_forms(world: World, key: str, path: str, form: Mapping[str, str]) -> None:
    """A form from another site, and one without the secret of its session, does nothing."""
    with acting(world, key) as reader, acting(world, "read") as another:
        own = {**form, **secret(reader)}
        foreign = {"origin": "https://other.example"}
        assert told(reader.post(path, data=own, headers=foreign)) == (403, "RK758")
        for wrong in ({}, {"form": ""}, secret(another)):
            assert told(reader.post(path, data={**form, **wrong})) == (403, "RK758")


def test_an_unknown_send_is_settled_in_two_steps_and_for_good(world: World) -> None:
    path = f"/unknown/{world.ours.named['claim_id']}"
    name = "projects/p/messages/0:1%2f8a"
    with acting(world, "limited operate") as reader:
        listed = reader.get("/unknown")
        assert listed.text.count('href="/unknown/0') == 1
        assert path in listed.text
        assert "granvik" in text(reader.get(path))
        missing = reader.get(f"{path}/settle")
        assert (missing.status_code, "Choose what became of the push." in text(missing)) == (422, True)
        nameless = reader.get(f"{path}/settle?outcome=arrived&name=+")
        assert (nameless.status_code, "Give the provider's name" in text(nameless)) == (422, True)
        assert re.search(r'value="arrived" checked', nameless.text), "the choice is kept"
        sure = reader.get(f"{path}/settle", params={"outcome": "arrived", "name": name})
        assert "Record it as sent? It counts as a push that the person got" in text(sure)
        assert name in sure.text
        form = {**secret(reader), "outcome": "arrived", "name": name}
        for _ in range(2):
            assert reader.post(f"{path}/settle", data=form).headers["location"] == path
        settled = reader.get(path)
        assert "1 device: recorded as sent" in text(settled)
        assert "<form class" not in settled.text.replace('<form class="find"', "").replace('<form class="theme"', "")
        other = reader.post(f"{path}/settle", data={**form, "outcome": "not_sent"})
        assert told(other) == (409, "RK733")
        assert "This was not settled: somebody else, or a late answer, was first" in text(other)
        assert "No send is unknown" in text(reader.get("/unknown"))
    rows = world.team.rows("select actor, subject from rekindle.audit where action = 'unknown.settled'")
    assert rows == [("key l-operate", world.ours.named["claim_id"])]


def test_unknown_sends_are_filtered_and_those_of_another_organisation_are_not_there(world: World) -> None:
    path = f"/unknown/{world.theirs.named['claim_id']}"
    person = str(world.theirs.named["user_id"])
    with acting(world, "read") as reader:
        assert path in reader.get("/unknown?scenario=inactivity").text
        assert "No unknown send of x. Show all unknown sends" in text(reader.get("/unknown?scenario=x"))
        assert "No unknown send to nobody." in text(reader.get("/unknown?person=nobody"))
        assert path not in reader.get(f"/unknown?person={person}").text
        theirs, ours = (half.named["organisation_id"] for half in (world.theirs, world.ours))
        listed = reader.get(f"/unknown?scenario=inactivity&organisation={theirs}")
        assert path in listed.text
        assert f'href="/unknown?scenario=inactivity&amp;organisation={theirs}">oldhaven</a>' in listed.text
        assert path not in reader.get(f"/unknown?organisation={ours}").text
        wrong = reader.get("/unknown?organisation=x")
        assert (wrong.status_code, text(wrong).count("x is not the id of an organisation.")) == (422, 2)
        page = reader.get(path)
        assert "Somebody with the scope operate can settle it." in text(page)
        assert f"{path}/settle" not in page.text
        form = {**secret(reader), "outcome": "not_sent"}
        assert told(reader.get(f"{path}/settle?outcome=not_sent")) == (403, "RK712")
        assert told(reader.post(f"{path}/settle", data=form)) == (403, "RK712")
    with acting(world, "limited operate") as reader:
        pages = [reader.get("/unknown"), reader.get(path), reader.get(f"{path}/settle?outcome=not_sent")]
        pages.append(reader.post(f"{path}/settle", data={**secret(reader), "outcome": "not_sent"}))
        pages.append(reader.get(f"/unknown?organisation={theirs}"))
        assert [one.status_code for one in pages] == [200, 404, 404, 404, 404]
        assert reader.get("/unknown?organisation=x").status_code == 404
        assert not any(mark in one.text for one in pages for mark in world.theirs.marks)
        assert reader.get("/unknown/x").status_code == 404
    refuses_forms(world, "operate", f"{path}/settle", {"outcome": "not_sent"})
    assert world.team.rows("select count(*) from rekindle.outbox where claim_id::text = %s", path[9:]) == [(1,)]


def test_dead_tokens_and_workers_are_listed_for_readers_of_every_organisation(world: World) -> None:
    world.team.execute(
        "insert into rekindle.disabled_token (device_id, user_id, reason, sent_at, disabled_at)"
        " select gen_random_uuid(), md5('p' || n)::uuid, %s, now(), now() - make_interval(mins => n / 2)"
        " from generate_series(1, 120) n",
        HOSTILE,
    )
    world.team.execute(
        "insert into rekindle.worker (worker_id, host, release, configuration, started_at, seen_at)"
        " select gen_random_uuid(), %s, '1.' || n, 'abc', now(), now() from generate_series(1, 2) n",
        HOSTILE,
    )
    with acting(world, "read") as reader:
        path, seen = "/dead-tokens", list[str]()
        for expected in (50, 50, 20):
            page = reader.get(path)
            found = re.findall(r"<code>([0-9a-f-]{36})</code>", page.text)
            assert len(found) == expected
            seen += found
            following = re.search(r'href="(/dead-tokens\?cursor=[^"]+)">Next page', page.text)
            path = following[1] if following else ""
        assert (path, len(set(seen))) == ("", 120)
        [(person,)] = world.team.rows("select user_id from rekindle.disabled_token limit 1")
        assert reader.get(f"/dead-tokens?person={person}").text.count("<tr><th") == 1 + 1
        assert "No dead token of nobody." in text(reader.get("/dead-tokens?person=nobody"))
        workers = reader.get("/workers")
        assert "2 workers are alive" in text(workers)
        assert "The workers differ in version or configuration" in text(workers)
        for one in (page, workers):
            assert "&lt;script&gt;" in one.text
            assert not any(bad in one.text for bad in ("<script>", "\x1b", "\u202e"))
    for key in ("limited read", "limited admin"):
        with acting(world, key) as reader:
            assert [told(reader.get(path)) for path in ("/dead-tokens", "/workers")] == [(403, "RK712")] * 2
            assert "/dead-tokens" not in reader.get("/runs").text


def test_a_dead_token_is_used_again_in_two_steps_by_an_operator_of_every_organisation(world: World) -> None:
    device = uuid.uuid4()
    world.team.execute(
        "insert into rekindle.disabled_token (device_id, user_id, reason, sent_at)"
        " values (%s, %s, 'unregistered', now())",
        device,
        MEMBERS[OURS][0],
    )
    path = f"/dead-tokens/{device}/revive"

    def listed() -> bool:
        return bool(world.team.rows("select from rekindle.disabled_token where device_id = %s", device))

    with acting(world, "read") as reader:
        assert path not in reader.get("/dead-tokens").text
        assert (reader.get(path).status_code, reader.post(path, data={}).status_code) == (403, 403)
    with acting(world, "limited operate") as reader:
        assert (reader.get(path).status_code, reader.post(path, data={}).status_code) == (403, 403)
    refuses_forms(world, "operate", path, {})
    assert listed(), "nothing of that has changed it"
    with acting(world, "operate") as reader:
        page = reader.get(path)
        assert (page.status_code, "Use this token again?" in text(page)) == (200, True)
        assert str(device) in page.text, "of many, the one that was chosen"
        form = {"form": FORM.findall(page.text)[0]}
        done = reader.post(path, data=form)
        assert (done.status_code, done.headers["location"]) == (303, "/dead-tokens")
        assert not listed()
        again = reader.post(path, data=form)
        assert (again.status_code, "not listed any more" in text(again)) == (409, True)
        assert (reader.get(path).status_code, reader.get("/dead-tokens/x/revive").status_code) == (404, 404)
    entry = "select actor, details->>'tokens' from rekindle.audit where action = 'tokens.revived'"
    assert world.team.rows(entry) == [("key operate", "1")]


def test_the_audit_log_says_who_did_what_and_only_to_an_admin_of_everything(world: World) -> None:
    world.team.execute(
        "insert into rekindle.audit (actor, action, subject, details)"
        " values (%s, 'key.created', %s, '{\"scope\": \"read\"}')",
        f"key {HOSTILE}",
        HOSTILE,
    )
    with acting(world, "admin") as reader:
        page = reader.get("/audit")
        words = text(page)
        assert "Turned a switch switch.turned" in words
        assert "turned: off" in words
        assert "granvik" in words
        only = reader.get("/audit?action=switch.turned").text
        assert (only.count("<tr><th"), "key.created</code>" in only) == (3, False)
        assert "&lt;script&gt;" in page.text
        assert not any(bad in page.text for bad in ("<script>", "\x1b", "\u202e"))
        assert reader.get("/audit?since=2026-01-01&until=2099-12-31").text.count("<tr><th") > 3
        assert "No such change in this time." in text(reader.get("/audit?until=2000-01-01"))
        wrong = reader.get("/audit?since=yesterday")
        assert (wrong.status_code, "Give a day such as 2026-11-26." in text(wrong)) == (422, True)
    for key in ("read", "operate", "limited admin"):
        with acting(world, key) as reader:
            assert told(reader.get("/audit")) == (403, "RK712")
            assert '"/audit"' not in reader.get("/runs").text


def test_a_key_is_shown_once_signs_in_and_is_revoked_with_its_sessions(world: World) -> None:
    organisation = world.ours.named["organisation_id"]
    with acting(world, "admin") as admin:
        form = {**secret(admin), "name": "new-one", "scope": "operate", "organisations": organisation, "lifetime": "30"}
        created = admin.post("/keys", data=form)
        assert created.status_code == 201
        [key] = re.findall(r'id="secret">(rekindle_[^<]{43})<', created.text)
        assert "Organisations granvik" in text(created)
        again = admin.post("/keys", data=form)
        assert (again.status_code, "There is a key of this name." in text(again)) == (422, True)
        assert 'value="new-one"' in again.text
        for wrong, said in (
            ({"name": "No Name"}, "Give a name of 1 to 63"),
            ({"scope": "root"}, "Choose what the key may do."),
            ({"organisations": "granvik"}, "Give the ids of organisations"),
            ({"lifetime": "1"}, "Choose how long the key is valid."),
        ):
            answer = admin.post("/keys", data={**form, "name": "other", **wrong})
            assert (answer.status_code, said in text(answer)) == (422, True)
        assert not any(key in one.text for one in (again, admin.get("/keys"), admin.get("/audit")))
        with acting(world, key) as owner:
            assert "key new-one operate" in text(owner.get("/runs"))
            assert "granvik" in text(owner.get("/runs"))
            assert "Revoke the key new-one?" in text(admin.get("/keys/new-one/revoke"))
            revoke = admin.post("/keys/new-one/revoke", data=secret(admin))
            assert (revoke.status_code, revoke.headers["location"]) == (303, "/keys")
            assert owner.get("/runs").status_code == 303
        late = admin.post("/keys/new-one/revoke", data=secret(admin))
        assert (
            late.status_code,
            re.search("It was revoked (today|yesterday)", text(late)) is not None,
            "by key admin" in text(late),
        ) == (
            409,
            True,
            True,
        )
        assert admin.get("/keys/nobody/revoke").status_code == 404
    rows = world.team.rows("select actor, action from rekindle.audit where subject = 'new-one' order by audit_id")
    assert rows == [("key admin", "key.created"), ("key admin", "key.revoked")]


def test_only_an_admin_of_everything_manages_keys_from_a_page_of_the_session(world: World) -> None:
    form = {"name": "wider", "scope": "admin", "organisations": "", "lifetime": "never"}
    for key in ("read", "operate", "limited admin"):
        with acting(world, key) as reader:
            own = secret(reader)
            answers = [
                reader.get("/keys"),
                reader.post("/keys", data={**form, **own}),
                reader.get("/keys/read/revoke"),
                reader.post("/keys/read/revoke", data=own),
            ]
            assert [told(one) for one in answers] == [(403, "RK712")] * 4
            assert '"/keys"' not in reader.get("/runs").text
    refuses_forms(world, "admin", "/keys", form)
    refuses_forms(world, "admin", "/keys/read/revoke", {})
    assert world.team.rows("select count(*) from rekindle.api_key where name = 'wider'") == [(0,)]
    assert world.team.rows("select revoked_at from rekindle.api_key where name = 'read'") == [(None,)]


def test_a_person_is_erased_when_their_id_was_typed_and_the_list_does_not_name_them(world: World) -> None:
    person = str(world.ours.named["user_id"])
    with acting(world, "limited admin") as admin:
        own = secret(admin)
        step = admin.get(f"/erasures/confirm?person={person}")
        assert "Step 2 of 2" in text(step)
        assert "Organisations granvik" in text(step)
        form = {**own, "person": person, "typed": person}
        wrong = admin.post("/erasures/confirm", data={**form, "typed": person[:-1]})
        assert (wrong.status_code, "Type the id of the person" in text(wrong)) == (422, True)
        active = admin.post("/erasures/confirm", data=form)
        assert (active.status_code, "This person is still an active recipient" in text(active)) == (409, True)
        assert 'name="force"' in active.text
        assert records(world, person) == 1
        done = admin.post("/erasures/confirm", data={**form, "force": "yes"})
        assert (done.status_code, f"{person} is erased" in text(done)) == (200, True)
        assert "Your view still has this person as active" in text(done)
        assert records(world, person) == 0
        assert "Done" not in admin.get("/erasures").text, "the audit is not theirs to read"
    with acting(world, "admin") as admin:
        listed = admin.get("/erasures")
        assert "by" in text(listed)
        assert "key l-admin" in text(listed)
        assert person not in listed.text
        nobody = admin.get("/erasures/confirm?person=nobody")
        assert (nobody.status_code, "Nobody that you see has this id." in text(nobody)) == (422, True)


def test_nobody_erases_a_person_of_another_organisation_or_without_the_scope_or_a_page(world: World) -> None:
    person = str(world.theirs.named["user_id"])
    form = {"person": person, "typed": person, "force": "yes"}
    with acting(world, "limited admin") as admin:
        step = admin.get(f"/erasures/confirm?person={person}")
        assert (step.status_code, "Nobody that you see has this id." in text(step)) == (422, True)
        assert "oldhaven" not in step.text
        assert admin.post("/erasures/confirm", data={**form, **secret(admin)}).status_code == 404
    for key in ("read", "operate"):
        with acting(world, key) as reader:
            answers = [
                reader.get("/erasures"),
                reader.get(f"/erasures/confirm?person={person}"),
                reader.post("/erasures/confirm", data={**form, **secret(reader)}),
            ]
            assert [told(one) for one in answers] == [(403, "RK712")] * 3
            assert '"/erasures"' not in reader.get("/runs").text
    refuses_forms(world, "admin", "/erasures/confirm", form)
    assert records(world, person) == 1


def records(world: World, person: str) -> int:
    [(count,)] = world.team.rows(
        "select count(*)::int from rekindle.scenario_notification where user_id::text = %s", person
    )
    assert isinstance(count, int)
    return count
