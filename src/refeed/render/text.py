"""The few spellings that every format shares: text that XML can carry, URLs as RFC 3986 has them, instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from ..characters import carried

_LITERAL_HOST = re.compile(r"(?:https?://\[[0-9A-Fa-f:.]+\])?")
_SAFE = "!$&'()*+,;=:@/?%"


def readable(*texts: str) -> str:
    """The first of the texts that holds more than blanks, as XML can carry it; empty when none does."""
    return next((text for text in map(carried, texts) if text.strip()), "")


def uri(url: str) -> str:
    """The URL with everything percent-encoded that RFC 3986 does not allow; one that is right comes back as it is."""
    url = carried(url)
    host = _LITERAL_HOST.match(url)
    start = host.end() if host else 0
    head, mark, fragment = url[start:].partition("#")
    return url[:start] + quote(head, safe=_SAFE) + mark + quote(fragment, safe=_SAFE)


def rfc822(instant: datetime) -> str:
    """`Sat, 21 Nov 2026 08:00:00 +0000`, in English whatever the locale."""
    return format_datetime(instant.astimezone(UTC))
