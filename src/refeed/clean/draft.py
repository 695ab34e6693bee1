"""An entry in the making: its blocks and the fields found so far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..model import Enclosure, FieldOrigin, Person, RawEntry, Removal
from . import blocks as b
from . import body_dates, bylines
from .blocks import Block, Run
from .compiled_rules import CompiledRule
from .extractor_state import ExtractedField
from .text import collapse_whitespace


@dataclass(slots=True)
class Draft:
    """What the steps of one call of `clean` work on: each takes from its blocks and adds to its fields."""

    raw: RawEntry
    rule: CompiledRule
    """The source's rule."""
    title: str
    blocks: list[Block]
    removed: list[Removal]
    enclosures: list[Enclosure]
    section: str = ""
    date: body_dates.BodyDate | None = None
    relative_time: str = ""
    """How old the text says it is, such as `15 分钟前`."""
    lead_above_dropped_image: bool = False
    """One text stands above the place of a lead image that shows nothing and was dropped."""
    lead: str = ""
    rights: str = ""
    original: str = ""
    authors: list[str] = field(default_factory=list)
    contributors: list[Person] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    origins: list[FieldOrigin] = field(default_factory=list)

    def text_blocks(self) -> list[Block]:
        """The paragraphs and headings that stand in no box."""
        return [block for block in self.blocks if block.is_text]

    def log_removed(self, step: str, text: str) -> None:
        """Enter in the account that a step or rule took this text out; empty text leaves no trace."""
        text = collapse_whitespace(text)
        if text:
            self.removed.append(Removal(step=step, text=text))

    def remove_blocks(self, gone: Sequence[Block]) -> None:
        """Take blocks out; what they said has to be in the account already."""
        if gone:
            ids = set(map(id, gone))
            self.blocks = [block for block in self.blocks if id(block) not in ids]

    def log_origin(self, name: str, where: str) -> None:
        """Enter where a field came from."""
        self.origins.append(FieldOrigin(field=name, where=where))

    def add_authors(self, names: Sequence[str], where: str) -> None:
        """Names after those that are known, each once."""
        if names:
            self.authors = bylines.unique_names([*self.authors, *names])
            self.log_origin("authors", where)

    def add_credits(self, found: Sequence[tuple[str, str]], where: str) -> None:
        """(role, name) pairs: authors of those whose role is to write, contributors of all others."""
        for role, name in found:
            if bylines.is_author_role(role):
                if not self.rule.is_agency(name):
                    self.add_authors([name], where)
            elif all((person.name, person.role) != (name, role) for person in self.contributors):
                self.contributors.append(Person(name=name, role=role))
                self.log_origin("contributors", where)

    def add_tags(self, tags: Sequence[str]) -> None:
        """The source's own tags, each once; what is longer than 60 characters is no tag."""
        for tag in map(collapse_whitespace, tags):
            if tag and len(tag) <= _LONGEST_TAG and tag not in self.tags:
                self.tags.append(tag)


_LONGEST_TAG = 60


def set_fields(draft: Draft, fields: Sequence[ExtractedField]) -> None:
    """Put what was found in markup into the draft's fields."""
    for to, text, runs, where in fields:
        if to == "date":
            draft.date = draft.date or body_dates.parse_body_date(text)
            draft.log_origin("date", where)
        elif to == "author":
            date, byline = body_dates.split_date(text)
            if date is not None and draft.date is None:
                draft.date = date
                draft.log_origin("date", where)
            draft.add_authors(bylines.parse_byline(byline, draft.rule.is_agency), where)
        elif to == "people":
            draft.add_credits(bylines.parse_credits(text.replace("\n", " ")), where)
        elif to == "tag":
            draft.add_tags([text])
        elif to == "lead":
            draft.lead = draft.lead or text
        elif to == "rights":
            draft.rights = draft.rights or collapse_whitespace(text)
        elif to == "original":
            draft.original = draft.original or next((url for url, _ in b.extract_links(runs)), "")
        elif to == "card":
            for part in b.split_lines(runs):
                _card_line(draft, part)


def _card_line(draft: Draft, runs: list[Run]) -> None:
    label, colon, value = b.text_of_runs(runs).partition("：")
    to = draft.rule.source_rule.labels.get(label.strip())
    if not colon or not to:
        return
    if to == "author":
        draft.add_authors(bylines.parse_byline(value, draft.rule.is_agency), label)
    elif to == "tag":
        draft.add_tags(re.split(r"[、，,;；]", value))
    elif to == "original" and (found := b.extract_links(runs)):
        draft.original = found[0][0]
        draft.log_origin("original", label)
    elif to == "rights":
        draft.rights = collapse_whitespace(value)
