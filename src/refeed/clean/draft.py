"""An entry while the steps work on it: its blocks, the fields found so far, and what was removed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..model import Enclosure, FieldOrigin, Person, RawEntry, Removal
from .blocks import TEXT_KINDS, Block, Run, extract_links, split_lines, text_of_runs
from .body_dates import BodyDate, parse_body_date, split_date
from .bylines import is_author_role, parse_byline, parse_credits, unique_names
from .extractor_state import ExtractedField
from .rule_lookup import CompiledRule
from .text import collapse_whitespace, only_letters

_LONGEST_TAG = 60


@dataclass(slots=True)
class Draft:
    """Steps remove text from the blocks and fill the fields. Each call of `clean_entry` has one draft."""

    raw: RawEntry
    rule: CompiledRule
    title: str
    link: str
    """The canonical link."""
    language: str
    """The language of the body before the steps; `und` when it is unknown."""
    outlet_names: frozenset[str]
    """Names of the site, of its folder and of the dump's own tags, only letters and digits, in lower case."""
    blocks: list[Block]
    removed: list[Removal]
    enclosures: list[Enclosure]
    section: str = ""
    date: BodyDate | None = None
    relative_time: str = ""
    """The age that the text gives, for example `15 分钟前`."""
    lead_above_dropped_image: bool = False
    """True when exactly one paragraph precedes a lead image that was dropped because it shows nothing."""
    lead: str = ""
    rights: str = ""
    original: str = ""
    authors: list[str] = field(default_factory=list)
    contributors: list[Person] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    origins: list[FieldOrigin] = field(default_factory=list)

    def text_blocks(self) -> list[Block]:
        """The paragraphs and headings outside of lists, tables and quotations."""
        return [block for block in self.blocks if block.kind in TEXT_KINDS]

    def log_removed(self, step: str, text: str) -> None:
        """Log that a step or rule removed this text; empty text is not logged."""
        text = collapse_whitespace(text)
        if text:
            self.removed.append(Removal(step=step, text=text))

    def remove_blocks(self, blocks: Iterable[Block]) -> None:
        """Remove blocks whose text was already logged."""
        if ids := set(map(id, blocks)):
            self.blocks = [block for block in self.blocks if id(block) not in ids]

    def log_origin(self, name: str, where: str) -> None:
        """Log where a field came from."""
        self.origins.append(FieldOrigin(field=name, where=where))

    def set_date(self, date: BodyDate | None, origin: str) -> None:
        """Keep the first date found; one that a label calls an update gives way to one that none does."""
        if date is not None and (self.date is None or (self.date.is_update and not date.is_update)):
            self.date = date
            self.log_origin("date", origin)

    def is_outlet(self, name: str) -> bool:
        """True for a name that is the site's or an agency's, and no person's."""
        return self.rule.is_agency(name) or only_letters(name) in self.outlet_names

    def add_byline(self, text: str, origin: str) -> None:
        """Add the persons in a byline to the authors."""
        self.add_authors(parse_byline(text, self.is_outlet), origin)

    def add_authors(self, names: Sequence[str], origin: str) -> None:
        """Append names to the authors, without duplicates."""
        if names:
            self.authors = unique_names([*self.authors, *names])
            self.log_origin("authors", origin)

    def add_credits(self, credits: Iterable[tuple[str, str]], origin: str) -> None:
        """Add (role, name) pairs: to the authors when the role is in AUTHOR_ROLES, else to the contributors."""
        for role, name in credits:
            if is_author_role(role):
                if not self.is_outlet(name):
                    self.add_authors([name], origin)
            elif all((person.name, person.role) != (name, role) for person in self.contributors):
                self.contributors.append(Person(name=name, role=role))
                self.log_origin("contributors", origin)

    def add_matched_people(self, groups: Mapping[str, str], origin: str, role: str = "") -> None:
        """Add the persons in a pattern's groups `author`, `people` and `name`. `role` is the default for its group."""
        if "author" in groups:
            self.add_byline(groups["author"], origin)
        if "people" in groups:
            self.add_credits(parse_credits(groups["people"]), origin)
        if "name" in groups:
            for name in re.split("[、,，/／]", groups["name"]):
                self.add_credits([(groups.get("role") or role, name.strip())], origin)

    def add_tags(self, tags: Iterable[str]) -> None:
        """Add the source's own tags, without duplicates. Tags over 60 characters are ignored."""
        for tag in map(collapse_whitespace, tags):
            if tag and len(tag) <= _LONGEST_TAG and tag not in self.tags:
                self.tags.append(tag)


def matched_groups(match: Any) -> dict[str, str]:
    """Return the named groups of a match that are not empty."""
    return {name: value for name, value in match.groupdict().items() if value}


def set_fields(draft: Draft, fields: Iterable[ExtractedField]) -> None:
    """Copy the fields found in markup into the draft. Only the first date, lead, rights and original link are used."""
    for role, text, runs, origin in fields:
        if role == "date":
            draft.set_date(parse_body_date(text), origin)
        elif role == "author":
            date, byline = split_date(text)
            draft.set_date(date, origin)
            draft.add_byline(byline, origin)
        elif role == "people":
            draft.add_credits(parse_credits(text.replace("\n", " ")), origin)
        elif role == "tag":
            draft.add_tags([text])
        elif role == "lead":
            draft.lead = draft.lead or text
        elif role == "rights":
            draft.rights = draft.rights or collapse_whitespace(text)
        elif role == "original":
            draft.original = draft.original or next((url for url, _ in extract_links(runs)), "")
        elif role == "card":
            for line in split_lines(runs):
                _set_card_field(draft, line)


def _set_card_field(draft: Draft, line: list[Run]) -> None:
    """Set the field of a card's line, `label：value`. The rule's `labels` map the label to the field."""
    label, colon, value = text_of_runs(line).partition("：")
    role = draft.rule.source_rule.labels.get(label.strip())
    if not colon or not role:
        return
    if role == "author":
        draft.add_byline(value, label)
    elif role == "tag":
        draft.add_tags(re.split(r"[、，,;；]", value))
    elif role == "original" and (links := extract_links(line)):
        draft.original = links[0][0]
        draft.log_origin("original", label)
    elif role == "rights":
        draft.rights = collapse_whitespace(value)
