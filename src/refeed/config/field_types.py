"""What recurs in values of config.yaml and of source rules: addresses and language tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import urlsplit

import re2

HTTP_SCHEMES = ("http", "https")

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def check_url(key: str, url: str, schemes: tuple[str, ...] = HTTP_SCHEMES) -> None:
    """Raise ValueError, with what to write instead, unless `url` is one that we would ever ask or name."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{key}: {url!r} is no address: {error}") from error
    if parts.scheme not in schemes:
        raise ValueError(f"{key}: {url!r} must begin with {' or '.join(s + '://' for s in schemes)}")
    if parts.scheme != "file" and not parts.hostname:
        raise ValueError(f"{key}: {url!r} names no host")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{key}: a name or a password in an address ends up in logs; they are not taken")
    if not url.isprintable() or " " in url or len(url) > 2000:
        raise ValueError(f"{key}: an address has no blanks and at most 2,000 characters")


def check_language_tags(key: str, tags: Iterable[str]) -> None:
    """Raise ValueError, with what to write instead, unless each is a tag that documents may name a language by."""
    for tag in tags:
        if not _LANGUAGE.fullmatch(tag):
            raise ValueError(f"{key}: {tag!r} is no language tag (BCP 47); write one such as zh-Hans or en")


# How sources, topics and views are named: ids that never change, and titles in one or several languages.

SLUG_PATTERN = re.compile(r"(?=.{1,60}$)[a-z0-9]+(?:-[a-z0-9]+)*")
"""What the id of a source, a topic or a view looks like."""

LocalizedTitle = dict[str, str] | str
"""By language, {zh: 气候, en: Climate}, or one for all."""


def check_slug(key: str, slug: str) -> None:
    """Raise ValueError, naming the key, unless the text can be an id."""
    if not SLUG_PATTERN.fullmatch(slug):
        raise ValueError(f"{key}: {slug!r} is no slug; use a to z, 0 to 9 and single hyphens, at most 60 characters")


def check_title(title: LocalizedTitle) -> None:
    """Raise ValueError unless the languages of a title are language tags."""
    check_language_tags("title", title if isinstance(title, dict) else ())


def choose_title(title: LocalizedTitle, language: str, otherwise: str) -> str:
    """A title in this language (BCP 47), else in its primary language, else the first there is, else `otherwise`."""
    if isinstance(title, str):
        return title or otherwise
    primary = language.split("-")[0]
    return title.get(language) or title.get(primary) or next(iter(title.values()), "") or otherwise


# The patterns that rules hold, compiled by google-re2: no look-around, no back-reference, and never slow. RE2 takes
# time linear in the text, whatever the pattern and whatever the text.

Regexp: TypeAlias = re2._Regexp
"""A compiled pattern, searched like one of the standard library's. re2 has no public name for its type."""

PATTERN_PREFIX = "re:"
"""A word of a topic that begins with this is a pattern."""

_STEPS = 600
_MEMORY = 2 << 20


def compile_rule_pattern(pattern: str, name: str) -> Regexp:
    """A pattern of a source's rule, ready for use. Raises ValueError, naming the key it stands under."""
    try:
        return re2.compile(pattern, _options())
    except re2.error as error:
        raise ValueError(f"{name}: {pattern!r} is no pattern that RE2 takes: {_reason(error)}") from error


def compile_search_pattern(text: str) -> Regexp:
    """A pattern of a topic or a view, in any case, ready to search. Raises ValueError that says what is wrong with it.

    RE2's time is linear in the text; the limit on steps keeps the factor small. Measured on the worst patterns we
    could think of, 10,000 characters cost 30 ms at 600 steps and 240 ms at 2,300.
    """
    options = _options()
    options.case_sensitive = False
    options.max_mem = _MEMORY
    try:
        pattern = re2.compile(text, options)
    except re2.error as error:
        raise ValueError(_reason(error)) from error
    if pattern.programsize > _STEPS:
        raise ValueError(f"it unrolls to {pattern.programsize} steps of at most {_STEPS}; shorten or split it")
    return pattern


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False  # on standard error, beside the exception that says the same
    return options


def _reason(error: re2.error) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode() if isinstance(reason, bytes) else str(reason)
