"""Digest -> EPUB 3, the same bytes on every machine. Pure.

The archive is not compressed, because each version of zlib compresses differently; HTTP compresses the whole file.
EbookLib was not taken: its licence is the AGPL, and it writes the current time and random ids.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from ..clock import format_rfc3339
from ..model import Digest, DigestPeriod, DigestStory, FeedInfo, Site
from ..page_languages import translate
from ..xml_chars import xml_safe
from .common import GENERATOR, feed_title, first_nonblank
from .digest_html import (
    STYLE,
    digest_date,
    digest_title,
    lines_fragment,
    lines_heading,
    more_fragment,
    period_title,
    reports_fragment,
    story_title,
)
from .opds import EPUB_TYPE
from .xhtml import to_xhtml

_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
_PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
lang="{language}" xml:lang="{language}">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>
<body>
{body}
</body>
</html>
"""
_PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{language}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{id}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>{language}</dc:language>
<dc:creator>{author}</dc:creator>
<dc:date>{published}</dc:date>
<meta property="dcterms:modified">{modified}</meta>
<meta name="cover" content="cover-image"/>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="style" href="style.css" media-type="text/css"/>
<item id="cover-image" href="cover.svg" media-type="image/svg+xml" properties="cover-image"/>
<item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/>
{items}
</manifest>
<spine toc="ncx">
<itemref idref="cover"/>
<itemref idref="nav"/>
{spine}
</spine>
</package>
"""
_NCX = """<?xml version="1.0" encoding="UTF-8"?>
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1" xml:lang="{language}">
<head><meta name="dtb:uid" content="{id}"/><meta name="dtb:depth" content="1"/></head>
<docTitle><text>{title}</text></docTitle>
<navMap>
{points}
</navMap>
</ncx>
"""
_COVER = """<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 800" width="600" height="800">
<title>{title}</title>
<rect width="600" height="800" fill="#faf8f4"/>
<rect width="600" height="14" fill="#9c2d1b"/>
<g font-family="sans-serif" fill="#22211f">
{lines}
</g>
</svg>
"""
_COVER_WIDTH = 22
"""Columns of a line on the cover; a Chinese character takes two."""
_COVER_LINES = 5
_FIRST_YEAR = 1980
"""The first year that a zip archive can name."""


def render_epub(site: Site, info: FeedInfo, digest: Digest, id: str) -> bytes:
    """The book: a cover, a table of contents, and a chapter for each story, with its fullest text. `id` is its URN."""
    language = xml_safe(site.language)
    title, text = digest_title(info, digest), escape(xml_safe(digest_title(info, digest)))
    chapters = [(story_title(story), _story_chapter(story, language)) for story in digest.stories]
    if digest.others:
        heading = lines_heading(digest, language)
        lines = lines_fragment(digest, language).replace("<h2>", "<h1>", 1).replace("</h2>", "</h1>", 1)
        chapters.append((heading, to_xhtml(lines)))
    names = [f"chapter-{number:03d}.xhtml" for number in range(1, len(chapters) + 1)]
    contents = [(name, escape(chapter, quote=False)) for name, (chapter, _) in zip(names, chapters, strict=True)]
    modified = digest.corrected or digest.closed
    values = {
        "language": escape(language),
        "title": text,
        "id": escape(id),
        "author": escape(first_nonblank(site.author, GENERATOR)),
        "published": format_rfc3339(digest.closed),
        "modified": format_rfc3339(max(modified, digest.closed)),
    }
    toc = "\n".join(f'<li><a href="{name}">{chapter}</a></li>' for name, chapter in contents)
    heading = escape(translate("Contents", language))
    files = {
        "META-INF/container.xml": _CONTAINER,
        "package.opf": _PACKAGE.format(
            items="\n".join(
                f'<item id="{name[:-6]}" href="{name}" media-type="application/xhtml+xml"/>' for name in names
            ),
            spine="\n".join(f'<itemref idref="{name[:-6]}"/>' for name in names),
            **values,
        ),
        "nav.xhtml": _page(
            language, title, f'<nav epub:type="toc" id="toc"><h1>{heading}</h1>\n<ol>\n{toc}\n</ol></nav>'
        ),
        "toc.ncx": _NCX.format(
            points="\n".join(
                f'<navPoint id="point-{number}" playOrder="{number}"><navLabel><text>{chapter}</text></navLabel>'
                f'<content src="{name}"/></navPoint>'
                for number, (name, chapter) in enumerate(contents, 1)
            ),
            **values,
        ),
        "style.css": f"{STYLE}\n",
        "cover.svg": _cover(site, info, digest, language),
        "cover.xhtml": _page(
            language, title, f'<section epub:type="cover"><img src="cover.svg" alt="{text}"/></section>'
        ),
    }
    files |= {name: _page(language, chapter, body) for name, (chapter, body) in zip(names, chapters, strict=True)}
    return _zip(files, digest.closed)


def _page(language: str, title: str, body: str) -> str:
    return _PAGE.format(language=escape(language), title=escape(xml_safe(title), quote=False), body=body)


def _story_chapter(story: DigestStory, language: str) -> str:
    """The fullest text, and below it the other reports with their leads. Images are left out: a book has no network."""
    fullest = next(report for report in story.reports if report.id == story.fullest)
    title = escape(story_title(story), quote=False)
    body = to_xhtml(story.html) if story.html else f"<p>{escape(xml_safe(fullest.lead), quote=False)}</p>"
    attributes = f' lang="{escape(fullest.language)}" xml:lang="{escape(fullest.language)}"' if fullest.language else ""
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="source">{escape(xml_safe(fullest.source_title), quote=False)} · '
        f"{format_rfc3339(fullest.published)}</p>",
        f"<div{attributes}>{body}</div>",
    ]
    others = [report for report in story.reports if report is not fullest]
    if others:
        heading = translate("Other reports", language)
        parts.append(f"<h2>{escape(heading)}</h2>")
        parts += [
            to_xhtml(f"{reports_fragment([report])}<p>{escape(xml_safe(report.lead), quote=False)}</p>")
            for report in others
        ]
    parts.append(to_xhtml(more_fragment(story.more, language) + reports_fragment([fullest])))
    return "\n".join(parts)


def _cover(site: Site, info: FeedInfo, digest: Digest, language: str) -> str:
    rows = [(300 + 60 * number, 46, line) for number, line in enumerate(_break_lines(feed_title(info)))]
    period: DigestPeriod = "weekly" if info.path.part == "weekly" else "daily"
    rows += [(80, 26, first_nonblank(site.title)), (180, 30, period_title(period, language))]
    rows.append((700, 34, digest_date(digest)))
    lines = (
        f'<text x="48" y="{y}" font-size="{size}">{escape(xml_safe(line), quote=False)}</text>'
        for y, size, line in sorted(rows)
    )
    return _COVER.format(title=escape(xml_safe(digest_title(info, digest)), quote=False), lines="\n".join(lines))


def _break_lines(text: str) -> list[str]:
    """A title in lines that fit on the cover."""
    lines, width = [""], 0
    for character in text:
        columns = 2 if character >= "\u1100" else 1
        if width + columns > _COVER_WIDTH:
            lines.append("")
            width = 0
        lines[-1] += character
        width += columns
    return [line.strip() for line in lines[:_COVER_LINES]]


def _zip(files: dict[str, str], time: datetime) -> bytes:
    buffer, date = BytesIO(), (max(time.year, _FIRST_YEAR), time.month, time.day, 0, 0, 0)
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name, text in {"mimetype": EPUB_TYPE, **files}.items():
            info = ZipInfo(name, date)
            info.create_system = 3  # the same on Windows
            info.external_attr = 0o644 << 16
            archive.writestr(info, text.encode())
    return buffer.getvalue()
