"""What kind of place an IP address is, whatever it is wrapped in. Arithmetic only, no network."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

AddressKind = Literal[
    "public",
    "private",
    "loopback",
    "metadata",
    "link-local",
    "multicast",
    "unspecified",
    "reserved",
]

_METADATA = tuple(
    map(
        ip_network,
        (
            *("169.254.169.254", "169.254.170.2", "169.254.170.23"),  # AWS and most others
            "fd00:ec2::/32",  # AWS on IPv6, with what EKS gives to pods
            "fd20:ce::254",  # Google on IPv6
            *("192.0.0.192", "fd00:c1::a9fe:a9fe"),  # Oracle
            "fd00:42::42",  # Scaleway on IPv6
            "168.63.129.16",  # Azure's wire server
            "100.100.100.200",  # Alibaba
        ),
    )
)
"""Where clouds hand out credentials to whoever asks; some lie in public or private ranges."""

_PRIVATE = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    )
)
_RESERVED = tuple(
    map(
        ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "2001::/23", "3fff::/20"),
    )
)
"""For protocols, tests and documentation; `ipaddress` knows them since some patch of Python."""
_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)

_NUMBER = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|\d+)\.?", re.IGNORECASE)
"""A host whose last label is a number: browsers and the C library read an IPv4 address in it."""


def kind_of_address(address: str) -> AddressKind:
    """Tell what an IP address leads to; one inside IPv6 is judged as what it stands for.

    Example:
        >>> kind_of_address("64:ff9b::a9fe:a9fe"), kind_of_address("::ffff:10.0.0.1")
        ('metadata', 'private')
    """
    found = _innermost(ip_address(address.partition("%")[0]))
    if any(found in network for network in _METADATA):
        return "metadata"
    for kind in ("unspecified", "loopback", "multicast", "link-local"):
        if getattr(found, f"is_{kind.replace('-', '_')}"):
            return kind
    if any(found in network for network in _PRIVATE):
        return "private"
    if any(found in network for network in _RESERVED):
        return "reserved"
    is_public = found.is_global and not found.is_reserved
    return "public" if is_public and (found.version == 4 or found in _UNICAST) else "reserved"


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address in its usual form."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_odd_address(host: str) -> bool:
    """Tell whether a host is an IPv4 address in disguise: decimal, octal, hexadecimal or short.

    Example:
        >>> is_odd_address("2130706433"), is_odd_address("0177.0.0.1"), is_odd_address("127.0.0.1")
        (True, True, False)
    """
    return not is_address(host) and _NUMBER.fullmatch(host) is not None


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address carries, if it does."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is not None:
        return inner
    if address.teredo is not None:
        return address.teredo[1]
    number = int(address)
    # ::1 and :: are no IPv4 addresses.
    is_low = address in _NAT64 or (address in _COMPATIBLE and number > 0xFFFF)
    if is_low or (number >> 32) & 0xFFFF_FFFF in _ISATAP:
        return IPv4Address(number & 0xFFFF_FFFF)
    return address
