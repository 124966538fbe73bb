"""Reads a Google credentials file once, and accepts it only if the hosts that it names are
Google's.

The file decides where a signed assertion is sent. Without the list of allowed hosts, anybody who
can change the file could have our assertions sent to any address.
"""

import http.client
import re
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from google.auth import aws, identity_pool, impersonated_credentials, pluggable
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport import Request, Response
from google.oauth2 import credentials as authorized_user
from google.oauth2 import service_account

from rekindle.dispatchers.fcm.key_file import is_content, parse
from rekindle.errors import CredentialsMissing, CredentialsRejected

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GOOGLE_HOSTS = ("oauth2.googleapis.com", "accounts.google.com", ".googleapis.com")
MAX_ANSWER_BYTES = 65_536
_MAX_FILE_BYTES = 65_536

_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]{0,62}")
_ADDRESS_KEYS = ("token_uri", "token_url", "token_info_url", "service_account_impersonation_url")
# The metadata servers of the clouds: the only addresses that are called without TLS.
_METADATA_HOSTS = ("169.254.169.254", "fd00:ec2::254", "metadata.google.internal")
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
# Never the path itself: by mistake it may be the content of the file.
_FILE = f"the file that {_VARIABLE} names"
_HINT = f"Set {_VARIABLE} to the JSON key file of a service account of the Firebase project."


@dataclass(frozen=True, slots=True)
class LoadedCredentials:
    """Credentials that have not been used yet, and their project."""

    credentials: Credentials = field(repr=False)
    project: str


def load(path: Path | None, *, project: str | None = None, hosts: Collection[str]) -> LoadedCredentials:
    """Read a credentials file: service account, workload identity, authorised user or
    impersonation.

    No error quotes the path or anything in the file.

    Args:
        path: the file, or None if the environment does not name one.
        project: the Firebase project, if the file does not name one.
        hosts: the hosts that the file may name. A leading dot allows every subdomain.

    Raises:
        CredentialsMissing: the file does not exist, is not a credentials file, or does not name a
            project.
        CredentialsRejected: the file names a host that is not allowed, or its key cannot be read.
    """
    if path is None:
        raise CredentialsMissing(f"{_VARIABLE} is not set", hint=_HINT)
    if is_content(path):
        raise CredentialsMissing(
            f"{_VARIABLE} contains the content of a key file and not its path",
            hint=f"Write it to a file that only this process may read, and set {_VARIABLE} to the file's path.",
        )
    try:
        with path.open("rb") as file:
            content = parse(file.read(_MAX_FILE_BYTES))  # a key file has 2,400; a device has no end
    except OSError as error:
        reason = error.strerror or "an unknown reason"
        raise CredentialsMissing(f"{_FILE} cannot be read: {reason.lower()}", hint=_HINT) from None
    if not content:
        raise CredentialsMissing(f"{_FILE} is not JSON", hint=_HINT)
    if not isinstance(content.get("type"), str):
        raise CredentialsMissing(f"{_FILE} is not the key file of a service account", hint=_HINT)
    _check_addresses(content, hosts)
    named = content.get("project_id") or project
    if not isinstance(named, str) or _PROJECT.fullmatch(named) is None:
        raise CredentialsMissing(
            f"{_FILE} does not name a Firebase project",
            hint="Use a key file with a project_id, or set GOOGLE_CLOUD_PROJECT.",
        )
    try:
        return LoadedCredentials(_credentials(content), named)
    except (GoogleAuthError, ValueError, TypeError, KeyError, AttributeError):
        # Leave out the library's message: it may quote the file.
        service = content["type"] == "service_account"
        wrong = f"the private_key in {_FILE} cannot be read" if service else f"{_FILE} is incomplete"
        raise CredentialsRejected(wrong, hint="Use the file as Google made it, or make a new key.") from None


def _credentials(content: Mapping[str, Any]) -> Credentials:
    # Give each class the content that was checked. The library's loader would read the file a
    # second time.
    scopes = [SCOPE]
    match content["type"]:
        case "service_account":
            for key in ("client_email", "private_key"):
                if not content.get(key):
                    raise CredentialsRejected(f"{_FILE} has no {key}", hint=_HINT)
            made = service_account.Credentials.from_service_account_info(content, scopes=scopes)  # pyright: ignore[reportUnknownMemberType]
        case "external_account":
            source: Any = content.get("credential_source") or {}
            if content.get("subject_token_type") == "urn:ietf:params:aws:token-type:aws4_request":
                kind: Any = aws.Credentials
            else:
                kind = pluggable.Credentials if "executable" in source else identity_pool.Credentials
            made = kind.from_info(content, scopes=scopes)
        case "authorized_user":
            made = authorized_user.Credentials.from_authorized_user_info(content, scopes=scopes)  # pyright: ignore[reportUnknownMemberType]
        case "impersonated_service_account":
            kind = impersonated_credentials.Credentials
            made = kind.from_impersonated_service_account_info(content, scopes=scopes)
        case _:
            raise CredentialsMissing(f"{_FILE} is not the key file of a service account", hint=_HINT)
    return cast("Credentials", made)


def _check_addresses(content: Mapping[str, Any], hosts: Collection[str]) -> None:
    for key, value in content.items():
        if isinstance(value, dict):
            _check_addresses(cast("dict[str, Any]", value), hosts)
        elif key in _ADDRESS_KEYS and value is not None and not _allowed(value, hosts):
            raise CredentialsRejected(
                f"{_FILE} contains a {key} that is not Google's",
                hint=f"Use the file as Google made it; with a sandbox, set REKINDLE_FCM_URL to the same host as {key}.",
            )


def https_host(address: object) -> str | None:
    """The host of an https:// address; None if it is not one, or has a user or password."""
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
        if parts is None or parts.scheme != "https" or parts.username is not None:
            return None
        return parts.hostname if parts.port != 0 else None
    except ValueError:
        return None


def _allowed(address: object, hosts: Collection[str]) -> bool:
    name = https_host(address)
    return name is not None and any(name == host or (host.startswith(".") and name.endswith(host)) for host in hosts)


class _Answer(Response):
    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self._status, self._headers, self._data = status, headers, data

    @property
    def status(self) -> int:
        return self._status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    @property
    def data(self) -> bytes:
        return self._data


class TokenRequest(Request):
    """google-auth's HTTP transport: one blocking HTTP/1.1 request without redirects or proxies,
    with an answer of at most 64 kB.

    Only HTTPS, except to a cloud's metadata server. POST, which contains assertions and subject
    tokens, is sent to the given hosts only: the library derives some addresses from other fields of
    the file (`universe_domain`).

    Args:
        context: the certificates to trust.
        timeout: seconds for each step of a request (connecting, each read). The library's own
            value is ignored.
        hosts: see `load`.
    """

    def __init__(self, context: ssl.SSLContext, *, timeout: float, hosts: Collection[str]) -> None:
        self._context = context
        self._timeout = timeout
        self._hosts = hosts

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **kwargs: object,
    ) -> _Answer:
        del kwargs
        if method == "POST" and not _allowed(url, self._hosts):
            raise RefreshError("not an allowed token host", retryable=False)
        seconds = min(timeout or self._timeout, self._timeout)
        try:
            connection, target = self._connect(url, seconds)
        except ValueError:
            raise TransportError("the address cannot be used") from None
        try:
            connection.request(method, target, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return _Answer(answer.status, dict(answer.getheaders()), answer.read(MAX_ANSWER_BYTES))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise TransportError(type(error).__name__) from error
        finally:
            connection.close()

    def _connect(self, url: str, seconds: float) -> tuple[http.client.HTTPConnection, str]:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.hostname or ""
        if parts.scheme == "https" and host:
            return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=self._context), target
        if parts.scheme == "http" and host in _METADATA_HOSTS:
            return http.client.HTTPConnection(host, parts.port, timeout=seconds), target
        raise ValueError("neither HTTPS nor a metadata server")
