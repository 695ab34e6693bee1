"""The state of the block extractor: finished blocks, the open paragraph, and a log of fields and removals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bs4.element import Tag

from ..config.source_rules import ElementRole
from ..model import Enclosure, Removal
from .blocks import (
    BREAK,
    Block,
    Mark,
    Run,
    cut_text,
    extract_links,
    leaf_blocks,
    normalize_runs,
    split_paragraphs,
    text_of_runs,
)
from .captions import CAPTION_LABEL, starts_with_credit_label, strip_credit_label
from .html_parser import has_text_around, visible_nodes
from .text import collapse_whitespace, display_width, normalize_line, strip_invisible
from .url_cleaner import clean_link

_LONGEST_PREAMBLE = 40
"""In characters. A longer paragraph is part of the text, not a date or a byline above it."""
WIDEST_CAPTION = 220
"""In columns. A longer paragraph below a picture is text when nothing but its place says that it is a caption."""
_SENTENCE_ENDS = ("。", "！", "？", "”", ".", "!", "?")
_LONGEST_ADDRESS = 4000
ADDRESS_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("a", "area"), ("href",)),
    "image": ("href", "xlink:href", "src"),
    "object": ("data",),
    "img": ("src", "data-src", "data-lazy-src", "data-original"),
    **dict.fromkeys(("video", "amp-video"), ("src", "data-src", "poster")),
    **dict.fromkeys(
        ("audio", "embed", "iframe", "input", "source", "amp-audio", "amp-iframe", "amp-img"), ("src", "data-src")
    ),
}
"""Elements that link or show something -> the attributes that may hold its address, the best first."""


class ExtractedField(NamedTuple):
    """A field found in markup."""

    role: ElementRole
    text: str
    runs: list[Run]
    """The same text with its links and other marks; empty when the text is an attribute's value."""
    origin: str
    """The selector, class or attribute that marks the field; `explain` shows it."""


@dataclass(slots=True)
class ExtractionLog:
    """Everything found in a body except its text. The parts of a body that are read separately share one log."""

    removed: list[Removal] = field(default_factory=list)
    fields: list[ExtractedField] = field(default_factory=list)
    """In the order of the body."""
    enclosures: list[Enclosure] = field(default_factory=list)
    media_links: list[tuple[Block, str]] = field(default_factory=list)
    """Paragraphs that link to a media file, with the medium, which is to be named in the entry's language."""
    lead_above_dropped_image: bool = False
    """True when exactly one paragraph precedes a lead image that was dropped because it shows nothing."""
    relative_time: str = ""
    """The age that the text gives, for example `15 分钟前`."""


class ExtractorState:
    """Collects text, pictures and fields in the order of the body, and turns them into blocks."""

    __slots__ = (
        "base_url",
        "blocks",
        "in_caption",
        "log",
        "open_figure",
        "player_link",
        "runs",
        "text_has_started",
    )

    def __init__(self, base_url: str, log: ExtractionLog) -> None:
        self.base_url, self.log = base_url, log
        self.blocks: list[Block] = []
        self.runs: list[Run] = []
        """The open paragraph."""
        self.in_caption = False
        self.player_link: Block | None = None
        """The paragraph that links to the last player."""
        self.open_figure: Block | None = None
        """The last figure, until something other than its caption follows."""
        self.text_has_started = False
        """True after the preamble. From then on, dates and names are part of the text."""

    def for_caption(self, figure: Block) -> ExtractorState:
        """Return a state for the content of a figure's caption, with the same log."""
        inner = ExtractorState(self.base_url, self.log)
        inner.open_figure, inner.in_caption, inner.text_has_started = figure, True, True
        return inner

    def for_field(self) -> ExtractorState:
        """Return a state for the content of a field, with a separate log, because the field is logged as a whole."""
        inner = ExtractorState(self.base_url, ExtractionLog())
        inner.text_has_started = True
        return inner

    @property
    def awaits_caption(self) -> bool:
        """True directly behind a picture or a player."""
        return self.open_figure is not None or bool(self.blocks and self.blocks[-1] is self.player_link)

    def add_text(self, string: str, marks: tuple[Mark, ...]) -> None:
        """Append text to the open paragraph."""
        string = strip_invisible(string)
        words = string.split()
        if words:
            before, after = string[0].isspace(), string[-1].isspace()
            self.runs.append((f"{' ' if before else ''}{' '.join(words)}{' ' if after else ''}", marks))
        elif string and self.runs:
            self.runs.append((" ", ()))

    def add_plain_paragraph(self, string: str, marks: tuple[Mark, ...]) -> None:
        """Add a paragraph that consists of one text, as most paragraphs do."""
        self.end_paragraph()
        if text := collapse_whitespace(strip_invisible(string)):
            self.add_block(Block("p", [(text, marks)]))

    def end_paragraph(self, kind: str = "p") -> None:
        """Close the open paragraph; two line breaks in a row split it."""
        if not self.runs:
            return
        runs, self.runs = self.runs, []
        for part in split_paragraphs(runs) if kind == "p" else [normalize_runs(runs)]:
            if part:
                self.add_block(Block(kind, part))

    def add_block(self, block: Block) -> None:
        """Append a finished block."""
        self.blocks.append(block)
        if block.kind == "figure":
            self.open_figure = block
        elif block.kind != "hr" and not self.in_caption:
            self.open_figure = None
            if not self.text_has_started and block.is_text:
                text = block.text
                self.text_has_started = len(text) > _LONGEST_PREAMBLE or text.endswith(_SENTENCE_ENDS)

    def add_caption(self, figure: Block, runs: list[Run], credit: str) -> None:
        """Add to a figure's caption. A second caption is appended unless it repeats the first."""
        if match := CAPTION_LABEL.match(text_of_runs(runs)):
            self.log_text("caption labels", match[0].strip())
            runs = cut_text(runs, 0, match.end())
        if runs and not credit and starts_with_credit_label(text := text_of_runs(runs)):
            for url, _ in extract_links(runs):
                self.log_text("links in credits", url)
            runs, credit = [], text
        credit, label = strip_credit_label(credit)
        self.log_text("caption labels", label)
        if credit and figure.credit:
            self.log_text("caption repeated", credit)
        figure.credit = figure.credit or credit
        if not runs:
            return
        if not figure.runs:
            figure.runs = runs
        elif text_of_runs(runs) not in figure.text:
            figure.runs = [*figure.runs, BREAK, *runs]
        else:
            self.log_text("caption repeated", text_of_runs(runs))

    def add_caption_blocks(self, figure: Block, blocks: Iterable[Block]) -> None:
        """Add the blocks of an element to a figure's caption. Text marked `cite` is the credit."""
        runs: list[Run] = []
        for block in leaf_blocks(blocks):
            if block.kind == "figure":
                self.add_block(block)
                figure = block
            elif block.runs:
                runs.extend([*([BREAK] if runs else []), *block.runs])
        caption = [run for run in runs if ("cite", "") not in run[1]]
        cited = [run for run in runs if ("cite", "") in run[1]]
        credit = text_of_runs(cited)
        for url, _ in extract_links(cited):
            self.log_text("links in credits", url)
        self.add_caption(figure, normalize_runs(caption), normalize_line(credit))

    def detect_caption(self, start: int, wrapper: Tag) -> None:
        """Make the text after a picture its caption when the two are all of a wrapper, whose blocks begin at `start`.

        The text must have a bold head (`**Name**: …`), as in galleries, or be short beside the text around the wrapper.
        """
        if len(self.blocks) != start + 2:
            return
        figure, text = self.blocks[start:]
        if figure.kind != "figure" or figure.runs or text.kind != "p":
            return
        has_bold_head = (
            len(text.runs) > 1 and text.runs[0][1] == (("strong", ""),) and text.runs[1][0].startswith(("：", ":"))
        )
        is_short_line = "\n" not in text.text and display_width(text.text) <= WIDEST_CAPTION
        is_line_of_text = is_short_line and len(extract_links(text.runs)) <= 1
        if has_bold_head or (is_line_of_text and has_text_around(wrapper, 2 * len(text.text))):
            self.blocks.pop()
            self.add_caption(figure, text.runs, "")
            self.open_figure = figure

    def add_field(self, role: ElementRole, text: str, origin: str, runs: Sequence[Run] = ()) -> None:
        """Log a field. `runs` is the same text with its marks, if it has any."""
        self.log.fields.append(ExtractedField(role, text, [*runs], origin))

    def log_removed(self, step: str, tag: Tag, url: str = "") -> None:
        """Log an element that is not part of the text: its words, and the addresses of its links, pictures and players.

        An element without any of them is not logged.
        """
        words: list[str] = []
        addresses = [url or self._address_of(tag)]
        for node in visible_nodes(tag):
            if isinstance(node, Tag):
                addresses.append(self._address_of(node))
            else:
                words.append(node)
        self.log_text(step, join_removed(words, addresses))

    def log_text(self, step: str, text: str) -> None:
        """Log text or an address that is not part of the entry; empty text is not logged."""
        if text:
            self.log.removed.append(Removal(step=step, text=text))

    def addresses_in(self, tag: Tag, names: Iterable[str] = ADDRESS_ATTRIBUTES) -> Iterator[str]:
        """Yield the addresses of the links, pictures and players in an element, in order."""
        for element in tag.find_all(tuple(names)):
            if address := self._address_of(element):
                yield address

    def _address_of(self, tag: Tag) -> str:
        return address_of(tag.name, tag.attrs, self.base_url)


def address_of(name: str, attributes: Mapping[str, object], base_url: str) -> str:
    """Return the address that an element links to or shows, absolute where it can be; empty without one."""
    values = (str(attributes.get(key) or "").strip() for key in ADDRESS_ATTRIBUTES.get(name, ()))
    address = next(filter(None, values), "")
    return (clean_link(address, base_url) or address)[:_LONGEST_ADDRESS] if address else ""


def join_removed(words: Iterable[str], addresses: Iterable[str]) -> str:
    """Return the words and addresses of a removal as one line."""
    return " ".join(filter(None, [normalize_line(" ".join(words)), *addresses]))
