"""config.yaml, packs and the environment -> `Settings`, or all errors with file and line. Reloads changed files.

Invalid changes are refused, and the previous settings stay in use.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from math import inf
from pathlib import Path
from time import time_ns
from typing import Annotated, Any

from annotated_types import Interval

from ..errors import ConfigError
from .cross_checks import find_cross_errors
from .field_types import MIN_SECRET_LENGTH, BaseUrl, Check, Parse, check_database_url, check_token, matching
from .packs import LocatedRule, NameLists, Packs, Place, Rule, find_selector_errors, list_rules, load_packs
from .settings import AccessSettings, ConfigFile, Settings
from .validation import DataError, format_key_path, validate
from .yaml_loader import YamlDocument, read_document

_REST_NANOSECONDS = 1_000_000_000
"""How long a changed file must stay as it is before it is read: editors and deployments write in several steps."""


def _check_folder(path: str) -> None:
    if Path(path).is_file():  # publishing would replace the file with a folder
        raise ValueError(f"must be a folder, but {path!r} is a file")


Number = Annotated[int, Interval(ge=0, le=65535)]
Folder = Annotated[str, Check(_check_folder)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The variables that refeed reads, in lower case. No error contains a value that may hold a password."""

    host: str = ""
    port: Number = 8000
    web_concurrency: Number = 1
    base_url: BaseUrl = ""
    database_url: Annotated[str, Check(check_database_url)] = ""
    refeed_config: str = "config.yaml"
    refeed_dumps: str = ""
    refeed_feeds: Folder = ""
    refeed_var: Folder = ""
    refeed_push_token: Annotated[str, Check(check_token)] = ""
    refeed_access_secret: str = ""
    refeed_operator_token: Annotated[str, Check(check_token)] = ""
    refeed_log: Annotated[str, Parse(str.lower), matching("text|json", "text or json")] = "text"


def load_settings(environ: Mapping[str, str], path: str | Path | None = None) -> Settings:
    """Load all settings. `path` takes precedence over REFEED_CONFIG, and REFEED_CONFIG over ./config.yaml.

    Raises ConfigError with a line for every error: file, line, key, what to write instead.
    """
    errors: list[str] = []
    environment = Environment()
    given = {name: environ[name.upper()] for name in _names(Environment) if environ.get(name.upper())}
    try:
        environment = validate(Environment, given, from_text=True)
    except DataError as error:
        errors = [f"environment: {format_key_path(key).upper()}: {what}" for key, what in error.errors]
    file = Path(path or given.get("refeed_config") or environment.refeed_config)
    try:
        document = read_document(file, ConfigFile, environ, hint="; REFEED_CONFIG names the file to read")
    except ConfigError as error:
        raise ConfigError(*error.errors, *errors) from error
    packs = load_packs(document)
    try:
        return _load(document, packs, environment, given, [*packs.errors, *errors])
    except ConfigError as error:
        error.pack_dirs = tuple(packs.own_dirs)
        raise


def protect_var(settings: Settings) -> None:
    """Keep what this process and its children write from everyone but the user and the group, whatever the umask.

    Documents get their modes where they are written.
    """
    os.umask(0o027)
    var = Path(settings.var_dir)
    with suppress(OSError):  # not there yet, or another user's
        if var.stat().st_mode & 0o027:
            var.chmod(0o750)


def _load(
    document: YamlDocument[ConfigFile],
    packs: Packs,
    environment: Environment,
    given: Mapping[str, str],
    errors: Sequence[str],
) -> Settings:
    """Make `Settings` from config.yaml and its packs. `given` are the variables that are set, `errors` those of the
    packs and the environment."""
    _complete_rules(document, "sources", packs.sources)
    _complete_rules(document, "topics", packs.topics)
    try:
        config = document.load()
    except ConfigError as error:
        own = document.data.get("sources") if isinstance(document.data, dict) else None
        for index, rule in enumerate(own if isinstance(own, list) else ()):
            errors = [*find_selector_errors(document, rule, ("sources", index)), *errors]
        errors = [*error.errors, *errors]
        valid = document.load_valid_keys()
        if valid is None:
            raise ConfigError(*errors) from error
        config = valid
    if packs.errors:
        raise ConfigError(*errors)
    sources = sorted(_merge(packs.sources, config.sources, "sources", document), key=lambda located: located.rule.id)
    lists = NameLists(document)
    topics = tuple(map(lists.expand, _merge(packs.topics, config.topics, "topics", document)))
    errors = [*lists.errors, *find_cross_errors(config, document, sources, topics), *errors]
    access = config.access if isinstance(config.access, AccessSettings) else AccessSettings(site=config.access)
    levels = {access.site, *(each.rule.access for each in sources), *(each.rule.access for each in topics)}
    levels |= {rule.access for rule in config.filtered_feeds}
    secret = environment.refeed_access_secret
    if "private" in levels and len(secret) < MIN_SECRET_LENGTH:
        what = "is too short" if secret else "is not set, and a feed is private"
        example = f"use {MIN_SECRET_LENGTH} random characters or more: openssl rand -hex 32"
        errors.append(f"environment: REFEED_ACCESS_SECRET: {what}; {example}")
    if errors:
        raise ConfigError(*_sort_errors(errors, document.file))
    home = Path(document.file).resolve().parent
    folders = tuple(filter(None, environment.refeed_dumps.split(":")))
    base_url = environment.base_url or config.site.base_url
    var = Path(environment.refeed_var or home / "var")
    values = {name: getattr(config, name) for name in _names(ConfigFile)} | {
        "access": access,
        "dumps": replace(config.dumps, folders=folders or tuple(str(home / name) for name in config.dumps.folders)),
        "sources": tuple(located.rule for located in sources),
        "topics": tuple(located.rule for located in topics),
    }
    settings = Settings(
        **values,
        config_file=document.file,
        pack_dirs=tuple(packs.own_dirs),
        # A platform or a container that sets PORT forwards requests from outside to it.
        host=environment.host or ("0.0.0.0" if "port" in given else "127.0.0.1"),
        port=environment.port,
        database_url=environment.database_url or f"sqlite:///{var / 'refeed.db'}",
        feeds_dir=environment.refeed_feeds or str(home / "feeds"),
        var_dir=str(var),
        web_concurrency=environment.web_concurrency,
        push_token=environment.refeed_push_token,
        access_secret=secret,
        operator_token=environment.refeed_operator_token,
        log_format=environment.refeed_log,
    )
    base_url = base_url.rstrip("/") or settings.default_base_url
    return replace(settings, site=replace(config.site, base_url=base_url))


def _sort_errors(errors: Sequence[str], file: str) -> list[str]:
    """Each error once: those of config.yaml by line, then the others."""

    def line(error: str) -> float:
        number = error.removeprefix(f"{file}:").partition(":")[0] if error.startswith(f"{file}:") else ""
        return int(number) if number.isdigit() else inf

    return sorted(dict.fromkeys(errors), key=line)


def _names(cls: type) -> list[str]:
    return [field.name for field in fields(cls)]


def _complete_rules(document: YamlDocument[ConfigFile], key: str, known: Mapping[str, LocatedRule[Rule]]) -> None:
    """Give each rule of config.yaml with the id of a pack's rule the keys that it does not change."""
    rules: Any = document.data.get(key) if isinstance(document.data, dict) else None
    for index, data in enumerate(rules if isinstance(rules, list) else ()):
        base = known.get(str(data.get("id"))) if isinstance(data, dict) else None
        if base is not None:
            rules[index] = base.data | data


def _merge(
    packs: Mapping[str, LocatedRule[Rule]], own: Sequence[Rule], key: str, document: YamlDocument[ConfigFile]
) -> tuple[LocatedRule[Rule], ...]:
    """Replace the rules of packs by those of config.yaml with the same ids, and append config.yaml's other rules."""
    merged = dict(packs)
    for index, rule in enumerate(own):
        base: tuple[Place, ...] = merged[rule.id].places if rule.id in merged else ()
        merged[rule.id] = LocatedRule(rule, ((document, (key, index)), *base))
    return tuple(merged.values())


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

    def reload_if_changed(self, *, rested: bool = False) -> bool:
        """Reload changed files, once they have rested for a second, or if the caller knows that they are complete.

        Returns True when the settings changed; raises ConfigError for invalid files.
        """
        stamp = self._get_stamp()
        age = time_ns() - max((time for _, time, *_ in stamp), default=0)
        rested = rested or abs(age) > _REST_NANOSECONDS  # the clock may have been set back
        has_changed = stamp != self._stamp and bool(stamp) and rested
        if self._load is None or not (self._reload_requested or has_changed):
            return False
        self._reload_requested, self._stamp, self.is_valid = False, stamp, False
        if stamp and stamp[0][2] == 0:
            raise ConfigError(f"{self.settings.config_file}: the file is empty")
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
            home = files[0].resolve().parent
            files += [*home.glob("sources/*.yaml"), *home.glob("topics/*.yaml")]
            for folder in map(Path, self._pack_dirs):
                files += [*folder.glob("pack.yaml"), *list_rules(folder / "sources"), *list_rules(folder / "topics")]
                files += list_rules(folder / "lists")
            for file in files:
                info = file.stat()
                stamp.append((str(file), info.st_mtime_ns, info.st_size, info.st_ino))
        except OSError:
            return []
        return stamp
