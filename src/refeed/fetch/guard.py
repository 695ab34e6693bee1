"""A host and a port -> the addresses that may be connected to, or a refusal. The only place that resolves names."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from ..errors import FetchError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
"""Host and port -> numeric addresses. Raises OSError."""

_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
# Python 3.11.7 calls these global; RFC 6890 and its registry do not.
_SPECIAL = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "fec0::/10", "3fff::/20"))
)
_PORTS = {"http": 80, "https": 443}
_TRIES = 4


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses that the system's resolver gives, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressGuard:
    """Says which addresses may be connected to: public ones on ports 80 and 443, and whatever `allow` lists.

    An entry of `allow` is `host`, `host:port`, an address, or a network; it opens private addresses and odd ports.
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

    def resolve(self, url: str) -> tuple[str, int, list[str]]:
        """Host, port and the numeric addresses to connect to, in order.

        The name is resolved here, once: whoever connects has to use these addresses and not ask again, otherwise a
        name server could give another answer the second time. Raises FetchError unless every address may be used.
        """
        host, port = split_host_port(url)
        if host.lower().rstrip(".") in self._hosts or f"{host.lower().rstrip('.')}:{port}" in self._hosts:
            return host, port, self._ask(host, port)[:_TRIES]
        addresses = self._ask(host, port)
        for address in addresses:
            self._check(host, port, address)
        return host, port, addresses[:_TRIES]

    def _ask(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise FetchError(f"the name {host} is not known: {getattr(error, 'strerror', None) or error}") from error
        if not addresses:
            raise FetchError(f"the name {host} has no address")
        return addresses

    def _check(self, host: str, port: int, text: str) -> None:
        address = ipaddress.ip_address(text.split("%")[0])
        if any(address in network for network in self._networks if network.version == address.version):
            return
        if not is_public_address(address):
            raise FetchError(f"{host} is at {text}, which is not a public address; fetch.allow can list it")
        if port not in _PORTS.values():
            raise FetchError(
                f"{host} wants port {port}; only 80 and 443 are used, unless fetch.allow lists {host}:{port}"
            )


def is_public_address(address: Address) -> bool:
    """Whether an address is one of the open internet, looking through every way to wrap IPv4 into IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _unwrapped(address)
        if inner is not None:
            return is_public_address(inner)
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _unwrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
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
    """Host and port of a URL. Raises FetchError for what is no http(s) URL, or holds a name and a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError(f"{url[:200]!r} is no URL: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise FetchError(f"{url[:200]!r} is neither http nor https")
    if not host:
        raise FetchError(f"{url[:200]!r} names no host")
    if parts.username is not None or parts.password is not None:
        raise FetchError(f"the address at {host} holds a name or a password; that is not followed")
    return host, port or _PORTS[parts.scheme]
