"""An entry -> the entry with its images at our own addresses, when `images: cached` is set. Pure.

An address depends on the entry's id and the image's address at its origin, and never on what is cached. It names the
entry, so that whoever serves it can look up the origin, and serves images of stored entries only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from html import escape, unescape

from ..clean.sanitize import sanitize
from ..model import Entry, FeedPath
from .registry import FeedRegistry

_IMAGE = re.compile(r"<img [^<>]*>")  # sanitized HTML has neither character inside of a tag
_SOURCE = re.compile(r'(?<= src=")[^"]*')


def hash_address(url: str) -> str:
    """The name of an image: a hash of its address at its origin."""
    return sha256(url.encode()).hexdigest()[:32]


def list_images(entry: Entry) -> dict[str, str]:
    """The addresses of an entry's images at their origin, by their names."""
    urls = [unescape(url) for tag in _IMAGE.findall(entry.html) for url in _SOURCE.findall(tag)]
    urls += [entry.image.url] if entry.image else []
    return {hash_address(url): url for url in urls}


def link_cached_images(entry: Entry, registry: FeedRegistry) -> Entry:
    """The entry as documents and pages show it. Images of private sources stay at their origin: anyone may get ours."""
    info = registry.feeds.get(FeedPath("source", entry.source))
    if not registry.caches_images or info is None or info.private:
        return entry
    address = partial(_make_address, registry.site.base_url, entry.id.removeprefix("urn:uuid:"))
    image = entry.image and replace(entry.image, url=address(entry.image.url))
    html = _IMAGE.sub(lambda tag: _SOURCE.sub(lambda url: _replace(url[0], address), tag[0]), entry.html)
    return replace(entry, html=sanitize(html), image=image)


def _replace(url: str, address: Callable[[str], str]) -> str:
    return escape(address(unescape(url)))


def _make_address(base_url: str, id: str, url: str) -> str:
    return f"{base_url}/images/{hash_address(url)}?entry={id}" if url.startswith(("http://", "https://")) else url
