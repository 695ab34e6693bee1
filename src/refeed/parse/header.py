"""Text -> the header of a dump, in whichever of its layouts it is, and where the body begins.

    <!--1593330404000-->          an epoch in a comment, or, after the dashes,
    [title](https://…)            日期：Sat, 27 Jun 2020 13:30:55 +0000
    ------

The lines may come in any order, with blanks around.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..errors import QuarantineError
from .header_fields import WrittenDate, parse_header_date

_BLANKS = re.compile(r"[\s\u200b\ufeff]*")
_COMMENT = re.compile(r"<!--([^<>]{0,200}?)-->")
_DATE_LINE = re.compile(r"日期[ \t]*[:：][ \t]*([^\n]{0,200})(?=\n|\Z)")
_DASHES = re.compile(r"-{3,}[ \t\u3000\xa0]*(?=\n|\Z)")
_OTHER_SEPARATOR = re.compile(r"([=_*~—–―─━-])[ \t]{0,8}(?:\1[ \t]{0,8}){1,200}(?=\n|\Z)|-{3,}[ \t]*(?=<)")
_SEPARATOR_LINE = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)
_URL_OPENING = re.compile(r"\]\(\s*<?\s*https?:", re.IGNORECASE)
_PARENTHESIS = re.compile(r"[()]")
_DATES = ("epoch", "日期")
_TOKENS = 12
# A title in several lines, and the end of a url, are looked for only so far.
_FAR = 16_384
_WANTED = "a dump begins with <!--epoch-->, then [title](https://…), then a line of dashes"


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpHeader:
    """Strings as the dump has them, none of them checked."""

    title: str
    link: str
    link_line: int
    """Where the link stands, from 1."""
    dates: tuple[WrittenDate, ...]
    """In the order they stand."""
    body: str
    body_start: int
    """Where the body begins in the text."""
    layout: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    title: str
    url: str
    end: int
    aside: str
    """Text that stands behind the link on its line."""


def skip_blanks(text: str, place: int) -> int:
    """The first place from here on that holds something visible."""
    match = _BLANKS.match(text, place)
    return match.end() if match else place


def line_number(text: str, place: int) -> int:
    """The line of a place in the text, from 1."""
    return text.count("\n", 0, place) + 1


def parse_header(text: str, start: int, *, after_front_matter: bool = False) -> DumpHeader:
    """Read the header that begins at `start`. Raises QuarantineError when it has no link.

    `within`: front matter came before, so there need not be one, and a body that begins with a link is no header.
    """
    scan = _Scan(text, start)
    for _ in range(_TOKENS):
        if scan.is_whole() or not scan.take():
            break
    link = scan.link
    if after_front_matter and (link is None or len(scan.order) < 2):
        return _headless(text, start)
    if link is None:
        raise QuarantineError(_no_link(text, start, scan.place))
    start, body = _body(text, scan.place, link)
    return DumpHeader(
        title=link.title,
        link=link.url,
        link_line=scan.line,
        dates=tuple(scan.dates),
        body=body,
        body_start=start,
        layout=", ".join(scan.order),
        flags=_doubts(scan.order, link),
    )


@dataclass(slots=True)
class _Scan:
    """How far a header has been read, and what was in it."""

    text: str
    place: int
    link: _Link | None = None
    line: int = 1
    separated: bool = False
    dated: bool = False
    """A date that makes sense was read."""
    dates: list[WrittenDate] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    """The kinds of what was read, in order."""

    def is_whole(self) -> bool:
        """Nothing more can belong to the header."""
        return self.link is not None and self.separated and self.dated

    def take(self) -> bool:
        """Read on by one line or comment; False when what stands there belongs to the body."""
        at = skip_blanks(self.text, self.place)
        kind, found = _token(self.text, at, self.link is None, self.separated)
        if found is None:
            return False
        if isinstance(found, _Link):
            self.link, self.line, self.place = found, line_number(self.text, at), found.end
        elif kind in _DATES and not self._take_date(found[1]):
            return False
        else:
            self.place = found.end()
        self.separated = self.separated or kind in ("separator", "other separator")
        self.order.append(kind)
        return True

    def _take_date(self, written: str) -> bool:
        date = WrittenDate(text=written.strip(), at=parse_header_date(written))
        if self.link is not None and (date.at is None or self.dated):
            return False  # below the link, a second date or none that makes sense is the text's own
        self.dates.append(date)
        self.dated = self.dated or date.at is not None
        return True


def _token(text: str, at: int, link_wanted: bool, separated: bool) -> tuple[str, re.Match[str] | _Link | None]:
    """What kind of line or comment stands at a place, and what it says; None when it is none of a header."""
    if link_wanted and text.startswith("[", at):
        return "link", _link(text, at)
    if match := _COMMENT.match(text, at):
        return "epoch", match
    if match := _DATE_LINE.match(text, at):
        return "日期", match
    if not separated and (match := _DASHES.match(text, at)):
        return "separator", match
    if not separated and (match := _OTHER_SEPARATOR.match(text, at)):
        return "other separator", match
    return "", None


def _link(text: str, at: int) -> _Link | None:
    """`[title](url)` in one line or several. The url is found from the right: brackets in the title do not matter."""
    end = _line_end(text, at)
    first = text[at:end]
    opening = _last_opening(first)
    if opening < 0 or ")" not in first[opening:]:
        end = _far_end(text, at, end)
        first = text[at:end]
        opening = _last_opening(first)
    if opening < 0:
        return None
    closing = _closing(first, opening + 2)
    if closing < 0:
        return None
    aside = first[closing + 1 :].strip()
    if aside.startswith("<!--"):
        aside, end = "", at + closing + 1
    url = first[opening + 2 : closing].strip()
    if url.startswith("<") and url.endswith(">"):
        url = url[1:-1]
    return _Link(title=first[1:opening], url=url, end=end, aside=aside)


def _last_opening(text: str) -> int:
    place = -1
    for match in _URL_OPENING.finditer(text):
        place = match.start()
    return place if place >= 0 else text.rfind("](")


def _closing(text: str, start: int) -> int:
    """The parenthesis that closes a url: the last one, unless text follows the one that balances."""
    depth = 0
    for match in _PARENTHESIS.finditer(text, start, start + _FAR):
        depth += 1 if match[0] == "(" else -1
        if depth < 0:
            after = text[match.end() : match.end() + 1]
            if after.isspace() or after == "<":
                return match.start()
            break
    return text.rfind(")", start)


def _far_end(text: str, at: int, line_end: int) -> int:
    """Where a link in several lines ends: with the line that its url stands in, else before the dashes."""
    found = _URL_OPENING.search(text, at, at + _FAR)
    opening = found.start() if found else text.find("](", at, at + _FAR)
    end = _line_end(text, opening) if opening >= 0 else line_end
    if opening >= 0 and ")" in text[opening:end]:
        return end
    dashes = _SEPARATOR_LINE.search(text, line_end, at + _FAR)
    return dashes.start() if dashes else end


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return end if end >= 0 else len(text)


def _body(text: str, place: int, link: _Link) -> tuple[int, str]:
    start = skip_blanks(text, place)
    body = text[start:].rstrip()
    if link.aside:
        return start - len(link.aside) - 1, f"{link.aside}\n{body}".rstrip()
    return start, body


def _headless(text: str, start: int) -> DumpHeader:
    start = skip_blanks(text, start)
    return DumpHeader(
        title="", link="", link_line=1, dates=(), body=text[start:].rstrip(), body_start=start, layout="", flags=()
    )


def _no_link(text: str, start: int, place: int) -> str:
    at = skip_blanks(text, place)
    line = line_number(text, at)
    if text.startswith("[", at) and "](" in text[at : at + _FAR]:
        return f"line {line}: the link is not closed by a parenthesis; is the file cut? Write it whole"
    if place > start:
        return f"line {line}: no link; [title](https://…) has to stand here"
    return f"line {line}: this is no dump; {_WANTED}"


def _doubts(order: list[str], link: _Link) -> tuple[str, ...]:
    doubts = []
    if link.aside:
        doubts.append("text stands beside the link; it was put at the beginning of the body")
    if "other separator" in order:
        doubts.append("another line than dashes separates header and body")
    elif "separator" not in order:
        doubts.append("no line of dashes separates header and body")
    return tuple(doubts)
