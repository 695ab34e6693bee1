"""config.yaml, packs and the environment -> `Settings`, or all errors with file and line. Reloads changed files.

Invalid changes are refused, and the previous settings stay in use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import ConfigError
from .cross_checks import find_cross_errors
from .field_types import check_base_url, check_database_url
from .packs import LocatedRule, Location, Packs, Rule, list_rules, load_packs, read_document
from .settings import AccessSettings, ConfigFile, Settings
from .source_rules import SourceRule
from .topic_rules import TopicRule
from .yaml_loader import Bases, YamlDocument

_LOG_FORMATS = ("text", "json")
_MIN_SECRET_LENGTH = 16
_PRINTABLE_ASCII = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")


def load_settings(environ: Mapping[str, str], path: str | Path | None = None) -> Settings:
    """Load all settings. `path` takes precedence over REFEED_CONFIG, and REFEED_CONFIG over ./config.yaml.

    Raises ConfigError with a line for every error: file, line, key, what to write instead.
    """
    file = Path(path or environ.get("REFEED_CONFIG") or "config.yaml")
    errors = [f"environment: {error}" for error in _check_environment(environ)]
    try:
        document = read_document(file, environ, hint="; REFEED_CONFIG names the file to read")
    except ConfigError as error:
        raise ConfigError(*error.errors, *errors) from error
    packs = load_packs(document)
    try:
        return _load(document, packs, environ, errors)
    except ConfigError as error:
        error.pack_dirs = packs.own_dirs
        raise


def _load(document: YamlDocument, packs: Packs, environ: Mapping[str, str], errors: Sequence[str]) -> Settings:
    """Make `Settings` from config.yaml and its packs. `errors` are the errors in the environment."""
    errors = [*packs.errors, *errors]
    bases: Bases = {
        SourceRule: {located.rule.id: located.rule for located in packs.sources},
        TopicRule: {located.rule.id: located.rule for located in packs.topics},
    }
    try:
        config = document.load(ConfigFile, bases)
    except ConfigError as error:
        raise ConfigError(*error.errors, *errors) from error
    if packs.errors:
        raise ConfigError(*errors)
    sources = sorted(_merge(packs.sources, config.sources, "sources", document), key=lambda located: located.rule.id)
    topics = _merge(packs.topics, config.topics, "topics", document)
    location = Location(file=document.file, lines=document.lines)
    cross_errors = find_cross_errors(config, location, sources, topics)
    access = config.access if isinstance(config.access, AccessSettings) else AccessSettings(site=config.access)
    levels = {access.site, *(source.rule.access for source in sources), *(topic.rule.access for topic in topics)}
    if "private" in levels | {rule.access for rule in config.filtered_feeds}:
        cross_errors += _check_secret(environ.get("REFEED_ACCESS_SECRET", ""))
    home = Path(document.file).resolve().parent
    folders = tuple(filter(None, environ.get("REFEED_DUMPS", "").split(":")))
    folders = folders or tuple(str(home / folder) for folder in config.dumps.folders)
    if not folders:
        what = "must not be empty, such as [dumps]; what is fetched or pushed is written to the last one"
        cross_errors.append(location.format_error(("dumps", "folders"), what))
    if cross_errors or errors:
        raise ConfigError(*cross_errors, *errors)
    port = int(environ.get("PORT") or 8000)
    base_url = environ.get("BASE_URL") or config.site.base_url or f"http://127.0.0.1:{port}"
    var = Path(environ.get("REFEED_VAR") or home / "var")
    return Settings(
        config_file=document.file,
        pack_dirs=packs.own_dirs,
        site=replace(config.site, base_url=base_url.rstrip("/")),
        dumps=replace(config.dumps, folders=folders),
        feeds=config.feeds,
        websub=config.websub,
        http=config.http,
        access=access,
        sources=tuple(located.rule for located in sources),
        topics=tuple(located.rule for located in topics),
        filtered_feeds=config.filtered_feeds,
        retired=config.retired,
        upstreams=config.upstreams,
        fetch=config.fetch,
        port=port,
        database_url=environ.get("DATABASE_URL") or f"sqlite:///{var / 'refeed.db'}",
        feeds_dir=environ.get("REFEED_FEEDS") or str(home / "feeds"),
        var_dir=str(var),
        web_concurrency=int(environ.get("WEB_CONCURRENCY") or 1),
        push_token=environ.get("REFEED_PUSH_TOKEN", ""),
        access_secret=environ.get("REFEED_ACCESS_SECRET", ""),
        log_format=(environ.get("REFEED_LOG") or "text").lower(),
    )


def _merge(
    packs: Sequence[LocatedRule[Rule]], own: Sequence[Rule], key: str, document: YamlDocument
) -> tuple[LocatedRule[Rule], ...]:
    """Replace the rules of packs by those of config.yaml with the same ids, and append config.yaml's other rules."""
    merged = {located.rule.id: located for located in packs}
    for index, rule in enumerate(own):
        base: tuple[Location, ...] = merged[rule.id].locations if rule.id in merged else ()
        location = Location(file=document.file, lines=document.lines, path=(key, index))
        merged[rule.id] = LocatedRule(rule=rule, locations=(location, *base))
    return tuple(merged.values())


def _check_environment(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield one message for every error. No message contains a value that may hold a password."""
    for name in ("PORT", "WEB_CONCURRENCY"):
        value = environ.get(name) or "0"
        if not (value.isascii() and value.isdigit() and int(value) < 65536):
            yield f"{name}: must be an integer from 0 to 65535, got {value!r}"
    for name, check in (("BASE_URL", check_base_url), ("DATABASE_URL", check_database_url)):
        try:
            if environ.get(name):
                check(name, environ[name])
        except ValueError as error:
            yield str(error)
    for name in ("REFEED_FEEDS", "REFEED_VAR"):
        # Without this check, publishing would replace the file with a folder.
        if environ.get(name) and Path(environ[name]).is_file():
            yield f"{name}: must be a folder, but {environ[name]!r} is a file"
    if not _PRINTABLE_ASCII.fullmatch(environ.get("REFEED_PUSH_TOKEN", "")):
        yield "REFEED_PUSH_TOKEN: must be printable ASCII without spaces around it, to fit into an HTTP header"
    if (environ.get("REFEED_LOG") or "text").lower() not in _LOG_FORMATS:
        yield f"REFEED_LOG: must be {' or '.join(_LOG_FORMATS)}, got {environ['REFEED_LOG']!r}"


def _check_secret(secret: str) -> Iterator[str]:
    if len(secret) < _MIN_SECRET_LENGTH:
        what = "is too short" if secret else "is not set, and a feed is private"
        example = f"use {_MIN_SECRET_LENGTH} random characters or more: openssl rand -hex 32"
        yield f"environment: REFEED_ACCESS_SECRET: {what}; {example}"


class ReloadableSettings:
    """The current settings, which are reloaded when config.yaml or one of the operator's own packs changes."""

    def __init__(self, settings: Settings, load: Callable[[], Settings] | None = None) -> None:
        """`load` reads the files. Without it, the settings never change."""
        self.settings = settings
        self.is_valid = True
        """True when the files were valid at the last reading."""
        self._load = load
        self._pack_dirs = settings.pack_dirs
        self._stamp = self._get_stamp()
        self._reload_requested = False

    def request_reload(self) -> None:
        """Request that the files are read again, even when unchanged. Safe in a signal handler."""
        self._reload_requested = True

    def reload_if_changed(self) -> bool:
        """Reload changed files. Returns True when the settings changed; raises ConfigError for invalid files."""
        stamp = self._get_stamp()
        if self._load is None or not (self._reload_requested or (stamp != self._stamp and stamp)):
            return False
        self._reload_requested, self._stamp, self.is_valid = False, stamp, False
        try:
            fresh = self._load()
        except ConfigError as error:
            pack_dirs = tuple(dict.fromkeys((*self.settings.pack_dirs, *error.pack_dirs)))
            if pack_dirs == self._pack_dirs:
                raise
            # Some packs were not watched until now, and may have been repaired since they were read.
            self._pack_dirs = pack_dirs
            self._stamp = self._get_stamp()
            fresh = self._load()
        self.is_valid = True
        changed = fresh != self.settings
        self.settings, self._pack_dirs = fresh, fresh.pack_dirs
        return changed

    def _get_stamp(self) -> list[tuple[str, int, int, int]]:
        """Return name, time, size and inode of every file; empty while an editor replaces config.yaml."""
        stamp = []
        try:
            files = [Path(self.settings.config_file)]
            for folder in map(Path, self._pack_dirs):
                files += [*folder.glob("pack.yaml"), *list_rules(folder / "sources"), *list_rules(folder / "topics")]
            for file in files:
                info = file.stat()
                stamp.append((str(file), info.st_mtime_ns, info.st_size, info.st_ino))
        except OSError:
            return []
        return stamp
