"""What [sign_in] may say, and what the claims of a token allow."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from rekindle.configuration import load_config
from rekindle.errors import ConfigInvalid, Forbidden, TokenRefused
from rekindle.scenario import SignInConfig
from rekindle.scenario.sign_in import ALGORITHMS
from rekindle.sign_in.claims import MAX_NAME, actor_of, essential

A = "0d0c1f0a-5a7e-4f0e-9a35-6d2f3f2b7c11"
B = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
LEAST: dict[str, Any] = {
    "issuer": "https://abcdefghijklmnopqrst.supabase.co/auth/v1",
    "audience": "authenticated",
    "role_claim": "app_metadata.rekindle_role",
    "organisations_claim": "app_metadata.rekindle_organisations",
}


def loaded(folder: Path, **changes: Any) -> SignInConfig:
    """The table in a file, as it is read. A key that is set to None is left out."""
    keys = {name: value for name, value in (LEAST | changes).items() if value is not None}
    roles: dict[str, str] = keys.pop("roles", {})
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in keys.items()]
    lines += [f"[sign_in.roles]\n{json.dumps(value)} = {json.dumps(scope)}" for value, scope in roles.items()]
    (folder / "rekindle.toml").write_text("\n".join(["[sign_in]", *lines]), encoding="utf-8")
    found = load_config(folder / "rekindle.toml").sign_in
    assert found is not None
    return found


def claims(role: object = "operate", organisations: object = (A,), **more: Any) -> dict[str, Any]:
    listed = list(organisations) if isinstance(organisations, tuple) else organisations
    metadata = {"rekindle_role": role, "rekindle_organisations": listed}
    return {"sub": "user-7", "app_metadata": metadata, **more}


def test_one_audience_may_be_a_text(tmp_path: Path) -> None:
    assert loaded(tmp_path).audience == ["authenticated"]
    assert loaded(tmp_path, audience=["a", "b"]).audience == ["a", "b"]


@pytest.mark.parametrize("loopback", ["http://localhost:9999/auth/v1", "http://127.0.0.1", "http://[::1]:80/"])
def test_an_issuer_on_this_machine_may_be_without_tls(tmp_path: Path, loopback: str) -> None:
    assert loaded(tmp_path, issuer=loopback).issuer == loopback


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "http": ({"issuer": "http://s3cret.example"}, "sign_in.issuer: must begin with https://"),
    "http to a name that begins alike": ({"issuer": "http://localhost.s3cret.example"}, "must begin with https://"),
    "http to a user": ({"issuer": "http://localhost:s3cret@other.example"}, "may not have a user name"),
    "a query": ({"issuer": "https://s3cret.example/?a=b"}, "may not have a ?"),
    "keys over http": ({"jwks_url": "http://s3cret.example/keys"}, "sign_in.jwks_url: must begin with https://"),
    "a file": ({"jwks_url": "file:///s3cret"}, "must begin with https://"),
    "no audience": ({"audience": None}, "sign_in.audience: is missing"),
    "empty audience": ({"audience": []}, "sign_in.audience"),
    "no role claim": ({"role_claim": None}, "sign_in.role_claim: is missing"),
    "HS256": ({"algorithms": ["ES256", "HS256"]}, "a shared secret (HS256) is never accepted"),
    "none": ({"algorithms": ["none"]}, "must be one of RS256"),
    "no algorithm": ({"algorithms": []}, "sign_in.algorithms"),
    "what users write": ({"role_claim": "user_metadata.role"}, "use a claim in app_metadata"),
    "a name that users write": ({"name_claim": "user_metadata.s3cret"}, "use a claim in app_metadata"),
    "organisations that users write": ({"organisations_claim": "a/user_metadata"}, "use a claim in app_metadata"),
    "an empty part": ({"role_claim": "app_metadata."}, "must be the name of a claim"),
    "another scope": ({"roles": {"boss": "s3cret"}}, "sign_in.roles.boss"),
    "a scope of everything": ({"all_organisations": ["s3cret"]}, "sign_in.all_organisations"),
    "nobody": ({"organisations_claim": None}, "sign_in: would let nobody in"),
    "another key": ({"secret": "s3cret"}, "sign_in.secret: there is no such key"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_not_quoted(tmp_path: Path, name: str) -> None:
    changes, said = MISTAKES[name]
    with pytest.raises(ConfigInvalid) as fault:
        loaded(tmp_path, **changes)
    assert said in str(fault.value)
    assert "s3cret" not in str(fault.value).replace("sign_in.secret", "")


def test_no_algorithm_has_a_key_that_both_signs_and_verifies() -> None:
    assert not [one for one in ALGORITHMS if one.startswith("HS") or one.lower() == "none"]


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        ("read", "read"), ("operate", "operate"), ("admin", "admin"), (["read", "x", "operate"], "operate"),
        (["admin", "read"], "admin"),
    ],
)  # fmt: skip
def test_the_widest_scope_of_the_roles_counts(tmp_path: Path, role: object, scope: str) -> None:
    assert actor_of(claims(role), loaded(tmp_path)).scope == scope


@pytest.mark.parametrize("role", [None, "", "owner", "ADMIN", [], ["owner"], ["admin", 7], {"admin": True}, True, 1])
def test_any_other_role_is_none(tmp_path: Path, role: object) -> None:
    with pytest.raises(Forbidden, match="no role"):
        actor_of(claims(role), loaded(tmp_path))


def test_without_the_claim_there_is_no_role_even_if_users_wrote_one(tmp_path: Path) -> None:
    for found in ({}, {"app_metadata": "admin"}, {"user_metadata": {"rekindle_role": "admin"}, "role": "admin"}):
        with pytest.raises(Forbidden, match="no role"):
            actor_of({"sub": "user-7", **found}, loaded(tmp_path))


def test_only_the_roles_that_are_configured_count(tmp_path: Path) -> None:
    config = loaded(tmp_path, roles={"https://example.org/roles/Coach": "operate"})
    assert actor_of(claims("https://example.org/roles/Coach"), config).scope == "operate"
    with pytest.raises(Forbidden):
        actor_of(claims("admin"), config)


def test_one_organisation_may_be_a_text(tmp_path: Path) -> None:
    assert actor_of(claims(organisations=A), loaded(tmp_path)).organisations == {UUID(A)}
    assert actor_of(claims(organisations=(A, B.upper())), loaded(tmp_path)).organisations == {UUID(A), UUID(B)}


@pytest.mark.parametrize(
    "organisations",
    [(), None, "", "all", "*", (A, "acme"), (A, 7), (A, None), {A: "admin"}, True, f"{{{A}}}", A.replace("-", ""),
     f"urn:uuid:{A}", f"{A}\n", tuple([A] * 1_001)],
)  # fmt: skip
def test_organisations_that_are_not_valid_are_refused_for_every_scope(tmp_path: Path, organisations: object) -> None:
    config = loaded(tmp_path, all_organisations=["read", "operate", "admin"])
    with pytest.raises(Forbidden, match="UUIDs"):
        actor_of(claims("admin", organisations), config)


def test_without_organisations_only_the_scopes_that_are_configured_see_all(tmp_path: Path) -> None:
    found = {"sub": "user-7", "app_metadata": {"rekindle_role": "admin"}}
    with pytest.raises(Forbidden, match="names no organisation"):
        actor_of(found, loaded(tmp_path))
    with pytest.raises(Forbidden, match="names no organisation"):
        actor_of(found, loaded(tmp_path, all_organisations=["operate"]))
    config = loaded(tmp_path, all_organisations=["admin"])
    assert actor_of(found, config).organisations is None
    assert actor_of(claims("admin"), config).organisations == {UUID(A)}


def test_an_object_that_is_something_else_is_not_taken_for_absent(tmp_path: Path) -> None:
    config = loaded(tmp_path, role_claim="role", all_organisations=["admin"])
    for metadata in ("text", [], None, 7):
        with pytest.raises(Forbidden, match="UUIDs"):
            actor_of({"sub": "user-7", "role": "admin", "app_metadata": metadata}, config)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"email": "anna@example.org"}, "anna@example.org"),
        ({"email": "anna@example.org", "email_verified": True}, "anna@example.org"),
        ({"email": "anna@example.org", "email_verified": False}, "user-7"),
        ({"email": ""}, "user-7"),
        ({"email": ["anna@example.org"]}, "user-7"),
        ({"email": "anna\u202e@example.org\nkey ci\x1b[2J"}, "anna\ufffd@example.org key ci\ufffd[2J"),
        ({"email": "a" * 200}, "a" * (MAX_NAME - 1) + "…"),
    ],
)
def test_the_name_is_one_printable_line(tmp_path: Path, more: dict[str, Any], name: str) -> None:
    assert actor_of(claims(**more), loaded(tmp_path)).label == f"person {name}"


def test_a_token_that_names_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TokenRefused):
        actor_of(claims(sub=" \n"), loaded(tmp_path))


CONSOLE: dict[str, Any] = {"client_id": "c", "redirect_uri": "https://nudges.example.org/sign-in/back"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"redirect_uri": None}, "needs both client_id and redirect_uri"),
        ({"client_id": None}, "needs both client_id and redirect_uri"),
        ({"client_id": None, "redirect_uri": None}, "lets nobody sign in"),
        ({"redirect_uri": "https://nudges.example.org/back"}, "with the path /sign-in/back"),
        ({"redirect_uri": "http://nudges.example.org/sign-in/back"}, "must begin with https://"),
        ({"scopes": ["email"]}, "needs openid among its scopes"),
        ({"parameters": {"state": "x"}}, "may not set state among its parameters"),
        ({"claims_from": "user"}, "'access' or 'id'"),
        ({"apps": ["https://app.example.org/"]}, "must be an origin"),
        ({"apps": ["https://App.example.org"]}, "must be an origin"),
        ({"client_secret": "x"}, "client_secret"),
    ],
)
def test_a_mistake_in_the_sign_in_of_the_console_is_explained(changes: dict[str, Any], said: str) -> None:
    console = {name: value for name, value in (CONSOLE | changes).items() if value is not None}
    with pytest.raises(ValueError, match=re.escape(said)):
        SignInConfig.model_validate({**LEAST, "console": console})


@pytest.mark.parametrize(
    "claims",
    [
        {"app_metadata": {"rekindle_role": "read", "rekindle_organisations": [A, B], "other": "x" * 99}, "sub": "s"},
        {"app_metadata": {"rekindle_role": ["x", "admin"]}, "sub": "s", "email": "a@example.org"},
        {"app_metadata": {"rekindle_role": "read", "rekindle_organisations": A}, "sub": "s", "email_verified": False},
        {"app_metadata": "rekindle_role", "sub": "s"},
        {"app_metadata": {"rekindle_role": "admin", "rekindle_organisations": None}, "sub": "s"},
        {"sub": "s"},
        {"app_metadata": {"rekindle_role": "admin"}},
    ],
)
def test_the_claims_that_a_session_keeps_allow_what_all_claims_allow(claims: dict[str, Any]) -> None:
    for config in (
        SignInConfig.model_validate(LEAST),
        SignInConfig.model_validate(
            {**LEAST, "all_organisations": ["admin"], "role_claim": "app_metadata.rekindle_role"}
        ),
        SignInConfig.model_validate({**LEAST, "organisations_claim": "app_metadata.rekindle_role.deep"}),
    ):
        answers: list[object] = []
        for one in (claims, essential(claims, config)):
            try:
                answers.append(actor_of(one, config))
            except (Forbidden, TokenRefused) as fault:
                answers.append(str(fault))
        assert answers[0] == answers[1]
    assert "other" not in str(essential(claims, SignInConfig.model_validate(LEAST)))
