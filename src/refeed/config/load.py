"""config.yaml, the built-in sources and the environment -> Settings, or every mistake with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .cross_checks import find_cross_errors
from .settings import AccessSettings, ConfigFile, Settings, check_base_url
from .source_rules import SourceRule
from .yaml_loader import KeyLines, parse_yaml

# What the environment says, and what is wrong with it. Of the files that it names it reads none.

NUMBERS = {"PORT": 8000, "WEB_CONCURRENCY": 1}
FOLDERS = ("REFEED_FEEDS", "REFEED_VAR")
STORES = ("sqlite", "postgres", "postgresql", "postgresql+psycopg")
LOGS = ("text", "json")

_PORT = re.compile(r"(?:[^:/]*(?::[^@]*)?@)?(?:\[[^\]]*\]|[^/:?]+)?(?::([^/?]*))?")
"""As SQLAlchemy takes a URL apart: a password holds anything but @."""


def read_integer(environ: Mapping[str, str], name: str) -> int:
    """PORT or WEB_CONCURRENCY, or its default."""
    return int(environ.get(name) or NUMBERS[name])


def read_log_format(environ: Mapping[str, str]) -> str:
    """REFEED_LOG, in any case."""
    return (environ.get("REFEED_LOG") or LOGS[0]).lower()


def read_dump_dirs(environ: Mapping[str, str]) -> tuple[str, ...]:
    """REFEED_DUMPS: folders, with colons between them."""
    return tuple(folder for folder in environ.get("REFEED_DUMPS", "").split(":") if folder)


def check_environment(environ: Mapping[str, str]) -> list[str]:
    """One line for every mistake. None repeats what may hold a password."""
    return [f"environment: {mistake}" for mistake in _mistakes(environ)]


def _mistakes(environ: Mapping[str, str]) -> Iterator[str]:
    for name in NUMBERS:
        value = environ.get(name) or "0"
        if not (value.isascii() and value.isdigit() and int(value) < 65536):
            yield f"{name}: {value!r} is no number from 0 to 65535"
    if environ.get("BASE_URL"):
        try:
            check_base_url("BASE_URL", environ["BASE_URL"])
        except ValueError as error:
            yield str(error)
    if environ.get("DATABASE_URL"):
        yield from _store(*environ["DATABASE_URL"].partition("://"))
    for name in FOLDERS:
        # To publish into a file would be to put a folder in its place.
        if environ.get(name) and Path(environ[name]).is_file():
            yield f"{name}: {environ[name]!r} is a file; name a folder"
    if not re.fullmatch(r"(?:[!-~](?:[ -~]*[!-~])?)?", environ.get("REFEED_PUSH_TOKEN", "")):
        yield "REFEED_PUSH_TOKEN: no header can hold it; write printable ASCII, without blanks around it"
    if read_log_format(environ) not in LOGS:
        yield f"REFEED_LOG: {environ['REFEED_LOG']!r} is not known; write {' or '.join(LOGS)}"


def _store(scheme: str, slashes: str, rest: str) -> Iterator[str]:
    if not slashes:
        yield "DATABASE_URL: not a database URL; write sqlite:///path/to.db or postgres://…"
    elif scheme not in STORES:
        yield f"DATABASE_URL: {scheme} is not supported; use sqlite or postgres"
    elif scheme != "sqlite" and (found := _PORT.match(rest)) and not (found[1] or "0").isdecimal():
        yield "DATABASE_URL: its port is no number"
    elif scheme == "sqlite" and rest in ("", "/", "/:memory:"):
        yield "DATABASE_URL: a store in memory would lose everything; name a file: sqlite:///var/refeed.db"


_SECRET = "REFEED_ACCESS_SECRET"
"""What the tokens of private feeds are made from."""
_SHORTEST_SECRET = 16


def load_settings(environ: Mapping[str, str], path: str | Path | None = None) -> Settings:
    """Read everything. `path` takes precedence over REFEED_CONFIG, and that over ./config.yaml.

    Raises ConfigError with a line for every mistake: file, line, key, what to write instead.
    """
    file = Path(path or environ.get("REFEED_CONFIG") or "config.yaml")
    places: KeyLines = {}
    wrong = check_environment(environ)
    try:
        written = parse_yaml(ConfigFile, _text(file), str(file), environ, places)
    except ConfigError as error:
        raise ConfigError(*error.errors, *wrong) from error
    sources = _merge(load_builtin_sources(), written.sources)
    mistakes = find_cross_errors(written, sources, str(file), places)
    if _is_any_private(written, sources):
        mistakes += _check_secret(environ.get(_SECRET, ""))
    if not (read_dump_dirs(environ) or written.dumps.folders):
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


def _settings(environ: Mapping[str, str], file: Path, written: ConfigFile, sources: tuple[SourceRule, ...]) -> Settings:
    """What was read and found well, with folders as seen from the file."""
    home = file.resolve().parent
    port = read_integer(environ, "PORT")
    base_url = environ.get("BASE_URL") or written.site.base_url or f"http://127.0.0.1:{port}"
    var = Path(environ.get("REFEED_VAR") or home / "var")
    folders = read_dump_dirs(environ) or tuple(str(home / folder) for folder in written.dumps.folders)
    return Settings(
        config_file=str(file),
        site=replace(written.site, base_url=base_url.rstrip("/")),
        dumps=replace(written.dumps, folders=folders),
        feeds=written.feeds,
        websub=written.websub,
        http=written.http,
        access=_access(written),
        sources=sources,
        topics=written.topics,
        filtered_feeds=written.filtered_feeds,
        retired=written.retired,
        upstreams=written.upstreams,
        fetch=written.fetch,
        port=port,
        database_url=environ.get("DATABASE_URL") or f"sqlite:///{var / 'refeed.db'}",
        feeds_dir=environ.get("REFEED_FEEDS") or str(home / "feeds"),
        var_dir=str(var),
        web_concurrency=read_integer(environ, "WEB_CONCURRENCY"),
        push_token=environ.get("REFEED_PUSH_TOKEN", ""),
        access_secret=environ.get(_SECRET, ""),
        log_format=read_log_format(environ),
    )


def load_builtin_sources() -> tuple[SourceRule, ...]:
    """The rules that come with the program, one file each, by id."""
    folder = resources.files("refeed") / "sources"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(parse_yaml(SourceRule, f.read_text("utf-8"), f"sources/{f.name}") for f in files)


def _access(written: ConfigFile) -> AccessSettings:
    return written.access if isinstance(written.access, AccessSettings) else AccessSettings(site=written.access)


def _is_any_private(written: ConfigFile, sources: Sequence[SourceRule]) -> bool:
    said = [rule.access for rule in sources] + [rule.access for rule in written.topics]
    return "private" in (_access(written).site, *said, *(rule.access for rule in written.filtered_feeds))


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
