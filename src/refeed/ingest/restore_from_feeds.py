"""Our own published feeds -> entries with the same ids, dates and content, for a store that was lost with its dumps."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from ..clean.sanitize import sanitize
from ..config.settings import Settings
from ..errors import FetchError
from ..fetch.enclosure_metadata import DUE_NOW, FileMetadata
from ..fetch.upstreams import open_session
from ..model import CleanResult, Enclosure, Entry, Image, Label, Outcome, Person, Source
from ..render import checksum
from ..store.dump_recording import FileResult, forget_files, record_files
from ..store.entry_updates import update_enclosures, update_icons
from ..store.serialization import compress, encode_json
from ..store.store import Store
from ..topics.fields import extract_topic_fields
from .entry_builder import EntryBuilder, hash_dump

if TYPE_CHECKING:
    from ..fetch.session import HttpSession

_BATCH = 256
_IMAGE_URL = re.compile(r'<img[^>]* src="([^"]+)"')
_STEP = timedelta(seconds=1)


def restore_store(settings: Settings, store: Store, builder: EntryBuilder, clock: Callable[[], datetime]) -> int:
    """Fill an empty store from the feeds published at `site.restore_from`; returns the number of entries.

    Reads the feed of each source and its archives: every entry is in those. Raises FetchError, and keeps what was
    recorded before.
    """
    session = open_session(settings)
    seen: set[str] = set()
    icons: dict[str, str] = {}
    batch: list[FileResult] = []
    enclosures: dict[str, list[FileMetadata]] = {}

    def record() -> None:
        record_files(store, batch, clock(), builder.find_repost_original)
        forget_files(store, [result.path for result in batch])  # no such files exist
        update_enclosures(store, {id: files for id, files in enclosures.items() if files}, clock())
        batch.clear()
        enclosures.clear()

    try:
        for item, source, icon in _iter_items(session, settings):
            if item["id"] in seen:  # the subscription overlaps with its newest archive
                continue
            seen.add(item["id"])
            icons[source.id] = icon
            entry = _parse_entry(item, source, session, settings.site.restore_from)
            batch += _make_results(entry, item, source, builder, clock())
            # Kept apart from the entry, so that a later dump does not remove what is known of its files.
            files: list[Image | Enclosure] = [entry.image] if entry.image and entry.image.type else []
            files += [enclosure for enclosure in entry.enclosures if enclosure.length]
            media = [FileMetadata(url=file.url, type=file.type, length=file.length) for file in files]
            enclosures[_short_id(entry.id)] = media
            if len(batch) >= _BATCH:
                record()
        record()
    finally:
        session.close()
    update_icons(store, {id: FileMetadata(url=icon, next=DUE_NOW) for id, icon in icons.items() if icon}, clock())
    return len(seen)


def _iter_items(session: HttpSession, settings: Settings) -> Iterator[tuple[dict[str, Any], Source, str]]:
    """Every entry, source by source: its JSON Feed item, its source, and the icon that was found for the source."""
    base = settings.site.restore_from.rstrip("/")
    icons = {rule.id: rule.icon for rule in settings.sources}
    for feed in _get_document(session, f"{base}/feeds/feeds.json")["feeds"]:
        if feed["kind"] != "source" or not feed["entries"]:
            continue
        id = feed["path"].removeprefix("source/")
        source = Source(
            id=id,
            title=feed["title"],
            link=feed["source_url"] or "",
            language=feed["language"],
            configured=id in icons,
        )
        icon = "" if icons.get(id) else feed["icon"] or ""
        url: str | None = f"{base}/feeds/{feed['path']}.json"
        while url:
            document = _get_document(session, url)
            for item in document["items"]:
                yield item, source, icon
            next_url = document.get("next_url")
            # The documents may have been published under another address than the one they have now.
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
    topics = {topic["title"] for topic in extension.get("topics", ())}
    original, image = extension.get("original", {}), extension.get("image", {})
    return Entry(
        id=item["id"],
        source=source.id,
        link=item["url"],
        title=item["title"],
        published=datetime.fromisoformat(item["date_published"]),
        updated=datetime.fromisoformat(item["date_modified"]),
        language=item.get("language", source.language),
        authors=tuple(author["name"] for author in item.get("authors", ())),
        contributors=tuple(Person(name=p["name"], role=p.get("role", "")) for p in extension.get("contributors", ())),
        summary=item.get("summary", ""),
        html=sanitize(html),
        image=Image(
            url=item["image"],
            caption=image.get("caption", ""),
            credit=image.get("credit", ""),
            type=image.get("mime_type", ""),
            length=image.get("size_in_bytes", 0),
        )
        if item.get("image")
        else None,
        images=tuple(dict.fromkeys(_IMAGE_URL.findall(html))),
        enclosures=tuple(
            Enclosure(url=e["url"], type=e["mime_type"], length=e.get("size_in_bytes", 0))
            for e in item.get("attachments", ())
        ),
        rights=extension.get("rights", ""),
        original=original.get("url"),
        original_language=original.get("language", "en"),
        tags=tuple(tag for tag in item.get("tags", ()) if tag not in topics),
    )


def _make_results(
    entry: Entry, item: Mapping[str, Any], source: Source, builder: EntryBuilder, now: datetime
) -> list[FileResult]:
    """The versions that give an entry its dates: as it was first published, and as it was last changed.

    The last version has no fingerprint. Whether the next dump differs from it is unknown, and an entry changes only
    between two dumps with fingerprints.
    """
    fields = extract_topic_fields(entry)
    # The topics that the entry was published with, with our own reasons where there are any.
    own = {label.topic: label for label in builder.matcher.label(entry, fields)}
    published = [topic["id"] for topic in item.get("_entry", {}).get("topics", ())]
    labels = encode_json(tuple(own.get(id) or Label(topic=id, score=0.0, reasons=()) for id in published))
    row = builder.to_row(CleanResult(entry=entry, fingerprint=""), source, labels, fields.body_text)
    versions = [(entry.published, "")]
    if entry.updated > entry.published:
        versions = [(entry.published, "first"), (entry.updated, "last"), (entry.updated + _STEP, "")]
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
