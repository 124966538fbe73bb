"""The sandbox's token endpoint and the access tokens that sends need."""

import json
import time
from collections.abc import Iterator
from typing import Any

import google.auth.transport.requests
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.oauth2 import service_account

from contract.sandbox_client import SCOPE, Sender, account_of, ask_token, assertion_of, client_of
from rekindle.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.mark.parametrize("aud", ["https://oauth2.googleapis.com/token", None])
def test_a_good_assertion_gets_a_token_for_either_audience(sandbox: Sandbox, aud: str | None):
    account = account_of(sandbox)
    with client_of(sandbox) as client:
        answer = ask_token(client, assertion_of(account, aud=aud or account["token_uri"]))
    assert answer.status_code == 200
    assert answer.json() | {"access_token": "…"} == {
        "access_token": "…",
        "expires_in": 3599,
        "token_type": "Bearer",
    }


@pytest.fixture
def sender(sandbox: Sandbox) -> Iterator[Sender]:
    with Sender(sandbox) as one:
        yield one


def other_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs8 = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"iss": "someone@else.iam.gserviceaccount.com"}, "invalid_grant"),
        ({"aud": "https://example.org/token"}, "invalid_grant"),
        ({"iat": -7200, "exp": -3600}, "invalid_grant"),
        ({"iat": 1200, "exp": 4800}, "invalid_grant"),
        ({"iat": 0, "exp": 7200}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"iat": "now"}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "https://www.googleapis.com/auth/firebase.messaging.readonly"}, "invalid_scope"),
    ],
)
def test_a_wrong_claim_gets_no_token(sandbox: Sandbox, changed: dict[str, Any], error: str):
    # Seconds from now: when the test runs, and not when the suite was collected.
    changed = {name: int(time.time()) + value if isinstance(value, int) else value for name, value in changed.items()}
    with client_of(sandbox) as client:
        answer = ask_token(client, assertion_of(account_of(sandbox), **changed))
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert "access_token" not in answer.json()


def test_a_signature_of_another_key_gets_no_token(sandbox: Sandbox):
    forged = account_of(sandbox) | {"private_key": other_key()}
    with client_of(sandbox) as client:
        answer = ask_token(client, assertion_of(forged))
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}


def test_an_unsigned_assertion_gets_no_token(sandbox: Sandbox):
    _, claims, _ = assertion_of(account_of(sandbox)).split(".")
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    with client_of(sandbox) as client:
        assert ask_token(client, f"{none}.{claims}.").status_code == 400


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "..", "é.é.é", "W10.W10.W10"])
def test_text_that_is_not_an_assertion_gets_no_token(sandbox: Sandbox, assertion: str):
    with client_of(sandbox) as client:
        answer = ask_token(client, assertion)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_another_grant_type_is_not_supported(sandbox: Sandbox):
    with client_of(sandbox) as client:
        answer = ask_token(client, assertion_of(account_of(sandbox)), grant="client_credentials")
        missing = client.post("/token", data={"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")


def test_google_auth_gets_a_token_and_may_send_with_it(sandbox: Sandbox, sender: Sender):
    account = account_of(sandbox)
    credentials = service_account.Credentials.from_service_account_info(account, scopes=[SCOPE])
    with requests.Session() as session:
        session.trust_env = False  # else REQUESTS_CA_BUNDLE wins over what follows
        session.verify = str(sandbox.ca)
        credentials.refresh(google.auth.transport.requests.Request(session))
    sender.headers = {"authorization": f"Bearer {credentials.token}"}
    assert sender.send({"token": "t"}).status_code == 200


def test_an_expired_token_is_refused_as_expired_and_nothing_is_kept(sandbox: Sandbox, sender: Sender):
    sandbox.clear()
    sender.expire()
    answer = sender.send({"token": "t"})
    assert answer.status_code == 401
    assert answer.json()["error"] == {
        "code": 401,
        "message": "Request had invalid authentication credentials.",
        "status": "UNAUTHENTICATED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_EXPIRED",
                "domain": "googleapis.com",
            }
        ],
    }
    assert sandbox.messages() == []


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer ya29.other", "Bearer ya29.sandbox.9999999999.forged"],
)
def test_a_missing_or_foreign_token_is_refused_plainly(sandbox: Sandbox, sender: Sender, authorization: str | None):
    sandbox.clear()
    sender.headers = {} if authorization is None else {"authorization": authorization}
    answer = sender.send({"token": "t"})
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    assert "details" not in answer.json()["error"]
    assert sandbox.messages() == []


def test_a_token_of_another_sandbox_is_refused(sender: Sender):
    with Sandbox() as other, Sender(other) as stranger:
        foreign = stranger.headers
    sender.headers = foreign
    assert sender.send({"token": "t"}).status_code == 401


def test_the_service_account_file_is_complete_and_private(sandbox: Sandbox):
    assert sandbox.credentials.stat().st_mode & 0o777 == 0o600
    account = json.loads(sandbox.credentials.read_text())
    assert account["type"] == "service_account"
    assert account["project_id"] == sandbox.project
    assert account["token_uri"] == f"{sandbox.url}/token"
    needed = {"private_key_id", "private_key", "client_email", "client_id"}
    assert all(isinstance(account[name], str) and account[name] for name in needed)
    assert "PRIVATE" not in sandbox.ca.read_text()
