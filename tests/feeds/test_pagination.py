"""The plan of archives: nothing missing, nothing too large, and a late entry moves its own month alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from lxml import etree

from helpers.feed_builders import NOON, make_entry, make_feed
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
from refeed.render.feed_validator import validate_document
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
    unique_by=lambda row: row.id,
)


def by_month(all_rows: list[PlannedEntry]) -> dict[str, list[PlannedEntry]]:
    months: dict[str, list[PlannedEntry]] = {}
    for row in all_rows:
        months.setdefault(month_of(row.published), []).append(row)
    return months


def planned(all_rows: list[PlannedEntry], budget: DocumentBudget = BUDGET) -> dict[str, ArchivePage]:
    """Every chunk of a feed by its name."""
    return {c.name: c for month, some in by_month(all_rows).items() for c in paginate_month(month, some, budget)}


def archive_names(all_rows: list[PlannedEntry], budget: DocumentBudget = BUDGET) -> tuple[str, ...]:
    return name_archives(
        (month, len(paginate_month(month, some, budget))) for month, some in by_month(all_rows).items()
    )


def newest(all_rows: list[PlannedEntry], budget: DocumentBudget = BUDGET) -> list[PlannedEntry]:
    """What the subscription document holds."""
    ordered = sorted(all_rows, key=lambda row: (row.published, row.id), reverse=True)
    return ordered[: count_subscription_entries((row.size for row in ordered), budget)]


@given(rows)
def test_the_subscription_and_its_archives_together_hold_every_entry(all_rows: list[PlannedEntry]) -> None:
    plan, held = planned(all_rows), {row.id for row in newest(all_rows)}
    name, _ = adjacent_archives(None, archive_names(all_rows))
    while name:
        held |= set(plan[name].ids)
        name, _ = adjacent_archives(name, archive_names(all_rows))
    assert held == {row.id for row in all_rows}


@given(rows)
def test_no_document_exceeds_its_budgets(all_rows: list[PlannedEntry]) -> None:
    sizes = {row.id: budgeted_size(row.size, BUDGET) for row in all_rows}
    for ids in [[row.id for row in newest(all_rows)], *(chunk.ids for chunk in planned(all_rows).values())]:
        assert len(ids) <= BUDGET.entries
        assert sum(sizes[id] for id in ids) <= BUDGET.bytes


@given(rows)
def test_no_entry_stands_in_two_archives(all_rows: list[PlannedEntry]) -> None:
    ids = [id for chunk in planned(all_rows).values() for id in chunk.ids]
    assert len(ids) == len(set(ids)) == len(all_rows)


@given(rows, st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_arrival(all_rows: list[PlannedEntry], random: Any) -> None:
    shuffled = list(all_rows)
    random.shuffle(shuffled)
    assert planned(shuffled) == planned(all_rows)
    assert archive_names(shuffled) == archive_names(all_rows)


@given(rows.filter(bool), st.integers(1, 150_000))
def test_a_new_entry_touches_the_last_chunk_of_the_newest_month_alone(all_rows: list[PlannedEntry], size: int) -> None:
    last = max(row.published for row in all_rows)
    before = planned(all_rows)
    after = planned([*all_rows, PlannedEntry("new", last + timedelta(seconds=1), size)])
    changed = {name for name in after if before.get(name) != after[name]}
    assert len(changed) == 1
    assert changed <= {chunk.name for chunk in after.values() if "new" in chunk.ids}
    old = archive_names(all_rows)
    assert all(before[name] == after[name] for name in old)


@given(rows.filter(bool), st.integers(0, 59), st.integers(1, 150_000))
def test_a_late_entry_changes_its_own_month_alone(all_rows: list[PlannedEntry], place: int, size: int) -> None:
    at = all_rows[place % len(all_rows)].published
    before, after = planned(all_rows), planned([*all_rows, PlannedEntry("late", at, size)])
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed
    assert all(name.startswith(month_of(at)) for name in changed)


@given(rows)
def test_neighbours_point_at_each_other(all_rows: list[PlannedEntry]) -> None:
    names = archive_names(all_rows)
    for older, newer in pairwise(names):
        assert adjacent_archives(newer, names)[0] == older
        assert adjacent_archives(older, names)[1] == newer
    assert adjacent_archives(None, names) == (names[-1] if names else None, None)


def test_archives_are_named_by_month_and_the_newest_chunk_is_not_one_yet() -> None:
    assert name_archives([("2020-02", 3), ("2019-12", 1), ("2020-01", 0)]) == ("2019-12", "2020-02", "2020-02-2")
    assert name_archives([("2020-02", 1)]) == ()
    assert name_archives([]) == ()
    assert name_archives([("2020-01", 12)])[-2:] == ("2020-01-10", "2020-01-11")
    with pytest.raises(ValueError):
        adjacent_archives("2020-03", ("2020-01", "2020-02"))


def test_a_month_is_a_month_in_utc() -> None:
    assert month_of(datetime.fromisoformat("2020-07-01T07:59:59+08:00")) == "2020-06"
    assert month_of(datetime.fromisoformat("2020-07-01T08:00:00+08:00")) == "2020-07"


def test_a_chunk_is_full_when_the_next_entry_would_exceed_either_budget() -> None:
    some = [PlannedEntry(str(number), NOON + timedelta(hours=number), 40_000) for number in range(5)]
    assert [chunk.ids for chunk in paginate_month("2026-01", some, BUDGET)] == [("0", "1"), ("2", "3"), ("4",)]
    light = [row._replace(size=1) for row in some]
    assert [chunk.ids for chunk in paginate_month("2026-01", light, BUDGET)] == [("0", "1", "2", "3"), ("4",)]
    exact = [row._replace(size=50_000) for row in some[:2]]
    assert [chunk.name for chunk in paginate_month("2026-01", exact, BUDGET)] == ["2026-01"]


@pytest.mark.parametrize("character", ["&", "<", ">", '"', "\\", "\n", "\r", "\t", "气", "\U0001f600"])
def test_no_character_weighs_more_in_a_document_than_in_the_plan(character: str) -> None:
    entry = make_entry(html=SafeHtml(character * 20_000 + "."), summary=character * 5_000 + ".")
    for write in RENDERERS.values():
        assert len(write(make_feed(entry))) <= estimate_size(entry) + len(write(make_feed()))


def test_one_enormous_entry_empties_no_feed() -> None:
    budget = DocumentBudget(entries=50, bytes=512_000)
    sizes = [5_000_000, *[9_000] * 60]
    assert is_oversized(sizes[0], budget)
    assert count_subscription_entries(sizes, budget) == 50
    assert count_subscription_entries([250_000, 250_000, 250_000], budget) == 2
    assert count_subscription_entries([1], DocumentBudget(entries=50, bytes=0)) == 1
    assert count_subscription_entries([], budget) == 0


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    """Every document of a feed of 400 sample entries, some of them enormous, by its address."""
    budget = DocumentBudget(entries=50, bytes=524_288)
    entries = {}
    for number in range(400):
        size = 150_000 if number % 90 == 7 else 40_000 if number % 7 == 0 else 300
        body = SafeHtml("<p>样本 &amp; 句</p>" * (size // 20))
        entry = make_entry(number, html=body, published=NOON - timedelta(hours=9 * number))
        entries[entry.id] = entry
    all_rows = [PlannedEntry(e.id, e.published, estimate_size(e)) for e in entries.values()]
    plan, names = planned(all_rows, budget), archive_names(all_rows, budget)
    documents = {}
    for name in [None, *names]:
        ids = plan[name].ids if name else [row.id for row in newest(all_rows, budget)][::-1]
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
