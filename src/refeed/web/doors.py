"""A private site has no pages: who has a token has documents, and nobody has more."""

from __future__ import annotations

import re

from flask import Response, request

from .answers import plain

_OPEN = re.compile(
    r"/(?:feeds/|k/|dumps$|healthz$|readyz$|metrics$|static/|robots\.txt$|favicon\.ico$|icon\.svg$|apple-touch-icon\.png$)"
)
"""What it answers all the same; it tells nothing of what is published."""


def closed() -> Response | None:
    """404, before Flask looks for a page."""
    return None if _OPEN.match(request.path) else plain(404, "This is private.", kept=False)
