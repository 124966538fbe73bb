"""Whose tokens the HTTP API accepts beside keys, and what their claims allow: the table
[sign_in]."""

import re
from typing import Annotated, Any, Self

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

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        if self.organisations_claim is None and not self.all_organisations:
            raise ValueError(
                "would let nobody in: set organisations_claim, or name in all_organisations the scopes that see every "
                "organisation"
            )
        return self
