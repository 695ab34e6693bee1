"""The body of POST /dumps -> dump files, or what is wrong in which line. Pure; writing and counting is the caller's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..errors import PushError
from .composer import NewDump, content_number, is_http_url, new_dump

_DUMP = frozenset({"name", "body", "source"})
_ARTICLE = frozenset({"title", "link", "published", "html", "source"})
_SUFFIX = re.compile(r"\.(?:md|txt|html)$", re.IGNORECASE)
_SHOWN = 10


def parse_push_payload(body: bytes, content_type: str, now: datetime) -> tuple[NewDump, ...]:
    """Every dump in a request, in order: the body is one dump, or JSON with one object a line.

    An object is `{name, body}`, a dump as it is, or `{title, link, published, html, source}`, which becomes one.
    The same request gives the same names again, so that writing it twice writes it once; two different dumps never
    share a name, whatever names were sent. Raises PushError that names every line and field that is wrong.
    """
    if "multipart/" in content_type.lower():
        raise PushError("send the dump itself as the body, not a form: curl --data-binary @dump.md")
    if not body.strip():
        raise PushError("the body is empty; send one dump, or JSON with one object a line")
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) and "json" not in content_type.lower():
        return (NewDump(folder="", name=f"{content_number(body)}.md", data=body),)
    return _read_lines(body, now)


@dataclass(slots=True)
class _Mistake(Exception):
    field: str
    what: str


def _read_lines(body: bytes, now: datetime) -> tuple[NewDump, ...]:
    files, mistakes = [], []
    for line, text in _lines(body):
        try:
            files.append(_file(_object(text), now))
        except _Mistake as mistake:
            mistakes.append(f"line {line}: {mistake.field + ': ' if mistake.field else ''}{mistake.what}")
    if mistakes:
        more = [f"and {len(mistakes) - _SHOWN} more lines"] if len(mistakes) > _SHOWN else []
        raise PushError("\n".join([*mistakes[:_SHOWN], *more]))
    return tuple(files)


def _lines(body: bytes) -> list[tuple[int, str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise PushError(f"line {line}: byte {error.start} is not UTF-8; JSON has to be") from error
    # One object written over several lines is what `curl -d @object.json` sends.
    if text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return [(1, text)]
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise _Mistake("", f"not JSON: {error.msg} at character {error.pos + 1}") from error
    except (ValueError, RecursionError) as error:
        raise _Mistake("", "not JSON that can be read: a number too long, or nested too deep") from error
    if not isinstance(found, dict):
        raise _Mistake("", "an object is wanted: {name, body} or {title, link, published, html, source}")
    return found


def _file(found: dict[str, Any], now: datetime) -> NewDump:
    known = _DUMP if "body" in found or "name" in found else _ARTICLE
    for key in found:
        if key not in known:
            raise _Mistake(key[:40], f"unknown; known here: {', '.join(sorted(known))}")
    return _dump(found) if known is _DUMP else _article(found, now)


def _dump(found: dict[str, Any]) -> NewDump:
    name, body = _text(found, "name"), _text(found, "body")
    if not body.strip():
        raise _Mistake("body", "is empty")
    folder, _, stem = name.rpartition("/")
    folder = _folder("name", folder) or _folder("source", _text(found, "source", ""))
    stem = re.sub(r"[^\w.-]+", " ", _SUFFIX.sub("", stem)).strip(" .")
    stem = stem.encode()[:120].decode("utf-8", "ignore").strip()
    data = body.encode("utf-8", "replace")
    return NewDump(folder=folder, name=f"{content_number(name, data)}{'_' + stem if stem else ''}.md", data=data)


def _article(found: dict[str, Any], now: datetime) -> NewDump:
    link = _text(found, "link")
    if not is_http_url(link):
        raise _Mistake("link", f"{link[:200]!r} is no absolute http(s) URL")
    return new_dump(
        folder=_folder("source", _text(found, "source", "")),
        title=_text(found, "title"),
        link=link,
        html=_text(found, "html"),
        at=_instant(found.get("published"), now),
    )


def _text(found: dict[str, Any], key: str, default: str | None = None) -> str:
    value = found.get(key, default)
    if not isinstance(value, str):
        raise _Mistake(key, "is missing" if value is None else f"text is wanted, not {json.dumps(value)[:60]}")
    return value


def _folder(field: str, name: str) -> str:
    """A folder's name that stays below the dump root and is not hidden."""
    name = name.strip()
    if not name.isprintable() or name.startswith(".") or re.search(r"[/\\]", name) or len(name.encode()) > 120:
        raise _Mistake(field, f"{name[:100]!r} cannot be a folder's name; write one short name such as bbc")
    return name


def _instant(value: object, now: datetime) -> datetime:
    try:
        if value is None or value == "":
            return now
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise _Mistake("published", f"{str(value)[:60]!r} is no date; write 2026-01-31T08:00:00Z")
