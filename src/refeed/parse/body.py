"""The body of a dump -> HTML: several articles in one file, Markdown and plain text. No body says which it is. Pure.

Markdown is what clippers and note programs write (Obsidian, MarkDownload, Jina Reader, Readwise).
"""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from .header import line_number
from .header_fields import clean_line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

# A header within a body. Only one quantifier can backtrack, and only within its line, so the time is linear.
_INNER_HEADER = re.compile(
    r"^\[(?P<link>.*)\)[ \t]*\n\s*(?P<comment><!--[^<>]{0,200}-->\s*)?-{3,}[ \t]*$(?P<date>\s*日期[ \t]*[:：][^\n]*)?",
    re.MULTILINE,
)
_COMMENT_ABOVE = re.compile(r"<!--[^<>]{0,200}-->\s*\Z")
_MAX_COMMENT_ABOVE = 300
# In a file with more articles, the rest is left in the text unchanged.
_MAX_ARTICLES = 10_000

_FENCE = re.compile(r"^ {0,3}(```++|~~~++)[^\n]*+\n.*?(?:^ {0,3}\1|\Z)", re.DOTALL | re.MULTILINE)
# Markup that Markdown contains only now and then. Inline markup and embeds are usual in it.
_HTML = re.compile(
    r"</?(?:address|article|b|blockquote|body|br|div|dl|em|figure|font|h[1-6]|hr|html|i|li|ol|p|section|span|strong|table|td|tr|ul)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[A-Za-z/!?]")
_CERTAIN_MARKS = ("# ", "#\t", "]:", "---")
"""One of them is in each line that _CERTAIN_LINE matches."""
_CERTAIN_LINE = re.compile(
    r"^ {0,3}(?:#{1,6}[ \t]+\S"  # a heading
    r"|\[[^\]\n]{1,100}\]:[ \t]*https?:"  # the address of a link
    r"|\|?[ \t]*:?-{3,}:?[ \t]*\|)",  # the line below the header of a table
    re.MULTILINE,
)
_LINK = re.compile(r"\[[^\[\]\n]{0,500}\]\((?:https?:|/|\.)[^\s)]{0,2000}")
_STRONG = re.compile(r"\*\*[^\s*][^*\n]{0,500}\*\*")
# Begins with a fixed character, which is searched five times as fast as `^`.
_POSSIBLE = re.compile(r"\n {0,3}(?:[-*+][ \t]+\S|[0-9]{1,3}[.)][ \t]+\S|>[ \t]?\S)")
_COSTLY = re.compile(r"[\n\[*_~|<&`]")
# Each takes up to 30 us: 1.5 s in all.
_MAX_COSTLY = 50_000
_BLANK_LINE = re.compile(r"\n[ \t\u3000]*\n\s*")
_WIKI_LINK = re.compile(r"(?<!!)\[\[([^\[\]|\n]{1,200})(?:\|([^\[\]\n]{1,200}))?\]\]")

# Where an address begins: Ghost exports the first, and Jekyll fills in the others.
_SITE = re.compile(
    r"(?:__GHOST_URL__|(?<=[(\"'<=}])\{\{-?[ \t]*site\.(?:base)?url[ \t]*-?\}\})+(?=/)"
    r"|(?<=[(\"'<=])\{\{-?[ \t]*[\"'](?P<path>/[^\"'{}\n]*)[\"'][ \t]*\|[ \t]*(?:relative|absolute)_url[ \t]*-?\}\}"
)


def merge_articles(text: str, body_start: int, body: str) -> tuple[str, tuple[str, ...]]:
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


def body_to_html(body: str) -> tuple[str, tuple[str, ...]]:
    """Return the body as HTML, and issues. HTML is not changed; each block of a plain text becomes a paragraph."""
    if is_markdown(body):
        if sum(1 for _ in _COSTLY.finditer(body)) <= _MAX_COSTLY:
            text = _WIKI_LINK.sub(lambda match: match[2] or match[1], body)
            return _make_parser().render(text).rstrip(), ()
        return _wrap_paragraphs(body), ("the body has too much Markdown, and is published as plain text",)
    return _wrap_paragraphs(body), ()


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


def is_markdown(body: str) -> bool:
    """True when a body reads as Markdown: it has more of Markdown's marks than tags of HTML."""
    code = len(_FENCE.findall(body)) if "```" in body or "~~~" in body else 0
    text = _FENCE.sub("", body) if code else body
    # Looking for the marks first takes a tenth of the time.
    certain = code + (len(_CERTAIN_LINE.findall(text)) if any(mark in text for mark in _CERTAIN_MARKS) else 0)
    certain += len(_LINK.findall(text)) if "](" in text else 0
    certain += len(_STRONG.findall(text)) if "**" in text else 0
    possible = len(_POSSIBLE.findall(f"\n{text}"))
    return (certain > 0 or possible > 1) and certain + possible > len(_HTML.findall(text))


@cache
def _make_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # takes 40 ms, and most dumps are HTML

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _wrap_paragraphs(body: str) -> str:
    """Wrap each block of a plain text with blank lines in `<p>`; return any other body unchanged.

    As HTML, the paragraphs of posts and text files would otherwise run together into one.
    """
    if "\n" not in body or _TAG.search(body):
        return body
    blocks = _BLANK_LINE.split(body)
    return "\n".join(f"<p>{block}</p>" for block in blocks) if len(blocks) > 1 else body
