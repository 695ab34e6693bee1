"""What is found out of files and icons is stored beside what dumps say, and outlasts new dumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from helpers.store_builders import NOON, entry_id, feed_paths, file_result
from refeed.fetch.enclosure_metadata import FileMetadata
from refeed.model import Enclosure, Image
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.entry_updates import delete_expired, replace_entries, update_enclosures, update_icons
from refeed.store.serialization import EncodedEntry, decode_entry, encode_entry
from refeed.store.store import Store

SOUND = "https://media.example.org/1.mp3"
KNOWN = FileMetadata(url=SOUND, type="audio/ogg", length=4321)
FAILED = FileMetadata(url=SOUND, next=NOON, tries=1, error="it answers 404")
LATER = NOON + timedelta(days=1)


def with_media(result: FileResult) -> FileResult:
    """The sample with a sound and a picture."""
    assert result.entry is not None
    return replace(result, entry=row_with_media(result.entry))


def row_with_media(row: EncodedEntry) -> EncodedEntry:
    entry = decode_entry(row.payload, 0, 0)
    sound = Enclosure(url=SOUND, type="audio/mpeg")
    return replace(
        row, payload=encode_entry(replace(entry, enclosures=(sound,), image=Image(url="https://e.org/1.jpg")))
    )


def enclosures(store: Store, number: int = 1) -> Sequence[Enclosure]:
    found = store.get_entry(entry_id(number))
    assert found is not None
    return found[0].entry.enclosures


def test_metadata_of_a_file_appears_in_the_entry_and_changes_its_feeds_but_no_date(store: Store) -> None:
    record_files(store, [with_media(file_result(1, topics=["climate"])), file_result(2, source="two")], NOON)
    before = store.get_entries([entry_id(1)])[0]
    versions = {state.path: state.version for state in store.get_feed_states()}
    assert update_enclosures(store, {entry_id(1): [KNOWN]}, LATER) == feed_paths("all", "source/one", "topic/climate")
    after = store.get_entries([entry_id(1)])[0]
    assert after.entry.enclosures == (Enclosure(url=SOUND, type="audio/ogg", length=4321),)
    assert replace(after.entry, enclosures=before.entry.enclosures) == before.entry
    assert after.media == (KNOWN,)
    assert after.revision > before.revision
    moved = {state.path: state.changed for state in store.get_feed_states() if state.version > versions[state.path]}
    assert moved == dict.fromkeys(feed_paths("all", "source/one", "topic/climate"), LATER)


def test_a_failed_attempt_is_remembered_and_changes_no_feed(store: Store) -> None:
    record_files(store, [with_media(file_result(1))], NOON)
    versions = store.get_feed_states()
    assert update_enclosures(store, {entry_id(1): [FAILED]}, LATER) == frozenset()
    assert store.get_feed_states() == versions
    assert store.get_entries([entry_id(1)])[0].media == (FAILED,)
    other = FileMetadata(url="https://e.org/1.jpg", type="image/png", length=5)
    assert update_enclosures(store, {entry_id(1): [other]}, LATER)
    assert store.get_entries([entry_id(1)])[0].media == (FAILED, other)


def test_metadata_outlasts_a_new_dump_and_new_rules_and_is_deleted_with_its_entry(store: Store) -> None:
    record_files(store, [with_media(file_result(1))], NOON)
    update_enclosures(store, {entry_id(1): [KNOWN]}, NOON)
    record_files(store, [with_media(file_result(1, 1))], NOON)
    assert enclosures(store)[0].length == 4321
    rebuilt = file_result(1, 1).entry
    assert rebuilt is not None
    replace_entries(store, [replace(row_with_media(rebuilt), title="样本", rules_version="rules-2")], NOON)
    assert enclosures(store)[0].length == 4321
    delete_expired(store, "one", NOON, before=LATER, find_original=None)
    record_files(store, [with_media(file_result(1))], NOON)
    assert enclosures(store)[0].length == 0


def test_an_icon_that_was_found_stays_with_its_source_and_changes_its_feed_alone(store: Store) -> None:
    record_files(store, [file_result(1), file_result(2, source="two")], NOON)
    none = FileMetadata(url="", next=LATER, tries=1, error="it has no icon")
    icon = FileMetadata(url="https://e.org/icon.png", type="image/png", next=LATER)
    assert update_icons(store, {"one": none}, NOON) == frozenset()
    assert update_icons(store, {"one": icon}, LATER) == feed_paths("source/one")
    assert update_icons(store, {"one": replace(icon, next=None, error="unreachable")}, LATER) == frozenset()
    record_files(store, [file_result(3)], NOON)
    assert [source.icon for source in store.get_sources()] == ["https://e.org/icon.png", ""]
    assert store.get_icons() == {"one": replace(icon, next=None, error="unreachable")}
