"""Pages of what is private -> 404: who has a token has documents, and nobody has pages."""

from __future__ import annotations

import re

from flask import Response, request

from ..access import Access
from .answers import plain

_FEED = re.compile(r"/(?:qr/)?((?:source|topic|view)/[a-z0-9-]+|all)(?:[/.].*)?")
_OPEN = re.compile(
    r"/(?:feeds/|k/|dumps$|healthz$|readyz$|metrics$|static/|robots\.txt$|favicon\.ico$|icon\.svg$|apple-touch-icon\.png$)"
)
"""What a private site answers all the same; it tells nothing of what is published."""


class Doors:
    """Closes the pages of private feeds, and of a private site all of them."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def refuse(self) -> Response | None:
        """Before each request of Flask's: 404 for a page that nobody may see."""
        if _OPEN.match(request.path):
            return None
        found = _FEED.fullmatch(request.path)
        # `*` is no feed: it is private when everything is.
        if self._access.is_private(found[1] if found else "*"):
            return plain(404, "This is private.", kept=False)
        return None
