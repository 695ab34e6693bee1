"""Addresses -> the files of documents, and how each is sent. Alone decides which addresses reach the disk."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..feeds.access_tokens import AccessTokens, personalize
from ..render import checksum
from .document_cache import DocumentFile, DocumentLocation
from .document_response import CachedDocument, DocumentPath, HeaderPolicies, HeaderPolicy, parse_document_path

_ADDRESS = re.compile(r"(?:/k/(?P<token>[a-z2-7]{32}))?/feeds/(?P<path>[a-z0-9/.-]{1,200})")


class DocumentUrl(NamedTuple):
    """What a document's address says."""

    path: str
    """Below feeds/."""
    document: DocumentPath
    token: str | None

    @property
    def metrics_label(self) -> str:
        """What the counters call it: they name no private feed."""
        return "private" if self.token else str(self.document.feed or self.path)


def parse_document_url(address: str) -> DocumentUrl | None:
    """Take `/feeds/all.atom` or `/k/<token>/feeds/all.atom` apart; None for what is no document's address."""
    found = _ADDRESS.fullmatch(address)
    name = parse_document_path(found["path"]) if found else None
    return DocumentUrl(found["path"], name, found["token"]) if found and name else None


class UrlMap:
    """Callable, for the shelf: a document's address as the request has it -> where it is, or None."""

    def __init__(self, manners: HeaderPolicies, access: AccessTokens, base_url: str) -> None:
        self._manners = manners
        self._access = access
        self._base_url = base_url

    def __call__(self, address: str) -> DocumentLocation | None:
        what = parse_document_url(address)
        if what is None or not self.is_allowed(what):
            return None
        manner = self.header_policy(address, what)

        def prepare(found: DocumentFile) -> CachedDocument:
            data, digest = found.data, found.digest
            if what.token:
                data = checksum.add_checksum(self.personalize(what, checksum.strip_checksum(data)))
                digest = checksum.verify_checksum(data) or digest
            return CachedDocument(
                feed=what.metrics_label, data=data, digest=digest, modified=found.modified, header_policy=manner
            )

        return DocumentLocation(what.path, prepare)

    def is_allowed(self, what: DocumentUrl) -> bool:
        """Whether the address opens its document: a private one with a token, a public one without."""
        feed = what.document.feed
        if what.token is None:
            return not self._access.is_private(feed)
        return (
            feed is not None
            and self._access.is_private(feed)
            and self._access.find_reader(feed, what.token) is not None
        )

    def header_policy(self, address: str, what: DocumentUrl) -> HeaderPolicy:
        """How the document at an address is sent; the address may have a query."""
        return self._manners.for_document(address, what.document, private=what.token is not None)

    def personalize(self, what: DocumentUrl, document: bytes) -> bytes:
        """A document whose links to itself are as the request's own address."""
        feed = what.document.feed
        return personalize(document, self._base_url, feed, what.token) if feed and what.token else document
