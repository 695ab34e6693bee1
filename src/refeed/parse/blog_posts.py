"""A blog's post with front matter -> its link, and its body with the addresses that the blog would make."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import urljoin

from ..config.source_rules import PERMALINK_FIELD
from ..errors import QuarantineError
from .front_matter import FrontMatter

_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
# Where an address begins: Ghost exports the first, and Jekyll fills in the others.
_SITE = re.compile(
    r"(?:__GHOST_URL__|(?<=[(\"'<=}])\{\{-?[ \t]*site\.(?:base)?url[ \t]*-?\}\})+(?=/)"
    r"|(?<=[(\"'<=])\{\{-?[ \t]*[\"'](?P<path>/[^\"'{}\n]*)[\"'][ \t]*\|[ \t]*(?:relative|absolute)_url[ \t]*-?\}\}"
)


def add_permalink(front: FrontMatter, path: str, template: str) -> FrontMatter:
    """Return the front matter of a blog's post with the link that the blog gives it, and with the date of its file.

    Jekyll, Hugo and Hexo make links from the date and the file's name: `2026-11-28-name.md`, or `name/index.md`. Raises
    QuarantineError for a draft, and when the template needs a date that the post does not have.
    """
    if front.is_draft:
        raise QuarantineError("front matter: a draft; it is read when `draft` or `published` no longer says so")
    file = PurePosixPath(path)
    name = file.parent.name if file.stem in ("index", "_index") else file.stem
    day = _DAY.match(name)
    written = _DAY.match(front.date) or day
    address = urljoin(template, front.link) if front.link.startswith("/") else template
    fields = dict(zip(("year", "month", "day"), written.groups() if written else (), strict=False))
    fields["slug"] = front.slug or (name[day.end() :].lstrip("-_ ") if day else "") or name
    if missing := [field for field in PERMALINK_FIELD.findall(address) if field not in fields]:
        raise QuarantineError(
            f"front matter: no date for {{{missing[0]}}} in the source's `permalink`; add `date: 2026-11-28`, or begin "
            "the file's name with it"
        )
    return replace(
        front,
        link=PERMALINK_FIELD.sub(lambda match: fields[match[1]], address),
        date=front.date if _DAY.match(front.date) or not day else day[0],
    )


def resolve_site_addresses(text: str, link: str) -> str:
    """Return the text with the address of the link's site in place of what the blog's program would replace by it."""
    site = urljoin(link, "/").rstrip("/")
    return _SITE.sub(lambda match: site + (match["path"] or ""), text)


def add_lead_image(body: str, image: str, link: str) -> str:
    """Return HTML that begins with the picture of the front matter, unless it has that already."""
    address = urljoin(link, resolve_site_addresses(image, link))
    if not address.startswith(("http://", "https://")) or PurePosixPath(image).name in body:
        return body
    return f'<figure><img src="{html.escape(address)}"></figure>\n{body}'
