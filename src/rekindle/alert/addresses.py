"""Which addresses of the network a receiver may have: only those of the public internet, unless
the operator allows others."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from rekindle.errors import AlertFailed
from rekindle.outbound import looked_up

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
# Public by number, but the metadata services of Azure and of Oracle's cloud.
_METADATA = (IPv4Address("168.63.129.16"), IPv4Address("192.0.0.192"))


async def addresses(host: str, port: int, *, allow_private: bool, receiver: str) -> Sequence[str]:
    """The addresses of a host, looked up once, in the order in which to try them.

    Raises:
        AlertFailed: the name is not known, or one of its addresses is not public.
    """
    try:
        known = await looked_up(host, port)
    except (OSError, UnicodeError):
        raise AlertFailed(
            f"the name in the address of the {receiver} is not known to the DNS", hint="Correct the address."
        ) from None
    if not allow_private and not all(map(is_public, known)):  # mutant: public-receivers
        raise AlertFailed(
            f"the {receiver} has an address that is not public",
            hint="Name a receiver on the internet, or set allow_private = true in [alert].",
        )
    return known


def is_public(text: str) -> bool:
    """Whether an IP address is one of a host on the public internet."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFF_FFFF)
    if isinstance(address, IPv6Address):
        tunnel = address.sixtofour is not None or address.teredo is not None
        return address in _UNICAST and address.is_global and not tunnel
    return address.is_global and not (address.is_multicast or address.is_reserved or address in _METADATA)
