"""Private feeds: one secret -> a token for each reader of each feed. Pure.

A token names nobody and is stored nowhere: it is worked out from the secret when it comes. A reader loses one by its
first eight characters under `access.revoked`, all of them by its name leaving `access.readers`, and everybody loses
everything when the secret changes.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from collections.abc import Iterable
from hashlib import sha256

from ..config.settings import Settings
from ..model import FeedPath

TOKEN_PREFIX_LENGTH = 8
"""Characters of a token that may be shown and written down: they tell one from the others and open nothing."""


class AccessTokens:
    """Who may see which private feed."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.access_secret.encode()
        self._access = settings.access
        self._private = private_feeds(settings)

    def is_private(self, feed: FeedPath | None) -> bool:
        """Whether a feed's documents, or the lists of feeds (None), are served under addresses with a token alone."""
        return self._access.site == "private" or feed in self._private

    def make_token(self, feed: FeedPath, reader: str) -> str:
        """The token of one reader for one feed: 160 bits, in letters and digits that no reader or mailer breaks."""
        code = hmac.digest(self._secret, f"refeed\0{feed}\0{reader}".encode(), sha256)
        return b32encode(code[:20]).decode().lower()

    def find_reader(self, feed: FeedPath, token: str) -> str | None:
        """Whose token this is, or None when it opens nothing (any more)."""
        if not self._secret or any(token.startswith(start) for start in self._access.revoked):
            return None
        # Every reader is compared, so that the time taken says nothing.
        found = [name for name in self._access.readers if hmac.compare_digest(self.make_token(feed, name), token)]
        return found[0] if found else None

    def private_urls(self, feeds: Iterable[FeedPath], base_url: str) -> list[tuple[FeedPath, str, str]]:
        """(feed, reader, address of the Atom document) for the private ones of the feeds, without those revoked."""
        pairs = [(feed, name) for feed in feeds if self.is_private(feed) for name in self._access.readers]
        found = [(feed, name, self.make_token(feed, name)) for feed, name in pairs]
        return [
            (f, name, f"{base_url}/k/{t}/feeds/{f}.atom") for f, name, t in found if self.find_reader(f, t) is not None
        ]


def private_sources(settings: Settings) -> frozenset[str]:
    """The sources whose entries stand in no feed but their own. On a private site that need not be: every feed of it
    is for the same readers."""
    if settings.access.site == "private":
        return frozenset()
    return frozenset(rule.id for rule in settings.sources if rule.access == "private")


def private_feeds(settings: Settings) -> frozenset[FeedPath]:
    """The feeds that are private by themselves, and the views of such."""
    paths = {FeedPath("source", rule.id) for rule in settings.sources if rule.access == "private"}
    paths |= {FeedPath("topic", topic.id) for topic in settings.topics if topic.access == "private"}
    return frozenset(
        paths
        | {
            FeedPath("filtered", rule.id)
            for rule in settings.filtered_feeds
            if rule.access == "private" or rule.feed in paths
        }
    )


def personalize(document: bytes, base_url: str, feed: FeedPath, token: str) -> bytes:
    """A private feed's document for one reader: links to itself and its archives hold the reader's own token."""
    for end in (".", "/archive/"):
        document = document.replace(
            f"{base_url}/feeds/{feed}{end}".encode(), f"{base_url}/k/{token}/feeds/{feed}{end}".encode()
        )
    return document
