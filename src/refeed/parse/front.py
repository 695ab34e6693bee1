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
from dataclasses import dataclass

import yaml

from .titles import readable

_BLOCK = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?=\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"^([A-Za-z_][\w-]*)[ \t]*:(?=[ \t\n]|\Z)[ \t]*(.*)$", re.MULTILINE)
_ITEM = re.compile(r"[,，、;；]")
_LONGEST = 65_536

_Values = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Strings as the post has them; empty where it says nothing."""

    title: str
    link: str
    date: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]


def front_matter(text: str, start: int) -> tuple[Front | None, int]:
    """What stands between two lines of three dashes, and the place after it; None and `start` when there is none."""
    match = _BLOCK.match(text, start, start + _LONGEST)
    if not match or not _KEY.search(match[1]):
        return None, start
    values = _yaml(match[1])
    if values is None:
        values = _lines(match[1])
    front = Front(
        title=_first(values, "title"),
        link=next((url for key in ("from", "link", "url") if (url := _first(values, key))), ""),
        date=_first(values, "date"),
        authors=_names(values.get("author", []), _ITEM),
        tags=_names(values.get("tags", []), _ITEM if any(_ITEM.search(v) for v in values.get("tags", [])) else None),
    )
    return front, match.end()


def _yaml(block: str) -> _Values | None:
    """Top-level keys with the texts below each, None when it is no YAML.

    By events: a tree would follow aliases, and recurse as deep as the text wants it to.
    """
    values: _Values = {}
    depth, key = 0, None
    try:
        for event in yaml.parse(block, Loader=yaml.CBaseLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                key = None if depth == 1 else key
            elif isinstance(event, yaml.ScalarEvent) and depth == 1 and key is None:
                key = event.value.lower()
                values.setdefault(key, [])
            elif isinstance(event, yaml.ScalarEvent) and key is not None:
                values[key].append(event.value)
                key = None if depth == 1 else key
            elif isinstance(event, yaml.AliasEvent) and depth == 1:
                key = None
    except (yaml.YAMLError, ValueError):  # ValueError: a number of an escape that is no character
        return None
    return values


def _lines(block: str) -> _Values:
    """The same, of front matter that is no YAML, most often for a colon or quote in its title: line by line."""
    values: _Values = {}
    for match in _KEY.finditer(block):
        value = match[2].strip()
        if value[:1] == value[-1:] and value[:1] in ("'", '"'):
            value = value[1:-1]
        items = [item.strip(" '\"") for item in value[1:-1].split(",")] if value[:1] == "[" else [value]
        values.setdefault(match[1].lower(), items)
    return values


def _first(values: _Values, key: str) -> str:
    return next((value.strip() for value in values.get(key, []) if value.strip()), "")


def _names(values: list[str], separator: re.Pattern[str] | None) -> tuple[str, ...]:
    parts = [part for value in values for part in (separator.split(value) if separator else value.split())]
    return tuple(dict.fromkeys(name for part in parts if (name := readable(part))))
