"""Types and checks for values in settings and rules: URLs, languages, slugs, titles, patterns. Pure.

A check raises ValueError. Its message begins with the key that was passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import urlsplit

import re2

SLUG_PATTERN = re.compile(r"(?=.{1,60}$)[a-z0-9]+(?:-[a-z0-9]+)*")
"""The form of the id of a source, a topic or a filtered feed."""

LocalizedTitle = dict[str, str] | str
"""Titles by language, {zh: 气候, en: Climate}, or one title for all languages."""

Regexp: TypeAlias = re2._Regexp
"""A compiled pattern, used like a pattern of the standard library. re2 has no public name for its type.

RE2 has no look-around and no back-references, and takes linear time for every pattern.
"""

PATTERN_PREFIX = "re:"
"""The prefix of a topic's word that is a pattern."""

_BASE_URL = re.compile(r"https?://[^/\s?#]+[^\s?#]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql", "postgresql+psycopg")
_DATABASE_PORT = re.compile(r"(?:[^:/]*(?::[^@]*)?@)?(?:\[[^\]]*\]|[^/:?]+)?(?::([^/?]*))?")
"""Splits a URL in the same way as SQLAlchemy: a password may contain any character except @."""
_MAX_STEPS = 600
_MAX_PATTERN_MEMORY = 2 << 20


def check_url(key: str, url: str, schemes: tuple[str, ...] = ("http", "https")) -> None:
    """Raise ValueError unless refeed can request `url` or link to it."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{key}: invalid URL {url!r}: {error}") from error
    if parts.scheme not in schemes:
        raise ValueError(f"{key}: must begin with {' or '.join(s + '://' for s in schemes)}, got {url!r}")
    if parts.scheme != "file" and not parts.hostname:
        raise ValueError(f"{key}: invalid URL {url!r}: it has no host")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{key}: must not contain a user name or a password, because URLs appear in logs")
    if not url.isprintable() or " " in url or len(url) > 2000:
        raise ValueError(f"{key}: must be a URL without spaces and of at most 2,000 characters")


def check_base_url(key: str, url: str) -> None:
    """Raise ValueError unless paths can be appended to this URL."""
    if not _BASE_URL.fullmatch(url):
        raise ValueError(f"{key}: must be an http(s) URL such as https://feeds.example.org, got {url!r}")
    check_url(key, url)


def check_database_url(key: str, url: str) -> None:
    """Raise ValueError unless the URL names a database that the store supports.

    The message never contains the URL, because it may contain a password. SQLAlchemy is not used, because importing it
    takes long.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"{key}: not a database URL; write sqlite:///path/to.db or postgres://…")
    if scheme not in _DATABASE_SCHEMES:
        raise ValueError(f"{key}: {scheme} is not supported; use sqlite or postgres")
    if scheme != "sqlite" and (match := _DATABASE_PORT.match(rest)) and not (match[1] or "0").isdecimal():
        raise ValueError(f"{key}: its port must be a number")
    if scheme == "sqlite" and rest in ("", "/", "/:memory:"):
        raise ValueError(f"{key}: a store in memory would lose everything; name a file: sqlite:///var/refeed.db")


def check_language_tags(key: str, tags: Iterable[str]) -> None:
    """Raise ValueError unless each is a language tag (BCP 47)."""
    for tag in tags:
        if not _LANGUAGE.fullmatch(tag):
            raise ValueError(f"{key}: invalid language tag {tag!r} (BCP 47): write one such as zh-Hans or en")


def check_slug(key: str, slug: str) -> None:
    """Raise ValueError unless the text can be an id."""
    if not SLUG_PATTERN.fullmatch(slug):
        raise ValueError(f"{key}: invalid slug {slug!r}: use a to z, 0 to 9 and single hyphens, at most 60 characters")


def check_title(title: LocalizedTitle) -> None:
    """Raise ValueError unless the languages of a title are language tags."""
    check_language_tags("title", title if isinstance(title, dict) else ())


def choose_title(title: LocalizedTitle, language: str, default: str) -> str:
    """Return the title in this language (BCP 47), else in its primary language, else the first, else the default."""
    if isinstance(title, str):
        return title or default
    primary = language.split("-")[0]
    return title.get(language) or title.get(primary) or next(iter(title.values()), "") or default


def compile_rule_pattern(pattern: str, key: str) -> Regexp:
    """Compile a pattern of a source rule. Raises ValueError."""
    try:
        return _compile(pattern)
    except ValueError as error:
        raise ValueError(f"{key}: invalid RE2 pattern {pattern!r}: {error}") from error


def compile_search_pattern(text: str) -> Regexp:
    """Compile a case-insensitive pattern of a topic or a filter. Raises ValueError with the reason.

    RE2 takes linear time in the length of the text; the limit on steps keeps the factor small. With the worst patterns
    that we found, 10,000 characters take 30 ms at 600 steps and 240 ms at 2,300.
    """
    pattern = _compile(text, case_sensitive=False, max_mem=_MAX_PATTERN_MEMORY)
    if pattern.programsize > _MAX_STEPS:
        raise ValueError(f"it unrolls to {pattern.programsize} steps, at most {_MAX_STEPS}; shorten or split it")
    return pattern


def _compile(text: str, **settings: int) -> Regexp:
    options = re2.Options()
    options.log_errors = False  # otherwise also written to standard error, besides the exception
    for name, value in settings.items():
        setattr(options, name, value)
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error
