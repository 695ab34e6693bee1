"""One secret -> a token for each reader of each private feed, and the documents with it. Pure.

Tokens are not stored: they are computed from the secret when a request presents one. To revoke one token, list its
first eight characters under `access.revoked`. To revoke all tokens of a reader, remove the name from `access.readers`.
To revoke all tokens of all readers, change the secret.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple
from xml.parsers import expat

from ..config.settings import Settings
from ..model import FeedPath

_OWN_RELATIONS = ("self", "current", "prev-archive", "next-archive")
"""The Atom links that lead from a document to documents of the same feed."""
_OWN_MEMBERS = (b'\n "feed_url": "', b'\n "next_url": "')
"""The starts of such members in JSON Feed. No string of JSON contains a line break, so they stand nowhere else."""
_ITEMS_MEMBER = b'\n "items": ['


class PrivateUrl(NamedTuple):
    """The address of a private feed for one reader."""

    feed: FeedPath
    reader: str
    url: str
    """URL of the Atom document."""


class AccessTokens:
    """Decides which feeds are private, and which tokens open them."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.access_secret.encode()
        self._access = settings.access
        self._private_feeds = _private_feeds(settings)

    def is_private(self, feed: FeedPath | None) -> bool:
        """Whether a feed's documents, or the lists of feeds (None), are served only at addresses with a token."""
        return self._access.site == "private" or feed in self._private_feeds

    @property
    def has_private_feeds(self) -> bool:
        """Whether any feed is private."""
        return self._access.site == "private" or bool(self._private_feeds)

    def make_token(self, feed: FeedPath, reader: str) -> str:
        """The token of one reader for one feed: 160 bits in letters and digits, which no mail program breaks."""
        code = hmac.digest(self._secret, f"refeed\0{feed}\0{reader}".encode(), sha256)
        return b32encode(code[:20]).decode().lower()

    def find_reader(self, feed: FeedPath, token: str) -> str | None:
        """The reader with this token; None when the token does not open the feed."""
        if not self._secret or any(token.startswith(start) for start in self._access.revoked):
            return None
        # All readers are compared, so that the duration reveals nothing.
        readers = [name for name in self._access.readers if hmac.compare_digest(self.make_token(feed, name), token)]
        return readers[0] if readers else None

    def private_urls(self, feeds: Iterable[FeedPath], base_url: str) -> list[PrivateUrl]:
        """The addresses of those feeds that are private, for each reader. Revoked tokens are left out."""
        urls = []
        for feed in filter(self.is_private, feeds):
            for reader in self._access.readers:
                token = self.make_token(feed, reader)
                if self.find_reader(feed, token) is not None:
                    urls.append(PrivateUrl(feed, reader, f"{base_url}/k/{token}/feeds/{feed}.atom"))
        return urls


def private_sources(settings: Settings) -> frozenset[str]:
    """The sources whose entries appear only in the feed of the source.

    A private site has no such sources, because all its feeds have the same readers; it has no pages either.
    """
    if settings.access.site == "private":
        return frozenset()
    return frozenset(rule.id for rule in settings.sources if rule.access == "private")


def _private_feeds(settings: Settings) -> frozenset[FeedPath]:
    """The feeds that are configured as private, and the filtered feeds that are based on one of them."""
    paths = {FeedPath("source", rule.id) for rule in settings.sources if rule.access == "private"}
    paths |= {FeedPath("topic", topic.id) for topic in settings.topics if topic.access == "private"}
    filtered = (rule for rule in settings.filtered_feeds if rule.access == "private" or rule.feed in paths)
    return frozenset(paths | {FeedPath("filtered", rule.id) for rule in filtered})


def personalize(document: bytes, base_url: str, token: str) -> bytes:
    """Put a reader's token into the links of a private feed's document to itself and to its archives.

    What an article says must never get the token, so the document is not searched for its own address: its structure is
    read up to the first entry, and all links of a feed to itself come before that.
    """
    find = _find_own_members if document.startswith(b"{") else _find_own_links
    pieces, copied = [], 0
    for start in find(document):
        end = start + len(base_url.encode())
        pieces += [document[copied:end], f"/k/{token}".encode()]
        copied = end
    return b"".join([*pieces, document[copied:]])


class _FirstEntryError(Exception):
    """Ends the parser."""


def _find_own_links(document: bytes) -> list[int]:
    """Where the values of `href` begin, in the links of Atom or RSS before the first entry."""
    starts: list[int] = []
    parser = expat.ParserCreate()

    def read_start(name: str, attributes: dict[str, str]) -> None:
        if name in ("entry", "item"):
            raise _FirstEntryError
        if name in ("link", "atom:link") and attributes.get("rel") in _OWN_RELATIONS:
            # Quotes in the values of other attributes are escaped.
            starts.append(document.index(b' href="', parser.CurrentByteIndex) + len(b' href="'))

    parser.StartElementHandler = read_start
    with suppress(_FirstEntryError):
        parser.Parse(document, True)
    return starts


def _find_own_members(document: bytes) -> list[int]:
    """Where the values of the members begin, before the items."""
    end = document.index(_ITEMS_MEMBER)
    found = ((document.find(member, 0, end), len(member)) for member in _OWN_MEMBERS)
    return sorted(start + length for start, length in found if start >= 0)
