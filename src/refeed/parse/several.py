"""A body in which further dumps stand -> one body that shows them all.

The first is the entry. The others become sections below it, each under its title, which links to its page:
nothing vanishes, and whoever looks after the dumps is told to split the file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from .titles import readable

# One quantifier that can give back, and only within its line: linear, whatever the body is.
_HEADER = re.compile(
    r"^\[(?P<link>.*)\)[ \t]*\n\s*(?P<comment><!--[^<>]{0,200}-->\s*)?-{3,}[ \t]*$(?P<date>\s*日期[ \t]*[:：][^\n]*)?",
    re.MULTILINE,
)
_COMMENT_ABOVE = re.compile(r"<!--[^<>]{0,200}-->\s*\Z")
_ABOVE = 300
# More are not meant to be there; those beyond stay in the text as they are.
_MOST = 10_000


def unfolded(body: str, line_of: Callable[[int], int]) -> tuple[str, tuple[str, ...]]:
    """The body with the headers inside it turned into headings, and the doubt that says where the second one stands.

    A line with a link above a line of dashes is a header only when it has a date, too.
    `line_of` gives the line, in the dump, of a place in the body.
    """
    if "](" not in body or "---" not in body:
        return body, ()
    parts: list[str] = []
    done, second, count = 0, 0, 1
    for match in _HEADER.finditer(body):
        title, opening, link = match["link"].rpartition("](")
        above = _comment_above(body, max(done, match.start() - _ABOVE), match.start())
        dated = above or match["comment"] or match["date"]
        if not (opening and dated and link.strip().lower().startswith("http")):
            continue
        if count == _MOST:
            break
        start = above.start() if above else match.start()
        parts += [body[done:start].strip(), _heading(title, link)]
        second = second or line_of(match.start())
        done, count = match.end(), count + 1
    if count == 1:
        return body, ()
    parts.append(body[done:].strip())
    doubt = f"{count} articles in one file, the second in line {second}; they are published as one: split the file"
    return "\n".join(part for part in parts if part), (doubt,)


def _comment_above(body: str, start: int, end: int) -> re.Match[str] | None:
    if not body[start:end].rstrip().endswith("-->"):
        return None
    return _COMMENT_ABOVE.search(body, start, end)


def _heading(title: str, link: str) -> str:
    return f'<h2><a href="{html.escape(link.strip())}">{html.escape(readable(title) or link.strip())}</a></h2>'
