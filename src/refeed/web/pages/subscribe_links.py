"""Links that put a feed straight into a reader. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from urllib.parse import quote, urlsplit

import segno


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLink:
    """One click to a reader's own question whether to subscribe."""

    name: str
    """Empty for whatever program the person's machine has for feeds."""
    link: str


# Each reader's own address for this, as its help pages give it.
_READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed/{}"),
    ("Inoreader", "https://www.inoreader.com/?add_feed={}"),
    ("Feedbin", "https://feedbin.com/?subscribe={}"),
    ("NewsBlur", "https://www.newsblur.com/?url={}"),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url={}"),
)


def reader_links(address: str) -> list[ReaderLink]:
    """The reader on this machine first: `feed:` is what NetNewsWire, Reeder, Fluent Reader and others answer to."""
    parts = urlsplit(address)
    own = f"feed://{parts.netloc}{parts.path}" if parts.scheme == "http" else f"feed:{address}"
    quoted = quote(address, safe="")
    return [ReaderLink(name="", link=own), *(ReaderLink(name=n, link=a.format(quoted)) for n, a in _READERS)]


# An address -> a QR code as SVG, for the camera of a phone. Pure.


def render_qr_code(address: str) -> bytes:
    """Black on white whatever the page's colours, with the quiet zone that cameras need."""
    written = BytesIO()
    segno.make(address, error="m", micro=False).save(
        written, kind="svg", border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return written.getvalue()
