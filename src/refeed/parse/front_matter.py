"""Front matter -> title, link, date, authors, tags and picture; with a template, the link of a blog's post.

Blogs have it (Jekyll, Hexo, Hugo), and what clippers and note programs save (Obsidian, MarkDownload, Omnivore):

---
title: "…"
date: 2021-02-10T05:28:12.000Z
author: …
from: https://…
tags: [ … ]
---

Hugo also writes TOML between lines of `+++`, and JSON between braces. Jina Reader writes lines of `Key: value`, mail
saved as text the lines of its header, and Readwise a list.
"""

from __future__ import annotations

import html
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin

import yaml

from ..config.source_rules import PERMALINK_FIELD
from ..errors import QuarantineError
from .header_fields import clean_line

_YAML_BLOCK = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?=\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML_BLOCK = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?=\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"^([A-Za-z_][\w-]*)[ \t]*:(?=[ \t\n]|\Z)[ \t]*(.*)$", re.MULTILINE)
_KEY_LINES = re.compile(
    r"(?:(?:Title|URL Source|URL|Link|Source|Published Time|Published|Date|Authors?|Tags|Number of Pages|Warning|"
    r"From|To|Cc|Reply-To|Sender|Subject|Archived-At|List-(?:Id|Post|Unsubscribe)):"
    r"[ \t][^\n]{0,4000}\n\s{0,20}){2,12}(?:Markdown Content:[ \t]*\n)?",
    re.IGNORECASE,
)
_KEY_LINE = re.compile(r"^([A-Za-z -]+):[ \t]*(.*)$", re.MULTILINE)
_LIST = re.compile(
    r"#[ \t]++([^\n]{1,4000})\n.{0,4000}?^##[ \t]+Metadata[ \t]*\n((?:[-*][ \t][^\n]*\n)+)", re.DOTALL | re.MULTILINE
)
_LIST_ITEM = re.compile(r"^[-*][ \t]++([A-Za-z][A-Za-z ]*+):[ \t]*+(.*)$", re.MULTILINE)

# `from` usually holds the page's URL. Some posts have the source's name there, and the URL under a different key.
_LINK_KEYS = (
    "from",
    "link",
    "url",
    "source",
    "url_original",
    "original_url",
    "url_source",
    "source_url",
    "permalink",
    "canonical",
    "canonical_url",
    "archived_at",
)
_TITLE_KEYS = ("title", "full_title", "subject")
_AUTHOR_KEYS = ("author", "authors", "creator")
# When the page was published; else when it was written, or clipped.
_DATE_KEYS = (
    "date_published",
    "published",
    "published_time",
    "publish_date",
    "pubdate",
    "publishdate",
    "date",
    "created",
    "date_created",
    "date_saved",
    "saved",
    "date_added",
    "time_added",
)
_TAG_KEYS = ("tags", "document_tags")
_IMAGE_KEYS = (
    "feature_image",
    "featured_image",
    "featuredimage",
    "image",
    "cover",
    "cover_image",
    "thumbnail",
    "banner",
    "top_img",
)
_IMAGE_NAME = re.compile(r"\S+\.(?:jpe?g|png|gif|webp|avif)(?:\?\S*)?", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,，、;；]")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_WIKI_LINK = re.compile(r"\[\[(?:[^\[\]|\n]{1,200}\|)?([^\[\]|\n]{1,200})\]\]")
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
    slug: str
    image: str
    is_draft: bool


def parse_front_matter(text: str, start: int) -> tuple[FrontMatter | None, int]:
    """Return the front matter that begins at `start`, and the position after it.

    Returns None and `start` when the text has no front matter.
    """
    values, end = _find_values(text, start)
    if not values:
        return None, start
    links = [link for key in _LINK_KEYS for link in _texts(values, key)[:1]]
    authors = [
        name for key in _AUTHOR_KEYS for value in _texts(values, key) for name in _SEPARATOR.split(html.unescape(value))
    ]
    tags = [tag for key in _TAG_KEYS for tag in _tags(values, key)]
    front = FrontMatter(
        title=_first(_texts(values, key) for key in _TITLE_KEYS),
        link=next((link for link in links if "://" in link), links[0] if links else ""),
        date=_first([t for t in _texts(values, key) if t not in ("true", "false")] for key in _DATE_KEYS),
        authors=_distinct(authors),
        tags=_distinct(tag.lstrip("#") for tag in tags),
        slug=_first([_texts(values, "slug")]),
        image=_first([text for text in _texts(values, key) if _IMAGE_NAME.fullmatch(text)] for key in _IMAGE_KEYS),
        is_draft=_texts(values, "draft") == ["true"] or _texts(values, "published") == ["false"],
    )
    return front, end


def add_permalink(front: FrontMatter, path: str, template: str) -> FrontMatter:
    """Return the front matter of a blog's post with the link that the blog gives it, and with the date of its file.

    Jekyll, Hugo and Hexo make links from the date and the file's name: `2026-11-28-name.md`, or `name/index.md`. Raises
    QuarantineError for a draft, and when the template needs a date that the post does not have.
    """
    if front.is_draft:
        raise QuarantineError("front matter: a draft; it is read when `draft` or `published` no longer says so")
    file = PurePosixPath(path)
    name = file.parent.name if file.stem in ("index", "_index") else file.stem
    day = _DAY.match(name)
    written = _DAY.match(front.date) or day
    address = urljoin(template, front.link) if front.link.startswith("/") else template
    fields = dict(zip(("year", "month", "day"), written.groups() if written else (), strict=False))
    fields["slug"] = front.slug or (name[day.end() :].lstrip("-_ ") if day else "") or name
    if missing := [field for field in PERMALINK_FIELD.findall(address) if field not in fields]:
        raise QuarantineError(
            f"front matter: no date for {{{missing[0]}}} in the source's `permalink`; add `date: 2026-11-28`, or begin "
            "the file's name with it"
        )
    return replace(
        front,
        link=PERMALINK_FIELD.sub(lambda match: fields[match[1]], address),
        date=front.date if _DAY.match(front.date) or not day else day[0],
    )


def _find_values(text: str, start: int) -> tuple[_Values | None, int]:
    """Return the keys of the front matter with their values, None if there is none, and the position after it."""
    end = start + _MAX_LENGTH
    if (match := _YAML_BLOCK.match(text, start, end)) and _KEY.search(match[1]):
        values = _parse_yaml(match[1])
        return _parse_lines(_KEY.finditer(match[1])) if values is None else values, match.end()
    if match := _TOML_BLOCK.match(text, start, end):
        return _parse_toml(match[1]), match.end()
    if text.startswith("{", start):
        return _parse_json(text, start)
    if match := _LIST.match(text, start, end):
        values = _parse_lines(_LIST_ITEM.finditer(match[2]))
        return {"title": match[1]} | values if "url" in values else None, match.end()
    if match := _KEY_LINES.match(text, start, end):
        values = _parse_lines(_KEY_LINE.finditer(match[0]))
        _read_mail_fields(values)
        return values if any("://" in str(values.get(key, "")) for key in _LINK_KEYS) else None, match.end()
    return None, start


def _parse_toml(block: str) -> _Values:
    """Return the top-level keys with a text or a list of texts; nothing when the block is not TOML."""
    if block.count("[") + block.count("{") > _MAX_BRACKETS:
        return {}
    try:
        data = tomllib.loads(block)
    except tomllib.TOMLDecodeError:
        return {}
    return _read_tables(data)


def _parse_json(text: str, start: int) -> tuple[_Values | None, int]:
    """Return the keys of the JSON object at `start` with a text or a list of texts, and the position after it.

    An object without a text below it is data of some program, and no front matter.
    """
    try:
        data, length = json.JSONDecoder().raw_decode(text[start : start + _MAX_LENGTH])
    except (ValueError, RecursionError):
        return None, start
    return (_read_tables(data), start + length) if text[start + length :].strip() else (None, start)


def _read_tables(data: dict[str, Any]) -> _Values:
    """Return the texts of the keys, and of those below `params` and `extra`, where Hugo and Zola have a site's own."""
    own = [table for key in ("params", "extra") if isinstance(table := data.get(key), dict)]
    values: _Values = {}
    for key, value in (item for table in (*own, data) for item in table.items()):
        named = value.get("name") if isinstance(value, dict) else value
        if named is not None:
            values[key.lower()] = list(map(str, named)) if isinstance(named, list) else str(named)
    return values


def _read_mail_fields(values: _Values) -> None:
    """Read the header of a message that was saved as text: encoded words, and addresses in angle brackets."""
    for key, value in values.items():
        if isinstance(value, str) and "=?" in value:
            with suppress(HeaderParseError, LookupError, ValueError):
                values[key] = str(make_header(decode_header(value)))
    if "archived_at" in values:
        values["archived_at"] = str(values["archived_at"]).strip("<> ")
    sender = str(values.get("from", ""))
    if "subject" in values and "://" not in sender:
        values.setdefault("author", parseaddr(sender)[0] or ("" if "@" in sender else sender))


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


def _parse_lines(lines: Iterable[re.Match[str]]) -> _Values:
    """Read lines of a key and a value, such as YAML that is not valid, usually because of a colon in a title."""
    values: _Values = {}
    for match in lines:
        key, value = re.sub("[ -]", "_", match[1].strip().lower()), match[2].strip()
        if value[:1] == value[-1:] and value[:1] in ("'", '"'):
            value = value[1:-1]
        if value[:1] == "[" and value[-1:] == "]" and not value.startswith("[["):
            values[key] = [item.strip(" '\"") for item in value[1:-1].split(",")]
        else:
            values[key] = value
    return values


def _texts(values: _Values, key: str) -> list[str]:
    """Return all texts of a key that are not blank."""
    value = values.get(key, [])
    texts = [value] if isinstance(value, str) else value
    return [stripped for text in texts if (stripped := _WIKI_LINK.sub(r"\1", text).strip())]


def _first(texts: Iterable[list[str]]) -> str:
    return next((text for found in texts for text in found), "")


def _tags(values: _Values, key: str) -> list[str]:
    """Return the tags of a list, or of a text: Jekyll accepts words too."""
    tags = _texts(values, key)
    if not tags or isinstance(values[key], list):
        return tags
    return _SEPARATOR.split(tags[0]) if _SEPARATOR.search(tags[0]) else tags[0].split()


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for raw in names if (name := clean_line(raw))))
