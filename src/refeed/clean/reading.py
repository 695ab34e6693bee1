"""What a walk over a body has read so far: blocks in the making, fields, files, and what was taken out."""

from __future__ import annotations

from dataclasses import dataclass, field

from bs4.element import Tag

from ..model import Enclosure, Removed
from ..rules import Element
from .blocks import BREAK, Block, Mark, Run, paragraphs, tidy
from .markup import CREDIT_LABEL, text_of
from .text import one_line, squeezed, visible

_BEGUN = 40
"""Characters of a text that is no preamble any more."""
_SENTENCE_ENDS = ("。", "！", "？", "”", ".", "!", "?")


@dataclass(slots=True)
class Account:
    """What a body holds beside its text. One for the whole body, also where a part of it is read apart."""

    removed: list[Removed] = field(default_factory=list)
    fields: list[tuple[Element, str, list[Run], str]] = field(default_factory=list)
    """(field, text, runs, where it was), in order."""
    enclosures: list[Enclosure] = field(default_factory=list)
    above_picture: bool = False
    """One text stands above the place of a lead image that shows nothing and was dropped."""
    age: str = ""
    """What the text told of its age, such as `15 分钟前`."""


class Reading:
    """Takes in text and pictures in their order, and makes blocks of them."""

    __slots__ = ("account", "base", "blocks", "figure", "in_caption", "language", "link_to_player", "runs", "started")

    def __init__(self, base: str, language: str, account: Account) -> None:
        self.base, self.language, self.account = base, language, account
        self.blocks: list[Block] = []
        self.runs: list[Run] = []
        self.in_caption = False
        self.link_to_player: Block | None = None
        self.figure: Block | None = None
        """The last figure, while nothing but its caption has come after it."""
        self.started = False
        """True once the text has begun, so that dates and names are no longer a preamble."""

    def text(self, string: str, marks: tuple[Mark, ...]) -> None:
        """A piece of the paragraph being read."""
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
        """The next block."""
        self.blocks.append(block)
        if block.kind == "figure":
            self.figure = block
        elif block.kind != "hr" and not self.in_caption:
            self.figure = None
            if not self.started and block.is_text:
                text = block.text
                self.started = len(text) > _BEGUN or text.endswith(_SENTENCE_ENDS)

    def caption_figure(self, figure: Block, runs: list[Run], credit: str) -> None:
        """Give a figure what its caption says; a second caption follows the first unless it repeats it."""
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

    def lift(self, to: Element, text: str, where: str) -> None:
        """A field that an element says, without the marks of its words."""
        self.account.fields.append((to, text, [], where))

    def removed(self, step: str, tag: Tag, url: str = "") -> bool:
        """An element is no part of the text; true, for whoever asked whether it is."""
        text = one_line(text_of(tag, " "))
        if text or url:
            told = (text + (" " if text and url else "") + url)[:2000]
            self.account.removed.append(Removed(step=step, text=told))
        return True
