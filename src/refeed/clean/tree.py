"""A repaired body -> blocks, and the account of what was found and removed: one walk over Beautiful Soup's tree.

The tree is never changed: what is dropped is not walked into, which costs a tenth of taking it out.
"""

from __future__ import annotations

from collections.abc import Callable

from bs4.element import NavigableString, Tag

from ..model import Removed
from ..rules import DEEPEST, Element
from . import links, players
from .blocks import BREAK, Block, Mark, sound
from .compiling import CompiledRule
from .judging import PLAIN, Judge, Verdict, is_short, is_small_caption
from .markup import BLOCK_TAGS, BOXES, HEADINGS, MARKS, NOTHING, THROUGH, kept_attributes, text_of
from .media import PICTURE_FILE, image_url, is_emoji, is_pixel
from .reading import Account, Reading
from .soup import soup_of
from .text import one_line, visible

Marks = tuple[Mark, ...]


class TooDeepError(Exception):
    """The tree is deeper than any article; what lies below would be cut by the next parser."""


def read(html: str, base: str, ready: CompiledRule, language: str) -> tuple[list[Block], Account]:
    """Parse a repaired body and read it. Raises TooDeepError."""
    reading = Reading(base, language, Account())
    _Walk(reading, ready, Judge(ready.takings, ready.asked)).all(soup_of(html))
    return sound(reading.blocks), reading.account


class _Walk:
    """Goes through a tree in the order of its text. Its methods for elements take the element, the marks that words
    inside it bear, and how deep it lies."""

    __slots__ = ("judge", "reading", "ready")

    def __init__(self, reading: Reading, ready: CompiledRule, judge: Judge) -> None:
        self.reading, self.ready, self.judge = reading, ready, judge

    def all(self, tag: Tag) -> list[Block]:
        """Read everything inside an element, to its last line."""
        self.inside(tag, (), 0)
        self.reading.end_line()
        return self.reading.blocks

    def inside(self, tag: Tag, marks: Marks, depth: int) -> None:
        if depth > DEEPEST:
            raise TooDeepError
        for child in tag.contents:
            if type(child) is NavigableString:
                self.reading.text(str(child), marks)  # a plain str is read ten times as fast as this subclass of it
            elif isinstance(child, Tag):
                self.tag(child, marks, depth + 1)

    def tag(self, tag: Tag, marks: Marks, depth: int) -> None:
        name = tag.name
        if (tag.attrs or name in self.judge.takings) and name not in NOTHING and self.taken(tag):
            return
        if name == "p" and len(tag.contents) == 1 and type(tag.contents[0]) is NavigableString:
            self.reading.plain_paragraph(tag.contents[0], marks)
        elif name == "br":
            self.reading.runs.append(BREAK)
        elif name in MARKS:
            self.inline(tag, (MARKS[name], ""), marks, depth)
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
        reading.end_line()
        name = tag.name
        if name == "div" and is_small_caption(tag) and self.captioned(tag):
            return
        if name == "address" and not reading.started and is_short(tag):
            self.keep_field("author", tag, "address")
            return
        if name == "nav":
            reading.removed("navigation", tag)
            return
        before = len(reading.blocks)
        self.inside(tag, marks, depth)
        reading.end_line()
        if name == "div":
            reading.caption_from_head(before)

    def through(self, tag: Tag, marks: Marks, depth: int) -> None:
        if tag.name != "time" or not self.preamble_time(tag):
            self.inside(tag, marks, depth)

    def heading(self, tag: Tag, marks: Marks, depth: int) -> None:
        self.reading.end_line()
        self.inside(tag, marks, depth)
        self.reading.end_line(HEADINGS[tag.name])

    def box(self, tag: Tag, marks: Marks, depth: int) -> None:
        """A list, a table, a quotation: blocks within a block."""
        reading = self.reading
        reading.end_line()
        outer, reading.blocks = reading.blocks, []
        self.inside(tag, marks, depth)
        reading.end_line()
        inner, reading.blocks = reading.blocks, outer
        kind = BOXES[tag.name]
        if kind == "blockquote" and all(child.kind == "figure" for child in inner):
            reading.blocks.extend(inner)  # a frame round a picture is no quotation
        elif inner:
            reading.put(Block(kind, children=inner, attributes=kept_attributes(tag)))

    def pre(self, tag: Tag, _marks: Marks, _depth: int) -> None:
        self.reading.end_line()
        text = visible(text_of(tag)).replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
        if text.strip():
            self.reading.put(Block("pre", [(text, ())]))

    def rule(self, _tag: Tag, _marks: Marks, _depth: int) -> None:
        self.reading.end_line()
        self.reading.put(Block("hr"))

    def anchor(self, tag: Tag, marks: Marks, depth: int) -> None:
        reading = self.reading
        target = str(tag.get("href") or "")
        url = self.resolved(target)
        if links.shares(url) or links.shares(target):
            reading.removed("share links", tag, url or target)
            return
        if tag.get("rel") == "tag":
            reading.lift("tag", one_line(text_of(tag)), "rel=tag")
        elif tag.get("rel") == "author" and not reading.started and is_short(tag):
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
        url = links.link(target, self.reading.base) if target else ""
        return self.ready.rewritten(url) if url else ""

    def image(self, tag: Tag, marks: Marks, _depth: int = 0) -> None:
        reading = self.reading
        if is_emoji(tag):
            reading.text(str(tag.get("alt") or ""), marks)
            return
        url = image_url(tag, reading.base)
        alt = one_line(str(tag.get("alt") or tag.get("aria-label") or ""))
        if not url:
            return
        reading.end_line()
        if is_pixel(tag, url) or (self.ready.images is not None and self.ready.images.search(url)):
            reading.account.removed.append(Removed(step="pixels and stand-ins", text=url))
            reading.account.above_picture |= len(reading.blocks) == 1 and reading.blocks[0].is_text
        else:
            reading.put(Block("figure", url=url, alt=alt))

    def noscript(self, tag: Tag, marks: Marks, _depth: int) -> None:
        """Only its pictures: lazy loaders keep the real one there. A twin of one that was read is dropped later."""
        for picture in tag.find_all("img"):
            self.image(picture, marks)

    def figure(self, tag: Tag, marks: Marks, depth: int) -> None:
        self.reading.end_line()
        self.inside(tag, marks, depth)
        self.reading.end_line()

    def figcaption(self, tag: Tag, marks: Marks, depth: int) -> None:
        self.reading.end_line()
        if not self.captioned(tag):
            self.inside(tag, marks, depth)
            self.reading.end_line()

    def captioned(self, tag: Tag) -> bool:
        """Read an element as the caption of what stands before it; False where that is no picture and no player."""
        reading = self.reading
        if reading.figure is not None:
            self.caption(tag, reading.figure)
            return True
        if reading.blocks and reading.blocks[-1] is reading.link_to_player:
            players.name_player(reading, tag)
            return True
        return False

    def caption(self, tag: Tag, figure: Block) -> None:
        """Read an element as the caption of a figure; credits in it go where credits are kept."""
        inner = self.reading.of_caption(figure)
        self.reading.caption_with(figure, _Walk(inner, self.ready, self.judge).all(tag))

    def taken(self, tag: Tag) -> bool:
        """Whether an element is something else than text, and has been dealt with."""
        verdict = self.judge.verdict(tag, self.reading)
        return verdict is not None and self.take(tag, verdict)

    def take(self, tag: Tag, verdict: Verdict) -> bool:
        reading, (to, where) = self.reading, verdict
        if to == "drop":
            return reading.removed(where, tag)
        if to == "shell":
            return players.shell(reading, tag, where)
        if to in ("caption", "credit"):
            return self.take_caption(tag, whole=to == "caption")
        if to == "lead":
            reading.lift("lead", one_line(text_of(tag, " ")), where)
            return False
        if to in ("author", "date") and not is_short(tag):
            return False
        return self.keep_field(to, tag, where)

    def take_caption(self, tag: Tag, *, whole: bool) -> bool:
        reading = self.reading
        if reading.figure is None:
            return False
        if not whole:
            reading.caption_figure(reading.figure, [], one_line(text_of(tag, " ")))
            return True
        if reading.in_caption or any(text.strip() for text, _ in reading.runs):  # words stand between them
            return False
        reading.end_line()
        self.caption(tag, reading.figure)
        return True

    def keep_field(self, to: Element, tag: Tag, where: str) -> bool:
        """Lift an element out of the body into a field."""
        reading = self.reading
        if to == "date" and (stamp := tag.get("datetime") or tag.get("content")):
            reading.lift(to, str(stamp), where)
        reading.lift_blocks(to, _Walk(reading.of_field(), self.ready, PLAIN).all(tag), where)
        return reading.removed(f"lifted: {to}", tag)

    def preamble_time(self, tag: Tag) -> bool:
        """A `time` before the text begins, on a line of its own, is when it was published."""
        reading = self.reading
        if reading.started or any(text.strip() for text, _ in reading.runs):
            return False
        stamp = str(tag.get("pudate") or tag.get("datetime") or tag.get("content") or "")
        text = one_line(text_of(tag))
        reading.lift("date", stamp or text, "time")
        if stamp and text:
            reading.account.age = reading.account.age or text
        return reading.removed("lifted: date", tag, stamp)

    def nothing(self, tag: Tag, _marks: Marks, _depth: int) -> None:
        """An element that holds no text; some of them are players."""
        name = tag.name
        if name in ("object", "embed"):
            players.plugin(self.reading, tag)
        elif name == "script" and "json" in str(tag.get("type") or ""):
            players.data_script(self.reading, tag)
        elif name in ("button", "svg", "option", "select"):
            self.reading.removed("controls", tag)


def _leads_elsewhere(url: str, figure: Block) -> bool:
    """True of a link round a picture that leads to more than the picture itself."""
    return links.identity(url) != links.identity(figure.url) and not PICTURE_FILE.search(url)


def _played(play: Callable[[Reading, Tag], None]) -> Callable[[_Walk, Tag, Marks, int], None]:
    return lambda walk, tag, _marks, _depth: play(walk.reading, tag)


_HANDLERS: dict[str, Callable[[_Walk, Tag, Marks, int], None]] = {
    **dict.fromkeys(NOTHING, _Walk.nothing),
    **dict.fromkeys(THROUGH, _Walk.through),
    **dict.fromkeys(HEADINGS, _Walk.heading),
    **dict.fromkeys(BOXES, _Walk.box),
    **dict.fromkeys(("img", "amp-img", "image"), _Walk.image),
    **dict.fromkeys(("pre", "textarea"), _Walk.pre),
    **dict.fromkeys(("figure", "picture"), _Walk.figure),
    **dict.fromkeys(("video", "audio", "amp-video", "amp-audio"), _played(players.media)),
    **dict.fromkeys(("iframe", "amp-iframe"), _played(players.iframe)),
    **dict.fromkeys(("amp-youtube", "amp-twitter"), _played(players.amp)),
    "a": _Walk.anchor,
    "figcaption": _Walk.figcaption,
    "hr": _Walk.rule,
    "noscript": _Walk.noscript,
}
