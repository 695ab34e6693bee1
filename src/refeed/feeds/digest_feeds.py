"""Closed digests in the store -> what readers get of them: feeds, books, pages, catalogues. Reads no clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import Literal, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from ..clean.sanitize import sanitize
from ..model import Digest, DigestPeriod, Entry, Feed, FeedEntry, FeedInfo, FeedPath, Format
from ..page_languages import translate
from ..render.common import feed_id, home_page_url
from ..render.digest_html import digest_fragment, digest_title, period_title, render_digest_page, report_title
from ..render.epub import render_epub
from ..render.formats import RENDERERS
from ..render.opds import Book, render_acquisition
from ..store.store import Store
from ..store.stored_digests import get_digest, get_digests
from .pagination import DocumentBudget, count_subscription_entries, estimate_size, is_oversized
from .registry import FeedRegistry

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""`updated` of a feed without a digest."""
_MOST_BOOKS = 100
"""Digests that a catalogue lists."""
_SUMMARY_TITLES = 5

DigestFile = Literal["epub", "html"]
DIGEST_FILES: tuple[DigestFile, ...] = ("epub", "html")


class DerivedDocument(NamedTuple):
    """A document that is made when it is asked for, and when its content last changed."""

    data: bytes
    changed: datetime


class DigestFeeds:
    """Makes documents of digests. Two builders with the same store make identical ones. Methods raise StoreError."""

    def __init__(self, store: Store, registry: FeedRegistry, budget: DocumentBudget) -> None:
        self._store = store
        self._registry = registry
        self._budget = budget

    def render_feed(self, feed: FeedPath, period: DigestPeriod, format: Format) -> DerivedDocument:
        """The newest digests of a feed as entries."""
        info = self._describe(feed, period)
        entries = [self._make_entry(info, digest) for digest in self._load(feed, period, self._budget.entries)]
        count = count_subscription_entries(map(estimate_size, entries), self._budget)
        updated = max((entry.updated for entry in entries[:count]), default=_NEVER)
        document = Feed(
            # Hubs are not told when a digest is closed.
            site=replace(self._registry.site, hubs=()),
            info=info,
            updated=updated,
            entries=tuple(FeedEntry(entry=entry) for entry in entries[:count]),
        )
        return DerivedDocument(RENDERERS[format](document), updated)

    def render_catalogue(self, feed: FeedPath, period: DigestPeriod) -> DerivedDocument:
        """The digests of a feed as an OPDS acquisition feed."""
        info = self._describe(feed, period)
        digests = self._load(feed, period, _MOST_BOOKS)
        books = [
            Book(
                id=self._id(info, digest),
                title=digest_title(info, digest),
                summary=_summarize(digest),
                published=digest.closed,
                updated=digest.corrected or digest.closed,
                url=self._url(info, digest, "epub"),
            )
            for digest in digests
        ]
        updated = max((book.updated for book in books), default=_NEVER)
        return DerivedDocument(render_acquisition(self._registry.site, info, books, updated), updated)

    def render_file(self, feed: FeedPath, period: DigestPeriod, name: str, file: DigestFile) -> DerivedDocument | None:
        """One digest as a book, or as a page for mail; None when there is no such digest."""
        digest = get_digest(self._store, feed, period, name)
        if digest is None:
            return None
        info, site = self._describe(feed, period), self._registry.site
        changed = digest.corrected or digest.closed
        if file == "html":
            return DerivedDocument(render_digest_page(info, digest, site.language), changed)
        return DerivedDocument(render_epub(site, info, digest, self._id(info, digest)), changed)

    def list_files(self, feed: FeedPath, period: DigestPeriod) -> list[str]:
        """Names of the digests that the feed and its catalogue link to, newest first."""
        return [digest.name for digest in self._load(feed, period, _MOST_BOOKS)]

    def _load(self, feed: FeedPath, period: DigestPeriod, limit: int) -> list[Digest]:
        return get_digests(self._store, feed, period, limit)

    def _describe(self, feed: FeedPath, period: DigestPeriod) -> FeedInfo:
        info, language = self._registry.feeds[feed], self._registry.site.language
        title = f"{info.title} · {period_title(period, language)}"
        path = FeedPath(feed.kind, feed.slug, period)
        return replace(info, path=path, title=title, subtitle="", language=language, mixed=True)

    def _id(self, info: FeedInfo, digest: Digest) -> str:
        """The permanent id of a digest. It does not name our host."""
        return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{feed_id(self._registry.site, info.path)}/{digest.name}')}"

    def _url(self, info: FeedInfo, digest: Digest, file: DigestFile) -> str:
        return f"{self._registry.site.base_url}/feeds/{info.path}/{digest.name}.{file}"

    def _make_entry(self, info: FeedInfo, digest: Digest) -> Entry:
        """The entry of a digest. That of a private feed does not link to the digest's own addresses: they need the
        token of the reader, which no text contains."""
        site = self._registry.site
        page, language = self._url(info, digest, "html"), site.language
        end = "" if info.private else f'<p><a href="{escape(self._url(info, digest, "epub"))}">EPUB</a></p>'
        entry = Entry(
            id=self._id(info, digest),
            source="",
            link=home_page_url(site, info) if info.private else page,
            title=digest_title(info, digest),
            published=digest.closed,
            updated=digest.corrected or digest.closed,
            language=language,
            summary=_summarize(digest),
            html=sanitize(digest_fragment(digest, language) + end),
        )
        if not is_oversized(estimate_size(entry), self._budget):
            return entry
        text = translate("Read the full text", language)
        more = "" if info.private else f'<p><a href="{escape(page)}">{text}</a></p>'
        return replace(entry, html=sanitize(f"<p>{escape(entry.summary, quote=False)}</p>{more}{end}"))


def _summarize(digest: Digest) -> str:
    """The titles of the largest stories."""
    first = [*(story.reports[0] for story in digest.stories), *digest.others][:_SUMMARY_TITLES]
    return " · ".join(map(report_title, first))
