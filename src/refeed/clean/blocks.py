"""The form in which the steps see a body: blocks that contain runs of text, or other blocks.

A run is a piece of text with its marks, outermost first; a line break is the run `BREAK`. Duplicate, empty or crossed
tags cannot be expressed in this form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

Mark = tuple[str, str]
"""A tag and the value of its only attribute: ("strong", ""), ("a", "https://…")."""
Run = tuple[str, tuple[Mark, ...]]

BREAK: Run = ("\n", ())

HEADING_KINDS = ("h2", "h3", "h4", "h5", "h6")
TEXT_KINDS = frozenset(("p", *HEADING_KINDS))
_BOX_KINDS = ("ul", "ol", "li", "blockquote", "table", "tr", "td", "th", "dl", "dt", "dd")


class Block:
    """A paragraph, a heading, a figure, a divider, or a box of other blocks. Mutable; each body has separate blocks."""

    __slots__ = (
        "_text",
        "_text_runs",
        "alt",
        "attributes",
        "children",
        "credit",
        "has_empty_caption",
        "href",
        "is_decoration",
        "kind",
        "runs",
        "title",
        "url",
    )

    def __init__(
        self,
        kind: str,
        runs: list[Run] | None = None,
        *,
        children: list[Block] | None = None,
        url: str = "",
        alt: str = "",
        title: str = "",
        attributes: str = "",
        is_decoration: bool = False,
    ) -> None:
        self.kind = kind
        self.children = children or []
        self.url = url
        """The image of a figure."""
        self.alt = alt
        self.title = title
        """The text that a browser shows over a figure's image."""
        self.credit = ""
        self.href = ""
        """The link around the image of a figure."""
        self.has_empty_caption = False
        """True for a figure whose `figcaption` is empty."""
        self.is_decoration = is_decoration
        """True for an icon or the like, which is never the entry's lead image."""
        self.attributes = attributes
        """Attributes of td, th and ol as HTML: `colspan="2"`. Those of li are for `split_numbered_list`."""
        self.runs = runs or []
        """The text of p, h2 … h6 and pre, or a figure's caption. Assign a new list to change it."""
        self._text = ""
        self._text_runs: list[Run] | None = None
        """The runs of which `_text` is the text."""

    @property
    def text(self) -> str:
        """The text that a reader sees, with line breaks as LF. In a box, each block begins a new line. Cached."""
        if self.children:
            return "\n".join([child.text for child in self.children])
        runs = self.runs
        if self._text_runs is not runs:
            self._text, self._text_runs = text_of_runs(runs), runs
        return self._text

    @property
    def is_text(self) -> bool:
        return self.kind in TEXT_KINDS


def text_of_runs(runs: Iterable[Run]) -> str:
    """Return the text of runs without their marks."""
    return "".join([text for text, _ in runs])


def normalize_runs(runs: Iterable[Run]) -> list[Run]:
    """Collapse spaces, strip them at line ends, and join neighbours with the same marks."""
    normalized: list[Run] = []
    open_space = True
    for text, marks in runs:
        if text == "\n":
            _strip_end(normalized)
            if normalized and normalized[-1] is not BREAK:
                normalized.append(BREAK)
            open_space = True
            continue
        if open_space and text[:1] == " ":
            text = text[1:]
        if not text:
            continue
        open_space = text[-1] == " "
        if normalized and (normalized[-1][1] == marks or text == " ") and normalized[-1] is not BREAK:
            normalized[-1] = (normalized[-1][0] + text, normalized[-1][1])
        else:
            normalized.append((text, marks))
    _strip_end(normalized)
    return normalized


def _strip_end(runs: list[Run]) -> None:
    while runs:
        text = runs[-1][0].rstrip()
        if text:
            if text != runs[-1][0]:
                runs[-1] = (text, runs[-1][1])
            return
        runs.pop()


def split_paragraphs(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Split runs at two line breaks in a row into parts that are normalized and not empty."""
    part: list[Run] = []
    breaks = 0
    for run in runs:
        if run is BREAK:
            breaks += 1
            if breaks == 2 and part:
                if paragraph := normalize_runs(part):
                    yield paragraph
                part = []
        elif not run[0].isspace():
            breaks = 0
        part.append(run)
    if paragraph := normalize_runs(part):
        yield paragraph


def split_lines(runs: Sequence[Run]) -> list[list[Run]]:
    """Split runs at every line break."""
    lines: list[list[Run]] = [[]]
    for run in runs:
        if run is BREAK:
            lines.append([])
        else:
            lines[-1].append(run)
    return lines


def join_lines(lines: Iterable[list[Run]]) -> list[Run]:
    """The inverse of `split_lines`."""
    runs: list[Run] = []
    for line in lines:
        if runs:
            runs.append(BREAK)
        runs.extend(line)
    return runs


def cut_text(runs: list[Run], start: int, end: int) -> list[Run]:
    """Delete the characters from `start` to `end` of the runs' text."""
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
    """Return (URL, text) of every link in order. Adjacent links with the same URL are one link."""
    links: list[tuple[str, str]] = []
    previous = ""
    for text, marks in runs:
        url = ""
        for tag, value in marks:  # four times as fast as next() with a generator
            if tag == "a":
                url = value
                break
        if url and url == previous:
            links[-1] = (url, links[-1][1] + text)
        elif url:
            links.append((url, text))
        previous = url
    return links


def text_outside_links(runs: Iterable[Run]) -> str:
    """Return the text that is not part of a link."""
    return "".join([text for text, marks in runs if not marks or all(tag != "a" for tag, _ in marks)])


def walk_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks at every depth, outer blocks before inner ones."""
    for block in blocks:
        yield block
        if block.children:
            yield from walk_blocks(block.children)


def leaf_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks without children at every depth, in order."""
    return [block for block in walk_blocks(blocks) if not block.children]


def addresses_in(blocks: Iterable[Block]) -> Counter[str]:
    """Count the addresses of all links and pictures in blocks."""
    addresses: list[str] = []
    for block in walk_blocks(blocks):
        if block.kind == "figure":
            addresses += filter(None, (block.url, block.href))
        if len(block.runs) > 1 or (block.runs and block.runs[0][1]):
            addresses += [url for url, _ in extract_links(block.runs)]
    return Counter(addresses)


def has_only_links(block: Block) -> bool:
    """True when all text in a block is links, apart from separators."""
    if block.is_text and not any(marks for _, marks in block.runs):
        return False
    leaves = leaf_blocks([block])
    if any(leaf.kind in ("figure", "pre", "hr") for leaf in leaves):
        return False
    runs = [run for leaf in leaves for run in leaf.runs]
    return bool(extract_links(runs)) and not text_outside_links(runs).strip(" /|·•-–—、，,.:：\n")


_PARENT_KINDS = {"li": ("ul", "ol"), "tr": ("table",), "td": ("tr",), "th": ("tr",), "dt": ("dl",), "dd": ("dl",)}
_ITEM_KINDS = {"ul": "li", "ol": "li", "dl": "dd", "tr": "td"}


def fix_nesting(blocks: Iterable[Block], parent: str = "") -> list[Block]:
    """Repair the nesting: items are only in lists, cells only in rows, with nothing else there, and no box is empty."""
    fixed: list[Block] = []
    for block in blocks:
        if block.kind not in _BOX_KINDS:
            fixed.append(block)
            continue
        if block.kind in _PARENT_KINDS and parent not in _PARENT_KINDS[block.kind]:
            fixed.extend(fix_nesting(block.children, parent))
            continue
        block.children = fix_nesting(block.children, block.kind)
        if block.kind == "table":
            fixed.extend(child for child in block.children if child.kind != "tr")
            block.children = _drop_empty_cells([child for child in block.children if child.kind == "tr"])
            cells = [cell for row in block.children for cell in row.children if cell.children]
            if _is_layout(block.children):
                fixed.extend(child for cell in cells for child in cell.children)
                continue
        if block.children or block.kind in ("td", "th"):
            fixed.append(block)
    if item_kind := _ITEM_KINDS.get(parent):
        return [
            child if parent in _PARENT_KINDS.get(child.kind, ()) else Block(item_kind, children=[child])
            for child in fixed
        ]
    return fixed


def _is_layout(rows: list[Block]) -> bool:
    """True for a table that only places things: one column, or one row with a picture beside a text."""
    if all(len(row.children) == 1 and row.children[0].kind == "td" for row in rows):
        return True
    cells = rows[0].children if len(rows) == 1 else []
    if sum(bool(cell.children) for row in rows for cell in row.children) == 1:
        return True
    only_pictures = [cell for cell in cells if all(child.kind == "figure" for child in cell.children)]
    return len(cells) == 2 and len(only_pictures) == 1


def _drop_empty_cells(rows: list[Block]) -> list[Block]:
    """Return a table's rows without empty rows, and without columns that are empty in all rows.

    Other empty cells stay, because the cells after them would stand under the wrong heads.
    """
    rows = [row for row in rows if any(cell.children for cell in row.children)]
    if any(cell.attributes for row in rows for cell in row.children):
        return rows
    used = {index for row in rows for index, cell in enumerate(row.children) if cell.children}
    for row in rows:
        row.children = [cell for index, cell in enumerate(row.children) if index in used]
    return rows


def split_numbered_list(block: Block) -> list[Block]:
    """Split an ordered list before each item that has a number of its own, so that each part can start with it."""
    parts = [Block("ol", attributes=block.attributes)]
    for item in block.children:
        if item.attributes and parts[-1].children:
            parts.append(Block("ol"))
        parts[-1].attributes = item.attributes or parts[-1].attributes
        parts[-1].children.append(item)
        item.attributes = ""
    return parts


def blocks_to_html(blocks: Iterable[Block]) -> str:
    """Write blocks as small, semantic, well-formed HTML. The result still has to be sanitized."""
    out: list[str] = []
    _write(blocks, out.append)
    return "".join(out)


def _write(blocks: Iterable[Block], write: Callable[[str], None]) -> None:
    for block in blocks:
        kind = block.kind
        if kind == "figure":
            _write_figure(block, write)
        elif kind == "hr":
            write("<hr>")
        elif kind in _BOX_KINDS:
            _write_box(block, write)
        else:
            # Parsers drop an LF directly after <pre>, so the one written here protects an LF in the text.
            write(f"<{kind}>\n" if kind == "pre" else f"<{kind}>")
            _write_runs(block.runs, write, pre=kind == "pre")
            write(f"</{kind}>")


def _write_box(block: Block, write: Callable[[str], None]) -> None:
    kind, children = block.kind, block.children
    write(f"<{kind} {block.attributes}>" if block.attributes and kind != "li" else f"<{kind}>")
    if len(children) == 1 and children[0].kind == "p" and kind not in ("blockquote", "ul", "ol"):
        _write_runs(children[0].runs, write)  # an item or a cell with one paragraph needs no <p>
    else:
        _write(children, write)
    write(f"</{kind}>")


def _write_figure(block: Block, write: Callable[[str], None]) -> None:
    image = f'<img src="{escape(block.url)}" alt="{escape(block.alt)}">'
    if block.href:
        image = f'<a href="{escape(block.href)}">{image}</a>'
    write(f"<figure>{image}")
    if block.runs or block.credit:
        write("<figcaption>")
        _write_runs(block.runs, write)
        if block.credit:
            write(f"{' ' if block.runs else ''}<cite>{escape(block.credit, quote=False)}</cite>")
        write("</figcaption>")
    write("</figure>")


def _write_runs(runs: Sequence[Run], write: Callable[[str], None], pre: bool = False) -> None:
    if len(runs) == 1 and not runs[0][1]:  # most paragraphs are one plain run
        write(escape(runs[0][0], quote=False))
        return
    open_marks: tuple[Mark, ...] = ()
    for text, marks in runs:
        shared = 0
        while shared < min(len(open_marks), len(marks)) and open_marks[shared] == marks[shared]:
            shared += 1
        for tag, _ in reversed(open_marks[shared:]):
            write(f"</{tag}>")
        for tag, value in marks[shared:]:
            write(f'<a href="{escape(value)}">' if tag == "a" else f"<{tag}>")
        open_marks = marks
        write("<br>" if text == "\n" and not pre else escape(text, quote=False))
    for tag, _ in reversed(open_marks):
        write(f"</{tag}>")
