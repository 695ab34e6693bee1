"""One service with sample entries for all tests of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.page_fixtures import (
    NOW,
    PICTURE,
    SOURCES,
    PageSite,
    SampleEntry,
    fill_store,
    make_entries,
    make_entry,
    make_full_entry,
    record_quarantined,
    serve_pages,
    settings_at,
)
from helpers.processes import free_port
from refeed.ingest.pipeline import Pipeline
from refeed.store.entry_updates import withdraw_entries


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageSite]:
    """A service with some seventy sample entries."""
    settings = settings_at(tmp_path_factory.mktemp("pages"), PORT=str(free_port()))
    pipeline = Pipeline.open(settings)
    everything = make_full_entry(700, PICTURE)
    english = SampleEntry(
        entry=make_entry(701, source="dw", language="en", title="A sample in English", summary="A sample.")
    )
    withdrawn = SampleEntry(entry=make_entry(702, source="dw"))
    fill_store(pipeline.store, [*make_entries(70), everything, english, withdrawn], SOURCES)
    record_quarantined(pipeline.store, b"bbc/broken.md", "bbc/broken.md", "byte 17: this is a sample of a reason")
    withdraw_entries(pipeline.store, [withdrawn.entry.id.removeprefix("urn:uuid:")], NOW)
    pipeline.mark_complete()
    pipeline.publisher.publish()
    pipeline.close()
    with serve_pages(settings):
        yield PageSite(
            address=settings.site.base_url,
            settings=settings,
            rich=everything.entry.id.removeprefix("urn:uuid:"),
            bilingual=english.entry.id.removeprefix("urn:uuid:"),
            withdrawn=withdrawn.entry.id.removeprefix("urn:uuid:"),
        )
