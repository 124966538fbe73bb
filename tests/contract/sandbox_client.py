"""A plain FCM client for the sandbox's own tests: HTTP/2 unless told otherwise, no retries, one
TLS trust root."""

import json
import ssl
import time
from typing import Any, Self

import google.auth.crypt
import google.auth.jwt
import httpx

from rekindle.sandbox import Sandbox
from rekindle.sandbox.tokens import GRANT, AccessTokens
from team.waiting import WAIT_SECONDS

UNANSWERED = httpx.Timeout(WAIT_SECONDS, read=1.0)
"""For a request that gets no answer in time. The connection to make is another matter."""
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


def account_of(sandbox: Sandbox) -> dict[str, Any]:
    return json.loads(sandbox.credentials.read_text())


def trust(sandbox: Sandbox) -> ssl.SSLContext:
    """Trust only the sandbox's CA, and check it as strictly as newer Python versions do by
    default."""
    context = ssl.create_default_context(cafile=str(sandbox.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def client_of(sandbox: Sandbox, *, http2: bool = True) -> httpx.Client:
    return httpx.Client(http2=http2, verify=trust(sandbox), base_url=sandbox.url, timeout=WAIT_SECONDS, trust_env=False)


def assertion_of(account: dict[str, Any], **changed: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": account["client_email"],
        "scope": SCOPE,
        "aud": account["token_uri"],
        "iat": now,
        "exp": now + 3600,
    } | changed
    signer = google.auth.crypt.RSASigner.from_service_account_info(account)
    given = {name: value for name, value in claims.items() if value is not None}
    return google.auth.jwt.encode(signer, given).decode()


def ask_token(client: httpx.Client, assertion: str, grant: str = GRANT) -> httpx.Response:
    return client.post("/token", data={"grant_type": grant, "assertion": assertion})


class Sender:
    """Sends with an access token that it got from the token endpoint."""

    def __init__(self, sandbox: Sandbox, *, http2: bool = True) -> None:
        self.sandbox = sandbox
        self.client = client_of(sandbox, http2=http2)
        answer = ask_token(self.client, assertion_of(account_of(sandbox)))
        self.headers = {"authorization": f"Bearer {answer.json()['access_token']}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def post(
        self, body: Any, *, project: str | None = None, timeout: httpx.Timeout | float = WAIT_SECONDS
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/v1/projects/{project or self.sandbox.project}/messages:send"
        headers = self.headers | {"content-type": "application/json"}
        return self.client.post(path, content=content, headers=headers, timeout=timeout)

    def send(self, message: Any, *, timeout: httpx.Timeout | float = WAIT_SECONDS) -> httpx.Response:
        return self.post({"message": message}, timeout=timeout)

    def expire(self) -> None:
        """Use a token of this sandbox that expired a minute ago."""
        key = account_of(self.sandbox)["private_key"]
        self.headers = {"authorization": f"Bearer {AccessTokens(key).issue(now=time.time() - 3660)}"}
