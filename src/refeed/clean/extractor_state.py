"""What a walk over a body has read so far: blocks in the making, fields, files, and what was taken out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from bs4.element import Tag

from ..config.source_rules import ElementRole
from ..model import Enclosure, Removal
from .blocks import BREAK, Block, Mark, Run, leaf_blocks, normalize_runs, split_paragraphs, text_of_runs
from .html_elements import CREDIT_LABEL, element_text
from .text import collapse_whitespace, normalize_line, strip_invisible

_BEGUN = 40
"""Characters of a text that is no preamble any more."""
_SENTENCE_ENDS = ("。", "！", "？", "”", ".", "!", "?")


class ExtractedField(NamedTuple):
    """A field that was found in markup."""

    field: ElementRole
    text: str
    runs: list[Run]
    """Its text once more, with the links and other marks on it."""
    where: str
    """What says that it is a field, for `explain`: a selector, a class, an attribute."""


@dataclass(slots=True)
class ExtractionLog:
    """What a body holds beside its text. One for the whole body, also where a part of it is read apart."""

    removed: list[Removal] = field(default_factory=list)
    fields: list[ExtractedField] = field(default_factory=list)
    """In their order in the body."""
    enclosures: list[Enclosure] = field(default_factory=list)
    lead_above_dropped_image: bool = False
    """One text stands above the place of a lead image that shows nothing and was dropped."""
    relative_time: str = ""
    """What the text told of its age, such as `15 分钟前`."""


class ExtractorState:
    """Takes in text and pictures in their order, and makes blocks of them."""

    __slots__ = (
        "base_url",
        "blocks",
        "in_caption",
        "language",
        "log",
        "open_figure",
        "player_link",
        "runs",
        "text_has_started",
    )

    def __init__(self, base: str, language: str, account: ExtractionLog) -> None:
        self.base_url, self.language, self.log = base, language, account
        self.blocks: list[Block] = []
        self.runs: list[Run] = []
        self.in_caption = False
        self.player_link: Block | None = None
        self.open_figure: Block | None = None
        """The last figure, while nothing but its caption has come after it."""
        self.text_has_started = False
        """True once the text has begun, so that dates and names are no longer a preamble."""

    def for_caption(self, figure: Block) -> ExtractorState:
        """A reading for the inside of a figure's caption: what is removed there stands in the same account."""
        inner = ExtractorState(self.base_url, self.language, self.log)
        inner.open_figure, inner.in_caption, inner.text_has_started = figure, True, True
        return inner

    def for_field(self) -> ExtractorState:
        """A reading for the inside of a field, with an account that nobody sees: the field is removed as a whole."""
        inner = ExtractorState(self.base_url, self.language, ExtractionLog())
        inner.text_has_started = True
        return inner

    def add_text(self, string: str, marks: tuple[Mark, ...]) -> None:
        """A piece of the paragraph being read."""
        string = strip_invisible(string)
        words = string.split()
        if words:
            before, after = string[0].isspace(), string[-1].isspace()
            self.runs.append((f"{' ' if before else ''}{' '.join(words)}{' ' if after else ''}", marks))
        elif string and self.runs:
            self.runs.append((" ", ()))

    def add_plain_paragraph(self, string: str, marks: tuple[Mark, ...]) -> None:
        """What most of a body is: a paragraph of one text, read without a detour."""
        self.end_paragraph()
        if text := collapse_whitespace(strip_invisible(string)):
            self.add_block(Block("p", [(text, marks)]))

    def end_paragraph(self, kind: str = "p") -> None:
        """Close the paragraph being read."""
        if not self.runs:
            return
        runs, self.runs = self.runs, []
        for part in split_paragraphs(runs) if kind == "p" else [normalize_runs(runs)]:
            if part:
                self.add_block(Block(kind, part))

    def add_block(self, block: Block) -> None:
        """The next block."""
        self.blocks.append(block)
        if block.kind == "figure":
            self.open_figure = block
        elif block.kind != "hr" and not self.in_caption:
            self.open_figure = None
            if not self.text_has_started and block.is_text:
                text = block.text
                self.text_has_started = len(text) > _BEGUN or text.endswith(_SENTENCE_ENDS)

    def add_caption(self, figure: Block, runs: list[Run], credit: str) -> None:
        """Give a figure what its caption says; a second caption follows the first unless it repeats it."""
        credit = CREDIT_LABEL.sub("", credit)
        if credit and not figure.credit:
            figure.credit = credit
        if not runs:
            return
        if not figure.runs:
            figure.runs = runs
        elif text_of_runs(runs) not in figure.text:
            figure.runs = [*figure.runs, BREAK, *runs]

    def add_caption_blocks(self, figure: Block, blocks: Iterable[Block]) -> None:
        """Give a figure the blocks of an element as its caption; `cite` in them marks the credit."""
        runs: list[Run] = []
        for block in leaf_blocks(blocks):
            if block.kind == "figure":
                self.add_block(block)
                figure = block
            elif block.runs:
                runs.extend([*([BREAK] if runs else []), *block.runs])
        text = [run for run in runs if ("cite", "") not in run[1]]
        credit = text_of_runs(run for run in runs if ("cite", "") in run[1])
        self.add_caption(figure, normalize_runs(text), normalize_line(credit))

    def detect_gallery_caption(self, at: int) -> None:
        """When all since the block `at` is a picture and a text with a bold head (`**Name**: …`), as in galleries, the
        text is its caption."""
        if len(self.blocks) != at + 2:
            return
        figure, text = self.blocks[at:]
        if figure.kind != "figure" or figure.runs or text.kind != "p" or len(text.runs) < 2:
            return
        head, rest = text.runs[:2]
        if head[1] == (("strong", ""),) and rest[0].startswith(("：", ":")):
            figure.runs = text.runs
            self.blocks.pop()

    def add_field(self, to: ElementRole, text: str, where: str) -> None:
        """A field that an element says, without the marks on its words."""
        self.log.fields.append(ExtractedField(to, text, [], where))

    def add_field_blocks(self, to: ElementRole, blocks: Iterable[Block], where: str) -> None:
        """A field for each block of text of an element."""
        for block in leaf_blocks(blocks):
            if block.runs and block.kind != "figure":
                self.log.fields.append(ExtractedField(to, block.text, block.runs, where))

    def log_removed(self, step: str, tag: Tag, url: str = "") -> bool:
        """An element is no part of the text; true, for whoever asked whether it is."""
        text = normalize_line(element_text(tag, " "))
        if text or url:
            told = (text + (" " if text and url else "") + url)[:2000]
            self.log.removed.append(Removal(step=step, text=told))
        return True
