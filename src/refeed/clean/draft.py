"""An entry in the making: its blocks and the fields found so far. Seen by the steps of one call alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..model import Enclosure, Origin, Person, RawEntry, Removed
from . import blocks as b
from . import dates, people
from .blocks import Block, Run
from .sources import Compiled
from .text import squeezed


@dataclass(slots=True)
class Draft:
    """The workbench: every step takes from it and adds to it, and nothing outside of `clean` sees it."""

    raw: RawEntry
    ready: Compiled
    title: str
    blocks: list[Block]
    removed: list[Removed]
    enclosures: list[Enclosure]
    section: str = ""
    date: dates.Found | None = None
    age: str = ""
    above_picture: bool = False
    lead: str = ""
    rights: str = ""
    original: str = ""
    authors: list[str] = field(default_factory=list)
    contributors: list[Person] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def drop(self, step: str, text: str) -> None:
        text = squeezed(text)
        if text:
            self.removed.append(Removed(step=step, text=text))

    def came(self, name: str, where: str) -> None:
        self.origins.append(Origin(field=name, where=where))

    def texts(self) -> list[Block]:
        return [block for block in self.blocks if block.is_text]

    def write(self, names: Sequence[str], where: str) -> None:
        if names:
            self.authors = people.distinct([*self.authors, *names])
            self.came("authors", where)

    def credit(self, found: Sequence[tuple[str, str]], where: str) -> None:
        for role, name in found:
            if people.writes(role):
                if not self.ready.is_agency(name):
                    self.write([name], where)
            elif all((person.name, person.role) != (name, role) for person in self.contributors):
                self.contributors.append(Person(name=name, role=role))
                self.came("contributors", where)

    def tag(self, tags: Sequence[str]) -> None:
        for tag in map(squeezed, tags):
            if tag and len(tag) <= 60 and tag not in self.tags:
                self.tags.append(tag)

    def take_out(self, gone: Sequence[Block]) -> None:
        if gone:
            ids = set(map(id, gone))
            self.blocks = [block for block in self.blocks if id(block) not in ids]


def lift(draft: Draft, fields: Sequence[tuple[str, str, list[Run], str]]) -> None:
    """What the walk found in markup, into the draft."""
    for to, text, runs, where in fields:
        if to == "date":
            draft.date = draft.date or dates.found(text)
            draft.came("date", where)
        elif to == "author":
            date, byline = dates.apart(text)
            if date is not None and draft.date is None:
                draft.date = date
                draft.came("date", where)
            draft.write(people.names(byline, draft.ready.is_agency), where)
        elif to == "people":
            draft.credit(people.credits(text.replace("\n", " ")), where)
        elif to == "tag":
            draft.tag([text])
        elif to == "lead":
            draft.lead = draft.lead or text
        elif to == "rights":
            draft.rights = draft.rights or squeezed(text)
        elif to == "original":
            draft.original = draft.original or next((url for url, _ in b.links(runs)), "")
        elif to == "card":
            for part in b.lines(runs):
                _card_line(draft, part)


def _card_line(draft: Draft, runs: list[Run]) -> None:
    label, colon, value = "".join(text for text, _ in runs).partition("：")
    to = draft.ready.rule.labels.get(label.strip())
    if not colon or not to:
        return
    if to == "author":
        draft.write(people.names(value, draft.ready.is_agency), label)
    elif to == "tag":
        draft.tag(re.split(r"[、，,;；]", value))
    elif to == "original" and (found := b.links(runs)):
        draft.original = found[0][0]
        draft.came("original", label)
    elif to == "rights":
        draft.rights = squeezed(value)
