"""Addresses -> the files of documents, and how each is sent. Alone decides which addresses reach the disk."""

from __future__ import annotations

import re
from typing import NamedTuple

from .. import seal
from ..access import Access, personal
from .manners import Manners, Named, named
from .ready import Manner, Ready
from .shelf import Place, Sealed

_ADDRESS = re.compile(r"(?:/k/(?P<token>[a-z2-7]{32}))?/feeds/(?P<path>[a-z0-9/.-]{1,200})")


class Asked(NamedTuple):
    """What a document's address says."""

    path: str
    """Below feeds/."""
    name: Named
    token: str | None

    @property
    def feed(self) -> str:
        """What the counters call it: they name no private feed."""
        return "private" if self.token else self.name.feed


def asked(address: str) -> Asked | None:
    """Take `/feeds/all.atom` or `/k/<token>/feeds/all.atom` apart; None for what is no document's address."""
    found = _ADDRESS.fullmatch(address)
    name = named(found["path"]) if found else None
    return Asked(found["path"], name, found["token"]) if found and name else None


class Places:
    """Callable, for the shelf: a document's address as the request has it -> where it is, or None."""

    def __init__(self, manners: Manners, access: Access, base_url: str) -> None:
        self._manners = manners
        self._access = access
        self._base_url = base_url

    def __call__(self, address: str) -> Place | None:
        what = asked(address)
        if what is None or not self.allowed(what):
            return None
        manner = self.manner(address, what)

        def prepare(found: Sealed) -> Ready:
            data, digest = found.data, found.digest
            if what.token:
                data = seal.seal(self.personal(what, seal.unseal(data)))
                digest = seal.digest(data) or digest
            return Ready(feed=what.feed, data=data, digest=digest, changed=found.changed, manner=manner)

        return Place(what.path, prepare)

    def allowed(self, what: Asked) -> bool:
        """Whether the address opens its document: a private one with a token, a public one without."""
        if what.token is None:
            return not self._access.is_private(what.name.feed)
        return self._access.is_private(what.name.feed) and self._access.reader(what.name.feed, what.token) is not None

    def manner(self, address: str, what: Asked) -> Manner:
        """How the document at an address is sent; the address may have a query."""
        return self._manners.of(address, what.name, private=what.token is not None)

    def personal(self, what: Asked, document: bytes) -> bytes:
        """A document whose links to itself are as the request's own address."""
        return personal(document, self._base_url, what.name.feed, what.token) if what.token else document
