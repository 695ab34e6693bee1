"""The plan of a feed's documents: which entries the subscription holds, and which archive holds each of the others.

Pure numbers and names, for RFC 5005 section 4. Within a calendar month (UTC) chunks fill from the oldest entry on, so
a new entry touches the last chunk of the newest month alone, and a late one its own month alone. Every full chunk is an
archive; so is the last chunk of a month that is over. The last chunk of the newest month is none yet: the
subscription document takes the newest entries within the same two budgets, so it always holds at least that chunk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
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
    """What the plan needs to know of an entry."""

    id: str
    published: datetime
    size: int
    """`weight` of the entry."""


class ArchivePage(NamedTuple):
    """Some successive entries of one month: an archive, or what will become one."""

    name: str
    """`2020-06`, `2020-06-2`, `2020-06-3` … from the oldest on."""
    ids: tuple[str, ...]
    """Oldest first."""


def estimate_size(entry: Entry) -> int:
    """At most how many bytes the entry takes in any format, its markup escaped; cheap enough to store with it."""
    texts = (entry.title, entry.link, entry.rights, entry.section, entry.original or "", *entry.authors, *entry.tags)
    people = [person.name + person.role for person in entry.contributors]
    image = [entry.image.url, entry.image.caption, entry.image.credit] if entry.image else []
    media = [enclosure.url + enclosure.type for enclosure in entry.enclosures]
    parts = len(entry.authors) + len(entry.tags) + len(people) + len(media)
    rest = sum(map(_escaped, (*texts, *people, *image, *media)))
    # RSS escapes a summary twice, and an entry's own link stands in a document up to three times.
    return _MARKUP + _PART * parts + _escaped(entry.html) + 3 * _escaped(entry.summary + entry.link) + rest


def _escaped(text: str) -> int:
    """Bytes of a text whose `&`, `<`, `>` are references, as in XML, and quotes and line ends escaped, as in JSON."""
    references = 5 * text.count("&") + 3 * (text.count("<") + text.count(">"))
    escapes = 5 * text.count('"') + text.count("\\") + text.count("\n") + 4 * (text.count("\r") + text.count("\t"))
    return len(text.encode(errors="surrogatepass")) + references + escapes


def is_oversized(size: int, budget: DocumentBudget) -> bool:
    """Whether an entry alone would take more than half of a document: it is then carried by its summary
    (`FeedEntry.brief`), so that one entry cannot push all others out of a feed."""
    return size > budget.bytes // 2


def budgeted_size(size: int, budget: DocumentBudget) -> int:
    """What an entry of this weight takes of a document's budget."""
    return min(size, 4 * _MARKUP) if is_oversized(size, budget) else size


def month_of(published: datetime) -> str:
    """`2020-06`, in UTC."""
    return published.astimezone(UTC).isoformat()[:7]


def count_subscription_entries(sizes: Iterable[int], budget: DocumentBudget) -> int:
    """How many of the entries, given newest first by (published, id), the subscription document holds."""
    count = total = 0
    for size in sizes:
        total += budgeted_size(size, budget)
        if count == budget.entries or (total > budget.bytes and count > 0):
            break
        count += 1
    return count


def paginate_month(month: str, rows: Iterable[PlannedEntry], budget: DocumentBudget) -> tuple[ArchivePage, ...]:
    """The chunks of one month's entries, in whatever order those come."""
    filled: list[list[str]] = []
    total = 0
    for row in sorted(rows, key=lambda row: (row.published, row.id)):
        size = budgeted_size(row.size, budget)
        if not filled or len(filled[-1]) == budget.entries or total + size > budget.bytes:
            filled.append([])
            total = 0
        filled[-1].append(row.id)
        total += size
    return tuple(ArchivePage(_name(month, number), tuple(ids)) for number, ids in enumerate(filled, start=1))


def count_pages(sizes: Iterable[int], budget: DocumentBudget) -> int:
    """How many chunks one month has, from the weights of its entries, oldest first: what `chunks` makes of them."""
    number = held = total = 0
    for size in sizes:
        carries = budgeted_size(size, budget)
        if not number or held == budget.entries or total + carries > budget.bytes:
            number, held, total = number + 1, 0, 0
        held += 1
        total += carries
    return number


def name_archives(months: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Names of a feed's archives, oldest first, from its months and the number of chunks in each.

    The newest month's last chunk is left out: it is still filling, and the subscription document holds it.
    """
    counted = sorted((month, count) for month, count in months if count)
    names = [_name(month, number) for month, count in counted for number in range(1, count + 1)]
    return tuple(names[:-1])


def adjacent_archives(name: str | None, names: Sequence[str]) -> tuple[str | None, str | None]:
    """The archives just older and just newer than the one named; for None, the subscription, its newest archive.

    Raises ValueError when there is no such archive.
    """
    if name is None:
        return (names[-1] if names else None), None
    place = names.index(name)
    return (names[place - 1] if place else None), (names[place + 1] if place + 1 < len(names) else None)


def _name(month: str, number: int) -> str:
    return month if number == 1 else f"{month}-{number}"
