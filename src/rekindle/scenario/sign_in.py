"""Whose tokens the HTTP API accepts beside keys, and what their claims allow: the table
[sign_in]."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from rekindle.access import Scope
from rekindle.scenario.alert import url_mistake
from rekindle.scenario.reach import Strict

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a private key that only the issuer has. HS256 and its kin are not among them: the
key that verifies them also signs, and JWKS publishes it."""

_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$)")
_WRITTEN_BY_USERS = frozenset({"user_metadata", "raw_user_meta_data"})


def issuer_url_mistake(url: str, *, loopback: bool = True) -> str | None:
    """What is wrong with an address of an issuer, without quoting it; None: nothing. With
    `loopback`, http is allowed for this machine."""
    if loopback and _LOOPBACK.match(url):
        url = f"https{url.removeprefix('http')}"
    return url_mistake(url, allow_private=True)


def _is_an_address(url: str) -> str:
    mistake = issuer_url_mistake(url)
    if mistake is None and "?" in url:
        mistake = "may not have a ?"
    if mistake is not None:
        raise ValueError(mistake)
    return url


def _is_an_algorithm(value: Any) -> Any:
    if isinstance(value, str) and value not in ALGORITHMS:
        raise ValueError(
            f"must be one of {', '.join(ALGORITHMS)}; a shared secret (HS256) is never accepted, and a project that "
            "signs with one can switch to signing keys"
        )
    return value


def _is_a_claim(name: str) -> str:
    if not 0 < len(name) <= 200 or not name.isprintable() or not all(claim_path(name)):
        raise ValueError("must be the name of a claim, such as role or app_metadata.rekindle_role")
    if _WRITTEN_BY_USERS.intersection(re.split("[./]", name)):  # mutant: user-metadata
        raise ValueError("users can change their user_metadata themselves; use a claim in app_metadata")
    return name


def claim_path(name: str) -> tuple[str, ...]:
    """Where a claim is: a dot leads into an object. A name with a slash, such as
    https://example.org/role, is one name."""
    return (name,) if "/" in name else tuple(name.split("."))


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_is_an_address)]
Algorithm = Annotated[str, BeforeValidator(_is_an_algorithm)]
Claim = Annotated[str, AfterValidator(_is_a_claim)]
Word = Annotated[str, Field(min_length=1, max_length=200)]


SIGN_IN_PATH = "/sign-in/back"
"""Where the issuer sends a person who signs in to the console."""
_OURS = frozenset(
    {
        "response_type",
        "response_mode",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "request",
        "request_uri",
    }
)


def _is_a_return(url: str) -> str:
    if urlsplit(_is_an_address(url)).path != SIGN_IN_PATH:
        raise ValueError(f"must be the address of the console with the path {SIGN_IN_PATH}")
    return url


def _is_an_origin(url: str) -> str:
    parts = urlsplit(_is_an_address(url))
    if url != f"{parts.scheme}://{parts.netloc}" or url != url.lower():
        raise ValueError("must be an origin, such as https://app.example.org, without a path and in lower case")
    return url


class ConsoleSignIn(Strict):
    """How people sign in to the console with the issuer: by its authorization code flow, as the
    client `client_id`; or with the access token that one of the `apps` hands over."""

    client_id: Word | None = None
    redirect_uri: Annotated[str, AfterValidator(_is_a_return)] | None = None
    name: Word | None = None
    scopes: list[Word] = Field(default=["openid", "email"], min_length=1, max_length=20)
    claims_from: Literal["access", "id"] = "access"
    parameters: dict[Word, Word] = Field(default={}, max_length=10)
    apps: list[Annotated[str, AfterValidator(_is_an_origin)]] = Field(default=[], max_length=20)

    @model_validator(mode="after")
    def _is_a_way_in(self) -> Self:
        if (self.client_id is None) != (self.redirect_uri is None):
            raise ValueError("needs both client_id and redirect_uri, or neither")
        if self.client_id is None and not self.apps:
            raise ValueError("lets nobody sign in: set client_id and redirect_uri, or name the apps")
        if "openid" not in self.scopes:
            raise ValueError("needs openid among its scopes, so that the issuer sends an ID token")
        if wrong := sorted(_OURS.intersection(self.parameters)):
            raise ValueError(f"may not set {', '.join(wrong)} among its parameters: Rekindle does")
        return self


class SignInConfig(Strict):
    """The issuer whose tokens are accepted, and what they allow."""

    issuer: Address
    audience: Annotated[list[Word], BeforeValidator(_as_list), Field(min_length=1, max_length=20)]
    jwks_url: Address | None = None
    algorithms: list[Algorithm] = Field(default=["ES256", "RS256", "EdDSA"], min_length=1, max_length=len(ALGORITHMS))
    role_claim: Claim
    roles: dict[Word, Scope] = Field(
        default={"read": "read", "operate": "operate", "admin": "admin"}, min_length=1, max_length=100
    )
    organisations_claim: Claim | None = None
    all_organisations: list[Scope] = Field(default=[], max_length=3)
    name_claim: Claim = "email"
    console: ConsoleSignIn | None = None

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        if self.organisations_claim is None and not self.all_organisations:
            raise ValueError(
                "would let nobody in: set organisations_claim, or name in all_organisations the scopes that see every "
                "organisation"
            )
        return self
