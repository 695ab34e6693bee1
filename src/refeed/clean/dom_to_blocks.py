"""A repaired body -> blocks, and the account of what was found and removed: one walk over Beautiful Soup's tree.

The tree is never changed: what is dropped is not walked into, which costs a tenth of taking it out.
"""

from __future__ import annotations

from collections.abc import Callable

from bs4.element import NavigableString, Tag

from ..config.settings import MAX_DEPTH
from ..config.source_rules import ElementRole
from ..model import Removal
from . import embeds, url_cleaner
from .blocks import BREAK, Block, Mark, fix_nesting
from .classify import GENERIC_CLASSIFIER, Classification, ElementClassifier, is_short_element, is_small_caption
from .compiled_rules import CompiledRule
from .extractor_state import ExtractionLog, ExtractorState
from .html_elements import (
    BLOCK_TAGS,
    BOX_TAGS,
    HEADING_TAGS,
    MARK_TAGS,
    TEXTLESS_TAGS,
    TRANSPARENT_TAGS,
    element_text,
    format_kept_attributes,
)
from .html_parser import parse_html
from .media_urls import IMAGE_FILE, find_image_url, is_emoji_image, is_invisible_image
from .text import normalize_line, strip_invisible

Marks = tuple[Mark, ...]


class TooDeepError(Exception):
    """The tree is deeper than any article; what lies below would be cut by the next parser."""


def extract_blocks(html: str, base: str, ready: CompiledRule, language: str) -> tuple[list[Block], ExtractionLog]:
    """Parse a repaired body and read it. Raises TooDeepError."""
    reading = ExtractorState(base, language, ExtractionLog())
    _Walk(reading, ready, ElementClassifier(ready.selectors, ready.watched_attributes)).all(parse_html(html))
    return fix_nesting(reading.blocks), reading.log


class _Walk:
    """Goes through a tree in the order of its text. Its methods for elements take the element, the marks that words
    inside it bear, and how deep it lies."""

    __slots__ = ("judge", "reading", "ready")

    def __init__(self, reading: ExtractorState, ready: CompiledRule, judge: ElementClassifier) -> None:
        self.reading, self.ready, self.judge = reading, ready, judge

    def all(self, tag: Tag) -> list[Block]:
        """Read everything inside an element, to its last line."""
        self.inside(tag, (), 0)
        self.reading.end_paragraph()
        return self.reading.blocks

    def inside(self, tag: Tag, marks: Marks, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TooDeepError
        for child in tag.contents:
            if type(child) is NavigableString:
                self.reading.add_text(str(child), marks)  # a plain str is read ten times as fast as this subclass of it
            elif isinstance(child, Tag):
                self.tag(child, marks, depth + 1)

    def tag(self, tag: Tag, marks: Marks, depth: int) -> None:
        name = tag.name
        if (tag.attrs or name in self.judge.selectors) and name not in TEXTLESS_TAGS and self.taken(tag):
            return
        if name == "p" and len(tag.contents) == 1 and type(tag.contents[0]) is NavigableString:
            self.reading.add_plain_paragraph(tag.contents[0], marks)
        elif name == "br":
            self.reading.runs.append(BREAK)
        elif name in MARK_TAGS:
            self.inline(tag, (MARK_TAGS[name], ""), marks, depth)
        elif name in BLOCK_TAGS:
            self.block(tag, marks, depth)
        elif handler := _HANDLERS.get(name):
            handler(self, tag, marks, depth)
        else:
            self.inside(tag, marks, depth)

    def inline(self, tag: Tag, mark: Mark, marks: Marks, depth: int) -> None:
        self.inside(tag, marks if mark in marks else (*marks, mark), depth)

    def block(self, tag: Tag, marks: Marks, depth: int) -> None:
        """`p`, `div` and their like: lines of their own, unless they turn out to be something else."""
        reading = self.reading
        reading.end_paragraph()
        name = tag.name
        if name == "div" and is_small_caption(tag) and self.captioned(tag):
            return
        if name == "address" and not reading.text_has_started and is_short_element(tag):
            self.keep_field("author", tag, "address")
            return
        if name == "nav":
            reading.log_removed("navigation", tag)
            return
        before = len(reading.blocks)
        self.inside(tag, marks, depth)
        reading.end_paragraph()
        if name == "div":
            reading.detect_gallery_caption(before)

    def through(self, tag: Tag, marks: Marks, depth: int) -> None:
        if tag.name != "time" or not self.preamble_time(tag):
            self.inside(tag, marks, depth)

    def heading(self, tag: Tag, marks: Marks, depth: int) -> None:
        self.reading.end_paragraph()
        self.inside(tag, marks, depth)
        self.reading.end_paragraph(HEADING_TAGS[tag.name])

    def box(self, tag: Tag, marks: Marks, depth: int) -> None:
        """A list, a table, a quotation: blocks within a block."""
        reading = self.reading
        reading.end_paragraph()
        outer, reading.blocks = reading.blocks, []
        self.inside(tag, marks, depth)
        reading.end_paragraph()
        inner, reading.blocks = reading.blocks, outer
        kind = BOX_TAGS[tag.name]
        if kind == "blockquote" and all(child.kind == "figure" for child in inner):
            reading.blocks.extend(inner)  # a frame round a picture is no quotation
        elif inner:
            reading.add_block(Block(kind, children=inner, attributes=format_kept_attributes(tag)))

    def pre(self, tag: Tag, _marks: Marks, _depth: int) -> None:
        self.reading.end_paragraph()
        text = strip_invisible(element_text(tag)).replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
        if text.strip():
            self.reading.add_block(Block("pre", [(text, ())]))

    def rule(self, _tag: Tag, _marks: Marks, _depth: int) -> None:
        self.reading.end_paragraph()
        self.reading.add_block(Block("hr"))

    def anchor(self, tag: Tag, marks: Marks, depth: int) -> None:
        reading = self.reading
        target = str(tag.get("href") or "")
        url = self.resolved(target)
        if url_cleaner.is_share_link(url) or url_cleaner.is_share_link(target):
            reading.log_removed("share links", tag, url or target)
            return
        if tag.get("rel") == "tag":
            reading.add_field("tag", normalize_line(element_text(tag)), "rel=tag")
        elif tag.get("rel") == "author" and not reading.text_has_started and is_short_element(tag):
            self.keep_field("author", tag, "rel=author")
            return
        if any(mark[0] == "a" for mark in marks):
            marks = tuple(mark for mark in marks if mark[0] != "a")
        before = len(reading.blocks)
        self.inside(tag, (("a", url), *marks) if url else marks, depth)
        for block in reading.blocks[before:]:
            if block.kind == "figure" and url and _leads_elsewhere(url, block):
                block.href = url

    def resolved(self, target: str) -> str:
        """Where a link leads, as its author and the source's rule want it; empty when it leads nowhere."""
        url = url_cleaner.clean_link(target, self.reading.base_url) if target else ""
        return self.ready.rewrite_link(url) if url else ""

    def image(self, tag: Tag, marks: Marks, _depth: int = 0) -> None:
        reading = self.reading
        if is_emoji_image(tag):
            reading.add_text(str(tag.get("alt") or ""), marks)
            return
        url = find_image_url(tag, reading.base_url)
        alt = normalize_line(str(tag.get("alt") or tag.get("aria-label") or ""))
        if not url:
            return
        reading.end_paragraph()
        if is_invisible_image(tag, url) or (self.ready.images is not None and self.ready.images.search(url)):
            reading.log.removed.append(Removal(step="pixels and stand-ins", text=url))
            reading.log.lead_above_dropped_image |= len(reading.blocks) == 1 and reading.blocks[0].is_text
        else:
            reading.add_block(Block("figure", url=url, alt=alt))

    def noscript(self, tag: Tag, marks: Marks, _depth: int) -> None:
        """Only its pictures: lazy loaders keep the real one there. A twin of one that was read is dropped later."""
        for picture in tag.find_all("img"):
            self.image(picture, marks)

    def figure(self, tag: Tag, marks: Marks, depth: int) -> None:
        self.reading.end_paragraph()
        self.inside(tag, marks, depth)
        self.reading.end_paragraph()

    def figcaption(self, tag: Tag, marks: Marks, depth: int) -> None:
        self.reading.end_paragraph()
        if not self.captioned(tag):
            self.inside(tag, marks, depth)
            self.reading.end_paragraph()

    def captioned(self, tag: Tag) -> bool:
        """Read an element as the caption of what stands before it; False where that is no picture and no player."""
        reading = self.reading
        if reading.open_figure is not None:
            self.caption(tag, reading.open_figure)
            return True
        if reading.blocks and reading.blocks[-1] is reading.player_link:
            embeds.caption_player(reading, tag)
            return True
        return False

    def caption(self, tag: Tag, figure: Block) -> None:
        """Read an element as the caption of a figure; credits in it go where credits are kept."""
        inner = self.reading.for_caption(figure)
        self.reading.add_caption_blocks(figure, _Walk(inner, self.ready, self.judge).all(tag))

    def taken(self, tag: Tag) -> bool:
        """Whether an element is something else than text, and has been dealt with."""
        verdict = self.judge.classify(tag, self.reading)
        return verdict is not None and self.take(tag, verdict)

    def take(self, tag: Tag, verdict: Classification) -> bool:
        reading, (to, where) = self.reading, verdict
        if to == "drop":
            return reading.log_removed(where, tag)
        if to == "shell":
            return embeds.add_attribute_embed(reading, tag, where)
        if to in ("caption", "credit"):
            return self.take_caption(tag, whole=to == "caption")
        if to == "lead":
            reading.add_field("lead", normalize_line(element_text(tag, " ")), where)
            return False
        if to in ("author", "date") and not is_short_element(tag):
            return False
        return self.keep_field(to, tag, where)

    def take_caption(self, tag: Tag, *, whole: bool) -> bool:
        reading = self.reading
        if reading.open_figure is None:
            return False
        if not whole:
            reading.add_caption(reading.open_figure, [], normalize_line(element_text(tag, " ")))
            return True
        if reading.in_caption or any(text.strip() for text, _ in reading.runs):  # words stand between them
            return False
        reading.end_paragraph()
        self.caption(tag, reading.open_figure)
        return True

    def keep_field(self, to: ElementRole, tag: Tag, where: str) -> bool:
        """Lift an element out of the body into a field."""
        reading = self.reading
        if to == "date" and (stamp := tag.get("datetime") or tag.get("content")):
            reading.add_field(to, str(stamp), where)
        reading.add_field_blocks(to, _Walk(reading.for_field(), self.ready, GENERIC_CLASSIFIER).all(tag), where)
        return reading.log_removed(f"lifted: {to}", tag)

    def preamble_time(self, tag: Tag) -> bool:
        """A `time` before the text begins, on a line of its own, is when it was published."""
        reading = self.reading
        if reading.text_has_started or any(text.strip() for text, _ in reading.runs):
            return False
        stamp = str(tag.get("pudate") or tag.get("datetime") or tag.get("content") or "")
        text = normalize_line(element_text(tag))
        reading.add_field("date", stamp or text, "time")
        if stamp and text:
            reading.log.relative_time = reading.log.relative_time or text
        return reading.log_removed("lifted: date", tag, stamp)

    def nothing(self, tag: Tag, _marks: Marks, _depth: int) -> None:
        """An element that holds no text; some of them are players."""
        name = tag.name
        if name in ("object", "embed"):
            embeds.add_plugin(self.reading, tag)
        elif name == "script" and "json" in str(tag.get("type") or ""):
            embeds.add_script_media(self.reading, tag)
        elif name in ("button", "svg", "option", "select"):
            self.reading.log_removed("controls", tag)


def _leads_elsewhere(url: str, figure: Block) -> bool:
    """True of a link round a picture that leads to more than the picture itself."""
    return url_cleaner.picture_key(url) != url_cleaner.picture_key(figure.url) and not IMAGE_FILE.search(url)


def _played(play: Callable[[ExtractorState, Tag], None]) -> Callable[[_Walk, Tag, Marks, int], None]:
    return lambda walk, tag, _marks, _depth: play(walk.reading, tag)


_HANDLERS: dict[str, Callable[[_Walk, Tag, Marks, int], None]] = {
    **dict.fromkeys(TEXTLESS_TAGS, _Walk.nothing),
    **dict.fromkeys(TRANSPARENT_TAGS, _Walk.through),
    **dict.fromkeys(HEADING_TAGS, _Walk.heading),
    **dict.fromkeys(BOX_TAGS, _Walk.box),
    **dict.fromkeys(("img", "amp-img", "image"), _Walk.image),
    **dict.fromkeys(("pre", "textarea"), _Walk.pre),
    **dict.fromkeys(("figure", "picture"), _Walk.figure),
    **dict.fromkeys(("video", "audio", "amp-video", "amp-audio"), _played(embeds.add_media)),
    **dict.fromkeys(("iframe", "amp-iframe"), _played(embeds.add_iframe)),
    **dict.fromkeys(("amp-youtube", "amp-twitter"), _played(embeds.add_amp_player)),
    "a": _Walk.anchor,
    "figcaption": _Walk.figcaption,
    "hr": _Walk.rule,
    "noscript": _Walk.noscript,
}
