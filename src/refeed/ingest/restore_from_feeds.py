"""Our own published feeds -> entries with the same ids, dates and content, for a store that was lost with its dumps."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from ..clean.sanitize import sanitize
from ..config.settings import Settings
from ..dumps.writer import is_http_url
from ..errors import FetchError
from ..fetch.enclosure_metadata import DUE_NOW, FileMetadata
from ..fetch.upstreams import open_session
from ..model import CleanResult, Enclosure, Entry, Image, Label, Outcome, Person, Source
from ..render import checksum
from ..store.dump_recording import FileResult, forget_files, record_files
from ..store.entry_updates import update_enclosures, update_icons, withdraw_entries
from ..store.serialization import compress, encode_json
from ..store.store import Store
from ..topics.fields import extract_topic_fields
from .entry_builder import EntryBuilder, hash_dump

if TYPE_CHECKING:
    from ..fetch.session import HttpSession

_BATCH = 256
_IMAGE_URL = re.compile(r'<img[^<>]* src="([^"]+)"')
_SLUG = re.compile(r"[a-z0-9-]{1,100}")
_ONE_SECOND = timedelta(seconds=1)


def restore_store(settings: Settings, store: Store, builder: EntryBuilder, clock: Callable[[], datetime]) -> int:
    """Fill an empty store from the feeds published at `site.restore_from`; returns the number of entries.

    Reads the feed of each source and its archives, which together contain every entry. Raises FetchError; what was
    recorded until then stays.
    """
    session = open_session(settings)
    seen: set[str] = set()
    icons: dict[str, str] = {}
    batch: list[FileResult] = []
    enclosures: dict[str, list[FileMetadata]] = {}

    def record() -> None:
        record_files(store, batch, clock(), builder.find_repost_original)
        forget_files(store, [result.path for result in batch])  # the paths are made up
        update_enclosures(store, {id: files for id, files in enclosures.items() if files}, clock())
        batch.clear()
        enclosures.clear()

    def withdraw(removed: Sequence[Mapping[str, str]]) -> None:
        """Remember withdrawals, and withdraw what came back from a dump meanwhile."""
        for tombstone in removed:
            when = datetime.fromisoformat(tombstone["when"])
            withdraw_entries(store, [_short_id(tombstone["id"])], when, builder.find_repost_original)

    try:  # what is not shaped like our own documents is not trusted in anything else
        for item, source, icon in _iter_items(session, settings, withdraw):
            if item["id"] in seen:  # the subscription document overlaps with the newest archive
                continue
            seen.add(item["id"])
            icons[source.id] = icon
            entry = _parse_entry(item, source, session, settings.site.restore_from)
            batch += _make_results(entry, item, source, builder, clock())
            # Stored apart from the entry, so that a later dump does not remove the types and sizes of its files.
            files: list[Image | Enclosure] = [entry.image] if entry.image and entry.image.type else []
            files += [enclosure for enclosure in entry.enclosures if enclosure.length]
            media = [FileMetadata(url=file.url, type=file.type, length=file.length) for file in files]
            enclosures[_short_id(entry.id)] = media
            if len(batch) >= _BATCH:
                record()
        record()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FetchError(f"site.restore_from: a document is not written by refeed ({error!r})") from error
    finally:
        session.close()
    update_icons(store, {id: FileMetadata(url=icon, next=DUE_NOW) for id, icon in icons.items() if icon}, clock())
    return len(seen)


def _iter_items(
    session: HttpSession, settings: Settings, on_removed: Callable[[Sequence[Mapping[str, str]]], None]
) -> Iterator[tuple[dict[str, Any], Source, str]]:
    """Every entry, source by source: its JSON Feed item, its source, and the icon that was found for the source.

    `on_removed` gets the tombstones of each source.
    """
    base = settings.site.restore_from.rstrip("/")
    icons = {rule.id: rule.icon for rule in settings.sources}
    for feed in _get_document(session, f"{base}/feeds/feeds.json")["feeds"]:
        if feed["kind"] != "source" or not feed["entries"]:
            continue
        id = feed["path"].removeprefix("source/")
        if not _SLUG.fullmatch(id):
            raise ValueError(f"{id!r} is no slug")
        source = Source(
            id=id,
            title=feed["title"],
            link=_http_url(feed["source_url"]),
            language=feed["language"] or "",
            configured=id in icons,
        )
        icon = "" if icons.get(id) else _http_url(feed["icon"])
        url: str | None = f"{base}/feeds/{feed['path']}.json"
        visited = set[str]()
        while url and url not in visited:
            visited.add(url)
            document = _get_document(session, url)
            on_removed(document.get("_feed", {}).get("removed", ()))
            for item in document["items"]:
                yield item, source, icon
            next_url = document.get("next_url")
            # The documents may have been published under a different address than their present one.
            url = f"{base}/feeds/{next_url.partition('/feeds/')[2]}" if next_url else None


def _get_document(session: HttpSession, url: str) -> dict[str, Any]:
    response = session.get(url)
    if response.status != 200:
        raise FetchError(f"site.restore_from: {url} answered {response.status}")
    if checksum.verify_checksum(response.body) is None:
        raise FetchError(f"site.restore_from: {url} is damaged, or not written by refeed")
    document: dict[str, Any] = msgspec.json.decode(response.body)
    return document


def _parse_entry(item: Mapping[str, Any], source: Source, session: HttpSession, base_url: str) -> Entry:
    extension = item.get("_entry", {})
    html = item.get("content_html", "")
    id = _short_id(item["id"])
    if f'/entry/{id}">' in html:  # too large for a document, which links to the entry's page instead
        response = session.get(f"{base_url.rstrip('/')}/entry/{id}.json")
        html = msgspec.json.decode(response.body)["html"] if response.status == 200 else html
    section = extension.get("section", "")
    not_tags = {section, *(topic["title"] for topic in extension.get("topics", ()))}
    link = _http_url(item["url"])
    if not link:
        raise ValueError(f"{item['url']!r} is no http(s) address")
    original, image = extension.get("original", {}), extension.get("image", {})
    return Entry(
        id=item["id"],
        source=source.id,
        link=link,
        title=item["title"],
        published=datetime.fromisoformat(item["date_published"]),
        updated=datetime.fromisoformat(item["date_modified"]),
        language=item.get("language", source.language),
        authors=() if extension.get("by_publisher") else tuple(author["name"] for author in item.get("authors", ())),
        contributors=tuple(
            Person(name=person["name"], role=person.get("role", "")) for person in extension.get("contributors", ())
        ),
        summary=item.get("summary", ""),
        html=sanitize(html),
        image=Image(
            url=_http_url(item["image"]),
            caption=image.get("caption", ""),
            credit=image.get("credit", ""),
            type=image.get("mime_type", ""),
            length=image.get("size_in_bytes", 0),
        )
        if _http_url(item.get("image"))
        else None,
        images=tuple(dict.fromkeys(filter(_http_url, _IMAGE_URL.findall(html)))),
        enclosures=tuple(
            Enclosure(url=file["url"], type=file["mime_type"], length=file.get("size_in_bytes", 0))
            for file in item.get("attachments", ())
            if _http_url(file["url"])
        ),
        rights=extension.get("rights", ""),
        original=_http_url(original.get("url")) or None,
        original_language=original.get("language", "en"),
        section=section,
        tags=tuple(tag for tag in item.get("tags", ()) if tag not in not_tags),
    )


def _http_url(url: str | None) -> str:
    """The URL if it is http(s), else an empty text."""
    return url if url and is_http_url(url) else ""


def _make_results(
    entry: Entry, item: Mapping[str, Any], source: Source, builder: EntryBuilder, now: datetime
) -> list[FileResult]:
    """Made-up dumps that give an entry its dates: when it was first published, and when it was last changed.

    The last one has no fingerprint, because it is unknown whether the next real dump differs from it. The store moves
    `updated` only between two dumps with fingerprints.
    """
    fields = extract_topic_fields(entry)
    # The entry keeps the topics it was published with. Their reasons are those that our matcher finds now, if any.
    own = {label.topic: label for label in builder.matcher.label(entry, fields)}
    published = [topic["id"] for topic in item.get("_entry", {}).get("topics", ())]
    topics = tuple(own.get(id) or Label(topic=id, score=0.0, reasons=()) for id in published)
    labels = encode_json(topics + builder.named_searches.label(entry, topics))
    row = builder.to_row(CleanResult(entry=entry, fingerprint=""), source, labels, fields.body_text)
    versions = [(entry.published, "")]
    if entry.updated > entry.published:
        versions = [(entry.published, "first"), (entry.updated, "last"), (entry.updated + _ONE_SECOND, "")]
    results = []
    for time, fingerprint in versions:
        data = msgspec.json.encode(item) + fingerprint.encode()
        results.append(
            FileResult(
                path=f"reseed:{entry.id}:{fingerprint}".encode(),
                display_path=f"{source.id}/{_short_id(entry.id)}.json",
                folder=source.id,
                stamp=1,
                first_seen=now,
                outcome=Outcome.ACCEPTED,
                digest=hash_dump(data),
                data=compress(data),
                dump_time=time,
                entry=replace(row, fingerprint=fingerprint),
            )
        )
    return results


def _short_id(id: str) -> str:
    return str(uuid.UUID(id.removeprefix("urn:uuid:")))
