"""Digest -> HTML: the fragment in feeds, the page for mail programs, and the pieces that EPUB shares. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from html import escape

from ..model import Digest, DigestPeriod, DigestStory, FeedInfo, Report
from ..page_languages import translate
from ..xml_chars import xml_safe
from .common import feed_title, first_nonblank, percent_encode_url

STYLE = (
    "body{max-width:42em;margin:1em auto;padding:0 1em;line-height:1.6}"
    "h1,h2{line-height:1.3}"
    "h2{margin-top:1.6em}"
    ".source{color:#5f5b54;font-size:.9em}"
)
"""For pages and EPUB, in no colour that a reader's own dark scheme needs to change but one."""
PAGE_STYLE = (
    f"{STYLE}body{{background:#fff;color:#222}}a{{color:#8f2415}}"
    "@media (prefers-color-scheme:dark){body{background:#171614;color:#e9e4da}a{color:#f0937c}}"
)


def period_title(period: DigestPeriod, language: str) -> str:
    """What digests of a period are called."""
    return translate("Daily digest", language) if period == "daily" else translate("Weekly digest", language)


def digest_date(digest: Digest) -> str:
    """The day, or the first and the last day of the week, as numbers: `2020-07-22`, `2020-07-20 – 2020-07-26`."""
    year, is_week, week = digest.name.partition("-W")
    if not is_week:
        return digest.name
    first = date.fromisocalendar(int(year), int(week), 1)
    return f"{first} – {first + timedelta(days=6)}"


def digest_title(info: FeedInfo, digest: Digest) -> str:
    """The name of the feed, and the day or the week."""
    return f"{feed_title(info)} · {digest_date(digest)}"


def digest_fragment(digest: Digest, language: str) -> str:
    """The stories with lead and links, then the others as lines, from second-level headings on."""
    return "".join([*(_story_fragment(story, language) for story in digest.stories), lines_fragment(digest, language)])


def render_digest_page(info: FeedInfo, digest: Digest, language: str) -> bytes:
    """A page of its own without scripts and foreign files, which a mail program can show."""
    title = escape(xml_safe(digest_title(info, digest)))
    page = (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>{PAGE_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        f"{digest_fragment(digest, language)}\n</main>\n</body>\n</html>\n"
    )
    return page.encode()


def story_title(story: DigestStory) -> str:
    """The title of the first report, or its link."""
    return report_title(story.reports[0])


def report_title(report: Report) -> str:
    """The title, or the link of a report without one."""
    return first_nonblank(report.title, report.link)


def lines_heading(digest: Digest, language: str) -> str:
    """The heading above the lines."""
    return translate("More reports", language) if digest.stories else translate("Reports", language)


def lines_fragment(digest: Digest, language: str) -> str:
    """The stories that are only lines, with a heading; empty when there are none."""
    if not digest.others:
        return ""
    lines = reports_fragment(digest.others) + more_fragment(digest.more, language)
    return f"\n<h2>{escape(lines_heading(digest, language))}</h2>\n{lines}"


def more_fragment(count: int, language: str) -> str:
    """How many more there are than are listed; empty if there are none."""
    return f"\n<p>{escape(translate('and %(count)s more', language) % {'count': count})}</p>" if count else ""


def reports_fragment(reports: Iterable[Report]) -> str:
    """A list of links to reports, each with its source."""
    items = (f"<li>{_link(report, report_title(report))} — {_text(report.source_title)}</li>" for report in reports)
    return f"<ul>\n{chr(10).join(items)}\n</ul>"


def _story_fragment(story: DigestStory, language: str) -> str:
    first = story.reports[0]
    lead = f"\n<p>{_text(first.lead)}</p>" if first.lead.strip() else ""
    is_single = len(story.reports) == 1
    links = f"<p>{_link(first, first.source_title)}</p>" if is_single else reports_fragment(story.reports)
    links += more_fragment(story.more, language)
    return f"\n<h2>{_link(first, story_title(story))}</h2>{lead}\n{links}"


def _link(report: Report, text: str) -> str:
    return f'<a href="{escape(percent_encode_url(report.link))}">{_text(text)}</a>'


def _text(text: str) -> str:
    return escape(xml_safe(text), quote=False)
