"""Our own published feeds -> entries, for a store that was lost with its dumps: ids, dates and content as they were."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from ..clean.sanitize import sanitize
from ..config.settings import Settings
from ..errors import FetchError
from ..fetch import factory
from ..fetch.enclosure_metadata import DUE_NOW, FileMetadata
from ..model import CleanResult, Enclosure, Entry, FeedPath, Image, Label, Outcome, Person, Source
from ..render import checksum
from ..store.entry_writes import update_enclosures, update_icons
from ..store.ingest_writes import FileResult, forget_files, record_files
from ..store.serialization import compress, encode_labels
from ..store.store import Store
from ..topics.fields import TopicFields, extract_topic_fields
from .entry_builder import EntryBuilder

if TYPE_CHECKING:
    from ..fetch.session import HttpSession

_BATCH = 256
_IMAGE = re.compile(r'<img[^>]* src="([^"]+)"|<img src="([^"]+)"')
_STEP = timedelta(seconds=1)


def restore_entries(settings: Settings, store: Store, maker: EntryBuilder, clock: Callable[[], datetime]) -> int:
    """Fill an empty store from the feeds published at `site.reseed`; returns how many entries came back.

    Every entry stands in its own source's feed and archives, so those are walked. Raises FetchError, with what was
    recorded before it kept.
    """
    session = factory.open_session(settings)
    seen: set[str] = set()
    icons: dict[str, str] = {}
    try:
        batch: list[FileResult] = []
        measured: dict[str, list[FileMetadata]] = {}
        for item, source, icon in _items(session, settings):
            if item["id"] in seen:  # the subscription overlaps with its newest archive
                continue
            seen.add(item["id"])
            icons[source.id] = icon
            entry = _entry(item, source, session, settings.site.restore_from)
            batch += _readings(entry, item, source, maker, clock())
            measured[_bare(entry.id)] = _measured(entry)
            if len(batch) >= _BATCH:
                _record(store, batch, measured, maker, clock())
                batch, measured = [], {}
        _record(store, batch, measured, maker, clock())
    finally:
        session.close()
    update_icons(store, {id: FileMetadata(url=icon, next=DUE_NOW) for id, icon in icons.items() if icon}, clock())
    return len(seen)


def _record(
    store: Store, batch: list[FileResult], measured: dict[str, list[FileMetadata]], maker: EntryBuilder, now: datetime
) -> None:
    record_files(store, batch, now, maker.find_repost_original)
    forget_files(store, [reading.path for reading in batch])  # there are no such files
    update_enclosures(store, {id: files for id, files in measured.items() if files}, now)


def _measured(entry: Entry) -> list[FileMetadata]:
    """What was known of its files: kept apart from it too, so that a later dump of it does not take that away."""
    image = [FileMetadata(url=one.url, type=one.type, length=one.length) for one in (entry.image,) if one and one.type]
    return image + [
        FileMetadata(url=one.url, type=one.type, length=one.length) for one in entry.enclosures if one.length
    ]


def _items(session: HttpSession, settings: Settings) -> Iterator[tuple[dict[str, Any], Source, str]]:
    """Entries of all sources as their JSON documents have them, with the icon that was found for their source."""
    base = settings.site.restore_from.rstrip("/")
    rules = {rule.id: rule for rule in settings.sources}
    for feed in _document(session, f"{base}/feeds/feeds.json")["feeds"]:
        if feed["kind"] != "source" or not feed["entries"]:
            continue
        slug = FeedPath.parse(feed["path"]).slug
        source = Source(
            id=slug,
            title=feed["title"],
            link=feed["source_url"] or "",
            language=feed["language"],
            configured=slug in rules,
        )
        icon = "" if slug in rules and rules[slug].icon else feed["icon"] or ""
        url: str | None = f"{base}/feeds/{feed['path']}.json"
        while url:
            document = _document(session, url)
            for item in document["items"]:
                yield item, source, icon
            following = document.get("next_url")
            # It may have been published under another address than the one it is found at now.
            url = f"{base}/feeds/{following.partition('/feeds/')[2]}" if following else None


def _document(session: HttpSession, url: str) -> dict[str, Any]:
    answer = session.get(url)
    if answer.status != 200 or checksum.verify_checksum(answer.body) is None:
        said = f"answers {answer.status}" if answer.status != 200 else "is no whole document of ours"
        raise FetchError(f"site.reseed: {url} {said}")
    found: dict[str, Any] = msgspec.json.decode(answer.body)
    return found


def _entry(item: dict[str, Any], source: Source, session: HttpSession, base: str) -> Entry:
    more = item.get("_entry", {})
    html = item.get("content_html", "")
    if f'/entry/{_bare(item["id"])}">' in html:  # too large for a document: it stands on its page
        answer = session.get(f"{base.rstrip('/')}/entry/{_bare(item['id'])}.json")
        html = msgspec.json.decode(answer.body)["html"] if answer.status == 200 else html
    topics = {topic["title"] for topic in more.get("topics", ())}
    original, image = more.get("original", {}), more.get("image", {})
    return Entry(
        id=item["id"],
        source=source.id,
        link=item["url"],
        title=item["title"],
        published=datetime.fromisoformat(item["date_published"]),
        updated=datetime.fromisoformat(item["date_modified"]),
        language=item.get("language", source.language),
        authors=tuple(author["name"] for author in item.get("authors", ())),
        contributors=tuple(Person(name=p["name"], role=p.get("role", "")) for p in more.get("contributors", ())),
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
        images=tuple(dict.fromkeys(one or other for one, other in _IMAGE.findall(html))),
        enclosures=tuple(
            Enclosure(url=e["url"], type=e["mime_type"], length=e.get("size_in_bytes", 0))
            for e in item.get("attachments", ())
        ),
        rights=more.get("rights", ""),
        original=original.get("url"),
        original_language=original.get("language", "en"),
        tags=tuple(tag for tag in item.get("tags", ()) if tag not in topics),
    )


def _readings(
    entry: Entry, item: dict[str, Any], source: Source, maker: EntryBuilder, now: datetime
) -> list[FileResult]:
    """The versions that give an entry its dates: as it was first published, and as it was last changed.

    The last one has no fingerprint: nobody knows whether the next dump says something else, and until two dumps
    differ nothing has changed.
    """
    fields = extract_topic_fields(entry)
    labels = _labels(entry, fields, item, maker)
    whole = maker.to_row(CleanResult(entry=entry, fingerprint=""), source, labels, fields.body_text)
    versions = [(entry.published, "")]
    if entry.updated > entry.published:
        versions = [(entry.published, "first"), (entry.updated, "last"), (entry.updated + _STEP, "")]
    data = msgspec.json.encode(item)
    readings = []
    for at, fingerprint in versions:
        kept = data + fingerprint.encode()
        readings.append(
            FileResult(
                path=f"reseed:{entry.id}:{fingerprint}".encode(),
                display_path=f"{source.id}/{_bare(entry.id)}.json",
                folder=source.id,
                stamp=1,
                first_seen=now,
                outcome=Outcome.ACCEPTED,
                digest=blake2b(kept, digest_size=20).digest(),
                data=compress(kept),
                dump_time=at,
                entry=replace(whole, fingerprint=fingerprint),
            )
        )
    return readings


def _labels(entry: Entry, fields: TopicFields, item: dict[str, Any], maker: EntryBuilder) -> str:
    """The topics that it was published with, with our reasons where we have any."""
    ours = {label.topic: label for label in maker.matcher.label(entry, fields)}
    published = [topic["id"] for topic in item.get("_entry", {}).get("topics", ())]
    return encode_labels(tuple(ours.get(id) or Label(topic=id, score=0.0, reasons=()) for id in published))


def _bare(id: str) -> str:
    return str(uuid.UUID(id.removeprefix("urn:uuid:")))
