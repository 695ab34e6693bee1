"""config.yaml, the built-in sources and the environment -> Settings, or every mistake with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..rules import SourceRule
from .checks import check
from .environment import check_environment, log_style, named_folders, number
from .reading import Places, read
from .settings import AccessSettings, File, Settings

_SECRET = "REFEED_ACCESS_SECRET"
"""What the tokens of private feeds are made from."""
_SHORTEST_SECRET = 16


def load(environ: Mapping[str, str], path: str | Path | None = None) -> Settings:
    """Read everything. `path` takes precedence over REFEED_CONFIG, and that over ./config.yaml.

    Raises ConfigError with a line for every mistake: file, line, key, what to write instead.
    """
    file = Path(path or environ.get("REFEED_CONFIG") or "config.yaml")
    places: Places = {}
    wrong = check_environment(environ)
    try:
        written = read(File, _text(file), str(file), environ, places)
    except ConfigError as error:
        raise ConfigError(*error.mistakes, *wrong) from error
    sources = _merge(built_in_sources(), written.sources)
    mistakes = check(written, sources, str(file), places)
    if _is_any_private(written, sources):
        mistakes += _check_secret(environ.get(_SECRET, ""))
    if not (named_folders(environ) or written.dumps.folders):
        where = f"{file}:{places['dumps', 'folders']}"
        mistakes.append(f"{where}: dumps.folders: none given; the last one is where dumps are written, such as [dumps]")
    mistakes += wrong
    if mistakes:
        raise ConfigError(*mistakes)
    return _settings(environ, file, written, sources)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error}); REFEED_CONFIG names the file to read") from error


def _settings(environ: Mapping[str, str], file: Path, written: File, sources: tuple[SourceRule, ...]) -> Settings:
    """What was read and found well, with folders as seen from the file."""
    home = file.resolve().parent
    port = number(environ, "PORT")
    base_url = environ.get("BASE_URL") or written.site.base_url or f"http://127.0.0.1:{port}"
    var = Path(environ.get("REFEED_VAR") or home / "var")
    folders = named_folders(environ) or tuple(str(home / folder) for folder in written.dumps.folders)
    return Settings(
        file=str(file),
        site=replace(written.site, base_url=base_url.rstrip("/")),
        dumps=replace(written.dumps, folders=folders),
        feeds=written.feeds,
        websub=written.websub,
        http=written.http,
        access=_access(written),
        sources=sources,
        topics=written.topics,
        views=written.views,
        retired=written.retired,
        upstreams=written.upstreams,
        fetch=written.fetch,
        port=port,
        database_url=environ.get("DATABASE_URL") or f"sqlite:///{var / 'refeed.db'}",
        feeds_folder=environ.get("REFEED_FEEDS") or str(home / "feeds"),
        var_folder=str(var),
        web_concurrency=number(environ, "WEB_CONCURRENCY"),
        push_token=environ.get("REFEED_PUSH_TOKEN", ""),
        access_secret=environ.get(_SECRET, ""),
        log=log_style(environ),
    )


def built_in_sources() -> tuple[SourceRule, ...]:
    """The rules that come with the program, one file each, by id."""
    folder = resources.files("refeed") / "sources"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(read(SourceRule, f.read_text("utf-8"), f"sources/{f.name}") for f in files)


def _access(written: File) -> AccessSettings:
    return written.access if isinstance(written.access, AccessSettings) else AccessSettings(site=written.access)


def _is_any_private(written: File, sources: Sequence[SourceRule]) -> bool:
    said = [rule.access for rule in sources] + [rule.access for rule in written.topics]
    return "private" in (_access(written).site, *said, *(rule.access for rule in written.views))


def _check_secret(secret: str) -> list[str]:
    if len(secret) >= _SHORTEST_SECRET:
        return []
    what = "is too short" if secret else "is not set, and something is private"
    return [f"environment: {_SECRET}: {what}; {_SHORTEST_SECRET} random characters or more: openssl rand -hex 32"]


def _merge(built_in: tuple[SourceRule, ...], own: tuple[SourceRule, ...]) -> tuple[SourceRule, ...]:
    """Sources by id: what config.yaml says of a built-in one takes precedence over its file, key by key."""
    found = {rule.id: rule for rule in built_in}
    for rule in own:
        if rule.id not in found:
            found[rule.id] = rule
            continue
        given = {f.name: getattr(rule, f.name) for f in fields(rule) if getattr(rule, f.name) != _default(f)}
        found[rule.id] = replace(found[rule.id], **given)
    return tuple(found[id] for id in sorted(found))


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default
