"""the sandbox's identity: a service account for its clients, a CA that they trust, a certificate
for its port.

Two files are kept: FILE, a service-account file in Google's format, and FILE.ca.pem. The account's
key also signs the CA, so a restart needs only these two files. The CA can sign certificates for
this machine's loopback names only (a critical name constraint).
"""

import ipaddress
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rekindle.errors import SandboxError

_MARK = "rekindle_sandbox"
_CA_DAYS = 3650
_SERVER_DAYS = 365
_LOOPBACK = ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")


@dataclass(frozen=True, slots=True)
class Identity:
    """The service account as in its file, and the CA."""

    account: dict[str, str]
    key: rsa.RSAPrivateKey
    ca: x509.Certificate


def ca_path(credentials: Path) -> Path:
    """The path of the CA certificate."""
    return credentials.with_name(credentials.name + ".ca.pem")


def take_identity(credentials: Path, *, project: str, url: str) -> Identity:
    """Write both files for `project` and `url`. An existing key and CA are kept.

    Raises:
        SandboxError: a file was not written by a sandbox (it is left unchanged), or cannot be
            written.
    """
    try:
        key = _known_key(credentials) or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        account = _account(key, project=project, url=url)
        _write(credentials, json.dumps(account, indent=2) + "\n", mode=0o600)
        ca = _known_ca(ca_path(credentials), key)
        if ca is None:
            ca = _make_ca(key)
            _write(ca_path(credentials), ca.public_bytes(serialization.Encoding.PEM).decode(), mode=0o644)
    except OSError as error:
        raise SandboxError(
            f"the sandbox cannot write its credentials at {credentials}: {error.strerror or error}",
            hint="Name a file in a folder that exists and that you may write to.",
        ) from error
    return Identity({name: str(value) for name, value in account.items()}, key, ca)


def write_server_certificate(identity: Identity, folder: Path) -> tuple[Path, Path]:
    """Write a new certificate for localhost, 127.0.0.1 and ::1, signed by the CA, into `folder`.
    Returns the paths (certificate, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), *(x509.IPAddress(address) for address in _LOOPBACK)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(identity.ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_SERVER_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(identity.key.public_key()), critical=False)
        .sign(identity.key, hashes.SHA256())
    )
    chain, secret = folder / "server.pem", folder / "server.key"
    _write(chain, certificate.public_bytes(serialization.Encoding.PEM).decode(), mode=0o600)
    _write(secret, _pem(key), mode=0o600)
    return chain, secret


def _known_key(credentials: Path) -> rsa.RSAPrivateKey | None:
    """The key in the file, or None if there is no file. A file that no sandbox wrote is never
    changed."""
    try:
        device = credentials.exists() and not credentials.is_file() and not credentials.is_dir()
        text = "" if device else credentials.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = ""
    try:
        account: Any = json.loads(text)
        if account[_MARK] is not True:
            raise ValueError
        key = serialization.load_pem_private_key(cast("str", account["private_key"]).encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError
    except (ValueError, TypeError, LookupError, AttributeError):
        raise SandboxError(
            f"{credentials} exists and was not written by a sandbox; it was not changed",
            hint="Name another file, or remove this one.",
        ) from None
    return key


def _known_ca(path: Path, key: rsa.RSAPrivateKey) -> x509.Certificate | None:
    """The CA certificate in the file, if it belongs to this key and is valid for at least
    another year."""
    try:
        ca = x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    outlives = ca.not_valid_after_utc > datetime.now(UTC) + timedelta(days=_SERVER_DAYS)
    return ca if outlives and ca.public_key() == key.public_key() else None


def _account(key: rsa.RSAPrivateKey, *, project: str, url: str) -> dict[str, str | bool]:
    digest = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": digest,
        "private_key": _pem(key),
        "client_email": f"rekindle-sandbox@{project}.iam.gserviceaccount.com",
        "client_id": str(int(digest[:16], 16)),
        "token_uri": f"{url}/token",
        _MARK: True,
    }


def _make_ca(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Rekindle sandbox {secrets.token_hex(4)}")])
    now = datetime.now(UTC)
    permitted = [x509.DNSName("localhost"), *(x509.IPAddress(_network(one)) for one in _LOOPBACK)]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _network(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(address)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _write(path: Path, text: str, *, mode: int) -> None:
    """Replace the file in one step. At no moment can others read it, except as `mode` allows."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:  # noqa: PTH123
            file.write(text)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
