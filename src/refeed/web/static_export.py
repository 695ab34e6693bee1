"""The whole site -> a folder of files for any static host: documents, archives and pages, with relative links."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from flask.testing import FlaskClient

from ..config.settings import Settings
from ..errors import PublishError
from ..feeds.access_tokens import AccessTokens
from ..feeds.registry import FeedRegistry
from ..ingest.pipeline import Pipeline
from ..model import FORMATS
from .app import create_app
from .pages.languages import LANGUAGES

_MARK = ".refeed-static"
"""Marks a folder as ours: what is no longer published may be removed from it."""
_LINK = re.compile(r'\b(href|src|action)="([^"]*)"')
_BEGIN = ("/", "/robots.txt", "/favicon.ico", "/apple-touch-icon.png", "/icon.svg")
_FILE = re.compile(r"/(?:static|feeds|qr)/|\.(?:json|txt|ico|png|svg)$")
"""Addresses that are files; all others are pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """What an export wrote."""

    documents: int
    pages: int


def export_static_site(
    settings: Settings, program: Pipeline, folder: Path, progress: Callable[[int], None] = lambda _: None
) -> ExportResult:
    """Write everything into a folder. Nothing private is written. `progress` hears how many pages there are so far.

    Raises PublishError when the folder holds what is not ours, or cannot be written.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise PublishError(f"{folder}: is not empty, and was not made by `refeed publish --static`; name another")
    if settings.access.site == "private":
        raise PublishError("the site is private (access.site): a static host would show it to everybody")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).touch()
        documents = set(_documents(settings, program, folder))
        pages = set(_pages(settings, folder, progress))
        _sweep(folder, documents | pages | {folder / _MARK})
    except OSError as error:
        raise PublishError(f"{error.filename or folder}: cannot be written ({error.strerror})") from error
    return ExportResult(documents=len(documents), pages=len(pages))


def _documents(settings: Settings, program: Pipeline, folder: Path) -> Iterator[Path]:
    """Every document with all archives; under a feed's former name too, since a static host redirects nobody."""
    program.publisher.publish()
    catalogue, access = program.publisher.registry(), AccessTokens(settings)
    names = ["opml.xml", "feeds.json"]
    for path in catalogue.feeds:
        if not access.is_private(path):
            archives = program.publisher.render_archives(path)
            names += [f"{path}.{format}" for format in FORMATS]
            names += [f"{path}/archive/{name}.{format}" for name in archives for format in FORMATS]
    for name in names:
        for copy in (name, *_formerly(catalogue, name)):
            target = folder / "feeds" / copy
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(program.output_dir.root / name, target)
            yield target


def _formerly(catalogue: FeedRegistry, name: str) -> list[str]:
    return [
        f"{old}{name.removeprefix(str(new))}" for old, new in catalogue.moved.items() if re.match(rf"{new}[./]", name)
    ]


def _pages(settings: Settings, folder: Path, progress: Callable[[int], None]) -> Iterator[Path]:
    """Every page that can be reached, and what pages load."""
    client = create_app(settings).test_client()
    base, prefix = settings.site.base_url, urlsplit(settings.site.base_url).path.rstrip("/")
    waiting, seen = list(_BEGIN), set(_BEGIN)
    written: set[Path] = set()
    while waiting:
        address = waiting.pop()
        place = _place(address, settings.site.language)
        body = _fetched(client, address)
        if body is None or folder / place in written:
            continue
        links: dict[str, str] = {}
        if place.suffix == ".html":
            html = body.decode()
            links = {link: found for link in _links(html) if (found := _address(link, base, prefix))}
            body = _relative(html, links, place, settings.site.language).encode()
        _write(folder / place, body)
        written.add(folder / place)
        yield folder / place
        progress(len(written))
        fresh = [found for found in links.values() if found not in seen and not found.startswith("/feeds/")]
        seen.update(fresh)
        waiting += fresh


def _fetched(client: FlaskClient, address: str) -> bytes | None:
    answer = client.get(address, headers={"Accept": "text/html,*/*"}, follow_redirects=False)
    return answer.data if answer.status_code == 200 else None


def _links(html: str) -> set[str]:
    return {match[2] for match in _LINK.finditer(html)}


def _address(link: str, base: str, prefix: str) -> str | None:
    """The address on our own site that a link in a page leads to; None for all others."""
    target = unescape(link)
    if target.startswith(base + "/"):
        target = prefix + target.removeprefix(base)
    if not target.startswith(prefix + "/") or target.startswith("//"):
        return None
    found = target.removeprefix(prefix).partition("#")[0]
    # Entries, which are by far the most, are in the site's own language alone, whatever page leads to them.
    return found.partition("?")[0] if found.startswith("/entry/") else found


def _place(address: str, language: str) -> PurePosixPath:
    """The file for an address: pages in folders of their own, and those in another language below its tag."""
    parts = urlsplit(address)
    path = PurePosixPath(unquote(parts.path).lstrip("/"))
    if _FILE.search(parts.path):
        return path
    query = parse_qs(parts.query)
    chosen, page = query.get("lang", [""])[0], query.get("page", ["1"])[0]
    other = chosen if chosen in LANGUAGES and chosen != language else ""
    return PurePosixPath(other) / path / (f"page-{page}" if page != "1" else "") / "index.html"


def _relative(html: str, links: dict[str, str], place: PurePosixPath, language: str) -> str:
    def point(match: re.Match[str]) -> str:
        found = links.get(match[2])
        if found is None:
            return match[0]
        way = os.path.relpath(_place(found, language), place.parent)
        return f'{match[1]}="{escape(way)}"'

    return _LINK.sub(point, html)


def _write(path: Path, data: bytes) -> None:
    """Leave a file alone that says the same already: hosts send what has changed."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _sweep(folder: Path, kept: set[Path]) -> None:
    """Remove what is published no longer."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept and ".git" not in path.relative_to(folder).parts:
            path.unlink()
