"""What the claims of a verified token allow: an actor. Pure.

A claim that is not as expected never widens what a person may do.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from rekindle.access import SCOPES, Actor, Scope
from rekindle.errors import Forbidden, TokenRefused
from rekindle.foreign import label
from rekindle.scenario.sign_in import SignInConfig, claim_path

MAX_NAME = 100
MAX_ORGANISATIONS = 1_000

_ABSENT = object()
_UNREADABLE = object()
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def actor_of(claims: Mapping[str, Any], config: SignInConfig) -> Actor:
    """The person that a verified token names.

    Raises:
        TokenRefused: the token names nobody.
        Forbidden: it gives no role, or its organisations are missing or not valid.
    """
    scope = _scope(claims, config)
    organisations = _organisations(claims, config, scope)  # mutant: token-organisations
    return Actor("person", _name(claims, config), scope, organisations)


def essential(claims: Mapping[str, Any], config: SignInConfig) -> Mapping[str, Any]:
    """The claims that `actor_of` reads, and no others. What is not an object on the way to a claim
    is kept, so that it is refused as before."""
    kept: dict[str, Any] = {}
    names = (config.role_claim, config.organisations_claim, config.name_claim, "sub", "email_verified")
    for path in (claim_path(name) for name in names if name is not None):
        found, place = cast("object", claims), kept
        for number, part in enumerate(path):
            if not isinstance(found, Mapping) or part not in found:
                break
            found = cast("Mapping[str, object]", found)[part]
            if number == len(path) - 1 or not isinstance(found, Mapping):
                place.setdefault(part, found)
                break
            place = place.setdefault(part, {})
    return kept


def _scope(claims: Mapping[str, Any], config: SignInConfig) -> Scope:
    values = _texts(_found(claims, config.role_claim))
    scopes = [config.roles[value] for value in values or () if value in config.roles]
    if not scopes:  # mutant: no-role
        raise Forbidden(
            "the token gives no role here", hint="Give the person a role that [sign_in.roles] knows, and sign in again."
        )
    return next(one for one in reversed(SCOPES) if one in scopes)


def _organisations(claims: Mapping[str, Any], config: SignInConfig, scope: Scope) -> frozenset[UUID] | None:
    """The organisations of a person; None: all of them. Never empty: somebody may take an empty set
    for all."""
    value = _ABSENT if config.organisations_claim is None else _found(claims, config.organisations_claim)
    if value is _ABSENT:
        if scope in config.all_organisations:  # mutant: all-organisations
            return None
        raise Forbidden(
            "the token names no organisation",
            hint="Give the person the organisations claim of [sign_in], and sign in again.",
        )
    ids = _texts(value)
    if not ids or len(ids) > MAX_ORGANISATIONS or not all(map(_UUID.fullmatch, ids)):  # mutant: organisation-ids
        raise Forbidden(
            f"the organisations of the token are not 1 to {MAX_ORGANISATIONS:,} UUIDs",
            hint="Correct the organisations claim of the person, and sign in again.",
        )
    return frozenset(map(UUID, ids))


def _name(claims: Mapping[str, Any], config: SignInConfig) -> str:
    """How records name the person: the claim that is configured, else the subject. An address that
    the issuer says it has not verified is not used: anybody could give it."""
    for claim in (config.name_claim, "sub"):
        value = _found(claims, claim)
        verified = claim != "email" or claims.get("email_verified", True) in (True, "true")
        if verified and isinstance(value, str) and (name := label(value, most=MAX_NAME)):
            return name
    raise TokenRefused("the token names no person")


def _found(claims: Mapping[str, Any], name: str) -> object:
    """The value of a claim, or `_ABSENT`; `_UNREADABLE` if something on the way to it is not an
    object, so that it is refused and not taken for absent."""
    value: object = claims
    for part in claim_path(name):
        if not isinstance(value, Mapping):
            return _UNREADABLE
        value = cast("Mapping[str, object]", value).get(part, _ABSENT)
        if value is _ABSENT:
            break
    return value


def _texts(value: object) -> Sequence[str] | None:
    """One text, or a list of texts, as a list; None for anything else."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    texts = [one for one in values if isinstance(one, str)]
    return texts if len(texts) == len(values) else None
