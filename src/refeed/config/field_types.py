"""Types for values in settings and rules: URLs, languages, slugs, titles, time spans, patterns. Pure.

A type is `Annotated[..., Check(...)]`. Its function raises ValueError, and the text says what to write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import re2

from ..page_languages import supported_language

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True)
class Check:
    """Makes pydantic call a function with each value of a type, which raises ValueError for a wrong one.

    The same as pydantic's AfterValidator, which would take 9 MB and 0.1 s in every process that has rules but reads no
    configuration.
    """

    function: Callable[[Any], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core.core_schema import no_info_after_validator_function

        return no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        self.function(value)
        return value


@dataclass(frozen=True, slots=True)
class Parse:
    """Makes pydantic call a function with the text of a value. The function returns the value, or raises ValueError."""

    function: Callable[[str], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core.core_schema import no_info_after_validator_function, str_schema

        return no_info_after_validator_function(self.function, str_schema())


def matching(pattern: str, what: str) -> Check:
    """Check that a whole text matches a pattern; `what` describes such a text."""
    compiled = re.compile(pattern)

    def check(text: str) -> None:
        if not compiled.fullmatch(text):
            raise ValueError(f"must be {what}, got {text!r}")

    return Check(check)


_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_MAX_SECONDS = 100 * 365.25 * 86400
"""The longest time span. A span is subtracted from the current time, and the result must be a valid date."""


def duration(least: str = "0s") -> Parse:
    """A time span of at least this length: `30s`, `15m`, `12h`, `7d`, `2w`."""
    return Parse(partial(_parse_duration, least=least))


def _parse_duration(text: str, least: str) -> timedelta:
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"invalid time span {text!r}: write a number and one of ms s m h d w, such as 15m")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _MAX_SECONDS:
        raise ValueError(f"must be at most a hundred years, got {text!r}")
    span = timedelta(seconds=seconds)
    if least != "0s" and span < _parse_duration(least, "0s"):
        raise ValueError(f"must be at least {least}, got {text!r}")
    return span


def _check_url(url: str, schemes: tuple[str, ...] = ("http", "https")) -> None:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"invalid URL {url!r}: {error}") from error
    if parts.scheme not in schemes:
        raise ValueError(f"must begin with {' or '.join(s + '://' for s in schemes)}, got {url!r}")
    if parts.scheme != "file" and not parts.hostname:
        raise ValueError(f"invalid URL {url!r}: it has no host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain a user name or a password, because URLs appear in logs")
    if not url.isprintable() or " " in url or len(url) > 2000:
        raise ValueError("must be a URL without spaces and of at most 2,000 characters")


def check_database_url(url: str) -> None:
    """Raise ValueError unless the URL names a database that the store supports. The text does not repeat the URL, which
    may contain a password."""
    if not re.match(r"sqlite:///(?!(?:/?:memory:)?$).|postgres(?:ql(?:\+psycopg)?)?://", url):
        raise ValueError("must be sqlite:///path/to.db (not in memory) or postgres://user:password@host/name")


Regexp: TypeAlias = re.Pattern[str]
"""A compiled pattern of RE2, whose type has no public name. It has the methods of the standard library's patterns.

RE2 has no look-around and no back-references, and takes linear time for every pattern.
"""

PATTERN_PREFIX = "re:"
"""The prefix of a topic's word that is a pattern."""
LIST_PREFIX = "list:"
"""The prefix of a topic's word that stands for the names in a list: `list:names/taiwan`."""
_WORD_LANGUAGE = re.compile(r"(?!re:)([a-z]{2}):(?=\S)")


def split_word_language(word: str) -> tuple[str, str]:
    """Return a topic's word as (language, word): `en:climate` applies to texts in English only."""
    if match := _WORD_LANGUAGE.match(word):
        return match[1], word[match.end() :]
    return "", word


_MAX_STEPS = 600
_MAX_PATTERN_MEMORY = 2 << 20
"""Bytes for a compiled pattern and what it remembers of texts."""


def compile_rule_pattern(pattern: str) -> Regexp:
    """Compile a pattern of a source rule. Raises ValueError."""
    compiled: Regexp = _compile(pattern)
    return compiled


def compile_search_pattern(text: str) -> Any:
    """Compile a case-insensitive pattern of a topic or a filter. Raises ValueError.

    RE2 takes linear time in the length of the text; the limit on steps keeps the factor small. With the worst patterns
    that we found, 10,000 characters take 30 ms at 600 steps and 240 ms at 2,300.
    """
    pattern = _compile(text, case_sensitive=False)
    if pattern.programsize > _MAX_STEPS:
        what = f"it unrolls to {pattern.programsize} steps, at most {_MAX_STEPS}; shorten or split it"
        raise ValueError(f"invalid RE2 pattern {text!r}: {what}")
    return pattern


def compile_pattern_filter(patterns: Sequence[str]) -> Callable[[str | bytes], Sequence[int]]:
    """Return a function from a text to the indices of the search patterns that may occur in it, in order.

    It looks for the fixed texts in all patterns in one pass. A pattern without any is always returned. 36 patterns take
    0.1 ms a report, and looking for each of them 0.65.
    """
    if not patterns:
        return lambda _text: ()
    found = re2.Filter()
    for pattern in patterns:
        found.Add(pattern, _make_options(case_sensitive=False))
    found.Compile()
    return lambda text: sorted(found.Match(text, potential=True) or ())


def _make_options(*, case_sensitive: bool) -> re2.Options:
    options = re2.Options()
    options.log_errors = False  # otherwise also written to standard error, besides the exception
    options.case_sensitive = case_sensitive
    options.max_mem = _MAX_PATTERN_MEMORY
    return options


def _compile(text: str, *, case_sensitive: bool = True) -> Any:
    try:
        compiled = re2.compile(text, _make_options(case_sensitive=case_sensitive))
    except re2.error as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode() if isinstance(reason, bytes) else reason
        raise ValueError(f"invalid RE2 pattern {text!r}: {reason}") from error
    # re2 (1.1) keeps the last 128 patterns, whatever they take: 256 MB for those that clients send as filters.
    re2.purge()
    return compiled


_SLUG = r"(?=.{1,60}$)[a-z0-9]+(?:-[a-z0-9]+)*"
SLUG_PATTERN = re.compile(_SLUG)
"""The form of the id of a source, a topic or a filtered feed."""

Slug = Annotated[str, matching(_SLUG, "a slug of a to z, 0 to 9 and single hyphens, at most 60 characters")]
Text = Annotated[str, matching(r"(?s).*\S.*", "more than blanks")]
LanguageTag = Annotated[
    str, matching(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", "a language tag (BCP 47) such as en or zh-Hans")
]


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}: write one such as Asia/Shanghai") from error


TimeZone = Annotated[str, Check(_check_timezone)]
Url = Annotated[str, Check(_check_url)]
GitUrl = Annotated[str, Check(partial(_check_url, schemes=("https", "file")))]
BaseUrl = Annotated[
    str, matching(r"https?://[^/\s?#]+[^\s?#]*", "an http(s) URL such as https://feeds.example.org"), Check(_check_url)
]
"""A URL to which paths can be appended."""
RulePattern = Annotated[str, Check(compile_rule_pattern)]
Duration = Annotated[timedelta, duration()]
LocalizedTitle = str | dict[LanguageTag, str]
"""One title for all languages, or titles by language, {zh: 气候, en: Climate}."""


def choose_title(title: LocalizedTitle, language: str, default: str) -> str:
    """Return the title in this language (BCP 47), else in ours for it (zh-Hant for zh-TW), else in its primary
    language, else the first, else the default."""
    if isinstance(title, str):
        return title or default
    primary = language.split("-")[0]
    chosen = title.get(language) or title.get(supported_language(language)) or title.get(primary)
    return chosen or next(iter(title.values()), "") or default


MIN_SECRET_LENGTH = 16
"""Characters of a secret or a token, so that it cannot be guessed."""


def check_token(token: str) -> None:
    """Raise ValueError for a token that does not fit into an HTTP header, or is short enough to be guessed."""
    if not re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", token):
        raise ValueError("must be printable ASCII without spaces around it, to fit into an HTTP header")
    if len(token) < MIN_SECRET_LENGTH:
        raise ValueError(
            f"must have at least {MIN_SECRET_LENGTH} characters, got {len(token)}; openssl rand -hex 16 makes one"
        )
