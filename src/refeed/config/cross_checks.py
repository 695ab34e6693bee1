"""What config.yaml says as a whole -> the mistakes that no single key shows, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .error_messages import KeyPath, format_key_path, suggest
from .field_types import SLUG_PATTERN
from .filter_rules import FilteredFeedRule
from .settings import ConfigFile
from .source_rules import SourceRule
from .topic_rules import TopicRule
from .yaml_loader import KeyLines

_HOST = re.compile(r"[^\s/:@?#*]+")


def find_cross_errors(written: ConfigFile, sources: Sequence[SourceRule], file: str, places: KeyLines) -> list[str]:
    """One line for every mistake. `sources` are the built-in ones and those of the file, merged."""
    found = [
        *_ids("sources", written.sources),
        *_ids("topics", written.topics),
        *_ids("filtered_feeds", written.filtered_feeds),
        *_former(written.topics),
        *_topic_sources(written.topics, [rule.id for rule in sources]),
        *_views(written, [rule.id for rule in sources]),
        *_retired(written),
        *_selectors(written.sources),
        *_hosts(written.sources, sources),
    ]
    return [f"{file}:{places.get(place, 1)}: {format_key_path(place)}: {what}" for place, what in found]


_Found = Iterator[tuple[KeyPath, str]]


def _ids(name: str, rules: Sequence[SourceRule | TopicRule | FilteredFeedRule]) -> _Found:
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule.id in first:
            yield (name, index, "id"), f"{rule.id!r} is taken already by {name}[{first[rule.id]}]"
        first.setdefault(rule.id, index)


def _former(topics: Sequence[TopicRule]) -> _Found:
    now = {topic.id: index for index, topic in enumerate(topics)}
    former: dict[str, int] = {}
    for index, topic in enumerate(topics):
        for old in topic.aliases:
            if old in now:
                yield ("topics", index, "aliases"), f"{old!r} is still the id of topics[{now[old]}]"
            elif former.setdefault(old, index) != index:
                yield ("topics", index, "aliases"), f"{old!r} is what topics[{former[old]}] was already"


def _topic_sources(topics: Sequence[TopicRule], known: Sequence[str]) -> _Found:
    for index, topic in enumerate(topics):
        for number, source in enumerate(topic.sources):
            if source not in known:
                what = f"no source is called {source!r}{suggest(source, known)}"
                yield ("topics", index, "sources", number), what


def _views(written: ConfigFile, sources: Sequence[str]) -> _Found:
    feeds = ["all", *(f"topic/{topic.id}" for topic in written.topics), *(f"source/{id}" for id in sources)]
    for index, view in enumerate(written.filtered_feeds):
        if view.feed not in feeds or view.feed in written.retired:
            yield ("filtered_feeds", index, "feed"), f"there is no {view.feed!r}{suggest(view.feed, feeds)}"


def _retired(written: ConfigFile) -> _Found:
    """Only paths of feeds, and of none that config.yaml itself makes."""
    made = {f"source/{rule.id}" for rule in written.sources} | {f"topic/{topic.id}" for topic in written.topics}
    made |= {f"view/{view.id}" for view in written.filtered_feeds}
    made |= {f"topic/{old}" for topic in written.topics for old in topic.aliases}
    for index, path in enumerate(written.retired):
        kind, _, slug = path.partition("/")
        if kind not in ("source", "topic", "view") or not SLUG_PATTERN.fullmatch(slug):
            yield ("retired", index), f"{path!r} is no feed's path; write source/<id>, topic/<id> or view/<id>"
        elif path in made:
            yield ("retired", index), f"{path!r} stands in this file as a feed, or as what one was called"


def _selectors(sources: Sequence[SourceRule]) -> _Found:
    """Those of config.yaml alone: the built-in ones stand in no operator's way, and are tested."""
    for index, rule in enumerate(sources):
        for number, take in enumerate(rule.extract):
            if why := _no_selector(take.select):
                yield ("sources", index, "extract", number, "select"), f"{take.select!r} is no CSS selector: {why}"


def _no_selector(text: str) -> str:
    """What is wrong with a CSS selector; nothing when it is well."""
    import soupsieve  # 0.3 s, patterns and all, which no start pays whose config.yaml has no selector

    try:
        soupsieve.compile(text)
    except soupsieve.SelectorSyntaxError as error:
        return str(error).splitlines()[0]
    return ""


def _hosts(written: Sequence[SourceRule], sources: Sequence[SourceRule]) -> _Found:
    for index, rule in enumerate(written):
        for number, host in enumerate(rule.hosts):
            if not _HOST.fullmatch(host):
                what = f"{host!r} is no host; write it alone, such as example.org"
                yield ("sources", index, "hosts", number), what
    owners: dict[str, str] = {}
    for rule in sources:
        for host in rule.hosts:
            if owners.setdefault(host, rule.id) != rule.id:
                yield ("sources",), f"host {host} belongs to {owners[host]} and to {rule.id}; keep one"
