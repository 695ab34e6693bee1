"""What a walk over a body has read so far: blocks in the making, fields, files, and what was taken out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from bs4.element import Tag

from ..model import Enclosure, Removed
from ..rules import Element
from .blocks import BREAK, Block, Mark, Run, leaves, paragraphs, plain_text, tidy
from .markup import CREDIT_LABEL, text_of
from .text import one_line, squeezed, visible

_BEGUN = 40
"""Characters of a text that is no preamble any more."""
_SENTENCE_ENDS = ("。", "！", "？", "”", ".", "!", "?")


class Lifted(NamedTuple):
    """A field that was found in markup."""

    to: Element
    text: str
    runs: list[Run]
    """Its text once more, with the links and other marks on it."""
    where: str
    """What says that it is a field, for `explain`: a selector, a class, an attribute."""


@dataclass(slots=True)
class Account:
    """What a body holds beside its text. One for the whole body, also where a part of it is read apart."""

    removed: list[Removed] = field(default_factory=list)
    fields: list[Lifted] = field(default_factory=list)
    """In their order in the body."""
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

    def of_caption(self, figure: Block) -> Reading:
        """A reading for the inside of a figure's caption: what is removed there stands in the same account."""
        inner = Reading(self.base, self.language, self.account)
        inner.figure, inner.in_caption, inner.started = figure, True, True
        return inner

    def of_field(self) -> Reading:
        """A reading for the inside of a field, with an account that nobody sees: the field is removed as a whole."""
        inner = Reading(self.base, self.language, Account())
        inner.started = True
        return inner

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
        if not figure.runs:
            figure.runs = runs
        elif plain_text(runs) not in figure.text:
            figure.runs = [*figure.runs, BREAK, *runs]

    def caption_with(self, figure: Block, blocks: Iterable[Block]) -> None:
        """Give a figure the blocks of an element as its caption; `cite` in them marks the credit."""
        runs: list[Run] = []
        for block in leaves(blocks):
            if block.kind == "figure":
                self.put(block)
                figure = block
            elif block.runs:
                runs.extend([*([BREAK] if runs else []), *block.runs])
        text = [run for run in runs if ("cite", "") not in run[1]]
        credit = plain_text(run for run in runs if ("cite", "") in run[1])
        self.caption_figure(figure, tidy(text), one_line(credit))

    def caption_from_head(self, at: int) -> None:
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

    def lift(self, to: Element, text: str, where: str) -> None:
        """A field that an element says, without the marks on its words."""
        self.account.fields.append(Lifted(to, text, [], where))

    def lift_blocks(self, to: Element, blocks: Iterable[Block], where: str) -> None:
        """A field for each block of text of an element."""
        for block in leaves(blocks):
            if block.runs and block.kind != "figure":
                self.account.fields.append(Lifted(to, block.text, block.runs, where))

    def removed(self, step: str, tag: Tag, url: str = "") -> bool:
        """An element is no part of the text; true, for whoever asked whether it is."""
        text = one_line(text_of(tag, " "))
        if text or url:
            told = (text + (" " if text and url else "") + url)[:2000]
            self.account.removed.append(Removed(step=step, text=told))
        return True
