"""HTML -> HTML that is safe in any reader: the last step of cleaning. Only this module makes SafeHtml."""

from __future__ import annotations

import re

import nh3

from ..model import SafeHtml
from ..xml_chars import xml_safe

ALLOWED_TAGS = {
    "a", "b", "blockquote", "br", "caption", "cite", "code", "dd", "dl", "dt", "em", "figcaption", "figure", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "img", "li", "mark", "ol", "p", "pre", "q", "s", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ALLOWED_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),  # without it, nh3 allows title and lang on every element
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
ALLOWED_SCHEMES = {"http", "https", "mailto"}

# Characters that XML cannot contain, and carriage returns. They are replaced and never deleted, because deleting would
# turn `java&#1;script:` into `javascript:`.
_UNFIT_FOR_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?")

_CLEANER = nh3.Cleaner(
    tags=ALLOWED_TAGS,
    clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"},
    attributes=ALLOWED_ATTRIBUTES,
    strip_comments=True,
    link_rel=None,
    url_schemes=ALLOWED_SCHEMES,
    url_relative="deny",
)
_FOR_PAGE = nh3.Cleaner(
    tags=ALLOWED_TAGS,
    attributes=ALLOWED_ATTRIBUTES,
    set_tag_attribute_values={"img": {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"}},
    link_rel="noopener noreferrer nofollow",
    url_schemes=ALLOWED_SCHEMES,
    url_relative="deny",
)

# nh3 (0.3.8) moves a whole text for each character reference in it: 800,000 take 8 s. An empty comment, which nh3
# removes, begins a new text. In our HTML, neither `<` nor `>` is in an attribute.
_LONG_TEXT = re.compile(r"(?:\A|>)[^<>]{500,}")
_MANY_REFERENCES = re.compile("(?:&[^&]*+){500}(?=&)")

_MAX_PASSES = 8
"""Passes until the HTML must be stable. All malformed HTML that we tried needed fewer, most of it one."""


def sanitize(html: str) -> SafeHtml:
    """Remove everything except ALLOWED_TAGS, ALLOWED_ATTRIBUTES and ALLOWED_SCHEMES. Idempotent.

    Characters that XML cannot contain are replaced.
    """
    clean = _run(_CLEANER, _fit_for_xml(html))
    if "<table" in clean or "<h" in clean:
        # In each pass the parser moves text out of one table, or a heading out of one heading.
        for _ in range(_MAX_PASSES):
            again = _run(_CLEANER, clean)
            if again == clean:
                break
            clean = again
    return SafeHtml(_fit_for_xml(clean))


def sanitize_for_page(html: SafeHtml) -> SafeHtml:
    """Prepare an entry for our own pages: images load lazily and send no referrer, links get a safe `rel`."""
    return SafeHtml(_fit_for_xml(_run(_FOR_PAGE, html)))


def _run(cleaner: nh3.Cleaner, html: str) -> str:
    if html.count("&") > 500:
        html = _LONG_TEXT.sub(lambda text: _MANY_REFERENCES.sub(r"\g<0><!---->", text[0]), html)
    return str(cleaner.clean(html))


def _fit_for_xml(html: str) -> str:
    if _UNFIT_FOR_XML.search(html) is None:  # true for nearly all HTML; one search is cheaper than two replacements
        return html
    return _LINE_ENDS.sub("\n", xml_safe(html))
