"""The whole site -> a folder of documents, archives and pages with relative links, for any static host."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import escape, unescape
from itertools import product
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from flask import Response

from ..clock import utc_now
from ..config.settings import Settings
from ..errors import PublishError
from ..feeds.access_tokens import AccessTokens
from ..feeds.digest_feeds import DIGEST_FILES, DigestFeeds
from ..feeds.pagination import DocumentBudget
from ..feeds.registry import FeedRegistry
from ..feeds.story_feeds import StoryFeeds
from ..model import DIGEST_KINDS, DIGEST_PERIODS, FORMATS, STORY_KINDS
from ..page_languages import LANGUAGES
from ..publish.output_dir import OutputDir
from ..publish.publisher import Publisher
from ..render.checksum import add_checksum
from ..store.store import Store
from ..store.stored_digests import request_digests
from ..stories.digest_closing import close_next
from ..stories.story_updater import update_stories
from .app import create_app
from .pages.template_context import generated_links

_MARKER = ".refeed-static"
"""Marks a folder as an export, so that files which are no longer published may be removed from it."""
_LINK = re.compile(r'\b(href|src|action)="([^"]*)"')
_START_PATHS = ("/", "/robots.txt", "/favicon.ico", "/apple-touch-icon.png", "/icon.svg")
_FILE = re.compile(r"/(?:static|feeds|qr)/|\.(?:json|txt|ico|png|svg|xml)$")
"""Matches the URL paths of files. All other paths are pages."""
_NAME = re.compile(r"[a-z0-9_-][A-Za-z0-9._-]*")
"""Matches each part of a URL path that this program makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """The number of documents and pages in an export."""

    documents: int
    pages: int


def export_static_site(
    settings: Settings, store: Store, folder: Path, progress: Callable[[int], None] = lambda _: None
) -> ExportResult:
    """Write all public documents and pages into a folder. `progress` is called with the number of pages so far.

    It has the address of these settings. The documents that are served are neither used nor changed: those of the
    export are kept below var/, where only the next export uses them.

    Raises PublishError if the folder holds other files or cannot be written, or if the site is private.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise PublishError(f"{folder}: not empty, and not made by `refeed publish --static`; choose another folder")
    if settings.access.site == "private":
        raise PublishError("the site is private (access.site): a static host would show it to everyone")
    umask = os.umask(0o022)  # for whoever serves the export
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARKER).touch()
        # A static host has no cache of images.
        settings = replace(settings, images="original", feeds_dir=str(Path(settings.var_dir) / "export"))
        documents = set(_copy_documents(settings, store, folder))
        pages = set(_write_pages(settings, folder, progress))
        _remove_others(folder, documents | pages | {folder / _MARKER})
    except OSError as error:
        raise PublishError(f"{error.filename or folder}: cannot be written ({error.strerror})") from error
    finally:
        os.umask(umask)
    return ExportResult(documents=len(documents), pages=len(pages))


def _copy_documents(settings: Settings, store: Store, folder: Path) -> Iterator[Path]:
    """Copy the public documents and archives, also to former paths of feeds, because a static host cannot redirect."""
    output_dir = OutputDir(settings.feeds_dir)
    publisher = Publisher(settings, store, output_dir)
    publisher.publish()
    registry, access = publisher.registry(), AccessTokens(settings)
    copies = {name: name for name in ("opml.xml", "feeds.json")}
    for path in registry.feeds:
        if not access.is_private(path):
            former_paths = [old for old, new in registry.moved.items() if new == path]
            archives = publisher.render_archives(path)
            for end in ("", *(f"/archive/{name}" for name in archives)):
                for format in FORMATS:
                    copies |= {f"{copy}{end}.{format}": f"{path}{end}.{format}" for copy in (path, *former_paths)}
    for name, original in copies.items():
        target = folder / "feeds" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(output_dir.root / original, target)
        yield target
    for name, data in _make_derived(settings, store, registry):
        target = folder / "feeds" / name
        _write_if_changed(target, data)
        yield target


def _make_derived(settings: Settings, store: Store, registry: FeedRegistry) -> Iterator[tuple[str, bytes]]:
    """The documents of stories and digests that `static` lists, by their names."""
    if not settings.static:
        return
    budget = DocumentBudget(settings.feeds.entries, settings.feeds.bytes)
    stories, digests = StoryFeeds(store, registry, budget), DigestFeeds(store, registry, budget)
    while update_stories(store, utc_now()):
        pass
    if "stories" in settings.static:
        for feed, format in product(registry.public_feeds, FORMATS):
            if feed.kind in STORY_KINDS:
                yield f"{feed}/stories.{format}", add_checksum(stories.render_feed(feed, format).data)
    feeds = [path for path in registry.public_feeds if path.kind in DIGEST_KINDS]
    periods = [period for period in DIGEST_PERIODS if period in settings.static]
    for feed, period in product(feeds, periods):
        request_digests(store, feed, period, utc_now())
    while close_next(store, settings, lambda: registry.sources, utc_now()):
        pass
    for feed, period in product(feeds, periods):
        for format in FORMATS:
            yield f"{feed}/{period}.{format}", add_checksum(digests.render_feed(feed, period, format).data)
        for name, file in product(digests.list_files(feed, period), DIGEST_FILES):
            made = digests.render_file(feed, period, name, file)
            if made is not None:
                yield f"{feed}/{period}/{name}.{file}", made.data


def _write_pages(settings: Settings, folder: Path, progress: Callable[[int], None]) -> Iterator[Path]:
    """Write every page that can be reached by our own links, and the files that pages load."""
    app, links = create_app(settings), set[str]()
    app.jinja_env.globals["is_static"] = True  # without forms that only a server answers
    app.jinja_env.globals.update(digest_parts=settings.static, has_catalogue=False)

    @app.after_request
    def collect_links(response: Response) -> Response:
        links.update(generated_links())
        return response

    client, prefix = app.test_client(), urlsplit(settings.site.base_url).path.rstrip("/")
    queue, seen = list(_START_PATHS), set(_START_PATHS)
    written: set[Path] = set()
    while queue:
        url_path = queue.pop()
        links.clear()
        response = client.get(url_path, headers={"Accept": "text/html,*/*"}, follow_redirects=False)
        file = _file_of(url_path, settings.site.language)
        if response.status_code != 200 or folder / file in written:
            continue
        targets = {link: _own_url_path(link, settings.site.base_url, prefix) for link in links}
        body = response.data
        if file.suffix == ".html":
            body = _make_links_relative(body.decode(), targets, file, settings.site.language).encode()
        _write_if_changed(folder / file, body)
        written.add(folder / file)
        yield folder / file
        progress(len(written))
        new = {target for target in targets.values() if not target.startswith("/feeds/")} - seen
        seen |= new
        queue += sorted(new)


def _own_url_path(link: str, base_url: str, prefix: str) -> str:
    """The URL path on this site that one of our links leads to."""
    url_path = link.removeprefix(base_url if link.startswith(base_url) else prefix)
    # Most pages are entries. They are exported only in the site's own language.
    return url_path.partition("?")[0] if url_path.startswith("/entry/") else url_path


def _file_of(url_path: str, language: str) -> PurePosixPath:
    """The file of a URL path. Each page is a folder; in other languages than the site's, below the language's tag.

    Raises PublishError if a part of the path is not a name, so that no file lies outside of the export.
    """
    parts = urlsplit(url_path)
    names = unquote(parts.path).strip("/").split("/")
    query = parse_qs(parts.query)
    chosen, page = query.get("lang", [""])[0], query.get("page", ["1"])[0]
    if not all(_NAME.fullmatch(name) for name in (*filter(None, names), page)):
        raise PublishError(f"{url_path!r}: a page with this address cannot be a file")
    path = PurePosixPath(*names)
    if _FILE.search(parts.path):
        return path
    other_language = chosen if chosen in LANGUAGES and chosen != language else ""
    return PurePosixPath(other_language) / path / (f"page-{page}" if page != "1" else "") / "index.html"


def _make_links_relative(html: str, targets: dict[str, str], file: PurePosixPath, language: str) -> str:
    def replace(match: re.Match[str]) -> str:
        target = targets.get(unescape(match[2]))
        if target is None:
            return match[0]
        relative = os.path.relpath(_file_of(target, language), file.parent)
        return f'{match[1]}="{escape(relative)}"'

    return _LINK.sub(replace, html)


def _write_if_changed(path: Path, data: bytes) -> None:
    """Write a file unless its content is the same. An unchanged file keeps its date, so hosts do not upload it."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _remove_others(folder: Path, kept: set[Path]) -> None:
    """Remove files that are no longer published, and empty folders. A .git folder is kept."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept and ".git" not in path.relative_to(folder).parts:
            path.unlink()
