"""An article -> the bytes and the name of its dump, in the archive's own format: for `refeed.fetch` and POST /dumps.

Pure; `refeed.dumps.writer` writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from ..xml_chars import ILLEGAL_XML_CHARS, xml_safe

_ENTITY = re.compile(r"&(?=#?[0-9A-Za-z]{1,31};)")
_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr|"
    r"li|main|nav|noscript|ol|p|pre|script|section|style|table|tbody|td|tfoot|th|thead|time|tr|ul|video)\b[^<>]*>",
    re.IGNORECASE,
)
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
_LONGEST_TAG = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDump:
    """A dump that is not yet on the disk."""

    folder: str
    """Under the dump root; it names the source of a host that no rule knows. Empty: the root itself."""
    name: str
    """Made of the content: the same dump has the same name, another one never."""
    data: bytes


def compose_dump(*, title: str, link: str, html: str, at: datetime) -> bytes:
    """A dump as the archive has them: epoch in ms, `[title](link)`, six dashes, blank line, the HTML on one line.

    `title` is plain text and `link` a URL; what neither can hold there (line breaks, blanks in the link) is replaced.
    """
    header = f"<!--{int(at.timestamp()) * 1000}-->\n[{_one_line_text(title)}]({_one_line_link(link)})"
    return f"{header}\n------\n\n{to_one_line(html)}\n".encode()


def new_dump(*, folder: str, title: str, link: str, html: str, at: datetime, is_update: bool = False) -> NewDump:
    """The dump of one article, named by what it says and not by when: asked for twice, it is one file.

    `again` says that the article is known and has changed: then the instant is part of the name too, because a text
    that goes back to what it was has to become the newest dump once more.
    """
    what = [link, title, html, *([at.isoformat()] if is_update else [])]
    return NewDump(
        folder=folder, name=f"{content_number(*what)}.md", data=compose_dump(title=title, link=link, html=html, at=at)
    )


def content_number(*what: str | bytes) -> str:
    """Eighteen digits made of `what`: the archive names its files by a number."""
    digest = sha256()
    for part in what:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data) + data)
    return f"{int.from_bytes(digest.digest()[:8]) % 10**18:018}"


def is_http_url(text: str) -> bool:
    """Whether `text` is an absolute http(s) URL: what a dump needs to be one."""
    try:
        parts = urlsplit(text.strip())
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def to_one_line(html: str) -> str:
    """HTML without line breaks that a browser shows the same.

    The crawler that made the archive deleted them, which glued attributes to tags and words to words. Here a break
    goes without a trace beside a block's tag, a blank, or between two Chinese characters, and is a blank elsewhere.
    """
    joined: list[str] = []
    tail = ""  # since the last "<": a tag may have begun some lines ago
    for line in re.split(r"\r\n?|\n", xml_safe(html)):
        if not line.strip():
            continue
        seam = "" if not joined or _seamless(joined[-1], tail, line) else " "
        joined += seam, line
        tail = line[line.rfind("<") :] if "<" in line else f"{tail}{seam}{line}"[:_LONGEST_TAG]
    return "".join(joined).strip()


def _one_line_text(title: str) -> str:
    # Readers of this format take one layer of entities off a title, so plain text that looks like one gets one on.
    return _ENTITY.sub("&amp;", xml_safe(" ".join(re.split(r"[\r\n\t]+", title)).strip()))


def _one_line_link(link: str) -> str:
    return re.sub(r"\s", lambda match: "%20" if match[0] == " " else "", ILLEGAL_XML_CHARS.sub("", link.strip()))


def _seamless(left: str, tail: str, right: str) -> bool:
    if left[-1].isspace() or right[0].isspace():
        return True
    if right[0] == "<" and _BLOCK.match(right):
        return True
    if left[-1] == ">" and _BLOCK.fullmatch(tail):
        return True
    return bool(_WIDE.match(left[-1]) and _WIDE.match(right[0]))
