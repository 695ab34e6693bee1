"""Blocks -> HTML: small and semantic, well-formed whatever the marks of the runs are. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from .blocks import BOXES, Block, Mark, Run


def html_of(blocks: Iterable[Block]) -> str:
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
        elif kind in BOXES:
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
