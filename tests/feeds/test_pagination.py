"""Pagination: no entry is missing, no document too large, and a late entry changes only its own month."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from lxml import etree

from helpers.feed_builders import NOON, make_entry, make_feed
from helpers.feed_validator import validate_document
from helpers.property_testing import given, st
from refeed.clock import month_of
from refeed.feeds.pagination import (
    ArchivePage,
    DocumentBudget,
    PlannedEntry,
    adjacent_archives,
    budgeted_size,
    count_subscription_entries,
    estimate_size,
    is_oversized,
    name_archives,
    paginate_month,
)
from refeed.model import Entry, Feed, FeedEntry, SafeHtml
from refeed.render.formats import RENDERERS

ATOM = "{http://www.w3.org/2005/Atom}"
BUDGET = DocumentBudget(entries=4, bytes=100_000)

rows = st.lists(
    st.builds(
        PlannedEntry,
        id=st.uuids().map(str),
        published=st.integers(0, 150 * 86_400).map(lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
        size=st.integers(1, 150_000),
    ),
    max_size=60,
    unique_by=lambda planned_entry: planned_entry.id,
)


def by_month(all_entries: list[PlannedEntry]) -> dict[str, list[PlannedEntry]]:
    months: dict[str, list[PlannedEntry]] = {}
    for planned_entry in all_entries:
        months.setdefault(month_of(planned_entry.published), []).append(planned_entry)
    return months


def planned(all_entries: list[PlannedEntry], budget: DocumentBudget = BUDGET) -> dict[str, ArchivePage]:
    """Every page of a feed by its name."""
    return {
        page.name: page for month, some in by_month(all_entries).items() for page in paginate_month(month, some, budget)
    }


def archive_names(all_entries: list[PlannedEntry], budget: DocumentBudget = BUDGET) -> tuple[str, ...]:
    return name_archives(
        (month, len(paginate_month(month, some, budget))) for month, some in by_month(all_entries).items()
    )


def newest(all_entries: list[PlannedEntry], budget: DocumentBudget = BUDGET) -> list[PlannedEntry]:
    """What the subscription document holds."""
    ordered = sorted(all_entries, key=lambda planned_entry: (planned_entry.published, planned_entry.id), reverse=True)
    return ordered[: count_subscription_entries((planned_entry.size for planned_entry in ordered), budget)]


@given(rows)
def test_the_subscription_and_its_archives_together_hold_every_entry(all_entries: list[PlannedEntry]) -> None:
    plan, held = planned(all_entries), {planned_entry.id for planned_entry in newest(all_entries)}
    name, _ = adjacent_archives(None, archive_names(all_entries))
    while name:
        held |= set(plan[name].ids)
        name, _ = adjacent_archives(name, archive_names(all_entries))
    assert held == {planned_entry.id for planned_entry in all_entries}


@given(rows)
def test_no_document_exceeds_its_budget(all_entries: list[PlannedEntry]) -> None:
    sizes = {planned_entry.id: budgeted_size(planned_entry.size, BUDGET) for planned_entry in all_entries}
    for ids in [
        [planned_entry.id for planned_entry in newest(all_entries)],
        *(page.ids for page in planned(all_entries).values()),
    ]:
        assert len(ids) <= BUDGET.entries
        assert sum(sizes[id] for id in ids) <= BUDGET.bytes


@given(rows)
def test_no_entry_is_in_two_archives(all_entries: list[PlannedEntry]) -> None:
    ids = [id for page in planned(all_entries).values() for id in page.ids]
    assert len(ids) == len(set(ids)) == len(all_entries)


@given(rows, st.randoms(use_true_random=False))
def test_pages_do_not_depend_on_the_order_of_arrival(all_entries: list[PlannedEntry], random: Any) -> None:
    shuffled = list(all_entries)
    random.shuffle(shuffled)
    assert planned(shuffled) == planned(all_entries)
    assert archive_names(shuffled) == archive_names(all_entries)


@given(rows.filter(bool), st.integers(1, 150_000))
def test_a_new_entry_changes_only_the_last_page_of_the_newest_month(all_entries: list[PlannedEntry], size: int) -> None:
    last = max(planned_entry.published for planned_entry in all_entries)
    before = planned(all_entries)
    after = planned([*all_entries, PlannedEntry("new", last + timedelta(seconds=1), size)])
    changed = {name for name in after if before.get(name) != after[name]}
    assert len(changed) == 1
    assert changed <= {page.name for page in after.values() if "new" in page.ids}
    old = archive_names(all_entries)
    assert all(before[name] == after[name] for name in old)


@given(rows.filter(bool), st.integers(0, 59), st.integers(1, 150_000))
def test_a_late_entry_changes_only_its_own_month(all_entries: list[PlannedEntry], index: int, size: int) -> None:
    time = all_entries[index % len(all_entries)].published
    before, after = planned(all_entries), planned([*all_entries, PlannedEntry("late", time, size)])
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed
    assert all(name.startswith(month_of(time)) for name in changed)


@given(rows)
def test_adjacent_archives_link_to_each_other(all_entries: list[PlannedEntry]) -> None:
    names = archive_names(all_entries)
    for older, newer in pairwise(names):
        assert adjacent_archives(newer, names)[0] == older
        assert adjacent_archives(older, names)[1] == newer
    assert adjacent_archives(None, names) == (names[-1] if names else None, None)


def test_archives_are_named_by_month_and_the_newest_page_is_not_one_yet() -> None:
    assert name_archives([("2020-02", 3), ("2019-12", 1), ("2020-01", 0)]) == ("2019-12", "2020-02", "2020-02-2")
    assert name_archives([("2020-02", 1)]) == ()
    assert name_archives([]) == ()
    assert name_archives([("2020-01", 12)])[-2:] == ("2020-01-10", "2020-01-11")
    with pytest.raises(ValueError):
        adjacent_archives("2020-03", ("2020-01", "2020-02"))


def test_months_are_in_utc() -> None:
    assert month_of(datetime.fromisoformat("2020-07-01T07:59:59+08:00")) == "2020-06"
    assert month_of(datetime.fromisoformat("2020-07-01T08:00:00+08:00")) == "2020-07"


def test_a_page_is_full_when_the_next_entry_would_exceed_either_budget() -> None:
    some = [PlannedEntry(str(number), NOON + timedelta(hours=number), 40_000) for number in range(5)]
    assert [page.ids for page in paginate_month("2026-01", some, BUDGET)] == [("0", "1"), ("2", "3"), ("4",)]
    light = [planned_entry._replace(size=1) for planned_entry in some]
    assert [page.ids for page in paginate_month("2026-01", light, BUDGET)] == [("0", "1", "2", "3"), ("4",)]
    exact = [planned_entry._replace(size=50_000) for planned_entry in some[:2]]
    assert [page.name for page in paginate_month("2026-01", exact, BUDGET)] == ["2026-01"]


@pytest.mark.parametrize("character", ["&", "<", ">", '"', "\\", "\n", "\r", "\t", "气", "\U0001f600"])
def test_no_character_takes_more_in_a_document_than_estimated(character: str) -> None:
    entry = make_entry(html=SafeHtml(character * 20_000 + "."), summary=character * 5_000 + ".")
    for write in RENDERERS.values():
        assert len(write(make_feed(entry))) <= estimate_size(entry) + len(write(make_feed()))


def test_an_oversized_entry_does_not_push_others_out_of_a_feed() -> None:
    budget = DocumentBudget(entries=50, bytes=512_000)
    sizes = [5_000_000, *[9_000] * 60]
    assert is_oversized(sizes[0], budget)
    assert count_subscription_entries(sizes, budget) == 50
    assert count_subscription_entries([250_000, 250_000, 250_000], budget) == 2
    assert count_subscription_entries([1], DocumentBudget(entries=50, bytes=0)) == 1
    assert count_subscription_entries([], budget) == 0


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    """Every document of a feed of 400 sample entries, some of them oversized, by its address."""
    budget = DocumentBudget(entries=50, bytes=524_288)
    entries = {}
    for number in range(400):
        size = 150_000 if number % 90 == 7 else 40_000 if number % 7 == 0 else 300
        body = SafeHtml("<p>样本 &amp; 句</p>" * (size // 20))
        entry = make_entry(number, html=body, published=NOON - timedelta(hours=9 * number))
        entries[entry.id] = entry
    all_entries = [PlannedEntry(e.id, e.published, estimate_size(e)) for e in entries.values()]
    plan, names = planned(all_entries, budget), archive_names(all_entries, budget)
    documents = {}
    for name in [None, *names]:
        ids = plan[name].ids if name else [planned_entry.id for planned_entry in newest(all_entries, budget)][::-1]
        feed = _document([entries[id] for id in reversed(ids)], name, names, budget)
        for format, write in RENDERERS.items():
            path = f"topic/climate/archive/{name}" if name else "topic/climate"
            documents[f"https://feeds.example.org/feeds/{path}.{format}"] = write(feed)
    return documents


def _document(entries: list[Entry], name: str | None, names: tuple[str, ...], budget: DocumentBudget) -> Feed:
    shown = [FeedEntry(entry=e, summary_only=is_oversized(estimate_size(e), budget)) for e in entries]
    previous, following = adjacent_archives(name, names)
    return make_feed(*shown, archive=name, previous=previous, next=following)


def test_a_client_that_knows_only_rfc_5005_finds_every_entry(site: dict[str, bytes]) -> None:
    for format in ("atom", "rss"):
        url: str | None = f"https://feeds.example.org/feeds/topic/climate.{format}"
        found: set[str] = set()
        while url:
            root = etree.fromstring(site[url])
            found |= {element.text for element in root.iterfind(f".//{ATOM}entry/{ATOM}id")}
            found |= {element.text for element in root.iterfind(".//item/guid")}
            links = {link.get("rel"): link.get("href") for link in root.iter(f"{ATOM}link")}
            url = links.get("prev-archive")
        assert len(found) == 400


def test_a_client_that_follows_next_url_finds_every_entry(site: dict[str, bytes]) -> None:
    url, found = "https://feeds.example.org/feeds/topic/climate.json", set()
    while url:
        document = json.loads(site[url])
        found |= {item["id"] for item in document["items"]}
        url = document.get("next_url")
    assert len(found) == 400


def test_every_document_is_below_600_kb_and_passes_the_checks(site: dict[str, bytes]) -> None:
    assert max(map(len, site.values())) < 600_000
    for url, document in site.items():
        assert validate_document(document, url.rpartition(".")[2]) == []  # type: ignore[arg-type]
