"""The state of the block extractor: finished blocks, the open paragraph, and a log of fields and removals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bs4.element import Tag

from ..config.source_rules import ElementRole
from ..model import Enclosure, Removal
from .blocks import BREAK, Block, Mark, Run, leaf_blocks, normalize_runs, split_paragraphs, text_of_runs
from .html_parser import element_text
from .text import collapse_whitespace, normalize_line, strip_invisible

_LONGEST_PREAMBLE = 40
"""In characters. A longer paragraph is part of the text, not a date or a byline above it."""
_SENTENCE_ENDS = ("。", "！", "？", "”", ".", "!", "?")
_MAX_REMOVED_TEXT = 2000
_CREDIT_LABEL = re.compile(
    r"^(?:图[像片](?:来源|版权)|圖[像片](?:來源|版權)|"
    r"Image source|Image credit|Photo(?:graph)?(?: by)?|Credit)\s*[，,:：]?\s*"
)


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
        "language",
        "log",
        "open_figure",
        "player_link",
        "runs",
        "text_has_started",
    )

    def __init__(self, base_url: str, language: str, log: ExtractionLog) -> None:
        self.base_url, self.language, self.log = base_url, language, log
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
        inner = ExtractorState(self.base_url, self.language, self.log)
        inner.open_figure, inner.in_caption, inner.text_has_started = figure, True, True
        return inner

    def for_field(self) -> ExtractorState:
        """Return a state for the content of a field, with a separate log, because the field is logged as a whole."""
        inner = ExtractorState(self.base_url, self.language, ExtractionLog())
        inner.text_has_started = True
        return inner

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
        credit = _CREDIT_LABEL.sub("", credit)
        if credit and not figure.credit:
            figure.credit = credit
        if not runs:
            return
        if not figure.runs:
            figure.runs = runs
        elif text_of_runs(runs) not in figure.text:
            figure.runs = [*figure.runs, BREAK, *runs]

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
        credit = text_of_runs(run for run in runs if ("cite", "") in run[1])
        self.add_caption(figure, normalize_runs(caption), normalize_line(credit))

    def detect_gallery_caption(self, start: int) -> None:
        """Make a text with a bold head (`**Name**: …`) the caption of the picture before it, as in galleries.

        This applies only when the two are the only blocks from index `start` on.
        """
        if len(self.blocks) != start + 2:
            return
        figure, text = self.blocks[start:]
        if figure.kind != "figure" or figure.runs or text.kind != "p" or len(text.runs) < 2:
            return
        head, rest = text.runs[:2]
        if head[1] == (("strong", ""),) and rest[0].startswith(("：", ":")):
            figure.runs = text.runs
            self.blocks.pop()

    def add_field(self, role: ElementRole, text: str, origin: str, runs: Sequence[Run] = ()) -> None:
        """Log a field. `runs` is the same text with its marks, if it has any."""
        self.log.fields.append(ExtractedField(role, text, [*runs], origin))

    def log_removed(self, step: str, tag: Tag, url: str = "") -> None:
        """Log that an element is not part of the text. An element with neither text nor URL is not logged."""
        text = normalize_line(element_text(tag, " "))
        if text or url:
            text = (text + (" " if text and url else "") + url)[:_MAX_REMOVED_TEXT]
            self.log.removed.append(Removal(step=step, text=text))
