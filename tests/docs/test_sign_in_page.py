"""Each configuration that the page about sign-in shows is valid, and lets in a person with the
claims that the page says."""

from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from docs.documents import blocks, read, sections
from rekindle.configuration import load_config
from rekindle.errors import Forbidden
from rekindle.sign_in.claims import actor_of

PAGE = read("docs/how-to/sign-in.md")
ORGANISATION = "0d0c1f0a-5a7e-4f0e-9a35-6d2f3f2b7c11"
SHOWN = [one.text for one in blocks(PAGE) if one.info == "toml"]
LIMITED = frozenset({UUID(ORGANISATION)})

# For each configuration, claims as that issuer writes them, and who they are.
CLAIMS: list[tuple[dict[str, Any], str, frozenset[UUID] | None]] = [
    (
        {
            "email": "anna@example.org",
            "app_metadata": {"rekindle_role": "operate", "rekindle_organisations": [ORGANISATION]},
        },
        "person anna@example.org",
        LIMITED,
    ),
    (
        {
            "preferred_username": "anna",
            "realm_access": {"roles": ["offline_access", "nudge-coordinator"]},
            "organisations": [ORGANISATION],
        },
        "person anna",
        LIMITED,
    ),
    (
        {
            "https://nudges.example.org/role": "operate",
            "https://nudges.example.org/organisations": ORGANISATION,
        },
        "person user-7",
        LIMITED,
    ),
]


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_the_configuration_shown_lets_in_the_person_that_its_claims_describe(tmp_path: Path, number: int) -> None:
    (tmp_path / "rekindle.toml").write_text(SHOWN[number], encoding="utf-8")
    config = load_config(tmp_path / "rekindle.toml").sign_in
    assert config is not None
    claims, label, organisations = CLAIMS[number]
    found = actor_of({"sub": "user-7", **claims}, config)
    assert (found.label, found.scope, found.organisations) == (label, "operate", organisations)
    with pytest.raises(Forbidden):
        actor_of({"sub": "user-7"}, config)


def test_the_sql_shown_writes_the_claims_that_the_configuration_reads(tmp_path: Path, empty_url: str) -> None:
    [sql] = [one.text for one in blocks(PAGE) if one.info == "sql"]
    (tmp_path / "rekindle.toml").write_text(SHOWN[0], encoding="utf-8")
    config = load_config(tmp_path / "rekindle.toml").sign_in
    assert config is not None
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("create schema auth")
        connection.execute("create table auth.users (email text, raw_app_meta_data jsonb)")
        for before in ("null", """'{"provider": "email", "rekindle_role": "admin"}'"""):
            connection.execute(f"insert into auth.users values ('anna@example.org', {before})")  # type: ignore[arg-type]
        connection.execute(sql)  # type: ignore[arg-type]
        for (metadata,) in connection.execute("select raw_app_meta_data from auth.users").fetchall():
            found = actor_of({"sub": "user-7", "app_metadata": metadata}, config)
            assert (found.scope, found.organisations) == ("operate", LIMITED)


def test_every_scope_is_described() -> None:
    assert [line.split("`")[1] for line in sections(PAGE)["What a person may do"].splitlines() if "| `" in line] == [
        "read",
        "operate",
        "admin",
    ]
