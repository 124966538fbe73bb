"""People sign in to the console with the issuer of [sign_in]: a real server that has a page to sign
in and gives tokens for codes."""

import asyncio
import time
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from acceptance.api.served import KEY
from acceptance.api.test_sign_in import ADMIN, TABLE, served
from acceptance.command import Command
from acceptance.console.browsing import FORM, text
from contract.fcm_server import Reply
from contract.fcm_server import serving as issuing
from contract.issuer import CLIENT, CLIENT_SECRET, ORGANISATION, OTHER, Issuer

APP = "https://app.example.org"
CONSOLE = """
[sign_in.console]
client_id = "{client}"
redirect_uri = "{redirect}"
name = "Granvik"
apps = ["{app}"]
"""


class Browser:
    """A browser that follows nothing by itself, and keeps its cookies also over plain HTTP."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []

    async def get(self, path: str) -> httpx.Response:
        return self._kept(await self._client.get(path, headers=self._headers()))

    async def post(self, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
        return self._kept(await self._client.post(path, data=form, headers={**self._headers(), **headers}))

    async def at_the_issuer(self, address: str) -> str:
        """The path to which the issuer sends the person back."""
        answer = await self._client.get(address)
        assert answer.status_code == 303, answer.text
        there = urlsplit(answer.headers["location"])
        return f"{there.path}?{there.query}"

    async def sign_in(self, following: str = "/runs") -> httpx.Response:
        """Begin, sign in at the issuer, and come back."""
        begun = await self.get(f"/sign-in/begin?next={following}")
        assert begun.status_code == 303, begun.text
        return await self.get(await self.at_the_issuer(begun.headers["location"]))

    def _headers(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        self.set = answer.headers.get_list("set-cookie")
        for line in self.set:
            for name, one in SimpleCookie(line).items():
                if one.value:
                    self.cookies[name] = one.value
                else:
                    self.cookies.pop(name, None)
        return answer


@pytest.fixture
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    async with issuing(tmp_path_factory.mktemp("issuer"), protocol="http/1.1", tls=False) as server:
        yield Issuer(server)


def having(command: Command, issuer: Issuer, more: str = "", **changes: str) -> Command:
    """The command line with [sign_in.console] in its configuration."""
    path = command.folder / "rekindle.toml"
    console = CONSOLE.format(client=CLIENT, redirect=issuer.redirects[CLIENT], app=APP)
    path.write_text(path.read_text() + TABLE.format(issuer=issuer.url) + console + more)
    return command.having(**{"REKINDLE_API_KEY": KEY, "REKINDLE_SIGN_IN_SECRET": CLIENT_SECRET, **changes})


def refused(answer: httpx.Response, status: int, code: str, words: str) -> None:
    """The person is not signed in, reads why, and may use a key."""
    assert (answer.status_code, code in answer.text, words in text(answer)) == (status, True, True), text(answer)
    assert 'id="key"' in answer.text
    assert "rekindle_session" not in str(answer.headers.get_list("set-cookie")).replace('rekindle_session=""', "")


async def test_a_person_signs_in_at_the_issuer_sees_what_the_token_allows_and_signs_out(
    rekindle: Command, issuer: Issuer
) -> None:
    async with served(having(rekindle, issuer)) as (api, client):
        person = Browser(client)
        asked = await person.get("/runs?scenario=nudge")
        form = await person.get(asked.headers["location"])
        assert "Sign in with Granvik" in text(form)
        assert 'href="/sign-in/begin?next=/runs%3Fscenario%3Dnudge"' in form.text
        begun = await person.get("/sign-in/begin?next=/runs%3Fscenario%3Dnudge")
        query = parse_qs(urlsplit(begun.headers["location"]).query)
        assert (query["client_id"], query["scope"], query["code_challenge_method"]) == (
            [CLIENT],
            ["openid email"],
            ["S256"],
        )
        [cookie] = person.set
        assert all(word in cookie.lower() for word in ("httponly", "secure", "samesite=lax", "path=/sign-in"))
        back = await person.at_the_issuer(begun.headers["location"])
        done = await person.get(back)
        assert (done.status_code, done.headers["location"]) == (303, "/runs?scenario=nudge")
        assert list(person.cookies) == ["rekindle_session"]
        page = await person.get("/runs")
        assert "person anna@example.org operate" in text(page)
        assert ORGANISATION in text(page)
        assert (await person.get("/keys")).status_code == 403
        assert (await person.get("/v1/runs")).status_code == 401, "a session is not a credential of the API"
        replayed = await person.get(back)
        refused(replayed, 401, "RK755", "this browser has not begun this sign-in in the last ten minutes")
        out = await person.post("/sign-out", {"form": FORM.findall(page.text)[0]})
        assert (out.headers["location"], person.cookies) == ("/sign-in/out", {})
        signed_out = await person.get("/sign-in/out")
        assert "You may still be signed in with Granvik. Sign out of Granvik too" in text(signed_out)
        assert f'href="{issuer.server.url}/oauth/end?client_id={CLIENT}"' in signed_out.text
        assert (await person.get("/runs")).status_code == 303
        everything = "".join(one for one in (page.text, done.text, str(done.headers), str(begun.headers)))
        log = await asyncio.to_thread(lambda: api.stop().err)
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert not any(one in everything + log for one in (CLIENT_SECRET, "eyJ"))
    assert code not in log


async def test_what_a_person_changes_is_in_the_audit_under_their_name(
    rekindle: Command, issuer: Issuer, team: Any
) -> None:
    issuer.person = ADMIN
    async with served(having(rekindle, issuer)) as (_, client):
        person = Browser(client)
        assert (await person.sign_in("/keys")).headers["location"] == "/keys"
        own = {"form": FORM.findall((await person.get("/keys")).text)[0]}
        form = {"name": "ci", "scope": "read", "organisations": "", "lifetime": "30"}
        assert (await person.post("/keys", form)).status_code == 403, "without the secret of the session"
        assert (await person.post("/keys", {**form, **own})).status_code == 201
    assert team.rows("select actor from rekindle.audit where action = 'key.created'") == [("person anna@example.org",)]


async def test_an_answer_that_is_not_for_this_attempt_signs_nobody_in(rekindle: Command, issuer: Issuer) -> None:
    async with served(having(rekindle, issuer)) as (_, client):
        victim, attacker = Browser(client), Browser(client)

        async def begun(browser: Browser) -> tuple[str, str]:
            """The path with the code, and its query without the state."""
            answer = await browser.get("/sign-in/begin")
            back = await browser.at_the_issuer(answer.headers["location"])
            return back, parse_qs(urlsplit(back).query)["state"][0]

        foreign, _ = await begun(attacker)
        refused(await victim.get(foreign), 401, "RK755", "this browser has not begun this sign-in")
        mine, state = await begun(victim)
        refused(await victim.get(foreign), 401, "RK755", "this browser has not begun this sign-in")
        for wrong in ("", "x", "ø", state[:-1], f"{state}x"):
            refused(await victim.get(mine.replace(state, wrong)), 401, "RK755", "has not begun this sign-in")
        refused(await victim.get(f"/sign-in/back?state={state}"), 401, "RK755", "the issuer sent no code")
        mine, state = await begun(victim)
        other = await victim.get(f"/sign-in/back?state={state}&code=x&iss=https://other.example")
        refused(other, 401, "RK755", "the answer is from another issuer")
        mine, state = await begun(victim)
        said = await victim.get(f"/sign-in/back?state={state}&error=access_denied")
        refused(said, 401, "RK755", "the issuer did not sign you in: access_denied")
        mine, state = await begun(victim)
        said = await victim.get(f"/sign-in/back?state={state}&error=%3Cb%3E&error_description=%3Cscript%3E")
        refused(said, 401, "RK755", "the issuer did not sign you in: an error")
        assert "<b>" not in said.text
        stolen, _ = await begun(attacker)
        code = parse_qs(urlsplit(stolen).query)["code"][0]
        mine, state = await begun(victim)
        injected = await victim.get(f"/sign-in/back?state={state}&code={code}")
        refused(injected, 401, "RK755", "the issuer did not accept the code")
        mine, state = await begun(victim)
        kept = dict(victim.cookies)
        assert (await victim.get(mine)).status_code == 303
        victim.cookies = kept
        refused(await victim.get(mine), 401, "RK755", "the issuer did not accept the code: it was used before")
        issuer.clients["other"], issuer.redirects["other"] = "s", issuer.redirects[CLIENT]
        begin = (await victim.get("/sign-in/begin")).headers["location"]
        of_another = await victim.at_the_issuer(begin.replace(f"client_id={CLIENT}", "client_id=other"))
        refused(await victim.get(of_another), 401, "RK755", "is not ours")


async def test_each_tab_finishes_the_sign_in_that_it_has_begun_and_a_browser_keeps_ten(
    server_of_tokens: tuple[Issuer, httpx.AsyncClient],
) -> None:
    person = Browser(server_of_tokens[1])
    backs: list[str] = []
    for number in range(12):
        begun = await person.get(f"/sign-in/begin?next=/runs?{number}")
        backs.append(await person.at_the_issuer(begun.headers["location"]))
    assert len(person.cookies) == 10
    for number in (11, 2, 3):
        assert (await person.get(backs[number])).headers["location"] == f"/runs?{number}"
        refused(await person.get(backs[number]), 401, "RK755", "has not begun this sign-in")
    for number in (0, 1):
        refused(await person.get(backs[number]), 401, "RK755", "has not begun this sign-in")
    assert len(person.cookies) == 8, "seven attempts and the session"


@pytest.mark.parametrize("end", [None, "", "http://other.example/end", "javascript:alert(1)", 7])
async def test_an_issuer_without_a_page_to_sign_out_has_no_link_to_it(
    rekindle: Command, issuer: Issuer, end: object
) -> None:
    issuer.discovery["end_session_endpoint"] = end
    async with served(having(rekindle, issuer)) as (_, client):
        person = Browser(client)
        assert (await person.sign_in()).status_code == 303
        page = await person.get("/sign-in/out")
        assert (page.status_code, "Sign in with Granvik" in text(page), "Sign out" in text(page)) == (200, True, False)


async def test_without_the_table_of_the_console_the_sessions_of_people_end(rekindle: Command, issuer: Issuer) -> None:
    configured = (rekindle.folder / "rekindle.toml").read_text() + TABLE.format(issuer=issuer.url)
    secret = {"REKINDLE_CONSOLE_SECRET": "5ecret-of-the-tests-0123456789abcdef"}
    async with served(having(rekindle, issuer, **secret)) as (_, client):
        person = Browser(client)
        assert (await person.sign_in()).status_code == 303
        assert (await person.get("/runs")).status_code == 200
    (rekindle.folder / "rekindle.toml").write_text(configured)
    async with served(rekindle.having(REKINDLE_API_KEY=KEY, **secret)) as (_, client):
        later = Browser(client)
        later.cookies = person.cookies
        assert (await later.get("/runs")).status_code == 303


@pytest.mark.parametrize(
    ("changes", "status", "code", "words"),
    [
        ({"nonce": "another"}, 401, "RK755", "the ID token is not for this sign-in"),
        ({"nonce": None}, 401, "RK755", "the ID token is not for this sign-in"),
        ({"aud": "other"}, 401, "RK720", "the token is for another audience"),
        ({"aud": [CLIENT, "other"]}, 401, "RK755", "the ID token is for another client"),
        ({"azp": "other"}, 401, "RK755", "the ID token is for another client"),
        ({"sub": "somebody-else"}, 401, "RK755", "the two tokens of the issuer name different people"),
        ({"iss": "https://other.example"}, 401, "RK720", "the token is from another issuer"),
        ({"exp": 1}, 401, "RK720", "the token has expired"),
        ({"number": 7}, 401, "RK720", "the signature of the token is not right"),
    ],
    ids=["nonce", "no nonce", "audience", "several", "party", "person", "issuer", "expired", "signature"],
)
async def test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in(
    server_of_tokens: tuple[Issuer, httpx.AsyncClient], changes: dict[str, Any], status: int, code: str, words: str
) -> None:
    issuer, client = server_of_tokens
    issuer.id_changes = changes
    refused(await Browser(client).sign_in(), status, code, words)


@pytest.fixture
async def server_of_tokens(rekindle: Command, issuer: Issuer) -> AsyncIterator[tuple[Issuer, httpx.AsyncClient]]:
    async with served(having(rekindle, issuer)) as (_, client):
        yield issuer, client


async def test_a_person_without_a_role_or_an_organisation_or_with_no_token_of_ours_gets_no_session(
    server_of_tokens: tuple[Issuer, httpx.AsyncClient],
) -> None:
    issuer, client = server_of_tokens
    issuer.person = {"app_metadata": {}}
    refused(await Browser(client).sign_in(), 403, "RK712", "the token gives no role here")
    issuer.person = {"app_metadata": {"rekindle_role": "read"}}
    refused(await Browser(client).sign_in(), 403, "RK712", "the token names no organisation")
    many = [str(UUID(int=number * 2**96 + number)) for number in range(400)]
    issuer.person = {"app_metadata": {"rekindle_role": "read", "rekindle_organisations": many}}
    refused(await Browser(client).sign_in(), 401, "RK720", "the token has more than 8,192 bytes")
    issuer.person, issuer.access_token = {}, "opaque"
    refused(await Browser(client).sign_in(), 401, "RK755", "the access token of the issuer is not a JWT")
    issuer.access_token = None
    for following in ("https://other.example", "//other.example", "/\\other.example"):
        assert (await Browser(client).sign_in(following)).headers["location"] == "/"


async def test_a_session_ends_with_its_token(server_of_tokens: tuple[Issuer, httpx.AsyncClient]) -> None:
    issuer, client = server_of_tokens
    ends = int(time.time()) + 12
    issuer.person = {"exp": ends}
    person = Browser(client)
    assert (await person.sign_in()).status_code == 303
    [age] = [part for line in person.set for part in line.split("; ") if "session" in line and "Max-Age" in part]
    assert 0 < int(age.partition("=")[2]) <= 12
    assert (await person.get("/runs")).status_code == 200
    await asyncio.sleep(ends - time.time() + 0.1)
    late = await person.get("/runs")
    assert (late.status_code, late.headers.get("location", "")[:8]) == (303, "/sign-in")


async def test_while_the_issuer_is_down_the_page_says_so_and_keys_still_work(rekindle: Command, issuer: Issuer) -> None:
    issuer.reply = lambda: Reply(500)
    async with served(having(rekindle, issuer)) as (_, client):
        person = Browser(client)
        for _ in range(3):
            answer = await person.get("/sign-in/begin")
            refused(answer, 503, "RK721", "the issuer answered HTTP 500")
        assert len(issuer.fetches) == 1
        assert (await person.post("/sign-in", {"key": KEY})).status_code == 303
        assert (await person.get("/runs")).status_code == 200


async def test_while_the_issuer_gives_no_tokens_nobody_is_signed_in_and_those_who_are_stay(
    server_of_tokens: tuple[Issuer, httpx.AsyncClient],
) -> None:
    issuer, client = server_of_tokens
    person, late = Browser(client), Browser(client)
    assert (await person.sign_in()).status_code == 303
    begun = await late.get("/sign-in/begin")
    back = await late.at_the_issuer(begun.headers["location"])
    issuer.reply = lambda: Reply(502)
    refused(await late.get(back), 503, "RK721", "the issuer answered HTTP 502")
    assert (await person.get("/runs")).status_code == 200


async def test_an_app_of_the_team_hands_its_token_over_and_no_other_site_does(
    server_of_tokens: tuple[Issuer, httpx.AsyncClient],
) -> None:
    issuer, client = server_of_tokens
    token = issuer.token().decode()
    for origin in ({}, {"origin": "https://other.example"}, {"origin": "null"}):
        person = Browser(client)
        answer = await person.post("/sign-in/token", {"token": token}, **origin)
        assert (answer.status_code, "RK758" in answer.text, person.cookies) == (403, True, {})
    person = Browser(client)
    answer = await person.post("/sign-in/token", {"token": token, "next": "/runs"}, origin=APP)
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
    assert "person anna@example.org operate" in text(await person.get("/runs"))
    for wrong in ("", "x", KEY, issuer.token(exp=1).decode(), issuer.token(aud=CLIENT).decode()):
        refused(
            await Browser(client).post("/sign-in/token", {"token": wrong}, origin=APP), 401, "RK720", "not signed in"
        )


async def test_claims_can_be_those_of_the_id_token_and_an_issuer_may_ask_for_more(
    rekindle: Command, issuer: Issuer
) -> None:
    more = 'claims_from = "id"\nparameters = { audience = "rekindle" }\n'
    issuer.access_token = "opaque"
    issuer.id_changes = {"app_metadata": {"rekindle_role": "read", "rekindle_organisations": [OTHER]}}
    async with served(having(rekindle, issuer, more)) as (_, client):
        person = Browser(client)
        begun = await person.get("/sign-in/begin")
        assert parse_qs(urlsplit(begun.headers["location"]).query)["audience"] == ["rekindle"]
        assert (await person.sign_in()).status_code == 303
        page = await person.get("/runs")
        assert "person anna@example.org read" in text(page)
        assert OTHER in text(page)


async def test_without_the_secret_of_the_client_the_issuer_gives_nothing(rekindle: Command, issuer: Issuer) -> None:
    async with served(having(rekindle, issuer, REKINDLE_SIGN_IN_SECRET="wrong")) as (_, client):
        refused(await Browser(client).sign_in(), 401, "RK755", "the issuer did not accept the code")
