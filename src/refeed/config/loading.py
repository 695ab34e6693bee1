"""config.yaml, the built-in sources and the environment -> Settings, or every mistake with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from importlib import resources
from pathlib import Path

from ..errors import ConfigError
from ..rules import SourceRule, TopicRule
from .reading import nearest, read
from .settings import File, Settings

_SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")
Places = dict[tuple[str | int, ...], int]


def load(environ: Mapping[str, str], path: str | Path | None = None) -> Settings:
    """Read everything. `path` stands before REFEED_CONFIG, and that before ./config.yaml.

    Raises ConfigError with a line for every mistake: file, line, key, what to write instead.
    """
    file = Path(path or environ.get("REFEED_CONFIG") or "config.yaml")
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error}); REFEED_CONFIG names the file to read") from error
    places: Places = {}
    written = read(File, text, str(file), environ, places)
    mistakes = [*_check_ids(written, str(file), places)]
    built_in = built_in_sources()
    sources = _merge(built_in, written.sources)
    mistakes += _check_sources(sources, written, str(file), places)
    mistakes += _check_retired(written, str(file), places)
    numbers = {name: _number(environ, name, default, mistakes) for name, default in _NUMBERS.items()}
    if mistakes:
        raise ConfigError(*mistakes)
    home = file.resolve().parent
    base_url = environ.get("BASE_URL") or written.site.base_url or f"http://127.0.0.1:{numbers['PORT']}"
    var = Path(environ.get("REFEED_VAR") or home / "var")
    folders = [f for f in environ.get("REFEED_DUMPS", "").split(":") if f]
    return Settings(
        file=str(file),
        site=replace(written.site, base_url=_base_url(base_url)),
        dumps=replace(written.dumps, folders=tuple(folders or (str(home / f) for f in written.dumps.folders))),
        feeds=written.feeds,
        websub=written.websub,
        http=written.http,
        sources=sources,
        topics=written.topics,
        retired=written.retired,
        upstreams=written.upstreams,
        fetch=written.fetch,
        port=numbers["PORT"],
        database_url=environ.get("DATABASE_URL") or f"sqlite:///{var / 'refeed.db'}",
        feeds_folder=environ.get("REFEED_FEEDS") or str(home / "feeds"),
        var_folder=str(var),
        web_concurrency=numbers["WEB_CONCURRENCY"],
        push_token=environ.get("REFEED_PUSH_TOKEN", ""),
        log=environ.get("REFEED_LOG", "text"),
    )


def built_in_sources() -> tuple[SourceRule, ...]:
    """The rules that come with the program, one file each, by id."""
    folder = resources.files("refeed") / "sources"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(read(SourceRule, f.read_text("utf-8"), f"sources/{f.name}") for f in files)


_NUMBERS = {"PORT": 8000, "WEB_CONCURRENCY": 1}


def _number(environ: Mapping[str, str], name: str, default: int, mistakes: list[str]) -> int:
    value = environ.get(name) or str(default)
    if value.isascii() and value.isdigit() and int(value) < 65536:
        return int(value)
    mistakes.append(f"environment: {name}: {value!r} is no number from 0 to 65535")
    return default


def _base_url(url: str) -> str:
    if not re.match(r"^https?://[^/\s?#]+[^\s?#]*$", url):
        raise ConfigError(f"environment: BASE_URL: {url!r} is no http(s) address such as https://feeds.example.org")
    return url.rstrip("/")


def _merge(built_in: tuple[SourceRule, ...], own: tuple[SourceRule, ...]) -> tuple[SourceRule, ...]:
    """Sources by id: what config.yaml says of a built-in one stands before what its file says, key by key."""
    found = {rule.id: rule for rule in built_in}
    for rule in own:
        if rule.id not in found:
            found[rule.id] = rule
            continue
        given = {f.name: getattr(rule, f.name) for f in fields(rule) if getattr(rule, f.name) != _default(f)}
        found[rule.id] = replace(found[rule.id], **given)
    return tuple(found[id] for id in sorted(found))


def _default(field: object) -> object:
    factory = field.default_factory  # type: ignore[attr-defined]
    return factory() if factory is not MISSING else field.default  # type: ignore[attr-defined]


def _check_ids(written: File, file: str, places: Places) -> list[str]:
    mistakes = []
    groups: tuple[tuple[str, tuple[SourceRule | TopicRule, ...]], ...] = (
        ("sources", written.sources),
        ("topics", written.topics),
    )
    for name, rules in groups:
        first: dict[str, int] = {}
        for index, rule in enumerate(rules):
            line = places.get((name, index, "id"), 1)
            key = f"{file}:{line}: {name}[{index}].id"
            if not _SLUG.match(rule.id):
                mistakes.append(f"{key}: {rule.id!r} is no slug; use a to z, 0 to 9 and hyphens, at most 64")
            if rule.id in first:
                mistakes.append(f"{key}: {rule.id!r} is taken already in line {first[rule.id]}")
            first.setdefault(rule.id, line)
    return mistakes


def _check_retired(written: File, file: str, places: Places) -> list[str]:
    """Only paths of feeds, and of none that config.yaml itself makes."""
    mistakes = []
    made = {
        f"{kind}/{rule.id}"
        for kind, rules in (("source", written.sources), ("topic", written.topics))
        for rule in rules
    }
    made |= {f"topic/{old}" for topic in written.topics for old in topic.was}
    for index, path in enumerate(written.retired):
        key = f"{file}:{places.get(('retired', index), 1)}: retired[{index}]"
        kind, _, slug = path.partition("/")
        if kind not in ("source", "topic", "view") or not _SLUG.match(slug):
            mistakes.append(f"{key}: {path!r} is no feed's path; write source/<id>, topic/<id> or view/<id>")
        elif path in made:
            mistakes.append(f"{key}: {path!r} stands in this file as a feed, or as what one was called")
    return mistakes


def _check_sources(sources: tuple[SourceRule, ...], written: File, file: str, places: Places) -> list[str]:
    mistakes = []
    ids = [rule.id for rule in sources]
    owners: dict[str, str] = {}
    for rule in sources:
        taken = [host for host in rule.hosts if owners.setdefault(host, rule.id) != rule.id]
        mistakes += [f"{file}: sources: host {host} belongs to {owners[host]} and to {rule.id}" for host in taken]
    for index, topic in enumerate(written.topics):
        for number, source in enumerate(topic.sources):
            if source not in ids:
                line = places.get(("topics", index, "sources", number), 1)
                key = f"topics[{index}].sources[{number}]"
                mistakes.append(f"{file}:{line}: {key}: no source is called {source!r}{nearest(source, ids)}")
    return mistakes
