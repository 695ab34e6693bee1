"""A query string -> the filter that it asks for, and its canonical form. Pure.

Unknown parameters are ignored, invalid values refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from ..config.filter_rules import MAX_FILTERED_ENTRIES, FeedFilter

_MAX_LENGTH = 4_000
_NUMBER = re.compile(r"[0-9]{1,9}")


class FilterParamsError(ValueError):
    """An invalid filter; the text is one line for people."""


def has_filter_params(query: str) -> bool:
    """Whether a query has filter parameters. Cache busters, tracking and all else leave a feed as it is."""
    return _FILTER_PARAM.search(query) is not None


def parse_filter_params(query: str) -> tuple[FeedFilter, str]:
    """The filter, and its canonical query: the same for all queries with the same meaning, with defaults left out.

    Takes UTF-8 both percent-encoded and as it is. Raises FilterParamsError.
    """
    if len(query) > _MAX_LENGTH:
        raise FilterParamsError(f"a filter may have at most {_MAX_LENGTH} characters")
    try:
        pairs = parse_qsl(_decode(query), errors="strict")
    except UnicodeDecodeError as error:
        raise FilterParamsError("the query must be UTF-8") from error
    given = {_ALIASES.get(name, name): value for name, value in pairs if value}
    parsed = {name: _PARSERS[name](name, given[name]) for name in sorted(_PARSERS) if name in given}
    try:
        feed_filter = FeedFilter(**parsed)
    except ValueError as error:
        raise FilterParamsError(str(error)) from error
    changed = {name: given[name] for name, value in parsed.items() if value != getattr(_DEFAULT, name)}
    return feed_filter, urlencode(changed, quote_via=quote)


def _decode(query: str) -> str:
    """WSGI gives bytes as Latin-1 (PEP 3333); granian gives them decoded."""
    try:
        return query.encode("latin-1").decode()
    except UnicodeEncodeError:
        return query


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text) or not int(text):
        raise FilterParamsError(f"{name}: must be a number from 1")
    return int(text)


def _one_of(*values: str) -> Callable[[str, str], str]:
    def parse(name: str, text: str) -> str:
        if text not in values:
            raise FilterParamsError(f"{name}: must be one of {', '.join(values)}")
        return text

    return parse


_SPECIAL: dict[str, Callable[[str, str], Any]] = {
    "limit": lambda name, text: min(_number(name, text), MAX_FILTERED_ENTRIES),
    "brief": _number,
    "filter_time": lambda name, text: timedelta(seconds=_number(name, text)),
    "source": lambda _, text: tuple(sorted(set(text.split(",")))),
    "sorted": lambda name, text: _one_of("true", "false", "1", "0")(name, text.lower()) in ("true", "1"),
    "mode": lambda name, text: _one_of("full", "summary", "titles")(name, "full" if text == "fulltext" else text),
    "images": _one_of("original", "none"),
}
_PARSERS: dict[str, Callable[[str, str], Any]] = {
    field.name: _SPECIAL.get(field.name, lambda _, text: text) for field in fields(FeedFilter)
}
_ALIASES = {"filter_description": "filter_content", "filterout_description": "filterout_content"}
"""RSSHub's names."""
_FILTER_PARAM = re.compile(rf"(?:^|&)(?:{'|'.join([*_PARSERS, *_ALIASES])})=.")
_DEFAULT = FeedFilter()
