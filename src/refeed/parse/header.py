"""A dump's text -> the fields of its header and its body. Accepts every layout of the header.

    <!--1593330404000-->          an epoch in a comment, or instead, below the dashes,
    [title](https://…)            日期：Sat, 27 Jun 2020 13:30:55 +0000
    ------

The lines may be in any order, with blank lines and spaces around them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..errors import QuarantineError
from .header_fields import WrittenDate

_BLANKS = re.compile(r"[\s\u200b\ufeff]*")
_COMMENT = re.compile(r"<!--([^<>]{0,200}?)-->")
_DATE_LINE = re.compile(r"日期[ \t]*[:：][ \t]*([^\n]{0,200})(?=\n|\Z)")
_DASHES = re.compile(r"-{3,}[ \t\u3000\xa0]*(?=\n|\Z)")
_OTHER_SEPARATOR = re.compile(r"([=_*~—–―─━-])[ \t]{0,8}(?:\1[ \t]{0,8}){1,200}(?=\n|\Z)|-{3,}[ \t]*(?=<)")
_SEPARATOR_LINE = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)
_URL_OPENING = re.compile(r"\]\(\s*+(?:<\s*+)?https?:", re.IGNORECASE)
_PARENTHESIS = re.compile(r"[()]")
_LINK_LIST = re.compile(
    r"<!DOCTYPE NETSCAPE-Bookmark-file|(?:<[^<>]{1,300}>\s*){1,9}(?:Pocket Export|Bookmarks)\s*</title>|"
    r"(?=[^\n]{0,500}\burl\b)(?=[^\n]{0,500}\btitle\b)\"?[a-z_]{2,30}\"?(?:,\"?[a-z_]{2,30}\"?){2,20}[ \t]*\n",
    re.IGNORECASE,
)
_MAX_PARTS = 12
# The maximum distance of the end of a title on several lines, or of a URL, in characters.
_MAX_DISTANCE = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpHeader:
    """The header's fields as written in the dump, unchecked, and the body."""

    title: str
    link: str
    link_line: int
    """The number of the line that the link is on, counted from 1."""
    dates: tuple[WrittenDate, ...]
    """In the order of the header."""
    body: str
    body_start: int
    """The position in the text where the body begins."""
    layout: str
    """The parts of the header in their order; empty when there is only front matter, or the head of a page."""
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    title: str
    url: str
    end: int
    trailing: str
    """Text after the link on the same line."""


def refuse_link_list(text: str, start: int) -> None:
    """Raise QuarantineError for what bookmark services export: links without texts."""
    if _LINK_LIST.match(text, start):
        raise QuarantineError(
            "this is a list of links, as Pocket, Instapaper and browsers export bookmarks, and has no text to publish; "
            "save the pages themselves, each in a file of its own"
        )


def skip_blanks(text: str, position: int) -> int:
    """Return the first position, from `position` on, that has a visible character."""
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def line_number(text: str, position: int) -> int:
    """Return the line number of a position in the text, counted from 1."""
    return text.count("\n", 0, position) + 1


def parse_header(text: str, start: int, *, is_optional: bool = False) -> DumpHeader:
    """Read the header that begins at `start`. Raises QuarantineError when it has no link.

    An optional header may be missing, because front matter or the head of a page has the fields too. A link without
    other parts belongs to the body then.
    """
    reader = _HeaderReader(text, start)
    for _ in range(_MAX_PARTS):
        is_complete = reader.link is not None and reader.has_separator and reader.has_date
        if is_complete or not reader.read_part():
            break
    link = reader.link
    if is_optional and (link is None or len(reader.layout) < 2):
        start = skip_blanks(text, start)
        body = text[start:].rstrip()
        return DumpHeader(title="", link="", link_line=1, dates=(), body=body, body_start=start, layout="", issues=())
    if link is None:
        raise _missing_link(text, start, reader.position)
    issues = []
    start = skip_blanks(text, reader.position)
    body = text[start:].rstrip()
    if link.trailing:
        start -= len(link.trailing) + 1
        body = f"{link.trailing}\n{body}".rstrip()
        issues.append("text follows the link on its line; it was moved to the beginning of the body")
    if "other separator" in reader.layout:
        issues.append("another line than dashes separates header and body")
    elif "separator" not in reader.layout:
        issues.append("no line of dashes separates header and body")
    return DumpHeader(
        title=link.title,
        link=link.url,
        link_line=reader.link_line,
        dates=tuple(reader.dates),
        body=body,
        body_start=start,
        layout=", ".join(reader.layout),
        issues=tuple(issues),
    )


@dataclass(slots=True)
class _HeaderReader:
    """The parts of a header that were read so far, and the position after them."""

    text: str
    position: int
    link: _Link | None = None
    link_line: int = 1
    has_separator: bool = False
    has_date: bool = False
    """True after a valid date was read."""
    dates: list[WrittenDate] = field(default_factory=list)
    layout: list[str] = field(default_factory=list)
    """The kinds of parts that were read, in order."""

    def read_part(self) -> bool:
        """Read one more line or comment; False when the next one belongs to the body."""
        start = skip_blanks(self.text, self.position)
        if self.link is None and self.text.startswith("[", start):
            self.link = _match_link(self.text, start)
            if self.link is None:
                return False
            self.link_line, self.position = line_number(self.text, start), self.link.end
            self.layout.append("link")
            return True
        kind, match = self._match_part(start)
        if match is None or (kind in ("epoch", "日期") and not self._add_date(match[1])):
            return False
        self.position = match.end()
        self.has_separator = self.has_separator or kind in ("separator", "other separator")
        self.layout.append(kind)
        return True

    def _match_part(self, start: int) -> tuple[str, re.Match[str] | None]:
        if match := _COMMENT.match(self.text, start):
            return "epoch", match
        if match := _DATE_LINE.match(self.text, start):
            return "日期", match
        if not self.has_separator and (match := _DASHES.match(self.text, start)):
            return "separator", match
        if not self.has_separator and (match := _OTHER_SEPARATOR.match(self.text, start)):
            return "other separator", match
        return "", None

    def _add_date(self, text: str) -> bool:
        date = WrittenDate.parse(text)
        if self.link is not None and (date.at is None or self.has_date):
            return False  # below the link, a second date or an invalid one belongs to the body
        self.dates.append(date)
        self.has_date = self.has_date or date.at is not None
        return True


def _match_link(text: str, start: int) -> _Link | None:
    """Match `[title](url)` on one line or several. The URL is searched from the right: the title may have brackets."""
    end = _line_end(text, start)
    line = text[start:end]
    opening = _last_opening(line)
    if opening < 0 or ")" not in line[opening:]:
        end = _end_over_lines(text, start, end)
        line = text[start:end]
        opening = _last_opening(line)
    if opening < 0:
        return None
    closing = _closing_parenthesis(line, opening + 2)
    if closing < 0:
        return None
    trailing = line[closing + 1 :].strip()
    if trailing.startswith("<!--"):
        trailing, end = "", start + closing + 1
    url = line[opening + 2 : closing].strip()
    if url.startswith("<") and url.endswith(">"):
        url = url[1:-1]
    return _Link(title=line[1:opening], url=url, end=end, trailing=trailing)


def _last_opening(text: str) -> int:
    last = -1
    for match in _URL_OPENING.finditer(text):
        last = match.start()
    return last if last >= 0 else text.rfind("](")


def _closing_parenthesis(text: str, start: int) -> int:
    """Return the position of the parenthesis that closes a URL.

    This is the matching one when a space or a tag follows it, else the last one in the text.
    """
    depth = 0
    for match in _PARENTHESIS.finditer(text, start, start + _MAX_DISTANCE):
        depth += 1 if match[0] == "(" else -1
        if depth < 0:
            after = text[match.end() : match.end() + 1]
            if after.isspace() or after == "<":
                return match.start()
            break
    return text.rfind(")", start)


def _end_over_lines(text: str, start: int, line_end: int) -> int:
    """Return where a link on several lines ends: at the end of the line with its URL, else before the dashes."""
    match = _URL_OPENING.search(text, start, start + _MAX_DISTANCE)
    opening = match.start() if match else text.find("](", start, start + _MAX_DISTANCE)
    end = _line_end(text, opening) if opening >= 0 else line_end
    if opening >= 0 and ")" in text[opening:end]:
        return end
    dashes = _SEPARATOR_LINE.search(text, line_end, start + _MAX_DISTANCE)
    return dashes.start() if dashes else end


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _missing_link(text: str, start: int, position: int) -> QuarantineError:
    at = skip_blanks(text, position)
    line = line_number(text, at)
    if text.startswith("[", at) and "](" in text[at : at + _MAX_DISTANCE]:
        return QuarantineError(f"line {line}: the link is not closed by a parenthesis; is the file cut? Write it whole")
    if position > start:
        return QuarantineError(f"line {line}: no link; [title](https://…) must be here")
    return QuarantineError(
        f"line {line}: no link; a dump begins with <!--epoch-->, [title](https://…) and a line of dashes, or with "
        "front matter that has the link as `url`, `source` or `permalink`; docs/dumps.md lists all forms"
    )
