"""Divides a feed into a subscription document and archives (RFC 5005, section 4). Pure numbers and names.

A page holds entries of one calendar month (UTC), and pages fill from the oldest entry on. A new entry therefore changes
only the last page of the newest month, and a late entry changes only its own month. Every page is an archive, except
for the last page of the newest month, which still grows. The subscription document always contains at least that page,
because it takes the newest entries within the same budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from ..model import Entry

_MARKUP = 2_500
"""Bytes of an entry's element names, links to our pages, source and topics in the most verbose format."""
_PART = 250
"""Bytes of markup for each tag, person and media file."""


class DocumentBudget(NamedTuple):
    """The limits of one document: `feeds.entries` and `feeds.bytes`."""

    entries: int
    bytes: int


class PlannedEntry(NamedTuple):
    """What pagination needs to know about an entry."""

    id: str
    published: datetime
    size: int
    """`estimate_size` of the entry."""


class ArchivePage(NamedTuple):
    """Successive entries of one month: an archive, or the page that is still growing."""

    name: str
    """`2020-06`, `2020-06-2`, `2020-06-3` …, from the oldest page to the newest."""
    ids: tuple[str, ...]
    """Ids of the entries, oldest first."""


def estimate_size(entry: Entry) -> int:
    """The largest number of bytes that an entry takes in any format, with its markup escaped. Fast to compute."""
    texts = (entry.title, entry.link, entry.rights, entry.section, entry.original or "", *entry.authors, *entry.tags)
    people = [person.name + person.role for person in entry.contributors]
    image = [entry.image.url, entry.image.caption, entry.image.credit] if entry.image else []
    media = [enclosure.url + enclosure.type for enclosure in entry.enclosures]
    parts = len(entry.authors) + len(entry.tags) + len(people) + len(media)
    rest = sum(map(_escaped_length, (*texts, *people, *image, *media)))
    # RSS escapes a summary twice, and an entry's own link is in a document up to three times.
    repeated = 3 * _escaped_length(entry.summary + entry.link)
    return _MARKUP + _PART * parts + _escaped_length(entry.html) + repeated + rest


def _escaped_length(text: str) -> int:
    """Bytes of a text with `&`, `<` and `>` escaped as in XML, and quotes and line ends escaped as in JSON."""
    references = 5 * text.count("&") + 3 * (text.count("<") + text.count(">"))
    escapes = 5 * text.count('"') + text.count("\\") + text.count("\n") + 4 * (text.count("\r") + text.count("\t"))
    return len(text.encode(errors="surrogatepass")) + references + escapes


def is_oversized(size: int, budget: DocumentBudget) -> bool:
    """Whether an entry would take more than half of a document.

    Documents then contain only its summary (`FeedEntry.summary_only`), so that one entry cannot displace all others.
    """
    return size > budget.bytes // 2


def budgeted_size(size: int, budget: DocumentBudget) -> int:
    """Bytes of a document's budget that an entry of this estimated size uses."""
    return min(size, 4 * _MARKUP) if is_oversized(size, budget) else size


def count_subscription_entries(sizes: Iterable[int], budget: DocumentBudget) -> int:
    """Number of entries in the subscription document, from the sizes of all, newest first by (published, id)."""
    count = total = 0
    for size in sizes:
        total += budgeted_size(size, budget)
        if count == budget.entries or (total > budget.bytes and count > 0):
            break
        count += 1
    return count


def paginate_month(month: str, entries: Iterable[PlannedEntry], budget: DocumentBudget) -> tuple[ArchivePage, ...]:
    """The pages of one month's entries, which may be in any order."""
    ordered = sorted(entries, key=lambda entry: (entry.published, entry.id))
    ids = iter([entry.id for entry in ordered])
    lengths = split_pages([entry.size for entry in ordered], budget)
    return tuple(
        ArchivePage(_page_name(month, number), tuple(islice(ids, length))) for number, length in enumerate(lengths, 1)
    )


def split_pages(sizes: Iterable[int], budget: DocumentBudget) -> list[int]:
    """The number of entries on each page of one month, from the sizes of its entries, oldest first."""
    lengths: list[int] = []
    total = 0
    for estimate in sizes:
        size = budgeted_size(estimate, budget)
        if not lengths or lengths[-1] == budget.entries or total + size > budget.bytes:
            lengths.append(0)
            total = 0
        lengths[-1] += 1
        total += size
    return lengths


def name_archives(months: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Names of a feed's archives, oldest first, from its months and the number of pages in each.

    The last page of the newest month is left out: it still grows, and the subscription document contains it.
    """
    pages = sorted((month, count) for month, count in months if count)
    names = [_page_name(month, number) for month, count in pages for number in range(1, count + 1)]
    return tuple(names[:-1])


def adjacent_archives(name: str | None, names: Sequence[str]) -> tuple[str | None, str | None]:
    """The next older and next newer archive of an archive. For the subscription document (None): the newest, and None.

    Raises ValueError for an unknown archive.
    """
    if name is None:
        return (names[-1] if names else None), None
    index = names.index(name)
    return (names[index - 1] if index else None), (names[index + 1] if index + 1 < len(names) else None)


def _page_name(month: str, number: int) -> str:
    return month if number == 1 else f"{month}-{number}"
