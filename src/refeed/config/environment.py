"""What the environment says, and what is wrong with it. Of the files that it names it reads none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from .settings import check_base_url

NUMBERS = {"PORT": 8000, "WEB_CONCURRENCY": 1}
FOLDERS = ("REFEED_FEEDS", "REFEED_VAR")
STORES = ("sqlite", "postgres", "postgresql", "postgresql+psycopg")
LOGS = ("text", "json")

_PORT = re.compile(r"(?:[^:/]*(?::[^@]*)?@)?(?:\[[^\]]*\]|[^/:?]+)?(?::([^/?]*))?")
"""As SQLAlchemy takes a URL apart: a password holds anything but @."""


def number(environ: Mapping[str, str], name: str) -> int:
    """PORT or WEB_CONCURRENCY, or its default."""
    return int(environ.get(name) or NUMBERS[name])


def log_style(environ: Mapping[str, str]) -> str:
    """REFEED_LOG, in any case."""
    return (environ.get("REFEED_LOG") or LOGS[0]).lower()


def named_folders(environ: Mapping[str, str]) -> tuple[str, ...]:
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
    if log_style(environ) not in LOGS:
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
