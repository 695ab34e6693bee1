"""A message of mail (RFC 5322), such as a newsletter -> an article. Pure."""

from __future__ import annotations

import codecs
import email
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from html import escape, unescape
from urllib.parse import quote

from ..errors import QuarantineError
from ..model import Origin
from ..xml_chars import xml_safe
from .feed_item import Article
from .header_fields import clean_line

_HEAD = re.compile(rb"(?:From [^\n]*\n)?(?:[A-Za-z][A-Za-z0-9-]{0,70}:[^\n]*\n(?:[ \t][^\n]*\n)*){2,500}\r?\n")
_FROM = re.compile(rb"^From:", re.IGNORECASE | re.MULTILINE)
_MAIL_ONLY = re.compile(
    rb"^(?:Message-ID|MIME-Version|Received|Return-Path|Delivered-To):", re.IGNORECASE | re.MULTILINE
)
_MAX_HEAD = 200_000
_MAX_FIELD = 20_000
_LIST_ID = re.compile(r"<([^<>\s]{1,200})>")
_LINK = re.compile(
    r"<a\b[^<>]{0,500}?\bhref\s*=\s*[\"'](https?:[^\"'<>\s]{1,2000})[\"'][^<>]{0,500}>(.{0,300}?)</a>", re.I | re.S
)
_TAG = re.compile(r"<[^<>]{0,1000}>")
_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"}
"""Codecs of Python from text to text. No mail uses them, and punycode takes quadratic time."""
# What newsletters call the link to their page: "View in browser", "Read online", 在浏览器中查看.
_ONLINE = re.compile(
    r"\b(?:view|read|open|see)\b.{0,30}\b(?:browser|online|web|website)\b|\bonline (?:version|view)\b|\bwebversion\b"
    r"|\b(?:im browser|online) (?:ansehen|anzeigen|öffnen|lesen)\b"
    r"|\bnavigateur\b|\ben ligne\b|\bnavegador\b|\ben línea\b"
    r"|浏览器|瀏覽器|在线阅读|線上閱讀|网页版|網頁版|ブラウザ|オンラインで|в браузере|онлайн",
    re.IGNORECASE,
)


def is_mail(data: bytes) -> bool:
    """True for data that begins with the header of a message. A dump's text never does."""
    head = _HEAD.match(data, 0, _MAX_HEAD)
    return head is not None and bool(_FROM.search(head[0])) and bool(_MAIL_ONLY.search(head[0]))


def parse_mail(data: bytes) -> Article:
    """Read a message: of its parts, the first in HTML, or else the first in plain text. Raises QuarantineError."""
    try:
        message = email.message_from_bytes(data)
        body, is_html = _find_body(message)
        name, address = parseaddr(_field(message, "From"))
    except RecursionError as error:
        what = "the message has too many parts within parts, or comments within comments; save it with fewer"
        raise QuarantineError(what) from error
    list_id = _LIST_ID.search(_field(message, "List-Id"))
    source = list_id[1].lower() if list_id else address.rpartition("@")[2].lower()
    link = next(_links(message, body if is_html else ""), "")
    issues: tuple[str, ...] = ()
    if not link and source:
        identity = _field(message, "Message-ID").strip("<>") or _field(message, "Date")
        link = f"https://{source}/?message={quote(identity, safe='@')}"
        issues = ("the message links to no page of its own; its link stands for it",)
    return Article(
        title=_field(message, "Subject"),
        link=link,
        date=_field(message, "Date"),
        body=body,
        folder=source if list_id else "",
        layout="mail",
        origin=Origin(authors=(clean_line(name),) if name and "@" not in name else ()),
        issues=issues,
    )


def _field(message: Message, name: str) -> str:
    """Return a field of the header, decoded (RFC 2047), on one line."""
    raw = str(message.get(name, ""))[:_MAX_FIELD]
    try:
        text = str(make_header(decode_header(raw)))
    except (ValueError, LookupError, email.errors.MessageError):
        text = raw
    return xml_safe(" ".join(text.split()))


def _find_body(message: Message) -> tuple[str, bool]:
    """Return the text of the message, and True when it is HTML."""
    texts: dict[str, str] = {}
    for part in message.walk():
        kind = part.get_content_type()
        if kind not in ("text/html", "text/plain") or part.get_content_disposition() == "attachment" or kind in texts:
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and payload.strip():
            texts[kind] = _decode(payload, part.get_content_charset("utf-8"))
    if "text/html" in texts:
        return texts["text/html"], True
    return escape(texts.get("text/plain", ""), quote=False), False


def _decode(payload: bytes, charset: str) -> str:
    charset = "gb18030" if charset in ("gb2312", "gbk") else charset
    try:
        is_charset = codecs.lookup(charset).name not in _NO_CHARSETS
        text = payload.decode(charset if is_charset else "utf-8", "replace")
    except (LookupError, ValueError):  # an unknown name, a codec of Python that is not for text, a name with a NUL
        text = payload.decode("utf-8", "replace")
    return xml_safe(text.replace("\r\n", "\n"))


def _links(message: Message, html: str) -> Iterator[str]:
    """Yield addresses of the message's own page, the best first."""
    archived = _field(message, "Archived-At").strip("<>")  # RFC 5064
    if archived.startswith(("http://", "https://")):
        yield archived
    for match in _LINK.finditer(html):
        if _ONLINE.search(_TAG.sub(" ", match[2])):
            yield unescape(match[1])
