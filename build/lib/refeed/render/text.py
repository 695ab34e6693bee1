"""The few spellings that every format shares: text that XML can carry, URLs as RFC 3986 has them, instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

# XML 1.0, production 2. feedgen raises ValueError for any of these in any string, and one entry would cost the feed.
_UNCARRIABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_LITERAL_HOST = re.compile(r"(?:https?://\[[0-9A-Fa-f:.]+\])?")
_SAFE = "!$&'()*+,;=:@/?%"


def carriable(text: str) -> str:
    """The text with U+FFFD for every character that XML 1.0 cannot carry. Replaced and never deleted: taking a
    character out of sanitised HTML can make a link live again."""
    return _UNCARRIABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def readable(*texts: str) -> str:
    """The first of the texts that holds more than blanks, carriable; empty when none does."""
    return next((text for text in map(carriable, texts) if text.strip()), "")


def uri(url: str) -> str:
    """The URL with everything percent-encoded that RFC 3986 does not allow; one that is right comes back as it is."""
    url = carriable(url)
    host = _LITERAL_HOST.match(url)
    start = host.end() if host else 0
    head, mark, fragment = url[start:].partition("#")
    return url[:start] + quote(head, safe=_SAFE) + mark + quote(fragment, safe=_SAFE)


def rfc3339(instant: datetime) -> str:
    """`2026-11-21T08:00:00Z`."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def rfc822(instant: datetime) -> str:
    """`Sat, 21 Nov 2026 08:00:00 +0000`, in English whatever the locale."""
    return format_datetime(instant.astimezone(UTC))
