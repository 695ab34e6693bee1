"""The body of POST /dumps -> new dumps, or an error for each wrong line. Pure: the caller writes and counts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..errors import PushError
from ..model import Origin
from .origin import compose_origin, drop_origin, limited_origin, read_origin
from .scanner import ignore_reason
from .writer import NewDump, content_number, is_http_url, new_dump

_ORIGIN_KEYS = frozenset({"guid", "authors", "tags", "language"})
_DUMP_KEYS = _ORIGIN_KEYS | {"name", "body", "source"}
_ARTICLE_KEYS = _ORIGIN_KEYS | {"title", "link", "published", "html", "source"}
_SUFFIX = re.compile(r"\.(?:md|txt|html)$", re.IGNORECASE)
_MAX_NAME = 120
"""In bytes: the longest name of a folder, and the length to which a dump's name is cut."""
_MAX_ERRORS = 10
"""After this many wrong lines, the rest of a request is not read."""


def parse_push_payload(
    body: bytes, content_type: str, now: datetime, sources: tuple[str, ...] = ()
) -> tuple[NewDump, ...]:
    """Return the dumps in a request, in order. The body is one dump, or JSON with one object on each line.

    An object is either a dump, `{name, body}`, or an article, `{title, link, published, html, source}`, from which a
    dump is made. Both may have `guid`, `authors`, `tags` and `language`. The file names are made from the content: the
    same request always gives the same names, so a repeated request writes nothing new, and different dumps never have
    the same name. `sources` are those that the sender may write to; empty means all. Raises PushError, which lists the
    first wrong lines and their fields.
    """
    if "multipart/" in content_type.lower():
        raise PushError("send the dump itself as the body, not a form: curl --data-binary @dump.md")
    if not body.strip():
        raise PushError("the body is empty; send one dump, or JSON with one object a line")
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) and "json" not in content_type.lower():
        data = drop_origin(body)
        if sources:
            data = compose_origin(limited_origin(sources)) + data
        return (NewDump(folder=sources[0] if sources else "", name=f"{content_number(data)}.md", data=data),)
    dumps, errors = [], []
    for line, text in _split_lines(body):
        try:
            dumps.append(_to_dump(_parse_object(text), now, sources))
        except _FieldError as error:
            errors.append(f"line {line}: {error.field + ': ' if error.field else ''}{error.message}")
        if len(errors) == _MAX_ERRORS:
            errors.append("the lines below were not read")
            break
    if errors:
        raise PushError("\n".join(errors))
    return tuple(dumps)


@dataclass(slots=True)
class _FieldError(Exception):
    """An error in one field of an object, or in the whole object when `field` is empty."""

    field: str
    message: str


def _split_lines(body: bytes) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise PushError(f"line {line}: byte {error.start} is not UTF-8; JSON must be UTF-8") from error
    # `curl -d @object.json` may send one object that has several lines.
    if text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            yield 1, text
            return
    yield from ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _parse_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise _FieldError("", f"not JSON: {error.msg} at character {error.pos + 1}") from error
    except (ValueError, RecursionError) as error:
        raise _FieldError("", "not JSON that can be read: a number too long, or nested too deep") from error
    if not isinstance(value, dict):
        raise _FieldError("", "must be an object: {name, body} or {title, link, published, html, source}")
    return value


def _to_dump(fields: dict[str, object], now: datetime, sources: tuple[str, ...]) -> NewDump:
    is_dump = "body" in fields or "name" in fields
    allowed = _DUMP_KEYS if is_dump else _ARTICLE_KEYS
    for key in fields:
        if key not in allowed:
            raise _FieldError(key[:40], f"unknown; known here: {', '.join(sorted(allowed))}")
    if is_dump:
        return _dump_as_sent(fields, sources)
    link = _get_text(fields, "link")
    if not is_http_url(link):
        raise _FieldError("link", f"must be an absolute http(s) URL, got {link[:200]!r}")
    folder = _own_source("source", _get_text(fields, "source", ""), sources)
    return new_dump(
        folder=folder,
        title=_get_text(fields, "title"),
        link=link,
        html=_get_text(fields, "html"),
        at=_parse_published(fields.get("published"), now),
        origin=_get_origin(fields, folder, sources),
    )


def _dump_as_sent(fields: dict[str, object], sources: tuple[str, ...]) -> NewDump:
    name, body = _get_text(fields, "name"), _get_text(fields, "body")
    if not body.strip():
        raise _FieldError("body", "is empty")
    folder, _, stem = name.rpartition("/")
    field = "name" if folder else "source"
    folder = _own_source(field, folder or _get_text(fields, "source", ""), sources)
    stem = re.sub(r"[^\w.-]+", " ", _SUFFIX.sub("", stem)).strip(" .")
    stem = stem.encode()[:_MAX_NAME].decode("utf-8", "ignore").strip()
    data = compose_origin(_get_origin(fields, folder, sources)) + drop_origin(body.encode("utf-8", "replace"))
    return NewDump(folder=folder, name=f"{content_number(name, data)}{'_' + stem if stem else ''}.md", data=data)


def _get_origin(fields: dict[str, object], folder: str, sources: tuple[str, ...]) -> Origin:
    origin = read_origin({key: fields[key] for key in _ORIGIN_KEYS & fields.keys()}, _FieldError)
    limited = limited_origin(sources, folder) if sources else origin
    return replace(origin, source=limited.source, sources=limited.sources)


def _get_text(fields: dict[str, object], key: str, default: str | None = None) -> str:
    value = fields.get(key, default)
    if not isinstance(value, str):
        raise _FieldError(key, "is missing" if value is None else f"must be text, got {json.dumps(value)[:60]}")
    return value


def _own_source(field: str, name: str, sources: tuple[str, ...]) -> str:
    """The folder of a dump: its source if it has one, or else the first that the sender may write to."""
    folder = _check_folder(field, name) or next(iter(sources), "")
    if sources and folder not in sources:
        raise _FieldError(field, f"this token may write to {', '.join(sources)}, got {folder!r}")
    return folder


def _check_folder(field: str, name: str) -> str:
    """Return the name of a folder that is directly below the dump root and not ignored there. Raises _FieldError."""
    name = name.strip()
    has_separator = "/" in name or "\\" in name
    is_ignored = bool(name) and ignore_reason(name, folder=True) is not None
    if not name.isprintable() or is_ignored or has_separator or len(name.encode()) > _MAX_NAME:
        raise _FieldError(field, f"must be one short folder name such as bbc, got {name[:100]!r}")
    return name


def _parse_published(value: object, now: datetime) -> datetime:
    try:
        if value is None or value == "":
            return now
        if isinstance(value, str):
            published = datetime.fromisoformat(value.strip())
            return published.astimezone(UTC) if published.tzinfo else published.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise _FieldError("published", f"must be a date such as 2026-01-31T08:00:00Z, got {str(value)[:60]!r}")
