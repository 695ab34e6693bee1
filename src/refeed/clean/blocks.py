"""What a body is made of once its tags are read: blocks that hold runs of text, or other blocks.

A run is a piece of text and the marks on it, outermost first; a line break is the run `BREAK`. Tags that are doubled,
empty or crossed cannot be expressed in this form: that is why every step works on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

Mark = tuple[str, str]
"""A tag and its only attribute's value: ("strong", ""), ("a", "https://…")."""
Run = tuple[str, tuple[Mark, ...]]

BREAK: Run = ("\n", ())

HEADING_KINDS = ("h2", "h3", "h4", "h5", "h6")
TEXT_KINDS = frozenset(("p", *HEADING_KINDS))
BOX_KINDS = ("ul", "ol", "li", "blockquote", "table", "tr", "td", "th", "dl", "dt", "dd")


class Block:
    """A paragraph, a heading, a figure, a divider, or a box of others. Steps may change it; nobody else sees it."""

    __slots__ = ("_runs", "_text", "alt", "attributes", "children", "credit", "href", "kind", "url")

    def __init__(
        self,
        kind: str,
        runs: list[Run] | None = None,
        *,
        children: list[Block] | None = None,
        url: str = "",
        alt: str = "",
        attributes: str = "",
    ) -> None:
        self.kind = kind
        self.children = children or []
        self.url = url
        """The image of a figure."""
        self.alt = alt
        self.credit = ""
        self.href = ""
        """Where a click on the image leads, unless that is the image."""
        self.attributes = attributes
        """Of td, th and ol: `colspan="2"`, ready to be written."""
        self.runs = runs or []

    @property
    def runs(self) -> list[Run]:
        """Text of p, h2 … h6 and pre; caption of a figure. Assigned anew where it changes."""
        return self._runs

    @runs.setter
    def runs(self, runs: list[Run]) -> None:
        self._runs = runs
        self._text: str | None = None

    @property
    def text(self) -> str:
        """What a person reads in it, line breaks as LF; of boxes, a line for each block. Asked for often, made once."""
        if self.children:
            return "\n".join([child.text for child in self.children])
        if self._text is None:
            self._text = text_of_runs(self._runs)
        return self._text

    @property
    def is_text(self) -> bool:
        return self.kind in TEXT_KINDS


def text_of_runs(runs: Iterable[Run]) -> str:
    """What runs say, without their marks."""
    return "".join([words for words, _ in runs])


def normalize_runs(runs: Iterable[Run]) -> list[Run]:
    """The same text with one space where several were, none at the ends of lines, and like neighbours joined."""
    tidied: list[Run] = []
    open_space = True
    for text, marks in runs:
        if text == "\n":
            _trim_end(tidied)
            if tidied and tidied[-1] is not BREAK:
                tidied.append(BREAK)
            open_space = True
            continue
        if open_space and text[:1] == " ":
            text = text[1:]
        if not text:
            continue
        open_space = text[-1] == " "
        if tidied and (tidied[-1][1] == marks or text == " ") and tidied[-1] is not BREAK:
            tidied[-1] = (tidied[-1][0] + text, tidied[-1][1])
        else:
            tidied.append((text, marks))
    _trim_end(tidied)
    return tidied


def _trim_end(runs: list[Run]) -> None:
    while runs:
        text = runs[-1][0].rstrip()
        if text:
            if text != runs[-1][0]:
                runs[-1] = (text, runs[-1][1])
            return
        runs.pop()


def split_paragraphs(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Runs split where two line breaks follow each other, each part tidied; empty parts are left out."""
    part: list[Run] = []
    breaks = 0
    for run in runs:
        if run is BREAK:
            breaks += 1
            if breaks == 2 and part:
                if tidied := normalize_runs(part):
                    yield tidied
                part = []
        elif not run[0].isspace():
            breaks = 0
        part.append(run)
    if tidied := normalize_runs(part):
        yield tidied


def split_lines(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs split at every line break."""
    split: list[list[Run]] = [[]]
    for run in runs:
        if run is BREAK:
            split.append([])
        else:
            split[-1].append(run)
    return split


def join_lines(parts: Iterable[list[Run]]) -> list[Run]:
    """The opposite of `lines`."""
    runs: list[Run] = []
    for part in parts:
        if runs:
            runs.append(BREAK)
        runs.extend(part)
    return runs


def cut_text(runs: list[Run], start: int, end: int) -> list[Run]:
    """Runs without the characters of their text from `start` to `end`."""
    kept: list[Run] = []
    at = 0
    for run in runs:
        text, marks = run
        after = at + len(text)
        if after <= start or at >= end:
            kept.append(run)
        else:
            rest = text[: max(0, start - at)] + text[max(0, end - at) :]
            if rest:
                kept.append((rest, marks))
        at = after
    return normalize_runs(kept)


def extract_links(runs: Iterable[Run]) -> list[tuple[str, str]]:
    """(URL, text) of every link, in order, neighbours with the same URL as one."""
    found: list[tuple[str, str]] = []
    previous = ""
    for text, marks in runs:
        url = next((value for tag, value in marks if tag == "a"), "")
        if url and url == previous:
            found[-1] = (url, found[-1][1] + text)
        elif url:
            found.append((url, text))
        previous = url
    return found


def text_outside_links(runs: Iterable[Run]) -> str:
    """The text that lies outside every link."""
    return "".join(text for text, marks in runs if not any(tag == "a" for tag, _ in marks))


def walk_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Every block, outer ones first."""
    for block in blocks:
        yield block
        if block.children:
            yield from walk_blocks(block.children)


def leaf_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Every block that holds no others, in order."""
    return [block for block in walk_blocks(blocks) if not block.children]


_PARENTS = {"li": ("ul", "ol"), "tr": ("table",), "td": ("tr",), "th": ("tr",), "dt": ("dl",), "dd": ("dl",)}
_WRAPPERS = {"ul": "li", "ol": "li", "dl": "dd", "tr": "td"}


def fix_nesting(blocks: Iterable[Block], parent: str = "") -> list[Block]:
    """The blocks with every item in a list, every cell in a row in a table, and nothing else in those; none empty."""
    found: list[Block] = []
    for block in blocks:
        if block.kind not in BOX_KINDS:
            found.append(block)
            continue
        if block.kind in _PARENTS and parent not in _PARENTS[block.kind]:
            found.extend(fix_nesting(block.children, parent))
            continue
        block.children = fix_nesting(block.children, block.kind)
        if block.kind == "table":
            found.extend(child for child in block.children if child.kind != "tr")
            block.children = [child for child in block.children if child.kind == "tr"]
        if block.kind == "table" and len(block.children) == 1 and len(block.children[0].children) == 1:
            found.extend(block.children[0].children[0].children)  # it only lays the page out
        elif block.children:
            found.append(block)
    if wrapper := _WRAPPERS.get(parent):
        return [
            child if parent in _PARENTS.get(child.kind, ()) else Block(wrapper, children=[child]) for child in found
        ]
    return found


# Blocks -> HTML: small and semantic, well-formed whatever the marks of the runs are. Pure.


def blocks_to_html(blocks: Iterable[Block]) -> str:
    """The blocks as HTML; not safe before it went through the sanitizer."""
    out: list[str] = []
    _write(blocks, out.append)
    return "".join(out)


def _write(blocks: Iterable[Block], put: Callable[[str], None]) -> None:
    for block in blocks:
        kind = block.kind
        if kind == "figure":
            _write_figure(block, put)
        elif kind == "hr":
            put("<hr>")
        elif kind in BOX_KINDS:
            _write_box(block, put)
        else:
            # An LF right after <pre> would be eaten by the next parser.
            put(f"<{kind}>\n" if kind == "pre" else f"<{kind}>")
            _write_runs(block.runs, put, pre=kind == "pre")
            put(f"</{kind}>")


def _write_box(block: Block, put: Callable[[str], None]) -> None:
    kind, children = block.kind, block.children
    put(f"<{kind} {block.attributes}>" if block.attributes else f"<{kind}>")
    if len(children) == 1 and children[0].kind == "p" and kind not in ("blockquote", "ul", "ol"):
        _write_runs(children[0].runs, put)  # an item or a cell of one paragraph needs no <p>
    else:
        _write(children, put)
    put(f"</{kind}>")


def _write_figure(block: Block, put: Callable[[str], None]) -> None:
    image = f'<img src="{escape(block.url)}" alt="{escape(block.alt)}">'
    if block.href:
        image = f'<a href="{escape(block.href)}">{image}</a>'
    put(f"<figure>{image}")
    if block.runs or block.credit:
        put("<figcaption>")
        _write_runs(block.runs, put)
        if block.credit:
            put(f"{' ' if block.runs else ''}<cite>{escape(block.credit, quote=False)}</cite>")
        put("</figcaption>")
    put("</figure>")


def _write_runs(runs: Sequence[Run], put: Callable[[str], None], pre: bool = False) -> None:
    if len(runs) == 1 and not runs[0][1]:  # most paragraphs are one plain run
        put(escape(runs[0][0], quote=False))
        return
    open_marks: tuple[Mark, ...] = ()
    for text, marks in runs:
        shared = _shared(open_marks, marks)
        for tag, _ in reversed(open_marks[shared:]):
            put(f"</{tag}>")
        for tag, value in marks[shared:]:
            put(f'<a href="{escape(value)}">' if tag == "a" else f"<{tag}>")
        open_marks = marks
        put("<br>" if text == "\n" and not pre else escape(text, quote=False))
    for tag, _ in reversed(open_marks):
        put(f"</{tag}>")


def _shared(one: Sequence[Mark], other: Sequence[Mark]) -> int:
    """How many marks two runs have in common, from the outermost in."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
