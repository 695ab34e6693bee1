"""config.yaml and its packs -> errors that involve more than one key, each with file and line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..model import ALL_FEED, FeedPath
from .field_types import SLUG_PATTERN
from .filter_rules import FilteredFeedRule
from .packs import BUILTIN_PACKS, LocatedRule, find_selector_errors
from .search_query import parse_query
from .settings import ConfigFile
from .source_rules import SourceRule
from .topic_rules import TopicRule
from .validation import KeyPath, suggest
from .yaml_loader import YamlDocument

Sources = Sequence[LocatedRule[SourceRule]]
Topics = Sequence[LocatedRule[TopicRule]]


def find_cross_errors(
    config: ConfigFile, document: YamlDocument[ConfigFile], sources: Sources, topics: Topics
) -> list[str]:
    """Return one line for every error. `sources` and `topics` are the merged rules of the packs and config.yaml."""
    in_config = [
        *_check_ids("sources", config.sources),
        *_check_ids("topics", config.topics),
        *_check_ids("filtered_feeds", config.filtered_feeds),
        *_check_filtered_feeds(config, sources, topics),
        *_check_private_topics(config, topics),
        *_check_retired(config),
        *_check_images(config),
    ]
    return [
        *(document.format_error(key, what) for key, what in in_config),
        *_check_aliases(topics),
        *_check_topic_sources(topics, [located.rule.id for located in sources]),
        *_check_selectors(sources),
        *_check_hosts(sources),
    ]


_Errors = Iterator[tuple[KeyPath, str]]


def _check_ids(name: str, rules: Sequence[SourceRule | TopicRule | FilteredFeedRule]) -> _Errors:
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if first.setdefault(rule.id, index) != index:
            yield (name, index, "id"), f"{rule.id!r} is already used by {name}[{first[rule.id]}]"


def _check_images(config: ConfigFile) -> _Errors:
    if config.images == "cached" and config.site.restore_from:
        yield (
            ("images",),
            "cannot be cached with site.restore_from: published feeds then lack the images' own addresses",
        )


def _check_filtered_feeds(config: ConfigFile, sources: Sources, topics: Topics) -> _Errors:
    paths = {ALL_FEED, *(FeedPath("topic", located.rule.id) for located in topics)}
    paths |= {FeedPath("source", located.rule.id) for located in sources}
    paths -= set(config.retired)
    for index, rule in enumerate(config.filtered_feeds):
        if rule.feed not in paths:
            near = suggest(str(rule.feed), map(str, paths))
            yield ("filtered_feeds", index, "feed"), f"unknown feed '{rule.feed}'{near}"


def _check_private_topics(config: ConfigFile, topics: Topics) -> _Errors:
    """A public search by a private topic would tell everybody which entries the topic has."""
    access = config.access if isinstance(config.access, str) else config.access.site
    private = {located.rule.id for located in topics if located.rule.access == "private"}
    for index, rule in enumerate(config.filtered_feeds):
        is_private = "private" in (access, rule.access) or (rule.feed.kind == "topic" and rule.feed.slug in private)
        if not is_private and rule.q and (told := parse_query(rule.q).topics & private):
            what = f"the topic {min(told)!r} is private, and this public search tells its entries; add access: private"
            yield ("filtered_feeds", index, "q"), what


def _check_retired(config: ConfigFile) -> _Errors:
    """Check `retired`. A feed of a pack can be retired, but not a feed that config.yaml itself defines."""
    made = {FeedPath("source", rule.id) for rule in config.sources}
    made |= {FeedPath("topic", id) for rule in config.topics for id in (rule.id, *rule.aliases)}
    made |= {FeedPath("filtered", rule.id) for rule in config.filtered_feeds}
    for index, path in enumerate(config.retired):
        if path == ALL_FEED:
            yield ("retired", index), "the feed of everything cannot be retired"
        elif not SLUG_PATTERN.fullmatch(path.slug):
            yield ("retired", index), f"invalid slug {path.slug!r}"
        elif path.kind == "view":
            yield ("retired", index), f"'{path}' is now filtered/{path.slug}"
        elif path in made:
            yield ("retired", index), f"'{path}' is still a feed of this file, or an alias of one"


def _check_aliases(topics: Topics) -> Iterator[str]:
    current = {located.rule.id: located for located in topics}
    aliases: dict[str, LocatedRule[TopicRule]] = {}
    for located in topics:
        for id in located.rule.aliases:
            if id in current:
                yield located.format_error(("aliases",), f"{id!r} is still the id of {current[id].name}")
            elif (first := aliases.setdefault(id, located)) is not located:
                yield located.format_error(("aliases",), f"{id!r} is already an alias of {first.name}")


def _check_topic_sources(topics: Topics, known: Sequence[str]) -> Iterator[str]:
    for located in topics:
        for index, source in enumerate(located.rule.sources):
            if source not in known:
                yield located.format_error(("sources", index), f"unknown source {source!r}{suggest(source, known)}")


def _check_selectors(sources: Sources) -> Iterator[str]:
    """Check the CSS selectors of the operator's own sources.

    The built-in sources are checked by tests, because loading soupsieve takes 0.3 s.
    """
    for located in sources:
        if located.rule.extract and not _is_builtin(located, "extract"):
            document, path = located.locate(("extract",))
            rule = {"extract": [{"select": extract.select} for extract in located.rule.extract]}
            yield from find_selector_errors(document, rule, path[:-1])


def _check_hosts(sources: Sources) -> Iterator[str]:
    owners: dict[str, str] = {}
    for located in sorted(sources, key=lambda located: not _is_builtin(located, "hosts")):
        rule = located.rule
        for index, host in enumerate(rule.hosts):
            if owners.setdefault(host, rule.id) != rule.id:
                what = f"{host} already belongs to the source {owners[host]}; keep one of the two"
                yield located.format_error(("hosts", index), what)


def _is_builtin(located: LocatedRule[SourceRule], key: str) -> bool:
    document, _ = located.locate((key,))
    return Path(document.file).is_relative_to(BUILTIN_PACKS)
