"""The headers of a request for a document -> whether a person opened it by hand, and which page to show instead.

What real readers and browsers send is in docs/pages.md. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .document_response import CachedDocument, parse_document_path
from .negotiation import parse_qvalues

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


DOCUMENT_KEY = "refeed.document"
"""Key of the WSGI environment that holds the document's name when its page stands in for it. A page that finds it
answers under the document's address: never stored by any cache, not even the browser's own, because the document
itself is under the same address."""

BROWSER_VARY = "Sec-Fetch-Dest"
"""What both answers, the page and the document, name beside the coding. `wants_page` looks at more, but what it decides
about a navigation is never stored, and a cache keeps one document for all readers: their Accept headers are legion."""

_MONTH = len("2023-07")
"""An archive is named after its month, and a number where a month has several."""
_FEED_TYPES = re.compile(r"application/(?:atom|rss|rdf|feed)\b|[+/]json|x-opml")


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether the request for a document is a browser's, opened by hand or from another site.

    Names of headers in any case. In doubt it is a reader's, which can do nothing with a page.
    """
    sent = {name.lower(): value.strip().lower() for name, value in headers.items()}
    if "a-im" in sent:  # asks for a part of a feed (RFC 3229), so it knows that this is one
        return False
    if not prefers_html(sent.get("accept", "")):
        return False
    # Sent by browsers alone, and over https only. A script's request, such as a reader that runs in a browser, says
    # `empty`; a person who clicks "Atom" on our own page wants to see the document itself.
    return sent.get("sec-fetch-dest", "document") == "document" and sent.get("sec-fetch-site") != "same-origin"


def page_path(document: str) -> str | None:
    """The page that shows what a document holds: `feeds/source/bbc.atom` -> `/source/bbc`; None when it has none."""
    name = parse_document_path(document.lstrip("/").removeprefix("feeds/"))
    if name is None or name.format is None:
        return None
    return f"/{name.feed}/{name.archive[:_MONTH]}" if name.archive else f"/{name.feed}"


def prefers_html(accept: str) -> bool:
    """HTML asked for by name, no type of feeds named, and XML wanted less (a browser's 0.9)."""
    accept = accept.lower()
    if _FEED_TYPES.search(accept):
        return False
    weights = parse_qvalues(accept[:1000])
    html = weights.get("text/html", 0.0)
    return html > max(weights.get("application/xml", 0.0), weights.get("text/xml", 0.0))


# A feed's address opened by hand -> the feed's page in its stead. Which requests those are, `navigation` says.

_OPENED = "refeed.opened"
"""Key of the WSGI environment of a request that was looked at here already."""


class BrowserNegotiation:
    """Hands a browser's navigation to the pages, under the document's own address.

    What a navigation is answered with, page or document, no cache may store: it depends on more than `Vary` names.
    """

    def __init__(self, pages: WSGIApplication, documents: WSGIApplication) -> None:
        self._pages = pages
        self._documents = documents

    def applies(self, environ: WSGIEnvironment) -> bool:
        """No reader that asks for a feed sends these without naming a feed's type too, so most look no further."""
        return "text/html" in environ.get("HTTP_ACCEPT", "") or environ.get("HTTP_SEC_FETCH_DEST") == "document"

    def handle(self, environ: WSGIEnvironment, ready: CachedDocument) -> WSGIApplication | None:  # noqa: ARG002
        """The pages, when a person opened a document's address; never for a private one, whose page nobody may see."""
        if _OPENED in environ or environ["PATH_INFO"].startswith("/k/"):
            return None
        sent = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        document = environ["PATH_INFO"].lstrip("/")
        page = page_path(document) if wants_page(sent) else None
        if page is None:
            navigates = environ.get("HTTP_SEC_FETCH_DEST") == "document"
            return self._unstored if navigates and page_path(document) else None
        environ[DOCUMENT_KEY] = document
        environ["PATH_INFO"] = page
        return self._pages

    def _unstored(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            kept = [header for header in headers if header[0] != "Cache-Control"]
            return start_response(status, [*kept, ("Cache-Control", "no-store")], *failure)

        environ[_OPENED] = True
        return self._documents(environ, start)
