"""The front matter of a Jekyll post -> what it says of its entry.

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
# `from` is the page; some write a source's name there, and the page under another key.
_LINKS = ("from", "link", "url")
_COMMA = re.compile(r"[,，、;；]")
_LONGEST = 65_536
# libyaml 0.2.5 takes quadratic time for brackets within brackets: 0.7 s for 16,000 of them.
_BRACKETS = 200

_Values = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """Strings as the post has them; empty where it says nothing."""

    title: str
    link: str
    date: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]


def parse_front_matter(text: str, start: int) -> tuple[FrontMatter | None, int]:
    """What stands between two lines of three dashes, and the place after it; None and `start` when there is none."""
    match = _BLOCK.match(text, start, start + _LONGEST)
    if not match or not _KEY.search(match[1]):
        return None, start
    values = _yaml(match[1])
    if values is None:
        values = _lines(match[1])
    links = [url for key in _LINKS if (url := _first(values, key))]
    authors = [name for value in _all(values, "author") for name in _COMMA.split(value)]
    tags = values.get("tags", [])
    if isinstance(tags, str):  # Jekyll takes a list, or words
        tags = _COMMA.split(tags) if _COMMA.search(tags) else tags.split()
    front = FrontMatter(
        title=_first(values, "title"),
        link=next((url for url in links if "://" in url), links[0] if links else ""),
        date=_first(values, "date"),
        authors=_distinct(authors),
        tags=_distinct(tags),
    )
    return front, match.end()


def _yaml(block: str) -> _Values | None:
    """Top-level keys with the texts below each, None when it is no YAML."""
    if block.count("[") + block.count("{") > _BRACKETS:
        return None
    try:
        return dict(_pairs(block))
    except (yaml.YAMLError, ValueError):  # ValueError: a number of an escape that is no character
        return None


def _pairs(block: str) -> Iterator[tuple[str, str | list[str]]]:
    """By events, because a tree would follow aliases, and recurse as deep as the text wants it to."""
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


def _lines(block: str) -> _Values:
    """The same, of front matter that is no YAML, most often for a colon or quote in its title: line by line."""
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


def _all(values: _Values, key: str) -> list[str]:
    value = values.get(key, [])
    return [value] if isinstance(value, str) else value


def _first(values: _Values, key: str) -> str:
    return next((value.strip() for value in _all(values, key) if value.strip()), "")


def _distinct(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for written in names if (name := clean_line(written))))
