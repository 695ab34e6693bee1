"""HTML -> HTML that is safe in any reader. Always the last step of cleaning; makes SafeHtml, and nothing else does."""

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
    "*": set(),  # otherwise nh3 lets title and lang through everywhere
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
ALLOWED_SCHEMES = {"http", "https", "mailto"}

# What XML cannot carry, and carriage returns. Replaced, never deleted: a deletion would make `javascript:` of
# `java&#1;script:`.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
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
    tags=set(ALLOWED_TAGS),
    attributes={tag: set(names) for tag, names in ALLOWED_ATTRIBUTES.items()},
    set_tag_attribute_values={"img": {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"}},
    link_rel="noopener noreferrer nofollow",
    url_schemes=set(ALLOWED_SCHEMES),
    url_relative="deny",
)

_SETTLES = 8
"""Passes within which every soup seen came to rest; most need one."""


def sanitize(html: str) -> SafeHtml:
    """The HTML with nothing left in it but TAGS, ATTRIBUTES, SCHEMES and characters that XML carries.

    Sanitizing twice is the same as sanitizing once.
    """
    clean = _CLEANER.clean(_fit_for_xml(html))
    if "<table" in clean or "<h" in clean:
        # A parser moves what stands between the tags of a table, and a heading out of a heading, once per pass.
        for _ in range(_SETTLES):
            again = _CLEANER.clean(clean)
            if again == clean:
                break
            clean = again
    return SafeHtml(_fit_for_xml(clean))


def sanitize_for_page(html: SafeHtml) -> SafeHtml:
    """The same for a page of our own: images load late and from their origin, which learns nothing of the page."""
    return SafeHtml(_fit_for_xml(_FOR_PAGE.clean(html)))


def _fit_for_xml(html: str) -> str:
    if _ODD.search(html) is None:  # nearly always; one search instead of two replacements
        return html
    return _LINE_ENDS.sub("\n", xml_safe(html))
