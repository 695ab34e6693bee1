"""A `pre`, or a table of code and line numbers -> its lines, without the line numbers, and the elements in between.

Browsers end a line at LF, at `br`, and around every block in a `pre`. Highlighters write each line as a `div`, a list
item, a row, or a `span` with the class `line`, and line numbers as a column or at the start of each line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bs4.element import NavigableString, Tag

from .blocks import Mark, Run
from .html_parser import element_text
from .image_urls import is_emoji_image
from .text import strip_invisible

_LINE_TAGS = frozenset((
    "p", "div", "li", "tr", "ol", "ul", "table", "blockquote", "pre", "section", "figure",
    "h1", "h2", "h3", "h4", "h5", "h6",
))  # fmt: skip
"""Elements that begin and end a line in a `pre`."""
_LINE_CLASS = re.compile(r"(?:^|\s)(?:(?:code|token|view|highlight|CodeMirror|cm|react-code)-?)?line(?:$|\s)")
_NUMBER_CLASS = re.compile(
    r"(?:^|[\s_-])(?:lnt?|line-?nos?|lineno\w*|line-?num\w*|line-index|gutter|hljs-ln-n\w*|hljs-ln-line|blob-num|crayon-nums?|linenumbers?|"
    r"react-syntax-highlighter-line-number)(?:$|[\s_-])",
    re.IGNORECASE,
)
_CODE_CLASS = re.compile(r"(?:^|[\s_-])(?:code|blob-code|lntd|crayon-code|highlight\w*|hljs|chroma)(?:$|[\s_-])")

PREFORMATTED_TAGS = ("pre", "textarea", "xmp", "listing", "plaintext")
_LONGEST_NUMBER = 7
_EMBEDDED = (
    "img", "picture", "amp-img", "image", "iframe", "video", "audio", "object", "embed", "svg", "button", "select",
    "script", "style", "noscript", "math",
)  # fmt: skip
"""Elements in a `pre` that are more than text."""


class LineReader:
    """Reads elements in the way of a `pre`. The result is a list of texts as runs, with other elements in between."""

    def __init__(self, link: Callable[[Tag], str], log: Callable[[str, str], None]) -> None:
        """`link` returns the URL of an `a`, or ""; `log` takes a step and the text that it leaves out."""
        self._link, self._log = link, log
        self.parts: list[list[Run] | Tag] = [[]]
        self._line_is_over = False
        """A block has just ended: the next text begins a new line, unless it does so itself."""
        self._starts: list[tuple[list[Run], int, int]] = []
        """(runs, index, number) of each element at the start of a line that is only a number."""

    def read(self, tag: Tag, marks: tuple[Mark, ...] = ()) -> None:
        """Read an element as a block of lines."""
        self._line_is_over = self._line_is_over or not self._is_empty_line()
        self._read_children(tag, marks, has_code_lines=_has_code_lines(tag))
        self._line_is_over = not self._is_empty_line()

    def finish(self) -> Iterator[list[Run] | Tag]:
        """Yield runs of text without line numbers, and the elements between them, in order."""
        self._drop_numbers_at_line_starts()
        for part in self.parts:
            if isinstance(part, Tag):
                yield part
            elif runs := _trim(part):
                yield runs

    def _drop_numbers_at_line_starts(self) -> None:
        """Drop the numbers when each line that is not empty has one, they are consecutive, and there is other text."""
        values = [number for _, _, number in self._starts]
        if len(values) < 2 or values != list(range(values[0], values[0] + len(values))):
            return
        texts = ("".join(text for text, _ in part) for part in self.parts if isinstance(part, list))
        lines = [line.strip() for text in texts for line in text.split("\n") if line.strip()]
        if len(lines) == len(values) and not all(map(str.isdecimal, lines)):
            for runs, index, number in self._starts:
                runs[index] = ("", ())
                self._log("line numbers", str(number))

    def _read_children(self, tag: Tag, marks: tuple[Mark, ...], *, has_code_lines: bool = False) -> None:
        for child in tag.contents:
            if type(child) is NavigableString:
                text = strip_invisible(str(child)).replace("\r\n", "\n").replace("\r", "\n")
                self._add(text.replace("\xa0", " "), marks)  # editors write blanks of code that way
            elif isinstance(child, Tag):
                self._read_element(child, marks, has_code_lines)

    def _read_element(self, tag: Tag, marks: tuple[Mark, ...], is_code_line: bool) -> None:
        name, classes = tag.name, str(tag.get("class") or "")
        if name == "br":
            self._add("\n", marks)
        elif name == "img" and is_emoji_image(tag):
            self._add(str(tag.get("alt")), marks)
            self._log("emoji become text", str(tag.get("src") or ""))
        elif name in _EMBEDDED or (name == "a" and tag.find(_EMBEDDED) is not None):
            self.parts.append(tag)
            self._line_is_over = False
        elif classes and _NUMBER_CLASS.search(classes) and (numbers := _line_numbers(tag)) is not None:
            self._log("line numbers", " ".join(numbers))
        elif name in _LINE_TAGS or (is_code_line and name == "code") or (classes and _LINE_CLASS.search(classes)):
            self.read(tag, marks)
        else:
            if name == "a" and (url := self._link(tag)):
                marks = (("a", url),)
            if self._line_is_over or self._is_empty_line():
                text = element_text(tag).strip()
                if text.isdecimal() and len(text) < _LONGEST_NUMBER and tag.find(_EMBEDDED) is None:
                    self._add(text, marks)
                    runs = self._runs()
                    self._starts.append((runs, len(runs) - 1, int(text)))
                    return
            count, last = len(self.parts), self._runs()
            length = len(last)
            self._read_children(tag, marks)
            if (
                name == "a"
                and marks
                and count == len(self.parts)
                and not "".join(text for text, _ in last[length:]).strip()
            ):
                self._log("links without text", marks[0][1])

    def _add(self, text: str, marks: tuple[Mark, ...]) -> None:
        if not text:
            return
        runs = self._runs()
        if self._line_is_over and not text.startswith("\n"):
            runs.append(("\n", ()))
        runs.append((text, marks))
        self._line_is_over = False

    def _runs(self) -> list[Run]:
        """The runs after the last element."""
        last = self.parts[-1]
        if isinstance(last, Tag):
            last = []
            self.parts.append(last)
        return last

    def _is_empty_line(self) -> bool:
        runs = self._runs()
        return not runs or runs[-1][0].endswith("\n")


def _has_code_lines(tag: Tag) -> bool:
    """True for a `pre` in which each line is a `code`."""
    return (
        tag.name == "pre"
        and len(tag.contents) > 1
        and all(child.name == "code" for child in tag.find_all(True, recursive=False))
        and not any(type(child) is NavigableString for child in tag.contents)
    )


def _line_numbers(tag: Tag) -> list[str] | None:
    """Return the line numbers that are all of an element; None when it has other text, or a picture."""
    if tag.find(_EMBEDDED) is not None:
        return None
    numbers = element_text(tag, " ").split()
    return numbers if all(number.isdecimal() for number in numbers) else None


def _trim(runs: list[Run]) -> list[Run]:
    """Remove empty lines at the start, and white space at the end."""
    runs = [run for run in runs if run[0]]
    while runs and not runs[0][0].strip("\n"):
        runs.pop(0)
    while runs and not runs[-1][0].strip():
        runs.pop()
    if runs:
        runs[0] = (runs[0][0].lstrip("\n"), runs[0][1])
        runs[-1] = (runs[-1][0].rstrip(), runs[-1][1])
    return runs if "".join(text for text, _ in runs).strip() else []


def code_cells(table: Tag) -> tuple[list[Tag], list[str]] | None:
    """Return (cells with code, line numbers) of a table with a column of each; None for any other table."""
    rows = [row for row in table.find_all("tr") if row.find_parent(("td", "th", "table")) is table]
    if not rows:
        return None
    cells: list[Tag] = []
    numbers: list[str] = []
    is_code = _CODE_CLASS.search(str(table.get("class") or "")) is not None
    for row in rows:
        columns = row.find_all(("td", "th"), recursive=False)
        if len(columns) != 2:
            return None
        found = _line_numbers(columns[0])
        if found is None or (not found and "data-line-number" not in columns[0].attrs):
            return None
        numbers += found
        is_code = (
            is_code
            or _CODE_CLASS.search(str(columns[1].get("class") or "")) is not None
            or columns[1].find(PREFORMATTED_TAGS) is not None
        )
        cells.append(columns[1])
    if "".join(element_text(table).split()) != "".join("".join(map(element_text, rows)).split()):
        return None  # there is text beside the rows
    values = [int(number) for number in numbers if len(number) < _LONGEST_NUMBER]
    is_counted = values == list(range(values[0], values[0] + len(values))) if values else True
    return (cells, numbers) if is_code and is_counted else None
