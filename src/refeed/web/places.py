"""Addresses -> the files of documents, and how each is sent. Alone decides which addresses reach the disk."""

from __future__ import annotations

from .manners import Manners, named
from .ready import Ready
from .shelf import Place, Sealed


class Places:
    """Callable, for the shelf: a document's address as the request has it -> where it is, or None."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners

    def __call__(self, address: str) -> Place | None:
        path = address.removeprefix("/feeds/")
        name = named(path)
        if name is None or path == address:
            return None
        manner = self._manners.of(address, name)

        def prepare(sealed: Sealed) -> Ready:
            return Ready(feed=name.feed, data=sealed.data, digest=sealed.digest, changed=sealed.changed, manner=manner)

        return Place(path, prepare)
