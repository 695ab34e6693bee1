"""A feed's address opened by hand -> the feed's page in its stead. Which requests those are, `navigation` says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .navigation import DOCUMENT_KEY, page_path, wants_page
from .ready import Ready

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_OPENED = "refeed.opened"
"""Key of the WSGI environment of a request that was looked at here already."""


class Browsing:
    """Hands a browser's navigation to the pages, under the document's own address.

    What a navigation is answered with, page or document, no cache may store: it depends on more than `Vary` names.
    """

    def __init__(self, pages: WSGIApplication, documents: WSGIApplication) -> None:
        self._pages = pages
        self._documents = documents

    def concerns(self, environ: WSGIEnvironment) -> bool:
        """No reader that asks for a feed sends these without naming a feed's type too, so most look no further."""
        return "text/html" in environ.get("HTTP_ACCEPT", "") or environ.get("HTTP_SEC_FETCH_DEST") == "document"

    def claims(self, environ: WSGIEnvironment, ready: Ready) -> WSGIApplication | None:  # noqa: ARG002
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
