"""The front matter of a Jekyll post -> title, link, date, authors and tags.

---
title: "…"
date: 2021-02-10T05:28:12.000Z
author: …
from: https://…
tags: [ … ]
---
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from .header_fields import clean_line

_BLOCK = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?=\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"^([A-Za-z_][\w-]*)[ \t]*:(?=[ \t\n]|\Z)[ \t]*(.*)$", re.MULTILINE)
# `from` usually holds the page's URL. Some posts have the source's name there, and the URL under a different key.
_LINK_KEYS = ("from", "link", "url")
_SEPARATOR = re.compile(r"[,，、;；]")
_MAX_LENGTH = 65_536
# libyaml 0.2.5 takes quadratic time for nested brackets: 0.7 s for 16,000 of them.
_MAX_BRACKETS = 200

_Values = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The fields as the post has them. A field that the post does not have is empty."""

    title: str
    link: str
    date: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]


def parse_front_matter(text: str, start: int) -> tuple[FrontMatter | None, int]:
    """Return the front matter between two lines of three dashes, and the position after it.

    Returns None and `start` when the text has no front matter.
    """
    match = _BLOCK.match(text, start, start + _MAX_LENGTH)
    if not match or not _KEY.search(match[1]):
        return None, start
    values = _parse_yaml(match[1])
    if values is None:
        values = _parse_lines(match[1])
    links = [link for key in _LINK_KEYS for link in _texts(values, key)[:1]]
    authors = [name for value in _texts(values, "author") for name in _SEPARATOR.split(value)]
    tags = values.get("tags", [])
    if isinstance(tags, str):  # Jekyll accepts a list, or words
        tags = _SEPARATOR.split(tags) if _SEPARATOR.search(tags) else tags.split()
    front = FrontMatter(
        title=next(iter(_texts(values, "title")), ""),
        link=next((link for link in links if "://" in link), links[0] if links else ""),
        date=next(iter(_texts(values, "date")), ""),
        authors=_distinct(authors),
        tags=_distinct(tags),
    )
    return front, match.end()


def _parse_yaml(block: str) -> _Values | None:
    """Return the top-level keys with the texts below each of them; None when the block is not YAML."""
    if block.count("[") + block.count("{") > _MAX_BRACKETS:
        return None
    try:
        return dict(_yaml_items(block))
    except (yaml.YAMLError, ValueError):  # ValueError: an escape whose number is not a character
        return None


def _yaml_items(block: str) -> Iterator[tuple[str, str | list[str]]]:
    """Yield keys and values from YAML events. Building a tree would expand aliases and recurse into nested values."""
    key: str | None = None
    items: list[str] = []
    depth = 0
    for event in yaml.parse(block, Loader=yaml.CBaseLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            items = [] if depth == 2 else items
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if depth == 1 and key is not None:
                yield key, items
                key = None
        elif isinstance(event, yaml.ScalarEvent) and depth > 1:
            items.append(event.value)
        elif isinstance(event, yaml.ScalarEvent):
            if key is None:
                key = event.value.lower()
            else:
                yield key, event.value
                key = None
        elif isinstance(event, yaml.AliasEvent) and depth == 1:
            key = None


def _parse_lines(block: str) -> _Values:
    """Read front matter that is not valid YAML line by line. The usual cause is a colon or a quote in the title."""
    values: _Values = {}
    for match in _KEY.finditer(block):
        value = match[2].strip()
        if value[:1] == value[-1:] and value[:1] in ("'", '"'):
            value = value[1:-1]
        if value[:1] == "[" and value[-1:] == "]":
            values[match[1].lower()] = [item.strip(" '\"") for item in value[1:-1].split(",")]
        else:
            values[match[1].lower()] = value
    return values


def _texts(values: _Values, key: str) -> list[str]:
    """Return all texts of a key that are not blank."""
    value = values.get(key, [])
    texts = [value] if isinstance(value, str) else value
    return [stripped for text in texts if (stripped := text.strip())]


def _distinct(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for raw in names if (name := clean_line(raw))))
