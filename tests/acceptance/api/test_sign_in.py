"""People who call the served API with the token of their sign-in: a real server, and an issuer that
publishes its keys."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command
from contract.fcm_server import Reply
from contract.fcm_server import serving as issuing
from contract.issuer import Issuer, jwk, signed_with
from rekindle.access import LOOPBACK, Actor
from rekindle.api.server import ServerOptions
from rekindle.errors import KeyRefused
from rekindle.sandbox import Sandbox
from rekindle.scenario import SignInConfig
from team.team import Team

TABLE = """
[sign_in]
issuer = "{issuer}"
audience = "authenticated"
role_claim = "app_metadata.rekindle_role"
organisations_claim = "app_metadata.rekindle_organisations"
all_organisations = ["admin"]
"""
ADMIN: dict[str, Any] = {"app_metadata": {"rekindle_role": "admin"}}


@pytest.fixture
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    async with issuing(tmp_path_factory.mktemp("issuer"), protocol="http/1.1", tls=False) as server:
        yield Issuer(server)


def signing_in(command: Command, issuer: Issuer) -> Command:
    """The command line with [sign_in] in its configuration."""
    path = command.folder / "rekindle.toml"
    path.write_text(path.read_text() + TABLE.format(issuer=issuer.url))
    return command


@asynccontextmanager
async def served(command: Command) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    """The API as a process, and a client of this event loop, which the issuer needs meanwhile."""
    manager = serving(command, before=("--log-level", "debug"))
    api = await asyncio.to_thread(manager.__enter__)
    try:
        async with httpx.AsyncClient(base_url=api.url, timeout=60, trust_env=False) as client:
            yield api, client
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


def bearing(token: bytes) -> dict[str, str]:
    return {"authorization": f"Bearer {token.decode()}"}


NOBODY = "/v1/runs/00000000-0000-4000-8000-000000000000"
"""A route that needs somebody, and that answers them 404."""


async def test_people_are_let_in_by_their_tokens_and_programs_by_keys(rekindle: Command, issuer: Issuer) -> None:
    issuer.keys.append(jwk("RS256", "rsa"))
    async with served(signing_in(rekindle.having(REKINDLE_API_KEY=KEY), issuer)) as (api, client):

        async def asked(*headers: tuple[str, str]) -> tuple[int, str]:
            answer = await client.get(NOBODY, headers=list(headers))
            said.append(answer.text)
            if answer.status_code == 401:
                invalid = answer.json()["code"] == "RK720"
                assert answer.headers["www-authenticate"] == ('Bearer error="invalid_token"' if invalid else "Bearer")
            return answer.status_code, answer.json()["code"]

        def bearer(token: bytes | str) -> tuple[str, str]:
            return "authorization", f"Bearer {token if isinstance(token, str) else token.decode()}"

        said: list[str] = []
        good, other = issuer.token(), issuer.token(sub="user-8", email="berit@example.org")
        late = issuer.token(exp=int(time.time()) - 60)
        forged = signed_with(b"secret", {"alg": "HS256", "kid": "first"}, issuer.claims())
        assert (await asked(bearer(good)))[0] == 404
        assert (await asked(("apikey", good.decode())))[0] == 404
        assert (await asked(bearer(KEY)))[0] == 404
        assert (await asked(bearer(good), bearer(good)))[0] == 404
        assert await asked(bearer(late)) == (401, "RK720")
        assert await asked(bearer(forged)) == (401, "RK720")
        assert await asked(bearer(issuer.token(email="a" * 9_000))) == (401, "RK720")
        assert await asked(bearer("not.a.t0ken!")) == (401, "RK702")
        assert await asked(bearer(good), bearer(other)) == (401, "RK702")
        assert await asked(bearer(good), ("apikey", KEY)) == (401, "RK702")
        assert await asked(bearer(good), ("apikey", "anon")) == (401, "RK702")
        assert await asked(bearer(good), bearer(late)) == (401, "RK720")
        assert await asked(("cookie", f"token={good.decode()}")) == (401, "RK702")
        assert (await client.get(f"{NOBODY}?access_token={good.decode()}")).status_code == 401
        assert await asked(bearer(issuer.token(app_metadata={}))) == (403, "RK712")
        assert await asked(bearer(issuer.token(app_metadata={"rekindle_role": "operate"}))) == (403, "RK712")
        assert (await asked(bearer(issuer.token(**ADMIN))))[0] == 404
        assert len(issuer.fetches) == 1
        written = "".join(said) + await asyncio.to_thread(lambda: api.stop().err)
    parts = {part for token in (good, other, late, forged) for part in token.decode().split(".")}
    assert not [part for part in parts if part in written]
    assert "sign_in.keys" in written


async def test_the_claims_of_a_token_limit_what_a_person_does_and_the_audit_names_the_person(
    rekindle: Command, issuer: Issuer, team: Team, fcm: Sandbox
) -> None:
    first, second = team.people(2)
    team.execute("update team.person set organisation_id = user_id")

    def of(role: str, organisation: object, email: str) -> dict[str, str]:
        metadata = {"rekindle_role": role, "rekindle_organisations": [str(organisation)]}
        return bearing(issuer.token(email=email, app_metadata=metadata)) | {"prefer": "wait=30"}

    anna, reader = of("operate", first, "anna@example.org"), of("read", first, "carl@example.org")
    berit = of("admin", second, "berit@example.org")
    async with served(signing_in(rekindle, issuer)) as (_, client):
        assert (await client.post("/v1/runs", json={}, headers=reader)).status_code == 403
        begun = await client.post("/v1/runs", json={}, headers=anna)
        assert (begun.status_code, begun.json()["scenarios"][0]["recorded"]) == (200, 1)
        place = begun.headers["location"]
        assert (await client.get(place, headers=reader)).status_code == 200
        assert (await client.get(place, headers=bearing(issuer.token(**ADMIN)))).status_code == 200
        hidden = await client.get(place, headers=berit)
        absent = await client.get(NOBODY, headers=berit)
        assert (hidden.status_code, hidden.json()["code"]) == (absent.status_code, absent.json()["code"])
        assert hidden.status_code == 404
        other = await client.post("/v1/runs", json={"organisations": [str(first)]}, headers=berit)
        assert other.status_code == 404
    assert len(fcm.messages()) == 1
    rows = team.rows("select distinct actor from rekindle.audit where action = 'run.started'")
    assert [row[0] for row in rows] == ["person anna@example.org"]


async def test_a_token_is_not_called_wrong_while_the_issuer_is_down(rekindle: Command, issuer: Issuer) -> None:
    issuer.reply = lambda: Reply(500)
    async with served(signing_in(rekindle, issuer)) as (api, client):
        answer = await client.get(NOBODY, headers=bearing(issuer.token()))
        assert (answer.status_code, answer.json()["code"]) == (503, "RK721")
        assert answer.headers["retry-after"]
        assert (await client.get(NOBODY)).status_code == 401
        assert (await client.get("/v1/health")).status_code == 200
        done = await asyncio.to_thread(api.stop)
    assert "sign_in.failed" in done.err
    assert issuer.url not in done.err


async def test_check_says_whether_the_keys_can_be_read(rekindle: Command, issuer: Issuer) -> None:
    command = signing_in(rekindle, issuer)
    done = await asyncio.to_thread(command, "check")
    assert "the issuer has 1 usable key (ES256)" in done.out + done.err
    issuer.keys = []
    done = await asyncio.to_thread(command, "check")
    assert done.code == 2
    assert "RK721: the issuer has no key for the algorithms of [sign_in]" in done.out + done.err


class Nobody:
    async def actor(self, shown: bytes) -> Actor | None:
        return None


async def test_with_a_sign_in_a_unix_socket_needs_a_token_and_a_port_needs_no_key(tmp_path: Path) -> None:
    sign_in = SignInConfig.model_validate(
        {"issuer": "https://a.example", "audience": "a", "role_claim": "role", "all_organisations": ["admin"]}
    )
    for place in ({"unix_socket": tmp_path / "socket"}, {"host": "127.0.0.1"}):
        options = ServerOptions(None, 1, **place, sign_in=sign_in)  # type: ignore[arg-type]
        with pytest.raises(KeyRefused):
            await options.access(options.address(), Nobody(), usable=False).admit([], [b"localhost"])
    options = ServerOptions(None, 1, insecure_loopback=True, sign_in=sign_in)
    assert await options.access(options.address(), Nobody(), usable=False).admit([], [b"localhost"]) == LOOPBACK
