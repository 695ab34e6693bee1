"""A feed's address -> links and a QR code that open it in a reader. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from urllib.parse import quote, urlsplit

import segno


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLink:
    """A link that opens a reader's own subscription dialog."""

    name: str
    """Empty for the program that the device opens feeds with."""
    link: str


# The subscription address of each reader, from its help pages.
_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed/{}"),
    ("Inoreader", "https://www.inoreader.com/?add_feed={}"),
    ("Feedbin", "https://feedbin.com/?subscribe={}"),
    ("NewsBlur", "https://www.newsblur.com/?url={}"),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url={}"),
)


def reader_links(feed_url: str) -> list[ReaderLink]:
    """The device's own reader first: NetNewsWire, Reeder, Fluent Reader and others open `feed:` links."""
    parts = urlsplit(feed_url)
    local = f"feed://{parts.netloc}{parts.path}" if parts.scheme == "http" else f"feed:{feed_url}"
    quoted = quote(feed_url, safe="")
    return [
        ReaderLink(name="", link=local),
        *(ReaderLink(name=name, link=template.format(quoted)) for name, template in _READERS),
    ]


def render_qr_code(url: str) -> bytes:
    """An SVG, black on white in every colour scheme, with the quiet zone that cameras need."""
    output = BytesIO()
    segno.make(url, error="m", micro=False).save(
        output, kind="svg", border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return output.getvalue()
