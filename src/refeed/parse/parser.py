"""Dump -> RawEntry: decodes the bytes and parses the header. The body is not judged. Pure."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta

from ..config.settings import DEFAULT_LIMITS, Limits
from ..dumps.origin import parse_origin
from ..model import Dump, RawEntry
from ..written_dates import OLDEST_USUAL
from .encoding import decode_dump
from .front_matter import parse_front_matter
from .header import line_number, parse_header, skip_blanks
from .header_fields import WrittenDate, clean_line, clean_title, fallback_title, truncate, validate_link

_MAX_FUTURE = timedelta(days=1)

# A header within a body. Only one quantifier can backtrack, and only within its line, so the time is linear.
_INNER_HEADER = re.compile(
    r"^\[(?P<link>.*)\)[ \t]*\n\s*(?P<comment><!--[^<>]{0,200}-->\s*)?-{3,}[ \t]*$(?P<date>\s*日期[ \t]*[:：][^\n]*)?",
    re.MULTILINE,
)
_COMMENT_ABOVE = re.compile(r"<!--[^<>]{0,200}-->\s*\Z")
_MAX_COMMENT_ABOVE = 300
# In a file with more articles, the rest is left in the text unchanged.
_MAX_ARTICLES = 10_000

_TAG = re.compile(r"<[A-Za-z/!?]")
_BLANK_LINE = re.compile(r"\n[ \t\u3000]*\n\s*")


def parse_dump(dump: Dump, limits: Limits = DEFAULT_LIMITS) -> RawEntry:
    """Parse a dump. Reads no clock: the same dump always gives the same entry.

    `issues` lists problems that a person may want to check. For any bytes, QuarantineError is the only exception; its
    message names the byte, line or field that is wrong, and what to do.
    """
    text, issues = decode_dump(dump.data)
    origin, start = parse_origin(text)
    front, start = parse_front_matter(text, skip_blanks(text, start))
    header = parse_header(text, start, after_front_matter=front is not None)
    if front and not header.layout:
        link = validate_link(front.link, "front matter, from", limits.link)
    else:
        link = validate_link(header.link, f"line {header.link_line}", limits.link)
    # The dates of the header in its order, then the date of the front matter.
    dates = header.dates
    if front and front.date:
        dates += (WrittenDate.parse(front.date),)
    dump_time, has_date, date_issues = _choose_date(dates, dump.first_seen)
    body, article_issues = _merge_articles(text, header.body_start, header.body)
    body = _wrap_paragraphs(body)
    issues += date_issues + header.issues + article_issues
    if not body:
        issues += ("the body is empty",)
    title, title_issues = clean_title(header.title.strip() or (front.title if front else ""), limits.title)
    layout = [*(["front matter"] if front else []), *([header.layout] if header.layout else [])]
    return RawEntry(
        title=title or fallback_title(body, link),
        link=link,
        dump_time=dump_time,
        html=body,
        folder=dump.folder,
        origin=origin,
        authors=tuple(map(clean_line, origin.authors)) or (front.authors if front else ()),
        tags=tuple(map(clean_line, origin.tags)) or (front.tags if front else ()),
        issues=issues + title_issues,
        layout=" + ".join(layout),
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


def _merge_articles(text: str, body_start: int, body: str) -> tuple[str, tuple[str, ...]]:
    """Merge a file with several articles into one body, and return an issue that names the second article's line.

    The first article becomes the entry. Each other article becomes a section below it, with its title as a heading that
    links to its page, and the issue asks the operator to split the file. A link above a line of dashes is a header only
    when there is also a date.
    """
    if "](" not in body or "---" not in body:
        return body, ()
    parts: list[str] = []
    end, second_line, count = 0, 0, 1
    for match in _INNER_HEADER.finditer(body):
        title, opening, link = match["link"].rpartition("](")
        link = link.strip()
        above_start = max(end, match.start() - _MAX_COMMENT_ABOVE)
        above = None
        if body[above_start : match.start()].rstrip().endswith("-->"):
            above = _COMMENT_ABOVE.search(body, above_start, match.start())
        has_date = above or match["comment"] or match["date"]
        if not (opening and has_date and link.lower().startswith("http")):
            continue
        if count == _MAX_ARTICLES:
            break
        heading = html.escape(clean_line(title) or link)
        parts.append(body[end : above.start() if above else match.start()].strip())
        parts.append(f'<h2><a href="{html.escape(link)}">{heading}</a></h2>')
        second_line = second_line or line_number(text, body_start + match.start())
        end, count = match.end(), count + 1
    if count == 1:
        return body, ()
    parts.append(body[end:].strip())
    issue = f"{count} articles in one file, the second in line {second_line}; they are published as one: split the file"
    return "\n".join(part for part in parts if part), (issue,)


def _wrap_paragraphs(body: str) -> str:
    """Wrap each block of a plain text with blank lines in `<p>`; return any other body unchanged.

    As HTML, the paragraphs of posts and text files would otherwise run together into one.
    """
    if "\n" not in body or _TAG.search(body):
        return body
    blocks = _BLANK_LINE.split(body)
    return "\n".join(f"<p>{block}</p>" for block in blocks) if len(blocks) > 1 else body
