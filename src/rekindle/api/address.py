"""Where the API listens, and why a request without a key may come in there."""

import grp
import ipaddress
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from rekindle.api.keys import EnvironmentKeys
from rekindle.errors import ServerError

_LOOPBACK_NAMES = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
_KEY_HINT = (
    "Create one with `rekindle key create`, set REKINDLE_API_KEY, or listen on a file that only this user may open "
    "(--unix-socket PATH)."
)


@dataclass(frozen=True, slots=True)
class Address:
    """A port of an IP address (0: any free one), or a Unix socket, which `group` may open too."""

    ip: str = ""
    port: int = 0
    unix_socket: Path | None = None
    group: int | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.unix_socket is not None or ipaddress.ip_address(self.ip).is_loopback

    def shown(self, port: int) -> str:
        """As a user writes it."""
        if self.unix_socket is not None:
            return f"unix:{self.unix_socket}"
        return f"http://[{self.ip}]:{port}" if ":" in self.ip else f"http://{self.ip}:{port}"


def resolved(host: str, port: int) -> Address:
    """The address that a host name or an IP address means.

    Raises:
        ServerError: it means none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return Address(str(found[0][4][0]), port)
    except (OSError, UnicodeError):
        raise ServerError("the address of --host cannot be found", hint="Give an IP address of this machine.") from None


def free_socket(path: Path) -> Address:
    """The Unix socket at this path. One that a killed server left is removed.

    Raises:
        ServerError: a server listens there, or something else has the name.
    """
    try:
        there = path.lstat()
    except FileNotFoundError:
        return Address(unix_socket=path)
    except OSError as error:
        raise ServerError(f"cannot listen on {path}: {error.strerror}", hint="Give another --unix-socket.") from None
    if not stat.S_ISSOCK(there.st_mode):
        raise ServerError(f"{path} exists and is not a socket", hint="Give another --unix-socket.")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return Address(unix_socket=path)
        except OSError as error:
            raise ServerError(
                f"cannot listen on {path}: {error.strerror}", hint="Give another --unix-socket."
            ) from None
    raise ServerError(f"another server listens on {path}", hint="Stop it, or give another --unix-socket.")


def socket_group(name: str) -> int:
    """The number of the group that may open the Unix socket.

    Raises:
        ServerError: there is no such group, or this process may not give it a file.
    """
    try:
        number = grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise ServerError(
            "the group of --unix-socket-group does not exist", hint="Create it with `groupadd --system NAME`."
        ) from None
    if os.geteuid() != 0 and number not in {os.getegid(), *os.getgroups()}:
        raise ServerError(
            "this process is not in the group of --unix-socket-group",
            hint="Add its user with `usermod -aG NAME USER`, or the unit with `SupplementaryGroups=`.",
        )
    return number


def open_to_group(address: Address) -> None:
    """Let the group open the socket, which until now only this user may open.

    Raises:
        OSError: the file system refuses.
    """
    if address.unix_socket is not None and address.group is not None:
        os.chown(address.unix_socket, -1, address.group, follow_symlinks=False)
        address.unix_socket.chmod(0o660)  # mutant: only-the-group


def require_key(address: Address, keys: EnvironmentKeys | None, *, insecure_loopback: bool, others: bool) -> None:
    """Refuse to serve without a key, except on a Unix socket of this user alone, or on loopback if
    that was asked for. `others`: there are other credentials than the keys of the environment.

    No header proves where a request comes from: a proxy on this machine sends the requests of
    strangers from loopback, and need not say so.

    Raises:
        ServerError: it needs a key.
    """
    if keys is not None:
        if insecure_loopback:
            raise ServerError(
                "--insecure-loopback asks for no key, and REKINDLE_API_KEY is set", hint="Leave one of them out."
            )
        return
    if others and not insecure_loopback:
        return
    if address.unix_socket is not None and address.group is None:  # mutant: group-needs-key
        return
    if not insecure_loopback:
        raise ServerError("the API needs a key", hint=_KEY_HINT)
    if not address.is_local:
        raise ServerError(
            f"--insecure-loopback serves only this machine, and {address.ip} is not a loopback address", hint=_KEY_HINT
        )


def names_loopback(host: bytes) -> bool:
    """Whether a Host header names this machine.

    A web page may have a host name that resolves to this machine (DNS rebinding), and then reads
    what the API answers. Its requests name that host.
    """
    name, _, port = host.lower().rpartition(b":")
    return (name if port.isdigit() else host.lower()) in _LOOPBACK_NAMES
