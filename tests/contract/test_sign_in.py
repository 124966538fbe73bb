"""Tokens of a real issuer, over a real socket: which are accepted, which are not, and when the
issuer is asked for its keys."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest

from contract.fcm_server import CLOSE, CUT, HANG, Reply, certificates, serving
from contract.issuer import ORGANISATION, OTHER, Issuer, jwk, part, pem, private, signed_with
from rekindle.access import Actor
from rekindle.errors import Forbidden, IssuerUnavailable, TokenRefused
from rekindle.sign_in import fetch
from rekindle.sign_in.keys import GRACE_SECONDS, MAX_AGE_SECONDS, REFETCH_SECONDS, IssuerKeys
from rekindle.sign_in.person import SignIn, check

ANNA = Actor("person", "anna@example.org", "operate", frozenset({UUID(ORGANISATION)}))


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[Issuer]:
    async with serving(tmp_path, protocol="http/1.1", tls=False) as server:
        yield Issuer(server)


async def actor(issuer: Issuer, token: bytes, **config: Any) -> Actor | None:
    return await SignIn(issuer.config(**config)).actor(token)


async def test_a_token_of_supabase_is_a_person_limited_to_the_organisations_of_its_claims(issuer: Issuer) -> None:
    assert await actor(issuer, issuer.token()) == ANNA
    assert issuer.fetches == ["/auth/v1/.well-known/jwks.json"]


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("RS256", "RS256"), ("RS256", "PS512"), ("ES256", "ES256"), ("ES384", "ES384"), ("EdDSA", "EdDSA")],
)
async def test_every_algorithm_that_is_allowed_works(issuer: Issuer, kind: str, algorithm: str) -> None:
    issuer.keys = [jwk("ES256", "other"), jwk(kind, "first", alg=algorithm)]
    token = issuer.token(kind=kind, algorithm=algorithm)
    assert await actor(issuer, token, algorithms=[algorithm]) == ANNA


async def test_a_token_of_keycloak_works_by_discovery(tmp_path: Path) -> None:
    async with serving(tmp_path, protocol="http/1.1", tls=False) as server:
        issuer = Issuer(server, "/realms/team")
        issuer.keys = [jwk("RS256", "enc", use="enc"), jwk("RS256", "first")]
        token = issuer.token(
            kind="RS256",
            aud=["account", "rekindle"],
            azp="web",
            typ="Bearer",
            email=None,
            preferred_username="anna",
            realm_access={"roles": ["offline_access", "viewer", "coordinator"]},
            organisations=[ORGANISATION, OTHER.upper()],
        )
        found = await actor(
            issuer,
            token,
            audience="rekindle",
            role_claim="realm_access.roles",
            roles={"viewer": "read", "coordinator": "operate", "manager": "admin"},
            organisations_claim="organisations",
            name_claim="preferred_username",
        )
        assert found == Actor("person", "anna", "operate", frozenset({UUID(ORGANISATION), UUID(OTHER)}))
        assert issuer.fetches == ["/realms/team/.well-known/openid-configuration", "/keys"]


async def test_a_token_of_auth0_works_whose_claims_are_addresses_and_whose_issuer_ends_in_a_slash(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, protocol="http/1.1", tls=False) as server:
        issuer = Issuer(server, "/")
        issuer.keys = [jwk("RS256", "first", x5t="x", x5c=["not read"])]
        token = issuer.token(
            kind="RS256",
            header={"typ": "at+jwt"},
            sub="auth0|5f7c8ec7c33c6c004bbafe82",
            email=None,
            **{"https://example.org/role": "admin"},
        )
        found = await actor(
            issuer,
            token,
            role_claim="https://example.org/role",
            organisations_claim=None,
            all_organisations=["admin"],
        )
        assert found == Actor("person", "auth0|5f7c8ec7c33c6c004bbafe82", "admin", None)
        assert issuer.fetches[0] == "/.well-known/openid-configuration"


def none(issuer: Issuer) -> bytes:
    return b".".join((part({"alg": "none", "kid": "first"}), part(issuer.claims()), b"x"))


def by_public_key(kind: str, secret: Callable[[str], bytes], algorithm: str = "HS256") -> Callable[[Issuer], bytes]:
    """A token that is signed with a public key as if it were a shared secret."""
    return lambda issuer: signed_with(
        secret(kind), {"alg": algorithm, "kid": "rsa" if kind == "RS256" else "first"}, issuer.claims()
    )


def changed(**claims: Any) -> Callable[[Issuer], bytes]:
    return lambda issuer: issuer.token(**claims)


def public_jwk(kind: str) -> bytes:
    return json.dumps(jwk(kind, "first")).encode()


def with_key(name: str) -> Callable[[Issuer], bytes]:
    """A token of somebody else that brings the key, or says where it is."""

    def token(issuer: Issuer) -> bytes:
        brought: dict[str, object] = {
            "jwk": jwk("ES256", "first", 1),
            "jku": f"{issuer.server.url}/mine",
            "x5u": f"{issuer.server.url}/mine",
            "x5c": ["bWluZQ=="],
        }
        return issuer.token(number=1, header={name: brought[name]})

    return token


def twice(issuer: Issuer) -> bytes:
    """A claim twice: the second says more."""
    claims = json.dumps(issuer.claims()).encode()[:-1] + b', "aud": "authenticated"}'
    content = part({"alg": "ES256", "kid": "first", "typ": "JWT"}) + b"." + part(claims)
    signature = jwt.get_algorithm_by_name("ES256").sign(content, private("ES256"))
    return content + b"." + part(signature)


def edited(issuer: Issuer) -> bytes:
    header, _, signature = issuer.token().split(b".")
    return b".".join((header, part(issuer.claims(app_metadata={"rekindle_role": "admin"})), signature))


NOW = int(time.time())
ALGORITHM = "is not one that [sign_in] allows"
REFUSED: dict[str, tuple[Callable[[Issuer], bytes], str]] = {
    "alg none": (none, ALGORITHM),
    "alg None": (
        lambda issuer: none(issuer).replace(part({"alg": "none"})[:14], part({"alg": "None"})[:14]),
        ALGORITHM,
    ),
    "alg missing": (lambda issuer: b".".join((part({"kid": "first"}), part(issuer.claims()), b"x")), ALGORITHM),
    "alg a list": (
        lambda i: b".".join((part({"alg": ["ES256"], "kid": "first"}), part(i.claims()), b"x")),
        ALGORITHM,
    ),
    "HS256 with the PEM of the RSA key": (by_public_key("RS256", pem), ALGORITHM),
    "HS256 with the PEM of the EC key": (by_public_key("ES256", pem), ALGORITHM),
    "HS256 with the JWK of the RSA key": (by_public_key("RS256", public_jwk), ALGORITHM),
    "HS256 with the JWK of the EC key": (by_public_key("ES256", public_jwk), ALGORITHM),
    "an HMAC that calls itself RS256": (by_public_key("RS256", pem, "RS256"), "signature"),
    "an algorithm that is not allowed": (lambda i: i.token(kind="RS256", kid="rsa", algorithm="RS512"), ALGORITHM),
    "an algorithm that does not fit the key": (lambda i: i.token(kind="RS256", algorithm="RS256"), "no such key"),
    "the algorithm of another key type": (lambda issuer: issuer.token(kid="rsa"), "no such key"),
    "expired": (changed(exp=NOW - 60), "has expired"),
    "without exp": (changed(exp=None), "lacks one of"),
    "exp that is not a number": (changed(exp="soon"), "malformed"),
    "not yet valid": (changed(nbf=NOW + 86_400), "not valid yet"),
    "from the future": (changed(iat=NOW + 86_400), "not valid yet"),
    "another audience": (changed(aud="somebody-else"), "another audience"),
    "without audience": (changed(aud=None), "lacks one of"),
    "another issuer": (changed(iss="https://other.example/auth/v1"), "another issuer"),
    "the issuer with a slash more": (lambda issuer: issuer.token(iss=f"{issuer.url}/"), "another issuer"),
    "without issuer": (changed(iss=None), "lacks one of"),
    "without subject": (changed(sub=None), "lacks one of"),
    "a subject that is not a text": (changed(sub=7), "malformed"),
    "signed by somebody else": (lambda issuer: issuer.token(number=1), "signature"),
    "edited": (edited, "signature"),
    "an unknown key": (lambda issuer: issuer.token(kid="second"), "no such key"),
    "a key that is a path": (lambda issuer: issuer.token(kid="../../etc/passwd"), "no such key"),
    "a key that is an address": (lambda issuer: issuer.token(kid=f"{issuer.server.url}/mine"), "no such key"),
    "a key with a very long name": (lambda issuer: issuer.token(kid="k" * 300), "does not name its key"),
    "without the name of a key": (lambda issuer: issuer.token(kid=""), "does not name its key"),
    "brings its key": (with_key("jwk"), "signature"),
    "says where its key is": (with_key("jku"), "signature"),
    "says where its certificate is": (with_key("x5u"), "signature"),
    "brings its certificate": (with_key("x5c"), "signature"),
    "a critical header": (lambda issuer: issuer.token(header={"crit": ["b64"], "b64": True}), "of another kind"),
    "a token of another kind": (lambda issuer: issuer.token(header={"typ": "logout+jwt"}), "of another kind"),
    "a name twice in the header": (
        lambda i: part(b'{"alg":"none","kid":"first","alg":"ES256"}') + i.token()[i.token().index(b".") :],
        "malformed",
    ),
    "a claim twice": (twice, "malformed"),
    "nested deep": (lambda _: part(b"[" * 5_000) + b".e30.x", "malformed"),
    "a number with many digits": (lambda _: part(b'{"alg":' + b"9" * 5_000 + b"}") + b".e30.x", "malformed"),
    "not UTF-8": (lambda _: part(b'{"alg": "\xff"}') + b".e30.x", "malformed"),
    "a list": (lambda _: part([]) + b".e30.x", "malformed"),
    "huge": (lambda issuer: issuer.token(email="a" * 9_000), "more than 8,192 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_any_other_token_is_refused_and_not_quoted(
    issuer: Issuer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    made, said = REFUSED[name]
    issuer.keys = [jwk("ES256", "first"), jwk("RS256", "rsa")]
    token = made(issuer)
    with caplog.at_level("DEBUG", logger="rekindle"), pytest.raises(TokenRefused) as refused:
        await actor(issuer, token)
    assert said in refused.value.message
    written = f"{refused.value} {caplog.text}"
    assert not [
        one for one in (*token.decode().split("."), "anna", "passwd", "/mine") if len(one) > 3 and one in written
    ]
    assert "/mine" not in issuer.fetches


async def test_a_token_with_any_letter_changed_is_refused(issuer: Issuer) -> None:
    sign_in, token = SignIn(issuer.config()), issuer.token()
    assert await sign_in.actor(token) == ANNA
    for at, letter in enumerate(token):
        for other in (b"A", b"."):
            if other != bytes([letter]):
                with contextlib.suppress(TokenRefused):
                    assert await sign_in.actor(token[:at] + other + token[at + 1 :]) is None
    assert len(issuer.fetches) == 1


ODD = [None, True, 0, -1, 7.5, 1e308, float("inf"), float("nan"), 10**400, "", "text", [], [[]], ["x", 7], {}, {"a": 1}]


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "nbf", "iat", "sub", "jti", "email", "app_metadata"])
async def test_an_odd_claim_of_the_issuer_is_refused_or_harmless(issuer: Issuer, claim: str) -> None:
    sign_in = SignIn(issuer.config())
    for value in ODD:
        content = part({"alg": "ES256", "kid": "first"}) + b"." + part(issuer.claims() | {claim: value})
        signature = jwt.get_algorithm_by_name("ES256").sign(content, private("ES256"))
        found = None
        with contextlib.suppress(TokenRefused, Forbidden):
            found = await sign_in.actor(content + b"." + part(signature))
        assert found is None or (found.scope, found.organisations) == (ANNA.scope, ANNA.organisations)
        if claim in ("iss", "aud", "sub", "app_metadata"):
            assert found is None or (claim, value) in (("sub", ""), ("sub", "text")), value


async def test_a_key_counts_for_the_algorithm_that_it_names_alone(issuer: Issuer) -> None:
    issuer.keys = [jwk("RS256", "first", alg="RS256")]
    allowed = {"algorithms": ["RS256", "PS256"]}
    assert await actor(issuer, issuer.token(kind="RS256"), **allowed) == ANNA
    with pytest.raises(TokenRefused, match="no such key"):
        await actor(issuer, issuer.token(kind="RS256", algorithm="PS256"), **allowed)


@pytest.mark.parametrize(
    "shown", [b"", b".", b"..", b"a.b", b"a.b.c.d", b"a.b.c.d.e", b"a.b.\xff", b"a.b.c=", b"a b.c.d"]
)
async def test_anything_else_is_not_a_token(issuer: Issuer, shown: bytes) -> None:
    assert await actor(issuer, shown) is None
    assert issuer.fetches == []


async def test_clocks_may_differ_by_half_a_minute(issuer: Issuer) -> None:
    now = int(time.time())
    sign_in = SignIn(issuer.config())
    for claims in ({"exp": now - 20}, {"nbf": now + 20}, {"iat": now + 20}):
        assert await sign_in.actor(issuer.token(**claims)) == ANNA


@pytest.mark.parametrize(
    "unusable",
    [
        jwk("ES256", "first", use="enc"),
        jwk("ES256", "first", key_ops=["sign"]),
        jwk("ES256", "first", key_ops=7),
        jwk("ES256", "first", alg="ES384"),
        jwk("ES256", "first", crv="P-384"),
        jwk("ES256", "first", x="AA"),
        jwk("ES256", "first", d="AA"),
        jwk("ES256", "first", kty="oct", k="AAAA"),
        {**jwk("ES256", "first"), "kid": 7},
        jwk("ES256", "first", kty=["EC"]),
        jwk("weak", "first"),
        "text",
        None,
    ],
)
async def test_a_key_of_the_issuer_that_cannot_verify_is_left_out(issuer: Issuer, unusable: object) -> None:
    issuer.keys = [unusable, jwk("RS256", "rsa")]  # type: ignore[list-item]
    with pytest.raises(TokenRefused, match="no such key"):
        await actor(issuer, issuer.token())


class Clock:
    """A clock that the test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_an_unknown_key_is_fetched_once_and_then_at_most_every_half_minute(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.config(), clock=clock)
    found = await asyncio.gather(*(keys.key(f"unknown-{number}", "ES256") for number in range(50)))
    assert (set(found), len(issuer.fetches)) == ({None}, 1)
    assert await keys.key("first", "ES256") is not None
    clock.now += REFETCH_SECONDS - 1
    assert await keys.key("unknown", "ES256") is None
    assert len(issuer.fetches) == 1
    clock.now += 1
    assert await keys.key("unknown", "ES256") is None
    assert len(issuer.fetches) == 2


async def test_a_new_key_is_found_and_one_that_the_issuer_withdrew_counts_no_longer(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.config(), clock=clock)
    assert await keys.key("first", "ES256") is not None
    issuer.keys.append(jwk("RS256", "second"))
    clock.now += REFETCH_SECONDS
    assert await keys.key("second", "RS256") is not None
    del issuer.keys[0]
    assert await keys.key("first", "ES256") is not None  # nothing was fetched
    clock.now += MAX_AGE_SECONDS + 1
    assert await keys.key("first", "ES256") is None
    assert await keys.key("second", "RS256") is not None
    assert len(issuer.fetches) == 3


async def test_known_keys_count_for_an_hour_while_the_issuer_is_down(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.config(), clock=clock)
    assert await keys.key("first", "ES256") is not None
    issuer.reply = lambda: Reply(503)
    clock.now += GRACE_SECONDS
    assert await keys.key("first", "ES256") is not None
    with pytest.raises(IssuerUnavailable, match="HTTP 503"):
        await keys.key("second", "ES256")
    clock.now += 1
    with pytest.raises(IssuerUnavailable, match="HTTP 503"):
        await keys.key("first", "ES256")
    assert len(issuer.fetches) == 2
    issuer.reply = None
    clock.now += REFETCH_SECONDS
    assert await keys.key("first", "ES256") is not None


async def test_without_any_key_a_token_is_not_called_wrong(issuer: Issuer) -> None:
    issuer.keys = []
    with pytest.raises(IssuerUnavailable, match="has no key for the algorithms"):
        await actor(issuer, issuer.token())
    with pytest.raises(IssuerUnavailable, match="has no key for the algorithms"):
        await check(issuer.config())


async def test_check_says_which_keys_the_issuer_has(issuer: Issuer) -> None:
    issuer.keys = [jwk("ES256", "first"), jwk("RS256", "second"), jwk("ES384", "third")]
    assert await check(issuer.config()) == "the issuer has 2 usable keys (ES256, RS256)"


REPLIES: dict[str, tuple[Callable[[str], Reply | str], str]] = {
    "redirects": (lambda url: Reply(302, headers={"Location": f"{url}/keys"}), "answered HTTP 302"),
    "fails": (lambda _: Reply(500), "answered HTTP 500"),
    "is not JSON": (lambda _: Reply(body=b"<html>"), "is not a JSON object"),
    "is nested deep": (lambda _: Reply(body=b"[" * 60_000), "is not a JSON object"),
    "is a list": (lambda _: Reply(body=b"[]"), "is not a JSON object"),
    "has no keys": (lambda _: Reply(body=b"{}"), "is not a set of keys"),
    "is large": (lambda _: Reply(body=b" " * 70_000), "more than 65,536 bytes"),
    "hangs": (lambda _: HANG, "no answer within 3 s"),
    "hangs up": (lambda _: CLOSE, "no valid answer"),
    "is cut": (lambda _: CUT, "no valid answer"),
}


@pytest.mark.parametrize("name", REPLIES)
async def test_an_issuer_that_fails_is_not_the_fault_of_the_token(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    answer, said = REPLIES[name]
    if name == "hangs":
        monkeypatch.setattr(fetch, "ANSWER_SECONDS", 3.0)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")  # not used
    issuer.reply = lambda: answer(issuer.server.url)
    with pytest.raises(IssuerUnavailable, match=said) as fault:
        await actor(issuer, issuer.token())
    assert len(issuer.fetches) == 1
    assert "127.0.0.1" not in f"{fault.value}{caplog.text}"


async def test_a_name_that_the_dns_does_not_know_or_not_in_time_holds_nothing_up(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IssuerUnavailable, match="not known to the DNS"):
        await actor(issuer, issuer.token(), jwks_url="https://issuer.invalid/keys")
    released = threading.Event()
    monkeypatch.setattr(fetch, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr("rekindle.outbound.socket.getaddrinfo", lambda *_, **__: released.wait(200) and [])
    with pytest.raises(IssuerUnavailable, match="no answer within"):
        await actor(issuer, issuer.token())
    began = time.monotonic()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert time.monotonic() - began < 90
    released.set()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": "https://other.example"}, "calls itself otherwise"),
        ({"jwks_uri": None}, "no https address"),
        ({"jwks_uri": "http://keys.example/"}, "no https address"),
        ({"jwks_uri": "file:///etc/passwd"}, "no https address"),
    ],
)
async def test_a_configuration_of_the_issuer_that_cannot_be_right_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    async with serving(tmp_path, protocol="http/1.1", tls=False) as server:
        issuer = Issuer(server, "/realms/team")
        issuer.discovery |= changes
        with pytest.raises(IssuerUnavailable, match=said):
            await actor(issuer, issuer.token())
        assert len(issuer.fetches) == 1


async def test_an_issuer_must_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates(tmp_path) / "ca.pem"))
    async with serving(tmp_path, protocol="http/1.1") as server:
        issuer = Issuer(server)
        assert await actor(issuer, issuer.token()) == ANNA
        elsewhere = issuer.config(jwks_url=f"{server.url.replace('127.0.0.1', 'localhost')}/keys")
        with pytest.raises(IssuerUnavailable, match="no trusted TLS connection"):
            await SignIn(elsewhere).actor(issuer.token())
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(IssuerUnavailable, match="no trusted TLS connection"):
            await actor(issuer, issuer.token())
    with pytest.raises(IssuerUnavailable, match="no connection"):
        await actor(issuer, issuer.token())


async def test_the_configured_address_of_the_keys_is_used_unchanged(issuer: Issuer) -> None:
    assert await actor(issuer, issuer.token(), jwks_url=f"{issuer.server.url}/mine.json") == ANNA
    assert issuer.fetches == ["/mine.json"]
