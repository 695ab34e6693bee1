"""A repaired body -> blocks, and a log of fields and removals, in one walk over Beautiful Soup's tree.

The tree is never changed. The walk skips dropped elements, which costs a tenth of removing them from the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bs4.element import NavigableString, Tag

from ..config.settings import MAX_DEPTH
from ..config.source_rules import ElementRole
from . import embeds
from .blocks import BREAK, Block, Mark, fix_nesting, leaf_blocks, split_numbered_list
from .classify import (
    BACK_LINK,
    BLOCK_TAGS,
    BOX_TAGS,
    GENERIC_CLASSIFIER,
    HEADING_TAGS,
    MARK_TAGS,
    TEXTLESS_TAGS,
    ElementClassifier,
    format_kept_attributes,
    is_caption_alone,
    is_caption_line,
    is_clutter,
    is_credit_footer,
    is_followed_by_text,
    is_in_sentence,
    is_short_element,
    is_small_caption,
    select_elements,
    short_text,
)
from .extractor_state import ADDRESS_ATTRIBUTES, ExtractionLog, ExtractorState, join_removed
from .formulas import add_formula, is_math_type
from .html_parser import element_text, find_element, parse_html, visible_text
from .image_urls import clean_image_url, is_image_element, is_image_object
from .preformatted import PREFORMATTED_TAGS, LineReader, code_cells
from .rule_lookup import CompiledRule
from .text import normalize_line
from .url_cleaner import absolutize_url, clean_link, is_share_link, is_tag_link

_Marks = tuple[Mark, ...]


_WRAPPERS = ("div", "section", "figure")
"""Elements that may hold a picture and its caption, and nothing else."""


class TooDeepError(Exception):
    """The tree is deeper than that of any article. The next parser would cut off the deepest elements."""


def extract_blocks(html: str, base_url: str, rule: CompiledRule) -> tuple[list[Block], ExtractionLog]:
    """Parse a repaired body and extract its blocks. Raises TooDeepError."""
    state = ExtractorState(base_url, ExtractionLog())
    tree = parse_html(html)
    if "<base" in html and (base := tree.find("base", href=True)):
        state.base_url = absolutize_url(str(base["href"]), base_url) or base_url
    _BlockExtractor(state, rule, ElementClassifier(select_elements(tree, rule))).read(tree)
    embeds.drop_repeated_players(state)
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
        if name not in TEXTLESS_TAGS and self.take_classified(tag, marks):
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
        elif "-" in name and is_image_element(tag):
            self.read_image(tag, marks)
        else:  # `span`, `font` and other tags without a meaning
            self.read_children(tag, marks, depth)

    def take_classified(self, tag: Tag, marks: _Marks) -> bool:
        """Handle an element that is not plain text; False when its content must also be read as text."""
        state = self.state
        classification = self.classifier.classify(tag, state)
        if classification is None:
            return False
        kind, reason = classification
        if kind == "drop":
            state.log_removed(reason, tag)
            return True
        if kind == "formula":
            return add_formula(self.state, tag, marks)
        if kind == "background":
            state.end_paragraph()
            state.add_block(
                Block("figure", url=clean_image_url(reason, state.base_url), alt=str(tag.get("aria-label") or ""))
            )
            return True
        if kind == "code":
            self.read_preformatted(tag, marks, 0)
            return True
        if kind == "shell":
            return embeds.add_attribute_embed(state, tag, reason)
        if kind == "caption":
            return self.take_caption(tag)
        if kind == "credit":
            if state.open_figure is None:
                return False
            state.add_caption(state.open_figure, [], normalize_line(visible_text(tag)))
            for address in state.addresses_in(tag):
                state.log_text("links in credits", address)
            return True
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

    def extract_field(self, role: ElementRole, tag: Tag, origin: str, url: str = "") -> None:
        """Move an element out of the body into a field."""
        state = self.state
        if role == "date" and (stamp := tag.get("datetime") or tag.get("content")):
            state.add_field(role, str(stamp), origin)
        blocks = _BlockExtractor(state.for_field(), self.rule, GENERIC_CLASSIFIER).read(tag)
        for block in leaf_blocks(blocks):
            if block.runs and block.kind != "figure":
                state.add_field(role, block.text, origin, block.runs)
        state.log_removed(f"lifted: {role}", tag, url)

    def read_block(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read `p`, `div`, `figure` and similar elements, which start and end a paragraph."""
        state = self.state
        state.end_paragraph()
        name = tag.name
        if (is_small_caption(tag) or is_credit_footer(tag)) and self.read_as_caption(tag):
            return
        if name == "address" and not state.text_has_started and is_short_element(tag) and not _has_digit(tag):
            self.extract_field("author", tag, "address")
            return
        if name == "nav" or (name == "footer" and tag.find_parent("blockquote") is None and _is_site_footer(tag)):
            state.log_removed("navigation" if name == "nav" else "footers", tag)
            return
        if name == "figure" and not state.awaits_caption and is_caption_alone(tag):
            state.log_removed("captions without pictures", tag)
            return
        start = len(state.blocks)
        self.read_children(tag, marks, depth)
        state.end_paragraph()
        if name in _WRAPPERS:
            state.detect_caption(start, tag)

    def read_time(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read a `time`. Before the text, and not in a sentence, it is the date of publication."""
        state = self.state
        if state.text_has_started or any(text.strip() for text, _ in state.runs) or is_in_sentence(tag):
            self.read_children(tag, marks, depth)
            return
        stamp = str(tag.get("pudate") or tag.get("datetime") or tag.get("content") or "")
        text = normalize_line(element_text(tag))
        state.add_field("date", stamp or text, "time")
        if stamp and text:
            state.log.relative_time = state.log.relative_time or text
        state.log_removed("lifted: date", tag, stamp)

    def read_reading(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read the `rt` of a ruby annotation: 漢字（かんじ）."""
        text = element_text(tag).strip()
        is_bare = bool(text) and text[0] not in "（(〔[【"
        if is_bare:
            self.state.add_text("（", marks)
        if tag.name == "rtc":  # the readings of all characters
            self.state.add_text("".join(text.split()), marks)
        else:
            self.read_children(tag, marks, depth)
        if is_bare:
            self.state.add_text("）", marks)

    def read_bracket(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Leave out the bracket in the `rp` of a ruby annotation. An `rp` without an end tag holds the next `rt`."""
        for child in tag.contents:
            if isinstance(child, Tag):
                self.read_element(child, marks, depth + 1)
            elif type(child) is NavigableString and child.strip(" \n()（）〔〕[]【】《》"):
                self.state.add_text(str(child), marks)

    def read_math(self, tag: Tag, marks: _Marks, depth: int) -> None:
        if not add_formula(self.state, tag, marks):
            self.read_children(tag, marks, depth)

    def read_small(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read a `small`: the caption of the picture before it when it is a line of its own."""
        is_line = not any(text.strip() for text, _ in self.state.runs) and not is_followed_by_text(tag)
        is_line = is_line and is_caption_line(tag)
        if not is_line or self.state.open_figure is None or not self.read_as_caption(tag):
            self.read_children(tag, marks, depth)

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
        elif inner or kind in ("td", "th"):
            box = Block(kind, children=inner, attributes=format_kept_attributes(tag))
            for block in split_numbered_list(box) if kind == "ol" else (box,):
                state.add_block(block)

    def read_table(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read a table; a table of code and line numbers is code."""
        if code := code_cells(tag):
            self.read_preformatted(tag, marks, depth, *code)
        else:
            self.read_box(tag, marks, depth)

    def read_preformatted(
        self, tag: Tag, marks: _Marks, depth: int, cells: Sequence[Tag] = (), numbers: Sequence[str] = ()
    ) -> None:
        """Read a `pre`, or the cells of a table of code, with the links and the pictures in it."""
        state = self.state
        state.end_paragraph()
        reader = LineReader(self.link_target, state.log_text)
        for element in cells or (tag,):
            reader.read(element, tuple(mark for mark in marks if mark[0] == "a"))
        for part in reader.finish():
            if isinstance(part, Tag):
                self.read_element(part, marks, depth + 1)
                state.end_paragraph()
            else:
                state.add_block(Block("pre", part))
        state.log_text("line numbers", " ".join(numbers))

    def read_divider(self, _tag: Tag, _marks: _Marks, _depth: int) -> None:
        self.state.end_paragraph()
        self.state.add_block(Block("hr"))

    def link_target(self, tag: Tag) -> str:
        """Return the URL of an `a`; empty, and logged, when a reader cannot follow it."""
        target = str(tag.get("href") or "").strip()
        return self.follow_link(target, clean_link(target, self.state.base_url) if target else "")

    def follow_link(self, target: str, url: str) -> str:
        """Return the URL of a link to `target`, of which `url` is the clean form, as `link_target` does."""
        if target and not url:
            self.state.log_text("links that lead nowhere", target[:_LONGEST_TARGET])
        elif url and not (rewritten := self.rule.rewrite_link(url)):
            self.state.log_text("rule: links", url)
            return ""
        return rewritten if url else ""

    def read_link(self, tag: Tag, marks: _Marks, depth: int) -> None:
        state = self.state
        target = str(tag.get("href") or "").strip()
        clean = clean_link(target, state.base_url) if target else ""
        if is_share_link(target) or is_share_link(clean):
            state.log_removed("share links", tag, clean or target)
            return
        if (text := short_text(tag)) and BACK_LINK.fullmatch(text):
            state.log_text("links back from notes", f"{text} {clean}".strip())
            return
        url = self.follow_link(target, clean)
        if tag.get("rel") == "tag":
            state.add_field("tag", normalize_line(element_text(tag)), "rel=tag")
        elif tag.get("rel") == "author" and not state.text_has_started and is_short_element(tag):
            self.extract_field("author", tag, "rel=author", url)
            return
        if any(mark[0] == "a" for mark in marks):
            marks = tuple(mark for mark in marks if mark[0] != "a")
        first_run, first_block = len(state.runs), len(state.blocks)
        self.read_children(tag, (("a", url), *marks) if url else marks, depth)
        if not url:
            return
        blocks = leaf_blocks(state.blocks[first_block:])
        for block in blocks:
            if block.kind == "figure":
                embeds.link_image(state, block, url)
        runs = [run for block in blocks for run in block.runs] + state.runs[0 if blocks else first_run :]
        is_used = any(("a", url) in marks and text.strip() for text, marks in runs)
        if not is_used and not any(block.href == url for block in blocks):
            state.log_text("links without text", url)

    def read_image(self, tag: Tag, marks: _Marks, _depth: int = 0) -> None:
        embeds.add_image(self.state, tag, marks, self.rule.images)

    def read_picture(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read a `picture`: the `img` in it finds its address in the sources too."""
        if find_element(tag, "img", "amp-img") is None:
            self.read_image(tag, marks)
        self.read_children(tag, marks, depth)

    def read_noscript(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read only pictures and players: lazy loaders put the real ones here. Duplicates are merged later."""
        for element in tag.find_all(("img", "iframe", "video", "audio")):
            self.read_element(element, marks, depth + 1)
        unread = self.state.addresses_in(tag, ("a", "area", "embed", "object"))
        self.state.log_text("fallback without scripts", " ".join([normalize_line(visible_text(tag)), *unread]).strip())

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
        blocks = inner.read(tag)
        figure.has_empty_caption = not blocks
        self.state.add_caption_blocks(figure, blocks)

    def read_textless(self, tag: Tag, marks: _Marks, depth: int) -> None:
        """Read an element that holds no text of the article. Some of these are players, formulas or links."""
        name = tag.name
        if name in ("object", "embed"):
            if name == "object" and is_image_object(tag):
                self.read_image(tag, marks)
            else:
                embeds.add_plugin(self.state, tag)
        elif name == "script":
            self.read_script(tag, marks)
        elif name == "svg":
            for image in tag.find_all("image"):
                self.read_image(image, marks)
            unread = self.state.addresses_in(tag, ADDRESS_ATTRIBUTES.keys() - {"image"})
            self.state.log_text("controls", join_removed([visible_text(tag)], unread))
        elif name == "input" and tag.get("type") == "image":
            self.read_image(tag, marks)
        elif name == "input" and tag.get("type") == "checkbox":
            self.state.add_text("☑ " if "checked" in tag.attrs else "☐ ", marks)
        elif name == "template" and "shadowrootmode" in tag.attrs:
            self.read_children(tag, marks, depth)
        elif name not in ("style", "link", "meta", "base", "param", "source", "track"):
            self.state.log_removed(
                _TEXTLESS_STEPS.get(name, "controls"), tag, str(tag.get("href") or tag.get("src") or "")
            )

    def read_script(self, tag: Tag, marks: _Marks) -> None:
        script_type = str(tag.get("type") or "")
        if is_math_type(script_type):
            add_formula(self.state, tag, marks)
        elif "json" in script_type:
            embeds.add_script_media(self.state, tag)
        else:
            embeds.add_script_embed(self.state, tag)


def _has_digit(tag: Tag) -> bool:
    """True for an address with a number: it is a postal address and no name."""
    return any(char.isdecimal() for char in element_text(tag))


def _is_site_footer(tag: Tag) -> bool:
    """True for a footer of links that are no tags of the article."""
    return is_clutter(tag) and not any(is_tag_link(str(a.get("href"))) for a in tag.find_all("a"))


_LONGEST_TARGET = 400
_TEXTLESS_STEPS = dict.fromkeys(("title", "template", "dialog", "noframes", "noembed"), "hidden elements")


_Handler = Callable[[_BlockExtractor, Tag, _Marks, int], None]


def _embed_handler(add: Callable[[ExtractorState, Tag], None]) -> _Handler:
    return lambda extractor, tag, _marks, _depth: add(extractor.state, tag)


_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(TEXTLESS_TAGS, _BlockExtractor.read_textless),
    **dict.fromkeys(HEADING_TAGS, _BlockExtractor.read_heading),
    **dict.fromkeys(BOX_TAGS, _BlockExtractor.read_box),
    **dict.fromkeys(("img", "amp-img", "image"), _BlockExtractor.read_image),
    **dict.fromkeys(PREFORMATTED_TAGS, _BlockExtractor.read_preformatted),
    **dict.fromkeys(("rt", "rtc"), _BlockExtractor.read_reading),
    **dict.fromkeys(("math", "mjx-container", "amp-mathml"), _BlockExtractor.read_math),
    **dict.fromkeys(("video", "audio", "amp-video", "amp-audio"), _embed_handler(embeds.add_media)),
    **dict.fromkeys(("iframe", "amp-iframe"), _embed_handler(embeds.add_iframe)),
    **dict.fromkeys(embeds.PLAYER_ELEMENTS, _embed_handler(embeds.add_player_element)),
    "a": _BlockExtractor.read_link,
    "figcaption": _BlockExtractor.read_figcaption,
    "hr": _BlockExtractor.read_divider,
    "small": _BlockExtractor.read_small,
    "picture": _BlockExtractor.read_picture,
    "rp": _BlockExtractor.read_bracket,
    "table": _BlockExtractor.read_table,
    "noscript": _BlockExtractor.read_noscript,
    "time": _BlockExtractor.read_time,
}
