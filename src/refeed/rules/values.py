"""What recurs in values of config.yaml and of source rules: addresses and language tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

HTTP = ("http", "https")

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def check_address(key: str, url: str, schemes: tuple[str, ...] = HTTP) -> None:
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


def check_languages(key: str, tags: Iterable[str]) -> None:
    """Raise ValueError, with what to write instead, unless each is a tag that documents may name a language by."""
    for tag in tags:
        if not _LANGUAGE.fullmatch(tag):
            raise ValueError(f"{key}: {tag!r} is no language tag (BCP 47); write one such as zh-Hans or en")
