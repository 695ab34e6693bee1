"""Dump -> RawEntry: decodes the bytes and parses the header. The body is not judged. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ..config.settings import DEFAULT_LIMITS, Limits
from ..dumps.origin import split_origin
from ..errors import QuarantineError
from ..model import Dump, RawEntry
from ..written_dates import OLDEST_USUAL
from .body import add_lead_image, body_to_html, merge_articles, resolve_site_addresses
from .encoding import decode_dump
from .feed_item import Article, is_feed, parse_feed_item
from .front_matter import add_permalink, parse_front_matter
from .header import parse_header, refuse_link_list, skip_blanks
from .header_fields import WrittenDate, clean_line, clean_title, fallback_title, truncate, validate_link
from .mail import is_mail, parse_mail
from .saved_page import NO_HEAD, begins_as_page, is_saved_page, parse_page_head

_MAX_FUTURE = timedelta(days=1)
_LINK_IN_FRONT_MATTER = (
    "add `link: https://…`, or for the posts of a blog `permalink` to their source (docs/dumps.md) and run "
    "`refeed ingest --retry`"
)


def parse_dump(dump: Dump, limits: Limits = DEFAULT_LIMITS, permalinks: Mapping[str, str] | None = None) -> RawEntry:
    """Parse a dump. Reads no clock: the same dump always gives the same entry.

    `permalinks` are templates of links, by folder, for front matter that has none.

    `issues` lists problems that a person may want to check. For any bytes, QuarantineError is the only exception; its
    message names the byte, line or field that is wrong, and what to do.
    """
    origin, data = split_origin(dump.data)
    if is_mail(data) or is_feed(data):
        article = parse_mail(data) if is_mail(data) else parse_feed_item(data)
        own = replace(article.origin, source=origin.source, sources=origin.sources)
        return _to_entry(replace(article, origin=own), dump, limits)
    text, issues = decode_dump(data)
    refuse_link_list(text, start := skip_blanks(text, 0))
    front, start = parse_front_matter(text, start)
    header = parse_header(text, start, is_optional=front is not None or begins_as_page(text, start))
    head = parse_page_head(header.body) if is_saved_page(header.body) else NO_HEAD
    is_post = False
    if front and not header.layout and "://" not in front.link and permalinks and dump.folder in permalinks:
        is_post = True
        front = add_permalink(front, dump.path, permalinks[dump.folder])
    if header.layout:
        link = validate_link(header.link, f"line {header.link_line}", limits.link)
    elif front and (front.link or not head.is_page):
        link = validate_link(front.link, "front matter", limits.link, _LINK_IN_FRONT_MATTER)
    else:
        link = validate_link(head.link, "the page's canonical link, og:url or comment of its saving", limits.link)
    # The dates of the header in its order, then the date of the front matter, then that of the page.
    dates = header.dates
    front_date = WrittenDate.parse(front.date) if front and front.date else None
    if front_date:
        dates += (front_date,)
    if head.date:
        dates += (WrittenDate.parse(head.date),)
    dump_time, has_date, date_issues = _choose_date(dates, dump.first_seen)
    body = header.body
    issues += date_issues + header.issues
    if not head.is_page:
        body, article_issues = merge_articles(text, header.body_start, body)
        body, body_issues = body_to_html(resolve_site_addresses(body, link) if is_post else body)
        if is_post and front:
            body = add_lead_image(body, front.image, link)
        issues += article_issues + body_issues
    if not body:
        issues += ("the body is empty",)
    title, title_issues = clean_title(
        header.title.strip() or (front.title if front else "") or head.title, limits.title
    )
    layout = [*(["front matter"] if front else []), *([header.layout] if header.layout else [])] or ["page"]
    return RawEntry(
        title=title or fallback_title(body, link),
        link=link,
        dump_time=dump_time,
        html=body,
        folder=dump.folder,
        origin=origin if origin.language else replace(origin, language=head.language),
        authors=tuple(map(clean_line, origin.authors)) or (front.authors if front else ()) or head.authors,
        tags=tuple(map(clean_line, origin.tags)) or (front.tags if front else ()),
        issues=issues + title_issues,
        layout=" + ".join(layout),
        written_date=front_date.at if front_date and header.dates else None,
        has_date=has_date,
        is_page=head.is_page,
    )


def peek_dump_time(head: bytes) -> datetime | None:
    """The date in the first bytes of a dump, of which the last line may be cut; None when no date is there."""
    try:
        text, _ = decode_dump(split_origin(head[: head.rfind(b"\n") + 1])[1])
        front, start = parse_front_matter(text, skip_blanks(text, 0))
        dates = parse_header(text, start, is_optional=True).dates
    except QuarantineError:
        return None
    if front and front.date:
        dates += (WrittenDate.parse(front.date),)
    return next((date.at for date in dates if date.at), None)


def _to_entry(article: Article, dump: Dump, limits: Limits) -> RawEntry:
    """Make the entry of an article that was not written as a dump."""
    dates = (WrittenDate.parse(article.date),) if article.date else ()
    dump_time, has_date, date_issues = _choose_date(dates, dump.first_seen)
    body, body_issues = body_to_html(article.body.strip())
    title, title_issues = clean_title(article.title, limits.title)
    link = validate_link(article.link, article.layout, limits.link)
    return RawEntry(
        title=title or fallback_title(body, link),
        link=link,
        dump_time=dump_time,
        html=body,
        folder=article.folder or dump.folder,
        origin=article.origin,
        authors=tuple(map(clean_line, article.origin.authors)),
        tags=tuple(map(clean_line, article.origin.tags)),
        issues=article.issues + date_issues + body_issues + title_issues,
        layout=article.layout,
        has_date=has_date,
    )


def _choose_date(dates: tuple[WrittenDate, ...], first_seen: datetime) -> tuple[datetime, bool, tuple[str, ...]]:
    """Return the first valid date and True; else `first_seen` and False, and an issue that gives the reason."""
    date = next((date for date in dates if date.at), dates[0] if dates else None)
    if date is None:
        issue = "no date"
    elif date.at is None:
        issue = f"the date {truncate(date.text, 40)!r} makes no sense"
    elif date.at > first_seen + _MAX_FUTURE:
        issue = f"the date is in the future ({date.at:%Y-%m-%d})"
    else:
        is_usual = date.at >= OLDEST_USUAL
        issues = () if is_usual else (f"the date {date.at.date()} is before {OLDEST_USUAL.year}",)
        return date.at, True, issues
    return (
        first_seen.replace(microsecond=0),
        False,
        (f"{issue}; the time when the dump was first seen is used instead",),
    )
