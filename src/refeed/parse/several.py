"""A body in which further dumps stand -> one body that shows them all.

The first is the entry. The others become sections below it, each with its title as a heading that links to its
page: nothing vanishes, and whoever looks after the dumps is told to split the file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from .titles import readable

_DASHES = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)
_COMMENT_AT_END = re.compile(r"<!--[^<>]{0,200}-->\s*\Z")
_DATE_LINE = re.compile(r"\s*日期[ \t]*[:：][^\n]*")
_HEADER = re.compile(r"\[(.*)\]\(\s*(https?://.*)\)", re.IGNORECASE)
_LONGEST = 4000


def unfolded(body: str, line_of: Callable[[int], int]) -> tuple[str, tuple[str, ...]]:
    """The body with the headers inside it turned into headings, and the doubt that says where they stood.

    `line_of` gives the line, in the dump, of a place in the body.
    """
    if "](" not in body or "---" not in body:
        return body, ()
    parts: list[str] = []
    done, lines = 0, []
    for dashes in _DASHES.finditer(body):
        start = body.rfind("\n", 0, max(body.rfind("\n", 0, dashes.start()), 0)) + 1
        found = _header_before(body, done, dashes)
        if not found:
            continue
        start, heading, done_next = found
        parts.append(body[done:start].rstrip())
        parts.append(heading)
        lines.append(line_of(start))
        done = done_next
    if not lines:
        return body, ()
    parts.append(body[done:].strip())
    count = len(lines) + 1
    doubt = f"{count} articles in one file, the second from line {lines[0]}; they are published as one, split the file"
    return "\n".join(part for part in parts if part), (doubt,)


def _header_before(body: str, done: int, dashes: re.Match[str]) -> tuple[int, str, int] | None:
    """A header that ends with these dashes: where it begins, its heading, where its body begins."""
    above = body[max(done, dashes.start() - _LONGEST) : dashes.start()].rstrip()
    line_start = above.rfind("\n") + 1
    match = _HEADER.fullmatch(above[line_start:].strip())
    if not match:
        return None
    before = above[:line_start]
    comment = _COMMENT_AT_END.search(before)
    date_line = _DATE_LINE.match(body, dashes.end())
    if not comment and not date_line:
        return None
    start = max(done, dashes.start() - _LONGEST) + (comment.start() if comment else line_start)
    link, title = html.escape(match[2].strip()), html.escape(readable(match[1]))
    return start, f'<h2><a href="{link}">{title}</a></h2>', date_line.end() if date_line else dashes.end()
