"""A feed's address opened by hand -> the feed's page in its stead. Which requests those are, `navigation` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .navigation import DOCUMENT_KEY, page_path, wants_page
from .ready import Ready

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class Browsing:
    """Hands a browser's navigation to the pages, under the document's own address."""

    def __init__(self, pages: WSGIApplication) -> None:
        self._pages = pages

    def claims(self, environ: WSGIEnvironment, ready: Ready) -> WSGIApplication | None:  # noqa: ARG002
        """The pages, when a person opened a document's address; never for a private one, whose page nobody may see."""
        # No reader that asks for a feed sends this without naming a feed's type too, so most look no further.
        if "text/html" not in environ.get("HTTP_ACCEPT", "") or environ["PATH_INFO"].startswith("/k/"):
            return None
        sent = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        document = environ["PATH_INFO"].lstrip("/")
        page = page_path(document) if wants_page(sent) else None
        if page is None:
            return None
        environ[DOCUMENT_KEY] = document
        environ["PATH_INFO"] = page
        return self._pages
