"""A repaired body -> blocks, and a log of fields and removals, in one walk over Beautiful Soup's tree.

The tree is never changed. The walk skips dropped elements, which costs a tenth of removing them from the tree.
"""

from __future__ import annotations

from collections.abc import Callable

from bs4.element import NavigableString, Tag

from ..config.settings import MAX_DEPTH
from ..config.source_rules import ElementRole
from ..model import Removal
from . import embeds
from .blocks import BREAK, Block, Mark, fix_nesting, leaf_blocks
from .classify import (
    BLOCK_TAGS,
    BOX_TAGS,
    GENERIC_CLASSIFIER,
    HEADING_TAGS,
    MARK_TAGS,
    TEXTLESS_TAGS,
    ElementClassifier,
    is_clutter,
    is_short_element,
    is_small_caption,
    select_elements,
)
from .extractor_state import ExtractionLog, ExtractorState
from .html_parser import element_text, parse_html
from .image_urls import IMAGE_FILE, find_image_url, is_emoji_image, is_invisible_image, picture_key
from .rule_lookup import CompiledRule
from .text import normalize_line, strip_invisible
from .url_cleaner import clean_link, is_share_link, is_tag_link

_Marks = tuple[Mark, ...]


class TooDeepError(Exception):
    """The tree is deeper than that of any article. The next parser would cut off the deepest elements."""


def extract_blocks(html: str, base_url: str, rule: CompiledRule, language: str) -> tuple[list[Block], ExtractionLog]:
    """Parse a repaired body and extract its blocks. Raises TooDeepError."""
    state = ExtractorState(base_url, language, ExtractionLog())
    tree = parse_html(html)
    _BlockExtractor(state, rule, ElementClassifier(select_elements(tree, rule))).read(tree)
    return fix_nesting(state.blocks), state.log


class _BlockExtractor:
    """Walks a tree in the order of its text.

    Each method that reads an element takes the element, the marks that apply to its text, and its depth.
    """

    __slots__ = ("classifier", "rule", "state")

    def __init__(self, state: ExtractorState, rule: CompiledRule, classifier: ElementClassifier) -> None:
        self.state, self.rule, self.classifier = state, rule, classifier

    def read(self, tag: Tag) -> list[Block]:
        """Read everything in an element."""
        self.read_children(tag, (), 0)
        self.state.end_paragraph()
        return self.state.blocks

    def read_children(self, tag: Tag, marks: _Marks, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TooDeepError
        for child in tag.contents:
            if type(child) is NavigableString:
                self.state.add_text(str(child), marks)  # reading a plain str is ten times as fast as a NavigableString
            elif isinstance(child, Tag):
                self.read_element(child, marks, depth + 1)

    def read_element(self, tag: Tag, marks: _Marks, depth: int) -> None:
        name = tag.name
        if name not in TEXTLESS_TAGS and self.take_classified(tag):
            return
        if name == "p" and len(tag.contents) == 1 and type(tag.contents[0]) is NavigableString:
            self.state.add_plain_paragraph(tag.contents[0], marks)
        elif name == "br":
            self.state.runs.append(BREAK)
        elif name in MARK_TAGS:
            mark = (MARK_TAGS[name], "")
            self.read_children(tag, marks if mark in marks else (*marks, mark), depth)
        elif name in BLOCK_TAGS:
            self.read_block(tag, marks, depth)
        elif handler := _HANDLERS.get(name):
            handler(self, tag, marks, depth)
        else:  # `span`, `font` and other tags without a meaning
            self.read_children(tag, marks, depth)

    def take_classified(self, tag: Tag) -> bool:
        """Handle an element that is not plain text; False when its content must also be read as text."""
        state = self.state
        classification = self.classifier.classify(tag, state)
        if classification is None:
            return False
        kind, reason = classification
        if kind == "drop":
            state.log_removed(reason, tag, str(tag.get("src") or "") if tag.name == "img" else "")
            return True
        if kind == "shell":
            return embeds.add_attribute_embed(state, tag, reason)
        if kind == "caption":
            return self.take_caption(tag)
        if kind == "credit":
            if state.open_figure is not None:
                state.add_caption(state.open_figure, [], normalize_line(element_text(tag, " ")))
            return state.open_figure is not None
        if kind == "lead":
            state.add_field("lead", normalize_line(element_text(tag, " ")), reason)
            return False
        if kind in ("author", "date") and not is_short_element(tag):
            return False
        self.extract_field(kind, tag, reason)
        return True

    def take_caption(self, tag: Tag) -> bool:
        state = self.state
        has_text_before = any(text.strip() for text, _ in state.runs)
        if state.open_figure is None or state.in_caption or has_text_before:
            return False
        state.end_paragraph()
        self.read_caption(tag, state.open_figure)
        return True

    def extract_field(self, role: ElementRole, tag: Tag, origin: str) -> None:
        """Move an element out of the body into a field."""
        state = self.state
        if role == "date" and (stamp := tag.get("datetime") or tag.get("content")):
            state.add_field(role, str(stamp), origin)
        blocks = _BlockExtractor(state.for_field(), self.rule, GENERIC_CLASSIFIER).read(tag)
        for block in leaf_blocks(blocks):
            if block.runs and block.kind != "figure":
                state.add_field(role, block.text, origin, block.runs)
        state.log_removed(f"lifted: {role}", tag)

    def read_block(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read `p`, `div`, `figure` and similar elements, which start and end a paragraph."""
        state = self.state
        state.end_paragraph()
        name = tag.name
        if name == "div" and is_small_caption(tag) and self.read_as_caption(tag):
            return
        if name == "address" and not state.text_has_started and is_short_element(tag) and not _has_digit(tag):
            self.extract_field("author", tag, "address")
            return
        if name == "nav" or (name == "footer" and _is_site_footer(tag)):
            state.log_removed("navigation" if name == "nav" else "footers", tag)
            return
        start = len(state.blocks)
        self.read_children(tag, marks, depth)
        state.end_paragraph()
        if name == "div":
            state.detect_gallery_caption(start)

    def read_time(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read a `time`. Before the text and alone in its paragraph, it is the date of publication."""
        state = self.state
        if state.text_has_started or any(text.strip() for text, _ in state.runs):
            self.read_children(tag, marks, depth)
            return
        stamp = str(tag.get("pudate") or tag.get("datetime") or tag.get("content") or "")
        text = normalize_line(element_text(tag))
        state.add_field("date", stamp or text, "time")
        if stamp and text:
            state.log.relative_time = state.log.relative_time or text
        state.log_removed("lifted: date", tag, stamp)

    def read_heading(self, tag: Tag, marks: _Marks, depth: int) -> None:
        self.state.end_paragraph()
        self.read_children(tag, marks, depth)
        self.state.end_paragraph(HEADING_TAGS[tag.name])

    def read_box(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read a list, a table or a quotation as a block that contains blocks."""
        state = self.state
        state.end_paragraph()
        outer, state.blocks = state.blocks, []
        self.read_children(tag, marks, depth)
        state.end_paragraph()
        inner, state.blocks = state.blocks, outer
        kind = BOX_TAGS[tag.name]
        if kind == "blockquote" and all(child.kind == "figure" for child in inner):
            state.blocks.extend(inner)  # a frame around a picture, not a quotation
        elif inner:
            state.add_block(Block(kind, children=inner, attributes=_format_kept_attributes(tag)))

    def read_preformatted(self, tag: Tag, _marks: _Marks, _depth: int) -> None:
        self.state.end_paragraph()
        text = strip_invisible(element_text(tag)).replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
        if text.strip():
            self.state.add_block(Block("pre", [(text, ())]))

    def read_divider(self, _tag: Tag, _marks: _Marks, _depth: int) -> None:
        self.state.end_paragraph()
        self.state.add_block(Block("hr"))

    def read_link(self, tag: Tag, marks: _Marks, depth: int) -> None:
        state = self.state
        target = str(tag.get("href") or "")
        url = clean_link(target, state.base_url) if target else ""
        url = self.rule.rewrite_link(url) if url else ""
        if is_share_link(url) or is_share_link(target):
            state.log_removed("share links", tag, url or target)
            return
        if tag.get("rel") == "tag":
            state.add_field("tag", normalize_line(element_text(tag)), "rel=tag")
        elif tag.get("rel") == "author" and not state.text_has_started and is_short_element(tag):
            self.extract_field("author", tag, "rel=author")
            return
        if any(mark[0] == "a" for mark in marks):
            marks = tuple(mark for mark in marks if mark[0] != "a")
        start = len(state.blocks)
        self.read_children(tag, (("a", url), *marks) if url else marks, depth)
        if url and not IMAGE_FILE.search(url):
            for block in state.blocks[start:]:
                if block.kind == "figure" and picture_key(url) != picture_key(block.url):
                    block.href = url

    def read_image(self, tag: Tag, marks: _Marks, _depth: int = 0) -> None:
        state = self.state
        if is_emoji_image(tag):
            state.add_text(str(tag.get("alt") or ""), marks)
            return
        url = find_image_url(tag, state.base_url)
        if not url:
            return
        state.end_paragraph()
        if is_invisible_image(tag, url) or (self.rule.images is not None and self.rule.images.search(url)):
            state.log.removed.append(Removal(step="pixels and stand-ins", text=url))
            state.log.lead_above_dropped_image |= len(state.blocks) == 1 and state.blocks[0].is_text
        else:
            alt = normalize_line(str(tag.get("alt") or tag.get("aria-label") or ""))
            state.add_block(Block("figure", url=url, alt=alt))

    def read_noscript(self, tag: Tag, marks: _Marks, _depth: int) -> None:
        """Read only the pictures: lazy loaders put the real picture into `noscript`. Duplicates are merged later."""
        for image in tag.find_all("img"):
            self.read_image(image, marks)

    def read_figcaption(self, tag: Tag, marks: _Marks, depth: int) -> None:
        self.state.end_paragraph()
        if not self.read_as_caption(tag):
            self.read_children(tag, marks, depth)
            self.state.end_paragraph()

    def read_as_caption(self, tag: Tag) -> bool:
        """Read an element as the caption of the figure or player before it; False without a figure or player."""
        state = self.state
        if state.open_figure is not None:
            self.read_caption(tag, state.open_figure)
            return True
        if state.blocks and state.blocks[-1] is state.player_link:
            embeds.caption_player(state, tag)
            return True
        return False

    def read_caption(self, tag: Tag, figure: Block) -> None:
        inner = _BlockExtractor(self.state.for_caption(figure), self.rule, self.classifier)
        self.state.add_caption_blocks(figure, inner.read(tag))

    def read_textless(self, tag: Tag, _marks: _Marks, _depth: int) -> None:
        """Read an element that holds no text of the article. Some of these are players."""
        name = tag.name
        if name in ("object", "embed"):
            embeds.add_plugin(self.state, tag)
        elif name == "script" and "json" in str(tag.get("type") or ""):
            embeds.add_script_media(self.state, tag)
        elif name in ("button", "svg", "option", "select"):
            self.state.log_removed("controls", tag)


def _has_digit(tag: Tag) -> bool:
    """True for an address with a number: it is a postal address and no name."""
    return any(char.isdecimal() for char in element_text(tag))


def _is_site_footer(tag: Tag) -> bool:
    """True for a footer of links that are no tags of the article."""
    return is_clutter(tag) and not any(is_tag_link(str(a.get("href"))) for a in tag.find_all("a"))


def _format_kept_attributes(tag: Tag) -> str:
    """Return the attributes that a list or a cell keeps, as HTML: `start`, `colspan` and `rowspan`."""
    if tag.name == "ol":
        start = str(tag.get("start") or "")
        return f'start="{start}"' if start.isdigit() and start != "1" and len(start) < 7 else ""
    if tag.name in ("td", "th"):
        spans = [(name, str(tag.get(name) or "")) for name in ("colspan", "rowspan")]
        return " ".join(f'{name}="{value}"' for name, value in spans if value.isdigit() and 1 < int(value[:4]) < 1000)
    return ""


_Handler = Callable[[_BlockExtractor, Tag, _Marks, int], None]


def _embed_handler(add: Callable[[ExtractorState, Tag], None]) -> _Handler:
    return lambda extractor, tag, _marks, _depth: add(extractor.state, tag)


_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(TEXTLESS_TAGS, _BlockExtractor.read_textless),
    **dict.fromkeys(HEADING_TAGS, _BlockExtractor.read_heading),
    **dict.fromkeys(BOX_TAGS, _BlockExtractor.read_box),
    **dict.fromkeys(("img", "amp-img", "image"), _BlockExtractor.read_image),
    **dict.fromkeys(("pre", "textarea"), _BlockExtractor.read_preformatted),
    **dict.fromkeys(("video", "audio", "amp-video", "amp-audio"), _embed_handler(embeds.add_media)),
    **dict.fromkeys(("iframe", "amp-iframe"), _embed_handler(embeds.add_iframe)),
    **dict.fromkeys(("amp-youtube", "amp-twitter"), _embed_handler(embeds.add_amp_player)),
    "a": _BlockExtractor.read_link,
    "figcaption": _BlockExtractor.read_figcaption,
    "hr": _BlockExtractor.read_divider,
    "noscript": _BlockExtractor.read_noscript,
    "time": _BlockExtractor.read_time,
}
