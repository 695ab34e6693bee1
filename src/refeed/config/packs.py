"""Folders of packs -> the rules of sources and topics in them, each with the file that it comes from.

A pack has `sources/*.yaml`, `topics/*.yaml` or both, with one rule in each file. A `pack.yaml` next to these folders
may define the order in which the topics are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from ..errors import ConfigError
from .settings import DEFAULT_PACKS
from .source_rules import SourceRule
from .topic_rules import TopicRule
from .yaml_loader import KeyLines, KeyPath, YamlDocument, format_key_path, suggest

BUILTIN_PACKS = Path(__file__).parents[1] / "packs"
_HALVES = ("sources", "topics")

Rule = TypeVar("Rule", SourceRule, TopicRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The place where a rule is written: a whole file, or an item of config.yaml."""

    file: str
    lines: KeyLines
    path: KeyPath = ()
    is_builtin: bool = False

    def format_error(self, key: KeyPath, what: str) -> str:
        """Return `file:line: key: what`."""
        path = (*self.path, *key)
        line = self.lines.get(path) or self.lines.get(self.path, 1)
        return f"{self.file}:{line}: {format_key_path(path)}: {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedRule(Generic[Rule]):
    """A rule and the places where it is written. When config.yaml changes a pack's rule, config.yaml is the first."""

    rule: Rule
    locations: tuple[Location, ...]

    def locate(self, key: KeyPath) -> Location:
        """Return the location of a key of the rule; the rule's first location when the key is not set."""
        for location in self.locations:
            if location.path + key in location.lines:
                return location
        return self.locations[0]

    def format_error(self, key: KeyPath, what: str) -> str:
        return self.locate(key).format_error(key, what)

    @property
    def name(self) -> str:
        """The name of this rule in messages: `topics[3]`, or the file of a pack."""
        location = self.locations[0]
        return format_key_path(location.path) or location.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Packs:
    """The rules of all packs that config.yaml lists, and the errors in them."""

    sources: tuple[LocatedRule[SourceRule], ...]
    topics: tuple[LocatedRule[TopicRule], ...]
    own_dirs: tuple[str, ...]
    """Folders of the packs that are not built in, including folders that do not exist."""
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PackFile:
    """pack.yaml."""

    topics: tuple[str, ...] = ()
    """Ids of topics in the order in which they are shown. All other topics follow, ordered by id."""


def read_document(file: Path, environ: Mapping[str, str] | None = None, *, hint: str = "") -> YamlDocument:
    """Read a YAML file. Raises ConfigError."""
    try:
        return YamlDocument(file.read_text("utf-8"), str(file), environ)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error}){hint}") from error


def load_packs(config: YamlDocument) -> Packs:
    """Load every pack that `packs:` of config.yaml lists. Errors are collected, not raised."""
    names = config.peek("packs", tuple[str, ...], DEFAULT_PACKS)
    location = Location(file=config.file, lines=config.lines)
    file = Path(config.file)
    home = (file.resolve() if file.is_symlink() else file).parent
    sources: dict[str, LocatedRule[SourceRule]] = {}
    topics: dict[str, LocatedRule[TopicRule]] = {}
    own_dirs: list[str] = []
    errors: list[str] = []
    loaded: set[Path] = set()
    for index, name in enumerate(names):
        try:
            folder, halves = _find_pack(name, home)
        except ConfigError as error:
            errors.append(location.format_error(("packs", index), str(error)))
            folder = home / (name.rpartition("/")[0] if name.endswith(("/sources", "/topics")) else name)
            own_dirs.append(str(folder.absolute()))
            continue
        if not loaded.isdisjoint(halves):
            errors.append(location.format_error(("packs", index), f"{name!r} is already listed"))
            continue
        loaded |= set(halves)
        if folder.parent != BUILTIN_PACKS:
            own_dirs.append(str(folder.absolute()))
        for half in halves:
            if half.name == "sources":
                _add_rules(sources, _load_rules(SourceRule, half, errors), errors)
            else:
                by_id = {located.rule.id: located for located in _load_rules(TopicRule, half, errors)}
                order = _load_order(folder / "pack.yaml", by_id, errors)
                _add_rules(topics, (by_id[id] for id in order), errors)
    return Packs(
        sources=tuple(sources.values()), topics=tuple(topics.values()), own_dirs=tuple(own_dirs), errors=tuple(errors)
    )


def load_builtin_sources() -> tuple[SourceRule, ...]:
    """Load the source rules of all built-in packs, ordered by id. Raises ConfigError."""
    errors: list[str] = []
    folders = sorted(BUILTIN_PACKS.glob("*/sources"))
    rules = [located.rule for folder in folders for located in _load_rules(SourceRule, folder, errors)]
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


def _load_rules(cls: type[Rule], folder: Path, errors: list[str]) -> Iterator[LocatedRule[Rule]]:
    for file in list_rules(folder):
        try:
            if file.suffix != ".yaml":
                raise ConfigError(f"{file}: not a rule of the pack; its name must end in .yaml")
            document = read_document(file)
            rule = document.load(cls)
        except ConfigError as error:
            errors += error.errors
            continue
        is_builtin = folder.is_relative_to(BUILTIN_PACKS)
        location = Location(file=str(file), lines=document.lines, is_builtin=is_builtin)
        if rule.id != file.stem:
            errors.append(
                location.format_error(("id",), f"must be {file.stem!r} as in the name of the file, got {rule.id!r}")
            )
            continue
        yield LocatedRule(rule=rule, locations=(location,))


def _load_order(file: Path, topics: Mapping[str, object], errors: list[str]) -> Sequence[str]:
    """Return the ids of a pack's topics in the order of its pack.yaml."""
    if not file.exists():
        return sorted(topics)
    try:
        document = read_document(file)
        order = document.load(_PackFile).topics
    except ConfigError as error:
        errors += error.errors
        return sorted(topics)
    location = Location(file=str(file), lines=document.lines)
    for index, id in enumerate(order):
        if id not in topics:
            errors.append(location.format_error(("topics", index), f"unknown topic {id!r}{suggest(id, topics)}"))
    return list(dict.fromkeys((*(id for id in order if id in topics), *sorted(topics))))


def _add_rules(known: dict[str, LocatedRule[Rule]], rules: Iterator[LocatedRule[Rule]], errors: list[str]) -> None:
    for located in rules:
        first = known.setdefault(located.rule.id, located)
        if first is not located:
            errors.append(located.format_error(("id",), f"{located.rule.id!r} is already used by {first.name}"))
