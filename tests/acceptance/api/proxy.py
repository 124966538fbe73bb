"""nginx as its users run it, with examples/deploy/proxy/rekindle.conf: a process of the test, with
a certificate made for it."""

import contextlib
import datetime
import ipaddress
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conftest import ROOT
from team.ports import free_port
from team.waiting import WAIT_SECONDS, until

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONFIG = ROOT / "examples" / "deploy" / "proxy" / "rekindle.conf"
AS_ROOT = os.geteuid() == 0
GROUP = "www-data"
"""The group of nginx's workers. The tests of an ordinary user run nginx as that user."""

_MAIN = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/main.log warn;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/rekindle.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An nginx that is running, or will be when `running` is entered."""

    folder: Path
    port: int
    trust: ssl.SSLContext

    @property
    def unix_socket(self) -> Path:
        """Where it expects Rekindle."""
        return self.folder / "api.sock"

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.port}"

    def client(self, **more: str) -> httpx.Client:
        """A client that trusts its certificate, with these headers."""
        return httpx.Client(base_url=self.url, headers=more, verify=self.trust, timeout=60, trust_env=False)

    def connection(self) -> ssl.SSLSocket:
        """A connection that offers HTTP/2 and HTTP/1.1 as the context says."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS)
        return self.trust.wrap_socket(plain, server_hostname="127.0.0.1")

    def logged(self) -> str:
        """All that it has written into its logs."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


@contextlib.contextmanager
def proxying(*, replaced: dict[str, str] | None = None) -> Iterator[Proxy]:
    """nginx with the configuration of the examples. Only the paths and the port are replaced, and
    the given texts."""
    assert NGINX is not None
    with tempfile.TemporaryDirectory(prefix="rk") as name:
        folder = Path(name)
        folder.chmod(0o711)  # its workers are another user
        proxy = Proxy(folder, free_port(), _certificate(folder))
        _configure(proxy, replaced or {})
        process = subprocess.Popen([NGINX, "-e", "stderr", "-p", name, "-c", f"{name}/nginx.conf"])
        try:
            until(lambda: _listens(process, proxy.port))
            yield proxy
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_SECONDS)


def _configure(proxy: Proxy, replaced: dict[str, str]) -> None:
    folder = str(proxy.folder)
    text = CONFIG.read_text(encoding="utf-8")
    paths = {
        "/run/rekindle/": f"{folder}/",
        "/etc/ssl/rekindle/": f"{folder}/",
        "/var/log/nginx/": f"{folder}/",
        "listen 443 ": f"listen 127.0.0.1:{proxy.port} ",
        "listen [::]:443 ": f"listen 127.0.0.2:{proxy.port} ",  # not every machine has IPv6
    }
    for old, new in (paths | replaced).items():
        assert old in text, old
        text = text.replace(old, new)
    (proxy.folder / "rekindle.conf").write_text(text, encoding="utf-8")
    user = f"user www-data {GROUP};" if AS_ROOT else ""
    (proxy.folder / "nginx.conf").write_text(_MAIN.format(user=user, folder=folder), encoding="utf-8")


def _certificate(folder: Path) -> ssl.SSLContext:
    """Write a certificate for 127.0.0.1 and its key; the context trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rekindle.example.org")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "fullchain.pem").write_bytes(made)
    (folder / "privkey.pem").write_bytes(secret)
    return ssl.create_default_context(cadata=made.decode())


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    assert process.poll() is None, "nginx ended"
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
