"""A body -> blocks, and what was found and removed: one walk over Beautiful Soup's tree, which knows all rules.

Nothing in the tree is changed: what is dropped is not walked into, which costs a tenth of taking it out.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from typing import Any

from bs4 import BeautifulSoup
from bs4.builder._lxml import LXMLTreeBuilder
from bs4.element import NavigableString, Tag

from ..model import Enclosure, Removed
from ..rules import Element, Take
from . import links
from .blocks import BREAK, Block, Mark, Run, paragraphs, sound, tidy
from .markup import (
    ASKED,
    BLOCK_TAGS,
    BOXES,
    CREDIT_LABEL,
    HEADINGS,
    MARKS,
    NOTHING,
    ROLES,
    SENTENCE,
    SHELLS,
    THROUGH,
    UNSEEN,
    meaning_of,
    text_of,
)  # fmt: skip
from .media import (
    ADDRESS,
    MEDIA_FILE,
    PICTURE_FILE,
    embed_link,
    enclosure,
    image_url,
    is_emoji,
    is_pixel,
    pictures_of,
    player_page,
)
from .sources import Compiled
from .text import line as one_line
from .text import squeezed, visible

DEEPEST = 256


class TooDeep(Exception):
    """The tree is deeper than any article; what lies below would be cut by the next parser."""


@dataclass(slots=True)
class Reading:
    """What one body turned out to hold."""

    blocks: list[Block] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    fields: list[tuple[Element, str, list[Run], str]] = field(default_factory=list)
    """(field, text, runs, where it was), in order."""
    enclosures: list[Enclosure] = field(default_factory=list)
    above_picture: bool = False
    """One text stands above the place of a lead image that shows nothing and was dropped."""
    age: str = ""
    """What the text told of its age, such as `15 分钟前`."""


def read(html: str, base: str, ready: Compiled, language: str) -> Reading:
    """Parse a repaired body and read it. Raises TooDeep."""
    # Behind <body>, Beautiful Soup takes no text for a file name and no `<?xml` for a mistake, and warns of neither.
    soup = BeautifulSoup(f"<body>{html}", builder=_HtmlBuilder(multi_valued_attributes=None, string_containers={}))
    walk = _Walk(base, ready, language)
    walk.inside(soup, (), 0)
    walk.end_line()
    walk.reading.blocks = sound(walk.reading.blocks)
    return walk.reading


class _HtmlBuilder(LXMLTreeBuilder):
    """Beautiful Soup's lxml builder without the namespaces that HTML does not have: a fifth of its time (bs4 4.15)."""

    def start(self, tag: Any, attrib: Any, nsmap: Any = None) -> None:  # noqa: ARG002  lxml's signature
        self.soup.handle_starttag(tag, None, None, dict(attrib))

    def end(self, tag: Any) -> None:
        self.soup.endData()
        self.soup.handle_endtag(tag)


# lxml (6.0) asks for each parser what its target's `start` takes: a twentieth of a short body's time to find out.
_HtmlBuilder.start.__signature__ = inspect.signature(_HtmlBuilder.start)  # type: ignore[attr-defined]


class _Walk:
    __slots__ = (
        "asked",
        "base",
        "blocks",
        "caption_open",
        "figure",
        "in_caption",
        "language",
        "link_to_player",
        "reading",
        "ready",
        "runs",
        "started",
        "takings",
    )

    def __init__(self, base: str, ready: Compiled, language: str) -> None:
        self.base, self.ready, self.language = base, ready, language
        self.takings = ready.takings
        self.asked = ready.asked
        self.reading = Reading()
        self.blocks = self.reading.blocks
        self.runs: list[Run] = []
        self.in_caption = False
        self.link_to_player: Block | None = None
        self.figure: Block | None = None
        """The last figure, while nothing but its caption has come after it."""
        self.started = False
        """True once the text has begun, so that dates and names are no longer a preamble."""

    # -- text ---------------------------------------------------------------------------------------------------------

    def text(self, string: str, marks: tuple[Mark, ...]) -> None:
        string = visible(string)
        words = string.split()
        if words:
            before, after = string[0].isspace(), string[-1].isspace()
            self.runs.append((f"{' ' if before else ''}{' '.join(words)}{' ' if after else ''}", marks))
        elif string and self.runs:
            self.runs.append((" ", ()))

    def plain_paragraph(self, string: str, marks: tuple[Mark, ...]) -> None:
        """What most of a body is: a paragraph of one text, read without a detour."""
        self.end_line()
        if text := squeezed(visible(string)):
            self.put(Block("p", [(text, marks)]))

    def end_line(self, kind: str = "p") -> None:
        """Close the paragraph being read."""
        if not self.runs:
            return
        runs, self.runs = self.runs, []
        for part in paragraphs(runs) if kind == "p" else [tidy(runs)]:
            if part:
                self.put(Block(kind, part))

    def put(self, block: Block) -> None:
        self.blocks.append(block)
        if block.kind == "figure":
            self.figure = block
        elif block.kind != "hr" and not self.in_caption:
            self.figure = None
            if not self.started and block.is_text:
                text = block.text
                self.started = len(text) > 40 or text.endswith(("。", "！", "？", "”", ".", "!", "?"))

    # -- the tree -----------------------------------------------------------------------------------------------------

    def inside(self, tag: Tag, marks: tuple[Mark, ...], depth: int) -> None:
        if depth > DEEPEST:
            raise TooDeep
        for child in tag.contents:
            if type(child) is NavigableString:
                self.text(str(child), marks)  # whose characters are had ten times as fast as those of its subclass
            elif isinstance(child, Tag):
                self.tag(child, marks, depth + 1)

    def tag(self, tag: Tag, marks: tuple[Mark, ...], depth: int) -> None:
        name = tag.name
        if name in NOTHING:
            self.nothing(tag)
            return
        if (tag.attrs or name in self.takings) and self.taken(tag):
            return
        if name == "p" and len(tag.contents) == 1 and type(tag.contents[0]) is NavigableString:
            self.plain_paragraph(tag.contents[0], marks)
        elif name == "br":
            self.runs.append(BREAK)
        elif name in MARKS:
            self.inline(tag, (MARKS[name], ""), marks, depth)
        elif name == "a":
            self.anchor(tag, marks, depth)
        elif name in BLOCK_TAGS:
            self.box_of_text(tag, marks, depth)
        elif name == "img" or name == "amp-img" or name == "image":
            self.image(tag, marks)
        elif name in THROUGH:
            if name == "time" and self.preamble_time(tag):
                return
            self.inside(tag, marks, depth)
        elif name in HEADINGS:
            self.end_line()
            self.inside(tag, marks, depth)
            self.end_line(HEADINGS[name])
        elif handler := _HANDLERS.get(name):
            handler(self, tag, marks, depth)
        elif name in BOXES:
            self.box(tag, marks, depth)
        else:
            self.inside(tag, marks, depth)

    def inline(self, tag: Tag, mark: Mark, marks: tuple[Mark, ...], depth: int) -> None:
        self.inside(tag, marks if mark in marks else (*marks, mark), depth)

    def box_of_text(self, tag: Tag, marks: tuple[Mark, ...], depth: int) -> None:
        self.end_line()
        name = tag.name
        if name == "div" and self.is_small_caption(tag):
            if self.figure is not None:
                self.caption(tag)
                return
            if self.blocks and self.blocks[-1] is self.link_to_player:
                self.name_player(tag)
                return
        if name == "address" and not self.started and self.is_short(tag):
            self.keep_field("author", tag, "address")
            return
        if name == "nav":
            self.removed("navigation", tag)
            return
        before = len(self.blocks)
        self.inside(tag, marks, depth)
        self.end_line()
        if name == "div" and len(self.blocks) == before + 2:
            self.captioned_div(before)

    def captioned_div(self, at: int) -> None:
        """A picture and a text that begins with a bold head, alone in a div: the text is the caption (galleries)."""
        figure, text = self.blocks[at], self.blocks[at + 1]
        if (
            figure.kind == "figure"
            and not figure.runs
            and text.kind == "p"
            and text.runs[0][1] == (("strong", ""),)
            and len(text.runs) > 1
        ) and text.runs[1][0].startswith(("：", ":")):
            figure.runs = text.runs
            self.blocks.pop()

    def box(self, tag: Tag, marks: tuple[Mark, ...], depth: int) -> None:
        self.end_line()
        outer, self.blocks = self.blocks, []
        self.inside(tag, marks, depth)
        self.end_line()
        inner, self.blocks = self.blocks, outer
        kind = BOXES[tag.name]
        if inner:
            block = Block(kind, children=inner, attributes=_attributes(tag))
            if kind == "blockquote" and all(child.kind == "figure" for child in inner):
                self.blocks.extend(inner)  # a frame round a picture is no quotation
            else:
                self.put(block)

    def pre(self, tag: Tag, _marks: tuple[Mark, ...], _depth: int) -> None:
        self.end_line()
        text = visible(text_of(tag)).replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
        if text.strip():
            self.put(Block("pre", [(text, ())]))

    def rule(self, _tag: Tag, _marks: tuple[Mark, ...], _depth: int) -> None:
        self.end_line()
        self.put(Block("hr"))

    # -- links --------------------------------------------------------------------------------------------------------

    def anchor(self, tag: Tag, marks: tuple[Mark, ...], depth: int) -> None:
        target = str(tag.get("href") or "")
        url = links.link(target, self.base) if target else ""
        if url and self.ready.links:
            url = self.ready.rewritten(url)
        if (url and links.shares(url)) or links.shares(target):
            self.removed("share links", tag, url or target)
            return
        if tag.get("rel") == "tag":
            self.reading.fields.append(("tag", one_line(text_of(tag)), [], "rel=tag"))
        elif tag.get("rel") == "author" and not self.started and self.is_short(tag):
            self.keep_field("author", tag, "rel=author")
            return
        if any(mark[0] == "a" for mark in marks):
            marks = tuple(mark for mark in marks if mark[0] != "a")
        figures = len(self.blocks)
        self.inside(tag, (("a", url), *marks) if url else marks, depth)
        for block in self.blocks[figures:]:
            if (
                block.kind == "figure"
                and url
                and links.identity(url) != links.identity(block.url)
                and not PICTURE_FILE.search(url)
            ):
                block.href = url

    # -- pictures and players -----------------------------------------------------------------------------------------

    def image(self, tag: Tag, marks: tuple[Mark, ...]) -> None:
        if is_emoji(tag):
            self.text(str(tag.get("alt") or ""), marks)
            return
        url = image_url(tag, self.base)
        alt = one_line(str(tag.get("alt") or tag.get("aria-label") or ""))
        if not url:
            return
        if is_pixel(tag, url) or (self.ready.images is not None and self.ready.images.search(url)):
            self.reading.removed.append(Removed(step="pixels and stand-ins", text=url))
            self.end_line()
            self.reading.above_picture |= len(self.blocks) == 1 and self.blocks[0].is_text
            return
        self.end_line()
        self.put(Block("figure", url=url, alt=alt))

    def noscript(self, tag: Tag, marks: tuple[Mark, ...], _depth: int) -> None:
        """Only its pictures: lazy loaders keep the real one there. A twin of one that was read is dropped later."""
        for picture in pictures_of(tag):
            self.image(picture, marks)

    def media(self, tag: Tag, _marks: tuple[Mark, ...], _depth: int) -> None:
        self.end_line()
        poster = links.image(str(tag.get("poster") or ""), self.base)
        if poster:
            self.put(Block("figure", url=poster))
        found = enclosure(tag, self.base)
        if found:
            self.reading.enclosures.append(found)
            self.player(found.url, tag, found.type.partition("/")[0])
            self.figure = self.blocks[-2] if poster else None

    def player(self, url: str, tag: Tag, kind: str) -> None:
        name = one_line(str(tag.get("title") or tag.get("aria-label") or "")) or embed_link(url, kind, self.language)
        self.link_to_player = Block("p", [(name, (("a", url),))])
        self.put(self.link_to_player)

    def name_player(self, tag: Tag) -> None:
        """A caption under a player is its name, unless a picture above bears it already."""
        text = one_line(text_of(tag))
        told = {one_line(block.text) for block in self.blocks if block.kind == "figure"}
        if text and text not in told and self.link_to_player:
            self.link_to_player.runs = [(text, self.link_to_player.runs[0][1])]
        else:
            self.removed("caption repeated", tag)

    def iframe(self, tag: Tag, _marks: tuple[Mark, ...], _depth: int) -> None:
        self.end_line()
        source = str(tag.get("src") or tag.get("data-src") or tag.get("data-lazy-src") or "")
        url = (
            links.link(source, self.base)
            if source and not source.startswith(("about:", "data:", "javascript:"))
            else ""
        )
        target = player_page(url) if url else ""
        self.removed("embeds become links", tag, url)
        if target and not self.is_last_link(target):
            self.player(target, tag, "")

    def amp(self, tag: Tag, _marks: tuple[Mark, ...], _depth: int) -> None:
        """AMP's players name what they play by a number."""
        number = str(tag.get("data-videoid") or tag.get("data-tweetid") or "")
        if re.fullmatch(r"[\w-]{5,30}", number):
            self.end_line()
            page = "https://www.youtube.com/watch?v=" if tag.name == "amp-youtube" else "https://twitter.com/i/status/"
            self.player(page + number, tag, "")

    def is_last_link(self, url: str) -> bool:
        """True when the block just read already leads there: a fallback, or a quotation with its player."""
        last = self.blocks[-1] if self.blocks else None
        if last is None:
            return False
        bare = url.partition("#")[0].rstrip("/").removesuffix("/embed").rstrip("/")
        return any(
            value.rstrip("/") in (bare, url.rstrip("/"))
            for block in (last, *last.children)
            for _, marks in block.runs
            for tag, value in marks
            if tag == "a"
        )

    def figure_tag(self, tag: Tag, marks: tuple[Mark, ...], depth: int) -> None:
        self.end_line()
        self.inside(tag, marks, depth)
        self.end_line()

    def figcaption(self, tag: Tag, marks: tuple[Mark, ...], depth: int) -> None:
        self.end_line()
        if self.figure is not None:
            self.caption(tag)
        elif self.blocks and self.blocks[-1] is self.link_to_player:
            self.name_player(tag)
        else:
            self.inside(tag, marks, depth)
            self.end_line()

    def is_small_caption(self, tag: Tag) -> bool:
        """`<div><small>…</small></div>` after a picture: how the full-text service writes captions."""
        children = [child for child in tag.contents if isinstance(child, Tag) or str(child).strip()]
        return len(children) == 1 and isinstance(children[0], Tag) and children[0].name == "small"

    def caption(self, tag: Tag) -> None:
        """Read an element as the caption of the figure before it; credits in it go where credits are kept."""
        inner = _Walk(self.base, self.ready, self.language)
        inner.reading, inner.figure, inner.in_caption, inner.started = self.reading, self.figure, True, True
        inner.blocks = []
        inner.inside(tag, (), 0)
        inner.end_line()
        runs: list[Run] = []
        for block in _flat(inner.blocks):
            if block.kind == "figure":
                self.put(block)
            elif block.runs:
                runs.extend([*([BREAK] if runs else []), *block.runs])
        text = [run for run in runs if ("cite", "") not in run[1]]
        credit = one_line("".join(run[0] for run in runs if ("cite", "") in run[1]))
        if self.figure is not None:
            self.add_caption(self.figure, tidy(text), credit)

    def add_caption(self, figure: Block, runs: list[Run], credit: str) -> None:
        credit = CREDIT_LABEL.sub("", credit)
        if credit and not figure.credit:
            figure.credit = credit
        if not runs:
            return
        text = "".join(run[0] for run in runs)
        if not figure.runs:
            figure.runs = runs
        elif text not in figure.text:
            figure.runs = [*figure.runs, BREAK, *runs]

    # -- fields and removals ------------------------------------------------------------------------------------------

    def taken(self, tag: Tag) -> bool:
        """Ask the rule's selectors and the words that recur in markup whether an element is a field or clutter."""
        attrs = tag.attrs
        if self.asked.isdisjoint(attrs) and tag.name not in self.takings:
            return False
        for key in self.keys(tag) if self.takings else ():
            for taking in self.takings.get(key, ()):
                if self.asks(taking.take) and taking.matches(tag):
                    return self.take(taking.take.to, tag, taking.take.select)
        if (
            "class" in attrs
            and (meaning := meaning_of(attrs["class"]))
            and self.taken_by_class(tag, meaning, attrs["class"])
        ):
            return True
        if "itemprop" in attrs and not self.started:
            role = ROLES.get(str(attrs["itemprop"]))
            if role and self.is_short(tag):
                return self.take(role, tag, "itemprop")
        if "hidden" in attrs or (attrs.get("aria-hidden") == "true" and self.is_clutter(tag)):
            return self.removed("hidden labels", tag)
        if "style" in attrs and UNSEEN.search(attrs["style"]):
            return self.removed("hidden labels", tag)
        for name in SHELLS:
            if name in attrs:
                return self.shell(tag, str(attrs[name]))
        return False

    def asks(self, take: Take) -> bool:
        """True when a rule's selector could mean anything here, before it is tried."""
        if take.start and self.started:
            return False
        return self.figure is not None or take.to not in ("caption", "credit")

    def taken_by_class(self, tag: Tag, meaning: str, classes: str) -> bool:
        if meaning in ("caption", "credit"):
            of_picture = self.figure is not None and tag.name not in ("img", "figure") and not tag.find("img")
            return of_picture and self.take(meaning, tag, classes)
        if meaning == "hidden":
            return self.removed("hidden labels", tag)
        if meaning == "clutter":
            return self.is_clutter(tag) and self.removed("clutter", tag)
        if not self.started and self.is_short(tag):
            return self.take("author" if meaning == "author" else "date", tag, classes)
        return False

    def keys(self, tag: Tag) -> list[str]:
        keys = [tag.name]
        for name, value in tag.attrs.items():
            keys.append("[" + name)
            if name == "class":
                keys.extend("." + word for word in value.split())
        keys.append("*")
        return keys

    def take(self, to: Element, tag: Tag, where: str) -> bool:
        if to == "drop":
            return self.removed(f"rule: {where}", tag)
        if to in ("caption", "credit"):
            if self.figure is None:
                return False
            if to == "credit":
                self.add_caption(self.figure, [], one_line(text_of(tag, " ")))
            elif self.in_caption:
                return False
            else:
                self.end_line()
                self.caption(tag)
            return True
        if to == "lead":
            self.reading.fields.append(("lead", one_line(text_of(tag, " ")), [], where))
            return False
        if to in ("author", "date") and not self.is_short(tag):
            return False
        return self.keep_field(to, tag, where)

    def keep_field(self, to: Element, tag: Tag, where: str) -> bool:
        """Lift an element out of the body into a field."""
        if to == "date" and (stamp := tag.get("datetime") or tag.get("content")):
            self.reading.fields.append((to, str(stamp), [], where))
        inner = _Walk(self.base, self.ready, self.language)
        inner.takings, inner.asked, inner.started = {}, ASKED, True
        inner.inside(tag, (), 0)
        inner.end_line()
        for block in _flat(inner.blocks):
            if block.runs and block.kind != "figure":
                self.reading.fields.append((to, block.text, block.runs, where))
        return self.removed(f"lifted: {to}", tag)

    def removed(self, step: str, tag: Tag, url: str = "") -> bool:
        text = one_line(text_of(tag, " "))
        if text or url:
            self.reading.removed.append(Removed(step=step, text=(text + (" " if text and url else "") + url)[:2000]))
        return True

    def nothing(self, tag: Tag) -> None:
        name = tag.name
        if name in ("object", "embed"):
            url = links.link(str(tag.get("data") or tag.get("src") or ""), self.base)
            self.removed("embeds become links", tag, url)
            if url and not self.is_last_link(player_page(url)):
                self.end_line()
                self.player(player_page(url), tag, "")
        elif name == "script" and "json" in str(tag.get("type") or ""):
            for url in MEDIA_FILE.findall(text_of(tag).replace("\\/", "/"))[:1]:
                found = Enclosure(
                    url=links.link(url, self.base), type="audio/mpeg" if url.endswith("mp3") else "video/mp4"
                )
                self.reading.enclosures.append(found)
                self.end_line()
                self.player(found.url, tag, found.type.partition("/")[0])
        elif name in ("button", "svg", "option", "select"):
            self.removed("controls", tag)

    def preamble_time(self, tag: Tag) -> bool:
        """A `time` before the text begins, on a line of its own, is when it was published."""
        if self.started or any(text.strip() for text, _ in self.runs):
            return False
        stamp = str(tag.get("pudate") or tag.get("datetime") or tag.get("content") or "")
        text = one_line(text_of(tag))
        self.reading.fields.append(("date", stamp or text, [], "time"))
        if stamp and text:
            self.reading.age = self.reading.age or text
        return self.removed("lifted: date", tag, stamp)

    def shell(self, tag: Tag, value: str) -> bool:
        """An embed whose address is only in an attribute, and nothing to read in the element itself."""
        match = ADDRESS.search(value)
        if not match or text_of(tag).strip():
            return False
        self.end_line()
        url = player_page(links.link(match[0], self.base))
        if url and not self.is_last_link(url):
            self.player(url, tag, "")
        return True

    def is_short(self, tag: Tag) -> bool:
        return len(text_of(tag)) <= 120 and tag.find("img") is None

    def is_clutter(self, tag: Tag) -> bool:
        """True when a person would miss nothing: no picture, no sentence, hardly a word that is not a link."""
        text = "".join(text_of(tag).split())
        if not text:
            return tag.find(("img", "video", "audio", "iframe")) is None
        if len(text) > 400 or SENTENCE.search(text):
            return False
        linked = sum(len("".join(text_of(a).split())) for a in tag.find_all("a"))
        return len(text) - linked <= 24


def _flat(blocks: list[Block]) -> list[Block]:
    return [inner for block in blocks for inner in (_flat(block.children) if block.children else [block])]


def _attributes(tag: Tag) -> str:
    if tag.name == "ol":
        start = str(tag.get("start") or "")
        return f'start="{start}"' if start.isdigit() and start != "1" and len(start) < 7 else ""
    if tag.name in ("td", "th"):
        spans = [(name, str(tag.get(name) or "")) for name in ("colspan", "rowspan")]
        return " ".join(f'{name}="{value}"' for name, value in spans if value.isdigit() and 1 < int(value[:4]) < 1000)
    return ""


_HANDLERS: dict[str, Any] = {
    "pre": _Walk.pre,
    "textarea": _Walk.pre,
    "hr": _Walk.rule,
    "noscript": _Walk.noscript,
    "video": _Walk.media,
    "audio": _Walk.media,
    "iframe": _Walk.iframe,
    "amp-video": _Walk.media,
    "amp-audio": _Walk.media,
    "amp-iframe": _Walk.iframe,
    "amp-youtube": _Walk.amp,
    "amp-twitter": _Walk.amp,
    "figure": _Walk.figure_tag,
    "picture": _Walk.figure_tag,
    "figcaption": _Walk.figcaption,
}
