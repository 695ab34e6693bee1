"""Folders of packs -> the rules of sources and topics in them, each with the file that it comes from.

A pack has `sources/*.yaml`, `topics/*.yaml` or both, with one rule in each file. A `pack.yaml` next to these folders
may define the order in which the topics are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from ..errors import ConfigError
from .field_types import LIST_PREFIX, SLUG_PATTERN, matching
from .settings import DEFAULT_PACKS
from .source_rules import SourceRule
from .topic_rules import NameList, TopicRule
from .validation import KeyPath, format_key_path, suggest, validate
from .yaml_loader import YamlDocument, read_document

BUILTIN_PACKS = Path(__file__).parents[1] / "packs"
_HALVES = ("sources", "topics")

Rule = TypeVar("Rule", SourceRule, TopicRule)

Place = tuple[YamlDocument[Any], KeyPath]
"""A document, and the path of a rule or a key in it."""

_WORD_KEYS = frozenset({"words", "weak_words", "pairs", "exclude"})
_JOINED_KEYS = ("words", "weak_words", "pairs", "exclude", "sections", "aliases")
_LOCALIZED_KEYS = ("title", "description")


@dataclass(frozen=True, slots=True)
class LocatedRule(Generic[Rule]):
    """A rule and the places where it is written: the file of a pack, an item of config.yaml, or an item and a file."""

    rule: Rule
    places: tuple[Place, ...]

    @property
    def data(self) -> dict[str, Any]:
        """The rule's keys as plain data. Those of a topic in several packs are joined."""
        data: dict[str, Any] = {}
        for document, _ in self.places:
            data = _join(data, document.data) if data else document.data
        return data

    def locate(self, key: KeyPath) -> Place:
        """Return the document that sets a key of the rule, and the key's path; the first place if none sets it."""
        places = [(document, path + key) for document, path in self.places]
        return next((place for place in places if place[1] in place[0].lines), places[0])

    def format_error(self, key: KeyPath, what: str) -> str:
        document, path = self.locate(key)
        return document.format_error(path, what)

    @property
    def name(self) -> str:
        """The name of this rule in messages: `topics[3]`, or the file of a pack."""
        document, path = self.places[0]
        return format_key_path(path) or document.file


@dataclass(slots=True)
class Packs:
    """The rules of all packs that config.yaml lists, by id, and the errors in them."""

    sources: dict[str, LocatedRule[SourceRule]] = field(default_factory=dict)
    topics: dict[str, LocatedRule[TopicRule]] = field(default_factory=dict)
    own_dirs: list[str] = field(default_factory=list)
    """Folders of the packs that are not built in, including folders that do not exist."""
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PackFile:
    """pack.yaml."""

    topics: tuple[str, ...] = ()
    """Ids of topics in the order in which they are shown. All other topics follow, ordered by id."""
    language: Annotated[str, matching(r"(?:[a-z]{2})?", "a language: zh, en")] = ""
    """The words of this pack's topics apply to texts in this language; empty for all texts."""


def load_packs(config: YamlDocument[Any]) -> Packs:
    """Load every pack that `packs:` of config.yaml lists. Errors are collected, not raised."""
    names = config.data.get("packs", DEFAULT_PACKS) if isinstance(config.data, dict) else ()
    file = Path(config.file)
    home = (file.resolve() if file.is_symlink() else file).parent
    packs = Packs()
    loaded: set[Path] = set()
    for index, name in enumerate(names if isinstance(names, list | tuple) else ()):
        try:
            folder, halves = _find_pack(str(name), home)
        except ConfigError as error:
            packs.errors.append(config.format_error(("packs", index), str(error)))
            folder = home / (name.rpartition("/")[0] if name.endswith(("/sources", "/topics")) else name)
            packs.own_dirs.append(str(folder.absolute()))
            continue
        if not loaded.isdisjoint(halves):
            packs.errors.append(config.format_error(("packs", index), f"{name!r} is already listed"))
            continue
        loaded |= set(halves)
        if folder.parent != BUILTIN_PACKS:
            packs.own_dirs.append(str(folder.absolute()))
        for half in halves:
            if half.name == "sources":
                _add_rules(packs.sources, _load_rules(SourceRule, list_rules(half), packs.errors), packs.errors)
            else:
                files = list_rules(half)
                pack = _load_pack_file(folder / "pack.yaml", {file.stem for file in files}, packs.errors)
                rules = _load_rules(TopicRule, files, packs.errors, pack.language)
                by_id = {located.rule.id: located for located in rules}
                order = (id for id in dict.fromkeys((*pack.topics, *sorted(by_id))) if id in by_id)
                _join_topics(packs.topics, (by_id[id] for id in order))
    beside = (home / half for half in _HALVES)
    sources, topics = (
        [file for file in list_rules(folder) if file.suffix == ".yaml" and folder not in loaded] for folder in beside
    )
    _add_rules(packs.sources, _load_rules(SourceRule, sources, packs.errors), packs.errors)
    _join_topics(packs.topics, _load_rules(TopicRule, topics, packs.errors))
    return packs


def load_builtin_sources() -> tuple[SourceRule, ...]:
    """Load the source rules of all built-in packs, ordered by id. Raises ConfigError."""
    errors: list[str] = []
    folders = sorted(BUILTIN_PACKS.glob("*/sources"))
    rules = [located.rule for folder in folders for located in _load_rules(SourceRule, list_rules(folder), errors)]
    if errors:
        raise ConfigError(*errors)
    return tuple(sorted(rules, key=lambda rule: rule.id))


def _find_pack(name: str, home: Path) -> tuple[Path, tuple[Path, ...]]:
    """Find the folder of a pack, and its `sources/`, `topics/` or both.

    A folder next to config.yaml takes precedence over a built-in pack. Raises ConfigError without file and line.
    """
    pack, _, last = name.rpartition("/")
    listed = (last,) if pack and last in _HALVES else _HALVES
    pack = pack if len(listed) == 1 else name
    for parent in (home, BUILTIN_PACKS):
        halves = tuple(parent / pack / half for half in listed if pack and (parent / pack / half).is_dir())
        if halves:
            return parent / pack, halves
    if pack and (home / pack).is_dir():
        raise ConfigError(f"the folder {home / pack} has no {' or '.join(f'{half}/' for half in listed)}")
    known = {
        folder.parent.name
        for parent in (home, BUILTIN_PACKS)
        for half in _HALVES
        for folder in parent.glob(f"*/{half}")
    }
    raise ConfigError(f"no pack {name!r} beside config.yaml or built in{suggest(pack, known)}")


def list_rules(folder: Path) -> list[Path]:
    """Return the files in a pack's `sources/` or `topics/`, by name, without hidden files and backups of editors."""
    files = folder.iterdir() if folder.is_dir() else ()
    return sorted(file for file in files if not file.name.startswith(".") and not file.name.endswith("~"))


def find_selector_errors(document: YamlDocument[Any], rule: Any, path: KeyPath = ()) -> Iterator[str]:
    """Check the CSS selectors of a source in plain data, which may have other errors."""
    extract = rule.get("extract") if isinstance(rule, dict) else None
    for index, item in enumerate(extract if isinstance(extract, list) else ()):
        select = item.get("select") if isinstance(item, dict) else None
        if isinstance(select, str):
            import soupsieve  # takes 0.3 s

            try:
                soupsieve.compile(select)
            except soupsieve.SelectorSyntaxError as error:
                what = f"invalid CSS selector {select!r}: {str(error).splitlines()[0]}"
                yield document.format_error((*path, "extract", index, "select"), what)


def _load_rules(
    cls: type[Rule], files: Sequence[Path], errors: list[str], language: str = ""
) -> Iterator[LocatedRule[Rule]]:
    """`language`: the words of the topics apply to texts in it."""
    for file in files:
        document = None
        try:
            if file.suffix != ".yaml":
                raise ConfigError(f"{file}: not a rule of the pack; its name must end in .yaml")
            document = read_document(file, cls)
            if language and isinstance(document.data, dict):
                _set_language(document.data, language)
            rule = document.load()
        except ConfigError as error:
            errors += error.errors
            if document and cls is SourceRule:
                errors += find_selector_errors(document, document.data)
            continue
        if rule.id == file.stem:
            yield LocatedRule(rule, ((document, ()),))
        else:
            errors.append(document.format_error(("id",), f"must be {file.stem!r} like the file, got {rule.id!r}"))


def _load_pack_file(file: Path, topics: Collection[str], errors: list[str]) -> _PackFile:
    """Return pack.yaml without topics that the pack does not have."""
    if not file.exists():
        return _PackFile()
    try:
        document = read_document(file, _PackFile)
        pack = document.load()
    except ConfigError as error:
        errors += error.errors
        return _PackFile()
    for index, id in enumerate(pack.topics):
        if id not in topics:
            errors.append(document.format_error(("topics", index), f"unknown topic {id!r}{suggest(id, topics)}"))
    return replace(pack, topics=tuple(id for id in pack.topics if id in topics))


def _set_language(topic: Any, language: str) -> None:
    """Let the words of a topic, as plain data, apply to texts in one language."""

    def tag(words: Any) -> Any:
        if isinstance(words, list):
            return [tag(word) for word in words]
        is_word = isinstance(words, str) and words.strip() and not words.startswith(LIST_PREFIX)
        return f"{language}:{words}" if is_word else words

    for key in (_WORD_KEYS | {"sections"}) & topic.keys():
        topic[key] = tag(topic[key])


class NameLists:
    """Topics with names of lists -> topics with the names in these lists. Reads a list when a topic names it."""

    def __init__(self, config: YamlDocument[Any]) -> None:
        file = Path(config.file)
        self._home = (file.resolve() if file.is_symlink() else file).parent
        self._lists: dict[str, tuple[str, ...]] = {}
        self.errors: list[str] = []

    def expand(self, located: LocatedRule[TopicRule]) -> LocatedRule[TopicRule]:
        """Return the topic with the names in place of `list:` words. A mistake is added to `errors`."""
        rule = located.rule
        changes: dict[str, Any] = {}
        for key in _WORD_KEYS:
            words = getattr(rule, key)
            if (expanded := self._expand(words, located, (key,))) != words:
                changes[key] = expanded
        return replace(located, rule=replace(rule, **changes)) if changes else located

    def _expand(self, words: tuple[Any, ...], located: LocatedRule[TopicRule], key: KeyPath) -> tuple[Any, ...]:
        expanded: list[Any] = []
        for index, word in enumerate(words):
            if not isinstance(word, str):
                expanded.append(self._expand(word, located, (*key, index)))
            elif not word.startswith(LIST_PREFIX):
                expanded.append(word)
            else:
                expanded += self._load(word.removeprefix(LIST_PREFIX), located, (*key, index))
        return tuple(dict.fromkeys(expanded))

    def _load(self, name: str, located: LocatedRule[TopicRule], key: KeyPath) -> tuple[str, ...]:
        if (known := self._lists.get(name)) is not None:
            return known
        pack, _, id = name.rpartition("/")
        found: tuple[str, ...] = (f"{LIST_PREFIX}{name}",)  # as it was, when it is a mistake
        files = [parent / pack / "lists" / f"{id}.yaml" for parent in (self._home, BUILTIN_PACKS)]
        file = next((file for file in files if SLUG_PATTERN.fullmatch(id) and file.is_file()), None)
        if file is None:
            names = {f"{f.parts[-3]}/{f.stem}" for p in (self._home, BUILTIN_PACKS) for f in p.glob("*/lists/*.yaml")}
            self.errors.append(located.format_error(key, f"no list {name!r} in a pack{suggest(name, names)}"))
        else:
            try:
                document = read_document(file, NameList)
                found = tuple(f"{lang}:{word}" for lang, words in document.load().names.items() for word in words)
            except ConfigError as error:
                self.errors += error.errors
        self._lists[name] = found
        return found


def _join_topics(known: dict[str, LocatedRule[TopicRule]], topics: Iterator[LocatedRule[TopicRule]]) -> None:
    """Add topics. One that an earlier pack has, too, is one topic, for example with words in two languages."""
    for located in topics:
        if (first := known.get(located.rule.id)) is not None:
            both = replace(first, places=first.places + located.places)
            located = replace(both, rule=validate(TopicRule, both.data))
        known[located.rule.id] = located


def _join(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The keys of a topic in two packs: lists of words have those of both, a title has the languages of both; all other
    keys are those of the first pack."""
    joined = dict(first)
    for key in _JOINED_KEYS:
        if items := [*first.get(key, ()), *second.get(key, ())]:
            joined[key] = items
    for key in _LOCALIZED_KEYS:
        if isinstance(first.get(key), dict) and isinstance(second.get(key), dict):
            joined[key] = first[key] | {tag: text for tag, text in second[key].items() if tag not in first[key]}
    return joined


def _add_rules(known: dict[str, LocatedRule[Rule]], rules: Iterator[LocatedRule[Rule]], errors: list[str]) -> None:
    for located in rules:
        first = known.setdefault(located.rule.id, located)
        if first is not located:
            errors.append(located.format_error(("id",), f"{located.rule.id!r} is already used by {first.name}"))
