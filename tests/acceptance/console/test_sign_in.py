"""Signing in to the console and out of it: which key, how long, and from where."""

from collections.abc import Iterator

import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command
from acceptance.console.browsing import FORM, Reader, reading, text

SECRET = "5ecret-of-the-tests-0123456789abcdef"
PATHS = ("/", "/runs", "/runs/00000000-0000-0000-0000-000000000000")


@pytest.fixture
def keyed(rekindle: Command) -> Command:
    return rekindle.having(REKINDLE_API_KEY=KEY, REKINDLE_CONSOLE_SECRET=SECRET)


@pytest.fixture
def api(keyed: Command) -> Iterator[Served]:
    with serving(keyed) as served:
        yield served


@pytest.fixture
def reader(api: Served) -> Iterator[Reader]:
    with reading(api) as reader:
        yield reader


def test_a_key_signs_in_leads_to_the_page_that_was_asked_for_and_signs_out(reader: Reader) -> None:
    for path in PATHS:
        refused = reader.get(path)
        assert (refused.status_code, refused.headers["location"].partition("=")[0]) == (303, "/sign-in?next")
    asked = reader.get("/runs?scenario=nudge")
    form = reader.get(asked.headers["location"])
    assert 'name="next" value="/runs?scenario=nudge"' in form.text
    answer = reader.sign_in(KEY, following="/runs?scenario=nudge")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs?scenario=nudge")
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "secure", "samesite=lax", "path=/", "max-age=43200"))
    assert KEY not in answer.headers["set-cookie"]
    page = reader.get("/runs")
    assert page.status_code == 200
    assert "environment key admin" in text(page)
    sent = FORM.findall(page.text)[0]
    assert reader.post("/sign-out", data={"form": sent}).headers["location"] == "/sign-in"
    assert reader.cookie is None
    assert reader.get("/runs").status_code == 303


def test_a_wrong_key_gets_the_form_again_without_the_key(reader: Reader) -> None:
    for key in ("wrong-key-0123456789", "", "nøkkel", f"{KEY}x"):
        answer = reader.sign_in(key)
        assert answer.status_code == 401
        assert "This is not a valid key." in text(answer)
        assert reader.cookie is None
        assert not key or key not in answer.text


@pytest.mark.parametrize(
    "following", ["https://other.example", "//other.example", "/\\other.example", "runs", "", "/a\r\nb", "/" * 2_001]
)
def test_nobody_is_led_to_another_site_after_the_sign_in(reader: Reader, following: str) -> None:
    assert reader.sign_in(KEY, following=following).headers["location"] == "/"


def test_a_cookie_that_was_changed_is_of_another_server_or_is_old_signs_nobody_in(
    api: Served, keyed: Command, reader: Reader
) -> None:
    reader.sign_in(KEY)
    good = reader.cookie or ""
    for wrong in (good[:-2] + ("AA" if good[-2:] != "AA" else "BB"), good.partition(".")[0], "", "x" * 5_000):
        assert reader.get("/runs", headers={"cookie": f"rekindle_session={wrong}"}).status_code == 303
    assert reader.get("/runs", headers={"cookie": f"rekindle_session={good}"}).status_code == 200
    with serving(keyed) as same, reading(same) as elsewhere:
        elsewhere.cookie = good
        assert elsewhere.get("/runs").status_code == 200, "two servers with the same secret"
    with serving(keyed.having(REKINDLE_CONSOLE_SECRET=SECRET[::-1])) as other, reading(other) as elsewhere:
        elsewhere.cookie = good
        assert elsewhere.get("/runs").status_code == 303


def test_a_key_that_was_revoked_ends_its_sessions_at_once(keyed: Command, api: Served) -> None:
    created = keyed("key", "create", "ida", "--scope", "read", "--json")
    assert created.code == 0, created.err
    secret = created.json()["secret"]
    with reading(api, secret) as reader:
        assert "key ida read" in text(reader.get("/runs"))
        assert keyed("key", "revoke", "ida").code == 0
        answer = reader.get("/runs")
        assert (answer.status_code, reader.cookie) == (303, None)


def test_a_form_of_another_site_or_without_its_secret_does_nothing(api: Served, reader: Reader) -> None:
    reader.sign_in(KEY)
    host = api.url.removeprefix("http://")
    for headers in ({"origin": "https://other.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        for path, data in (("/sign-in", {"key": KEY}), ("/sign-out", {"form": "x"})):
            answer = reader.post(path, data=data, headers=headers)
            assert answer.status_code == 403
            assert "RK758" in text(answer)
    for data in ({}, {"form": ""}, {"form": "x"}, {"form": "ø"}):
        assert reader.post("/sign-out", data=data, headers={"origin": f"http://{host}"}).status_code == 403
    assert reader.get("/runs").status_code == 200


def test_every_answer_has_a_strict_policy_and_the_one_script_is_our_own_file(reader: Reader) -> None:
    answers = [
        reader.get(path) for path in ("/sign-in", "/console.css", "/console.js", "/icon.svg", "/runs", "/runs/x")
    ]
    reader.sign_in(KEY)
    answers += [reader.get(path) for path in ("/runs", "/runs/x", "/runs?cursor=x")]
    answers.append(reader.post("/runs"))
    assert [one.status_code for one in answers] == [200, 200, 200, 200, 303, 303, 200, 404, 422, 405]
    for one in answers:
        policy = one.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert one.headers["cache-control"] == "no-store"
        own = one.text.replace('<script src="/console.js"></script>', "").replace("http://www.w3.org/2000/svg", "")
        assert not any(word in own for word in ("<script", " style=", "<style", "data:", "http://", "https://"))


def test_the_paths_of_the_api_are_still_those_of_the_api(reader: Reader) -> None:
    reader.sign_in(KEY)
    answer = reader.get("/v1/runs")
    assert (answer.status_code, answer.json()["code"]) == (401, "RK702"), "the API takes keys, not cookies"
    assert reader.get("/v1/health").json() == {"status": "ok"}


def test_a_secret_that_is_too_short_is_refused_at_the_start(keyed: Command) -> None:
    done = keyed.having(REKINDLE_CONSOLE_SECRET="short")("serve", "--port", 0)
    assert (done.code, "RK603" in done.err, "short" in done.err) == (2, True, False)
    assert "REKINDLE_CONSOLE_SECRET has fewer than 32 characters" in done.err


def test_the_switch_of_the_colours_leads_back_to_the_page_and_to_no_other_site(api: Served, reader: Reader) -> None:
    def chosen(theme: str, referer: str | None, **more: str) -> tuple[int, str | None, str]:
        headers = {} if referer is None else {"referer": referer}
        answer = reader.post("/theme", data={"theme": theme, **more}, headers=headers)
        return (
            answer.status_code,
            answer.headers.get("location"),
            answer.headers.get("set-cookie", "").partition(";")[0],
        )

    back = f"{api.url}/sign-in?next=/runs"
    assert chosen("dark", back) == (303, "/sign-in?next=/runs", "rekindle_theme=dark")
    assert chosen("auto", back) == (303, "/sign-in?next=/runs", 'rekindle_theme=""')
    assert chosen('"><script>', None) == (303, "/", 'rekindle_theme=""')
    for elsewhere in ("https://other.example/runs", f"{api.url}//other.example", f"{api.url}.other.example/"):
        assert chosen("light", elsewhere) == (303, "/", "rekindle_theme=light")
    reader.sign_in(KEY)
    assert chosen("dark", back)[0] == 403, "a form of a session needs its secret"
    form = FORM.findall(reader.get("/runs").text)[0]
    assert chosen("dark", back, form=form)[0] == 303


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Europe", "Nowhere/At_All", "x" * 4_000, "<b>", ""])
def test_a_zone_that_is_not_known_is_that_of_the_server(reader: Reader, zone: str) -> None:
    page = reader.get("/sign-in", headers={"cookie": f"rekindle_zone={zone}; rekindle_theme=<b>"})
    assert (page.status_code, "<b>" in page.text) == (200, False)
    assert "Times are in the zone of the server, UTC." in text(page)
    known = reader.get("/sign-in", headers={"cookie": "rekindle_zone=Asia/Kathmandu; rekindle_theme=dark"})
    assert "Times are in your zone, Asia/Kathmandu." in text(known)
    assert '<html lang="en" data-theme="dark">' in known.text
