"""The query of a feed's page -> the filter that it asks for, its address, and the mistakes in it, for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from urllib.parse import parse_qsl, urlsplit

from ...clean.url_cleaner import strip_tracking_params
from ...config.filter_rules import FeedFilter
from ...config.search_query import ID_FIELDS, SearchQuery, parse_query
from ...config.validation import suggest
from ...feeds.feed_builder import FeedBuilder
from ...feeds.pagination import DocumentBudget
from ...model import Feed, FeedPath
from ...store.store import Store
from ..filtered_feeds import FILTER_PARAMS, FilterParamsError, parse_filter_params
from .site_model import SiteSnapshot

_SIMILAR = 0.8
"""How similar to the name of a filter an unknown parameter must be, to be shown as a mistake (`difflib`)."""
_MAIN_FIELDS = ("q", "filter_title", "filterout_title")
FORM_FIELDS = (
    *_MAIN_FIELDS,
    "filter",
    "filterout",
    "filter_author",
    "filter_category",
    "source",
    "mode",
    "images",
)
"""Parameters that the form has a field for. Others of an address stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFilter:
    """A filter as a person has written it."""

    values: dict[str, str]
    """The parameters of filters, as they were written."""
    problems: tuple[str, ...] = ()
    """Mistakes, each in one sentence."""
    is_wrong: bool = False
    """Whether a value is wrong, so that nothing can be shown."""
    rule: FeedFilter | None = None
    """None if nothing is filtered, or if a value is wrong."""
    query: str = ""
    """The canonical query of the filtered feed's address."""

    @property
    def uses_more(self) -> bool:
        """Whether a field is used that the form shows only when asked."""
        return any(name not in _MAIN_FIELDS for name in self.values)

    @property
    def other_values(self) -> dict[str, str]:
        """Parameters without a field in the form."""
        return {name: value for name, value in self.values.items() if name not in FORM_FIELDS}


NO_FILTER = PageFilter(values={})


def read_filter(query_string: str, snapshot: SiteSnapshot) -> PageFilter:
    """The filter of a query string. Documents ignore unknown parameters; here a person may have mistyped one."""
    pairs = parse_qsl(urlsplit(strip_tracking_params(f"http://host/?{query_string}")).query, errors="replace")
    values = {name: value for name, value in pairs if name in FILTER_PARAMS}
    problems = [
        f"{name}: unknown filter{suggest(name, FILTER_PARAMS)}"
        for name, _ in pairs
        if name not in FILTER_PARAMS and get_close_matches(name, FILTER_PARAMS, n=1, cutoff=_SIMILAR)
    ]
    try:
        rule, query = parse_filter_params(query_string)
    except FilterParamsError as error:
        return PageFilter(values=values, problems=(*problems, " ".join(str(error).split())), is_wrong=True)
    problems += _find_unknown("source", rule.source, snapshot)
    if rule.q:
        problems += find_unknown_ids(parse_query(rule.q), snapshot)
    return PageFilter(values=values, problems=tuple(problems), rule=rule if query else None, query=query)


def find_unknown_ids(query: SearchQuery, snapshot: SiteSnapshot) -> list[str]:
    """A sentence for each source and topic of a search that does not exist."""
    terms = [term for group in (*query.groups, query.excluded) for term in group]
    return [
        problem
        for field in ID_FIELDS
        for problem in _find_unknown(field, (term.words for term in terms if term.field == field), snapshot)
    ]


def _find_unknown(kind: str, ids: Iterable[str], snapshot: SiteSnapshot) -> list[str]:
    known = {path.slug for path in snapshot.feeds if path.kind == kind}
    return [f"{kind}: no {kind} has the id {id!r}{suggest(id, known)}" for id in ids if id not in known]


def build_filtered_page(
    store: Store, snapshot: SiteSnapshot, path: FeedPath, page_filter: PageFilter, now: datetime, budget: DocumentBudget
) -> Feed:
    """The newest entries that a filter selects, as its document shows them. Raises StoreError."""
    rule = page_filter.rule or FeedFilter()
    info = replace(snapshot.feeds[path], query=page_filter.query)
    return FeedBuilder(store, snapshot.registry, budget).build_filtered(path, rule, now, info)
