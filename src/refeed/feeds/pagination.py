"""The pages of a feed: which entries its subscription document holds, and which archive holds each of the others.

Pure numbers and names, for RFC 5005 section 4. Within a calendar month (UTC) pages fill from the oldest entry on, so a
new entry changes only the last page of the newest month, and a late one only its own month. Every full page is an
archive; so is the last page of a month that is over. The last page of the newest month is not one yet: the subscription
document takes the newest entries within the same two budgets, so it always holds at least that page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from ..model import Entry

_MARKUP = 2_500
"""Names of elements, links to our own pages, source and topics of one entry, in the most verbose format."""
_PART = 250
"""The same for one more link, tag, person or media file."""


class DocumentBudget(NamedTuple):
    """What one document holds at most: `feeds.entries` and `feeds.bytes`."""

    entries: int
    bytes: int


class PlannedEntry(NamedTuple):
    """What pagination needs to know about an entry."""

    id: str
    published: datetime
    size: int
    """`estimate_size` of the entry."""


class ArchivePage(NamedTuple):
    """Successive entries of one month: an archive, or what will become one."""

    name: str
    """`2020-06`, `2020-06-2`, `2020-06-3` … from the oldest on."""
    ids: tuple[str, ...]
    """Oldest first."""


def estimate_size(entry: Entry) -> int:
    """The bytes that an entry takes at most in any format, with its markup escaped; cheap enough to store with it."""
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
    """Bytes of a text with `&`, `<`, `>` as references, as in XML, and quotes and line ends escaped, as in JSON."""
    references = 5 * text.count("&") + 3 * (text.count("<") + text.count(">"))
    escapes = 5 * text.count('"') + text.count("\\") + text.count("\n") + 4 * (text.count("\r") + text.count("\t"))
    return len(text.encode(errors="surrogatepass")) + references + escapes


def is_oversized(size: int, budget: DocumentBudget) -> bool:
    """Whether an entry would take more than half of a document: then only its summary is in documents
    (`FeedEntry.summary_only`), so that one entry cannot push all others out of a feed."""
    return size > budget.bytes // 2


def budgeted_size(size: int, budget: DocumentBudget) -> int:
    """What an entry of this estimated size takes of a document's budget."""
    return min(size, 4 * _MARKUP) if is_oversized(size, budget) else size


def count_subscription_entries(sizes: Iterable[int], budget: DocumentBudget) -> int:
    """How many entries the subscription document holds, from the sizes of all, newest first by (published, id)."""
    count = total = 0
    for size in sizes:
        total += budgeted_size(size, budget)
        if count == budget.entries or (total > budget.bytes and count > 0):
            break
        count += 1
    return count


def paginate_month(month: str, entries: Iterable[PlannedEntry], budget: DocumentBudget) -> tuple[ArchivePage, ...]:
    """The pages of one month's entries, which may come in any order."""
    pages: list[list[str]] = []
    total = 0
    for entry in sorted(entries, key=lambda entry: (entry.published, entry.id)):
        size = budgeted_size(entry.size, budget)
        if not pages or len(pages[-1]) == budget.entries or total + size > budget.bytes:
            pages.append([])
            total = 0
        pages[-1].append(entry.id)
        total += size
    return tuple(ArchivePage(_page_name(month, number), tuple(ids)) for number, ids in enumerate(pages, start=1))


def count_pages(sizes: Iterable[int], budget: DocumentBudget) -> int:
    """How many pages `paginate_month` makes of one month, from the sizes of its entries, oldest first."""
    pages = held = total = 0
    for estimate in sizes:
        size = budgeted_size(estimate, budget)
        if not pages or held == budget.entries or total + size > budget.bytes:
            pages, held, total = pages + 1, 0, 0
        held += 1
        total += size
    return pages


def name_archives(months: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Names of a feed's archives, oldest first, from its months and the number of pages in each.

    The last page of the newest month is left out: it still fills, and the subscription document holds it.
    """
    pages = sorted((month, count) for month, count in months if count)
    names = [_page_name(month, number) for month, count in pages for number in range(1, count + 1)]
    return tuple(names[:-1])


def adjacent_archives(name: str | None, names: Sequence[str]) -> tuple[str | None, str | None]:
    """The archives just older and just newer than the one named; for None, the subscription, its newest archive.

    Raises ValueError for an unknown archive.
    """
    if name is None:
        return (names[-1] if names else None), None
    index = names.index(name)
    return (names[index - 1] if index else None), (names[index + 1] if index + 1 < len(names) else None)


def _page_name(month: str, number: int) -> str:
    return month if number == 1 else f"{month}-{number}"
