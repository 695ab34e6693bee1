"""A query string -> the view it asks for, and one spelling of it. Unknown words are ignored, malformed ones refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from ..config.filter_rules import MAX_FILTERED_ENTRIES, FeedFilter

_LONGEST = 4_000
"""Characters of a query that asks for a view."""
_NUMBER = re.compile(r"[0-9]{1,9}")


class FilterParamsError(ValueError):
    """A query that asks for what cannot be; its text is one line for people."""


def has_filter_params(query: str) -> bool:
    """Whether a query asks for a view at all: cache busters, tracking and all else leave a feed as it is."""
    return _ASKED.search(query) is not None


def parse_filter_params(query: str) -> tuple[FeedFilter, str]:
    """The view, and the same query in one spelling: of all that ask for the same thing, and nothing else in it.

    Takes UTF-8 as it is and percent-encoded. Raises QueryError.
    """
    if len(query) > _LONGEST:
        raise FilterParamsError(f"a query for a view has at most {_LONGEST} characters")
    try:
        pairs = parse_qsl(_text(query), errors="strict")
    except UnicodeDecodeError as error:
        raise FilterParamsError("the query is not UTF-8") from error
    given = {_ALIASES.get(name, name): value for name, value in pairs if value}
    wanted = {name: _READERS[name](name, given[name]) for name in sorted(_READERS) if name in given}
    try:
        view = FeedFilter(**wanted)
    except ValueError as error:
        raise FilterParamsError(str(error)) from error
    changed = {name: given[name] for name, value in wanted.items() if value != getattr(_DEFAULT, name)}
    return view, urlencode(changed, quote_via=quote)


def _text(query: str) -> str:
    """WSGI has bytes as Latin-1 (PEP 3333), granian has them decoded."""
    try:
        return query.encode("latin-1").decode()
    except UnicodeEncodeError:
        return query


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text) or not int(text):
        raise FilterParamsError(f"{name}: write a number from 1 up")
    return int(text)


def _one_of(*words: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text not in words:
            raise FilterParamsError(f"{name}: write one of {', '.join(words)}")
        return text

    return read


def _mode(name: str, text: str) -> str:
    return _one_of("full", "summary", "titles")(name, "full" if text == "fulltext" else text)


def _switch(name: str, text: str) -> bool:
    return _one_of("true", "false", "1", "0")(name, text.lower()) in ("true", "1")


_SPECIAL: dict[str, Callable[[str, str], Any]] = {
    "limit": lambda name, text: min(_number(name, text), MAX_FILTERED_ENTRIES),
    "brief": _number,
    "filter_time": lambda name, text: timedelta(seconds=_number(name, text)),
    "source": lambda _, text: tuple(sorted(set(text.split(",")))),
    "sorted": _switch,
    "mode": _mode,
    "images": _one_of("original", "none"),
}
_READERS: dict[str, Callable[[str, str], Any]] = {
    field.name: _SPECIAL.get(field.name, lambda _, text: text) for field in fields(FeedFilter)
}
_ALIASES = {"filter_description": "filter_content", "filterout_description": "filterout_content"}
"""What RSSHub calls them."""
_ASKED = re.compile(rf"(?:^|&)(?:{'|'.join([*_READERS, *_ALIASES])})=.")
_DEFAULT = FeedFilter()
