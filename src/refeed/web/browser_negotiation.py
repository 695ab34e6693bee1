"""Headers of a request for a document -> whether a browser navigates to it, and the page that it gets instead.

docs/pages.md lists what feed readers and browsers send.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .document_cache import CachedDocument
from .negotiation import parse_qvalues
from .url_map import parse_document_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DOCUMENT_KEY = "refeed.document"
"""WSGI environment key: the document whose page is answered in its place, under the document's own URL. Such a page is
never cached, not even by the browser, because the document has the same URL."""
BROWSER_VARY = "Sec-Fetch-Dest"
"""The Vary of both responses, page and document, beside the coding. `wants_page` looks at more headers, but responses
to navigations are never cached, and caches keep one document for all readers, each of which sends another Accept."""

_CHECKED_KEY = "refeed.browser_negotiation_done"
"""WSGI environment key of requests that were handled here already."""
_FEED_TYPES = re.compile(r"application/(?:atom|rss|rdf|feed)\b|[+/]json|x-opml")
_MONTH_LENGTH = len("2023-07")
"""Archives are named by month, with a number where a month has several."""


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser requests a document by navigation: from its address bar or from another site.

    Header names in any case. When unclear, the client is a feed reader, to which a page is useless.
    """
    sent = {name.lower(): value.strip().lower() for name, value in headers.items()}
    if "a-im" in sent or not prefers_html(sent.get("accept", "")):  # RFC 3229: only feed readers send A-IM
        return False
    # Browsers send these over https. A script's request, such as a reader that runs in a browser, says `empty`; a
    # person who follows "Atom" on a page of this site wants the document itself.
    return sent.get("sec-fetch-dest", "document") == "document" and sent.get("sec-fetch-site") != "same-origin"


def prefers_html(accept: str) -> bool:
    """Whether Accept names HTML, gives it more weight than XML (0.9 in browsers), and names no feed type."""
    accept = accept.lower()
    if _FEED_TYPES.search(accept):
        return False
    weights = parse_qvalues(accept[:1000])
    return weights.get("text/html", 0.0) > max(weights.get("application/xml", 0.0), weights.get("text/xml", 0.0))


def page_path(document_path: str) -> str | None:
    """The page of a document: `feeds/source/bbc.atom` -> `/source/bbc`; None when it has none."""
    document = parse_document_path(document_path.lstrip("/").removeprefix("feeds/"))
    if document is None or document.feed is None:
        return None
    return f"/{document.feed}/{document.archive[:_MONTH_LENGTH]}" if document.archive else f"/{document.feed}"


class BrowserNegotiation:
    """A hook that answers a browser's navigation to a document with its page, under the document's URL.

    Responses to navigations, page or document, are not cached: they depend on more headers than `Vary` names.
    """

    def __init__(self, pages: WSGIApplication, documents: WSGIApplication) -> None:
        self._pages = pages
        self._documents = documents

    def applies(self, environ: WSGIEnvironment) -> bool:
        """Feed readers that send these headers are rare, so most requests end here."""
        return "text/html" in environ.get("HTTP_ACCEPT", "") or environ.get("HTTP_SEC_FETCH_DEST") == "document"

    def handle(self, environ: WSGIEnvironment, document: CachedDocument) -> WSGIApplication | None:  # noqa: ARG002
        """The page, when a browser navigates to the document. Private documents have no page."""
        path = environ["PATH_INFO"]
        if _CHECKED_KEY in environ or path.startswith("/k/"):
            return None
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        page = page_path(path)
        if page is not None and wants_page(headers):
            environ[DOCUMENT_KEY] = path.lstrip("/")
            environ["PATH_INFO"] = page
            return self._pages
        navigates = environ.get("HTTP_SEC_FETCH_DEST") == "document"
        return self._answer_uncached if navigates and page is not None else None

    def _answer_uncached(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start_uncached(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            kept = [header for header in headers if header[0] != "Cache-Control"]
            return start_response(status, [*kept, ("Cache-Control", "no-store")], *exc_info)

        environ[_CHECKED_KEY] = True
        return self._documents(environ, start_uncached)
