"""A whole saved page (a browser's, SingleFile's) -> what its head says about its article. Pure; takes linear time."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_PAGE = re.compile(
    r"\s*(?:<\?xml[^<>]{0,200}>\s*)?(?:<!--[^<>]{0,2000}-->\s*){0,9}<(?:!doctype\s+html|html|head|body)(?=[\s>])",
    re.IGNORECASE,
)
_BODY = re.compile(r"<body(?=[\s>])", re.IGNORECASE)
_TAG = re.compile(
    r"""<(html|meta|link|title)(?=[\s>])((?:[^<>"']|"[^"<>]{0,4000}"|'[^'<>]{0,4000}'){0,100})>([^<]{0,4000}+)""",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""([a-zA-Z][a-zA-Z:-]{0,30})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
# Chromium and Firefox write the first, SingleFile the others.
_SAVED_FROM = re.compile(
    r"<!--\s{0,20}saved from url=\(\d{1,6}\)(https?://[^\s<>]{1,4000})|\burl: {1,4}(https?://[^\s<>]{1,4000})"
)
_SAVED_DATE = re.compile(r"\bsaved date: {1,4}([^\n<>(]{8,80})")
_PUBLISHED = re.compile(r'"datePublished"\s{0,20}:\s{0,20}"([^"<>]{4,60})"')
_COMMENT_SEARCHED = 5000

_TITLES = ("og:title", "twitter:title", "dc.title")
_AUTHORS = ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author")
_DATES = (
    "article:published_time",
    "datepublished",
    "date",
    "pubdate",
    "publishdate",
    "dc.date",
    "dc.date.issued",
    "parsely-pub-date",
)
_LANGUAGES = ("content-language", "og:locale")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHead:
    """The fields as the page has them, unchecked. A field that the page does not have is empty."""

    title: str
    link: str
    date: str
    """When the article was published, else when the page was saved."""
    authors: tuple[str, ...]
    language: str
    is_page: bool = True


NO_HEAD = PageHead(title="", link="", date="", authors=(), language="", is_page=False)
"""The head of a body that is not a page."""


def begins_as_page(text: str, start: int) -> bool:
    """True for a text that begins, at `start`, with the tags of a whole page."""
    return _PAGE.match(text, start) is not None


def is_saved_page(body: str) -> bool:
    """True for a body that is a whole page, or all that stands in its `<body>`."""
    return begins_as_page(body, 0) or ("<footer" in body and ("<nav" in body or "<main" in body))


def parse_page_head(text: str) -> PageHead:
    """Read the head of a page, and the comment of the program that saved it."""
    body = _BODY.search(text)
    end = body.start() if body else len(text)
    values: dict[str, str] = {}
    for tag in _TAG.finditer(text, 0, end):
        attributes = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(tag[2])}
        match tag[1].lower():
            case "html":
                values.setdefault("lang", attributes.get("lang") or attributes.get("xml:lang", ""))
            case "title":
                values.setdefault("title", tag[3])
            case "link" if attributes.get("rel", "").lower() == "canonical":
                values.setdefault("canonical", attributes.get("href", ""))
            case "meta":
                name = (
                    attributes.get("property")
                    or attributes.get("name")
                    or attributes.get("itemprop")
                    or attributes.get("http-equiv", "")
                )
                values.setdefault(name.lower(), attributes.get("content", ""))
    saved_from = _SAVED_FROM.search(text, 0, _COMMENT_SEARCHED)
    saved_date = _SAVED_DATE.search(text, 0, _COMMENT_SEARCHED)
    published = _PUBLISHED.search(text, 0, end)
    links = [
        values.get("canonical", ""),
        values.get("og:url", ""),
        (saved_from[1] or saved_from[2]) if saved_from else "",
    ]
    links = [html.unescape(link).strip() for link in links if link.strip().lower().startswith("http")]
    return PageHead(
        title=_first(values, *_TITLES, "title"),
        # A canonical link to the start of the site is a mistake of its template.
        link=next(
            (link for link in links if urlsplit(link).path.strip("/") or urlsplit(link).query),
            links[0] if links else "",
        ),
        date=_first(values, *_DATES)
        or (published[1] if published else "")
        or (saved_date[1].strip() if saved_date else ""),
        authors=tuple([name for key in _AUTHORS if (name := _first(values, key)) and "://" not in name][:1]),
        language=_first(values, "lang", *_LANGUAGES).replace("_", "-"),
    )


def _first(values: dict[str, str], *names: str) -> str:
    return next((text for name in names if (text := " ".join(html.unescape(values.get(name, "")).split()))), "")
