"""JSON Feed 1.0 or 1.1 as text -> items. Pure."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from ..dumpfile import is_link
from ..errors import FetchError
from .items import MOST, Item, Reading, absolute, instant
from .items_media import File, with_media


def read_json(text: str, url: str) -> Reading:
    """Items of a JSON Feed. One that is broken costs itself and a doubt. Raises FetchError where nothing is a feed."""
    try:
        feed = json.loads(text)
    except ValueError as error:
        raise FetchError(f"the answer is not JSON: {error}"[:300]) from error
    except RecursionError as error:
        raise FetchError("the answer is JSON nested too deep to be a feed") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise FetchError("the answer is JSON, but no JSON Feed: it has no list of items")
    items, doubts = [], []
    for place, raw in enumerate(feed["items"][:MOST]):
        item = _item(raw, url) if isinstance(raw, dict) else None
        if item:
            items.append(item)
        else:
            doubts.append(f"items[{place}] has no link")
    if len(feed["items"]) > MOST:
        doubts.append(f"it has more than {MOST:,} items; the rest was left out")
    return Reading(items=tuple(items), doubts=tuple(doubts))


def _item(raw: dict[str, Any], url: str) -> Item | None:
    links = [absolute(url, _text(raw, key)) for key in ("url", "external_url")]
    link = next((link for link in [*links, _text(raw, "id")] if is_link(link)), "")
    if not link:
        return None
    plain = html.escape(_text(raw, "content_text") or _text(raw, "summary"), quote=False).replace("\n", "<br>")
    return Item(
        guid=_text(raw, "id") or link,
        title=_text(raw, "title"),
        link=link,
        html=with_media(_text(raw, "content_html") or plain, _files(raw, url)),
        published=instant(_text(raw, "date_published")),
        updated=instant(_text(raw, "date_modified")),
    )


def _files(raw: dict[str, Any], url: str) -> Iterator[File]:
    attached = raw.get("attachments")
    for one in attached if isinstance(attached, list) else []:
        if isinstance(one, dict):
            yield File(absolute(url, _text(one, "url")), _text(one, "mime_type"))
    for key in ("image", "banner_image"):
        yield File(absolute(url, _text(raw, key)), "image")


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    # Version 1.0 lets an id be a number, and asks readers to take it as text.
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
