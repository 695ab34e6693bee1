"""URL -> the addresses that may be connected to, or FetchError. Only this module resolves host names."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from ..errors import FetchError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
"""Host and port -> numeric addresses. Raises OSError."""

_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
# Python 3.11.7 treats these as global; RFC 6890 and its registry do not.
_SPECIAL = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "fec0::/10", "3fff::/20"))
)
_PORTS = {"http": 80, "https": 443}
_MAX_ADDRESSES = 4


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of a host from the system's resolver, in the resolver's order."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


class ResolvedHost(NamedTuple):
    """A host whose addresses are permitted."""

    host: str
    port: int
    addresses: list[str]
    """Numeric addresses, in the order in which to try them."""


class AddressGuard:
    """Permits public addresses on ports 80 and 443, and everything listed in `allow`.

    An entry of `allow` is `host`, `host:port`, an address or a network. Listed hosts and networks may be private and
    use other ports.
    """

    def __init__(self, allow: Iterable[str] = (), resolve: Resolver = system_resolve) -> None:
        self._resolve = resolve
        self._networks = []
        self._hosts = set()
        for entry in allow:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                self._hosts.add(entry.lower().rstrip("."))

    def resolve(self, url: str) -> ResolvedHost:
        """The host of a URL, and the addresses to connect to.

        The name is resolved here, once. Callers connect to these addresses and do not resolve it again, because a name
        server could give a different answer the second time. Raises FetchError unless every address is permitted.
        """
        host, port = split_host_port(url)
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise FetchError(f"cannot resolve the host name {host}: {reason}") from error
        if not addresses:
            raise FetchError(f"the host name {host} has no address")
        name = host.lower().rstrip(".")
        if name not in self._hosts and f"{name}:{port}" not in self._hosts:
            for address in addresses:
                self._check(host, port, address)
        return ResolvedHost(host, port, addresses[:_MAX_ADDRESSES])

    def _check(self, host: str, port: int, text: str) -> None:
        address = ipaddress.ip_address(text.split("%")[0])
        if any(address in network for network in self._networks if network.version == address.version):
            return
        if not is_public_address(address):
            raise FetchError(f"{host} is at {text}, which is not a public address; fetch.allow can permit it")
        if port not in _PORTS.values():
            raise FetchError(f"{host}:{port}: only ports 80 and 443 are permitted, unless fetch.allow lists this one")


def is_public_address(address: Address) -> bool:
    """Whether an address is on the public internet. An IPv4 address embedded in IPv6, in any form, is unwrapped."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded_ipv4(address)
        if inner is not None:
            return is_public_address(inner)
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _COMPATIBLE or any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def split_host_port(url: str) -> tuple[str, int]:
    """Host and port of a URL. Raises FetchError if it is not http(s), or has a user name or a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError(f"invalid URL {url[:200]!r}: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise FetchError(f"{url[:200]!r} is neither http nor https")
    if not host:
        raise FetchError(f"{url[:200]!r} has no host")
    if parts.username is not None or parts.password is not None:
        raise FetchError(f"the URL at {host} has a user name or a password, which is not permitted")
    return host, port or _PORTS[parts.scheme]
