"""HTML of an entry -> XHTML that is valid by HTML's content models, as EPUB asks. Images are left out. Pure."""

from __future__ import annotations

import re
from html import escape

from lxml import etree
from lxml.html import fragment_fromstring

from ..xml_chars import xml_safe
from .common import percent_encode_url

_PHRASING = frozenset({"a", "b", "cite", "code", "em", "i", "mark", "q", "s", "strong", "sub", "sup", "u"})
_FLOW = frozenset(
    {"blockquote", "div", "dl", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
)
_TEXT_ONLY = frozenset({"p", "pre", "h2", "h3", "h4", "h5", "h6"})
"""Blocks that contain phrasing alone."""
_NUMBER = re.compile(r"[0-9]{1,4}")
_URL = re.compile(r"(?:https?://[^/?#]+|mailto:)\S*")


def to_xhtml(html: str) -> str:
    """The blocks of a fragment. Every word of it stays, except for those that belong to an image."""
    root = fragment_fromstring(xml_safe(html), create_parent="div")
    for figure in root.xpath(".//figure[.//img][not(.//table or .//pre or .//blockquote)]"):
        figure.drop_tree()
    return _flow(root)


def _flow(node: etree._Element) -> str:
    """The content of a block that contains blocks. Text between them becomes paragraphs."""
    parts: list[str] = []
    line: list[str] = []

    def end_line() -> None:
        if "".join(line).strip():
            parts.append(f"<p>{''.join(line).strip()}</p>")
        line.clear()

    line.append(_text(node.text))
    for child in _children(node):
        if _is_phrasing(child):
            line.append(_phrasing(child))
        else:
            end_line()
            parts.append(_block(child))
        line.append(_text(child.tail))
    end_line()
    return "\n".join(filter(None, parts))


def _block(node: etree._Element) -> str:
    name = node.tag
    if name == "hr":
        return "<hr/>"
    if name in _TEXT_ONLY:
        content = _inline(node)
        return f"<{name}>{content}</{name}>" if content.strip() else ""
    if name in ("ul", "ol"):
        start = node.get("start", "")
        attribute = f' start="{start}"' if name == "ol" and _NUMBER.fullmatch(start) else ""
        items = [_text(node.text)]
        for item in _children(node):
            items += [_flow(item) if item.tag == "li" else _piece(item), _text(item.tail)]
        content = "".join(f"<li>{item}</li>" for item in items if item.strip())
        return f"<{name}{attribute}>{content}</{name}>" if content else ""
    if name == "table":
        return _table(node)
    if name == "blockquote":
        content = _flow(node)
        return f"<blockquote>{content}</blockquote>" if content else ""
    return _flow(node)  # figures, definition lists, and what stands at a wrong place


def _table(node: etree._Element) -> str:
    """A table of rows with cells; its caption becomes a paragraph above it."""
    captions = [f"<p>{text}</p>" for caption in node.iter("caption") if (text := _inline(caption)).strip()]
    rows = []
    for row in node.iter("tr"):
        cells = [f"<{cell.tag}{_spans(cell)}>{_flow(cell)}</{cell.tag}>" for cell in row if cell.tag in ("td", "th")]
        if cells:
            rows.append(f"<tr>{''.join(cells)}</tr>")
    return "".join([*captions, f"<table><tbody>{''.join(rows)}</tbody></table>" if rows else ""])


def _spans(cell: etree._Element) -> str:
    spans = ((name, cell.get(name, "")) for name in ("colspan", "rowspan"))
    return "".join(f' {name}="{value}"' for name, value in spans if _NUMBER.fullmatch(value) and int(value))


def _inline(node: etree._Element) -> str:
    """The content of a block that contains phrasing alone."""
    return _text(node.text) + "".join(_phrasing(child) + _text(child.tail) for child in _children(node))


def _phrasing(node: etree._Element) -> str:
    name = node.tag
    if name == "img":
        return ""
    if name == "br":
        return "<br/>"
    content = _inline(node)
    if name == "a":
        url = percent_encode_url(node.get("href", "").strip())
        is_nested = any(parent.tag == "a" for parent in node.iterancestors())
        return f'<a href="{escape(url)}">{content}</a>' if _URL.fullmatch(url) and not is_nested else content
    return f"<{name}>{content}</{name}>" if name in _PHRASING else content


def _piece(node: etree._Element) -> str:
    return _phrasing(node) if _is_phrasing(node) else _block(node)


def _is_phrasing(node: etree._Element) -> bool:
    return node.tag in _PHRASING | {"br", "img"} and not any(child.tag in _FLOW for child in node.iter())


def _children(node: etree._Element) -> list[etree._Element]:
    return [child for child in node if isinstance(child.tag, str)]


def _text(text: str | None) -> str:
    return escape(text or "", quote=False)
