"""config.yaml, the built-in sources and the environment -> Settings, or every mistake with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from importlib import resources
from pathlib import Path

from ..errors import ConfigError
from ..rules import SourceRule
from .checks import Places, check
from .environment import check_environment, log_style, number
from .reading import read
from .settings import AccessSettings, File, Settings


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
    wrong = check_environment(environ)
    try:
        written = read(File, text, str(file), environ, places)
    except ConfigError as error:
        raise ConfigError(*error.mistakes, *wrong) from error
    sources = _merge(built_in_sources(), written.sources)
    mistakes = check(written, sources, str(file), places)
    access = written.access if isinstance(written.access, AccessSettings) else AccessSettings(site=written.access)
    secret = environ.get("REFEED_ACCESS_SECRET", "")
    said = [r.access for r in sources] + [r.access for r in written.topics] + [r.access for r in written.views]
    if "private" in (access.site, *said):
        mistakes += _check_secret(secret)
    folders = [f for f in environ.get("REFEED_DUMPS", "").split(":") if f]
    if not (folders or written.dumps.folders):
        where = f"{file}:{places[('dumps', 'folders')]}"
        mistakes.append(f"{where}: dumps.folders: none given; the last one is where dumps are written, such as [dumps]")
    mistakes += wrong
    if mistakes:
        raise ConfigError(*mistakes)
    home = file.resolve().parent
    port = number(environ, "PORT")
    base_url = environ.get("BASE_URL") or written.site.base_url or f"http://127.0.0.1:{port}"
    var = Path(environ.get("REFEED_VAR") or home / "var")
    return Settings(
        file=str(file),
        site=replace(written.site, base_url=base_url.rstrip("/")),
        dumps=replace(written.dumps, folders=tuple(folders or (str(home / f) for f in written.dumps.folders))),
        feeds=written.feeds,
        websub=written.websub,
        http=written.http,
        access=access,
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
        access_secret=secret,
        log=log_style(environ),
    )


def built_in_sources() -> tuple[SourceRule, ...]:
    """The rules that come with the program, one file each, by id."""
    folder = resources.files("refeed") / "sources"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(read(SourceRule, f.read_text("utf-8"), f"sources/{f.name}") for f in files)


_SECRET = 16
"""Characters of the secret that tokens are made from, at least."""


def _check_secret(secret: str) -> list[str]:
    if len(secret) >= _SECRET:
        return []
    what = "is too short" if secret else "is not set, and something is private"
    return [f"environment: REFEED_ACCESS_SECRET: {what}; {_SECRET} random characters or more: openssl rand -hex 32"]


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
