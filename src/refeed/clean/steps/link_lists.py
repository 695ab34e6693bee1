"""A step that drops lists of links around a text by where they lead, in any language: the way from the site's start to
the page, buttons of networks, and other articles below the last sentence.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ..blocks import HEADING_KINDS, Block, extract_links, leaf_blocks, text_outside_links, walk_blocks
from ..draft import Draft
from ..text import display_width, only_letters
from .end_boxes import is_network_icon
from .leftovers import is_entry_link, is_site_root
from .line_patterns import AROUND, LONGEST_LABEL, match_leftover

_FIRST_BLOCKS = 3
_MOST_CRUMBS = 8
_FEWEST_BUTTONS = 3
_LONGEST_WORDS = 60
"""More words outside of links are a text."""
_FEWEST_TITLES = 3
_NARROWEST_TITLE = 16
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？", "…", "”", "」", "»", "؟", "।")
_NETWORK = re.compile(
    r"(?:facebook|fb|twitter(?:[- ]?x)?|x|line|vk|ok|linkedin|whatsapp|telegram|pinterest|instagram|youtube|reddit|"
    r"tumblr|messenger|viber|pocket|bluesky|threads|mastodon|flipboard|xing|hatena|weibo|wechat|微博|微信|qq空间|e-?mail|mail|"
    r"print|copy|rss|mix|digg|evernote|instapaper)(?: ?\d{1,4})?",
    re.IGNORECASE,
)


def drop_link_lists(draft: Draft) -> None:
    """Drop breadcrumbs above a text, buttons and badges, and other articles of the source below the text."""
    if draft.rule.is_configured or len(draft.blocks) < 2:
        return
    for block in draft.blocks[:_FIRST_BLOCKS]:
        if _is_breadcrumbs(draft, block):
            _drop(draft, "breadcrumbs", [block])
            break
    if buttons := [block for block in draft.blocks if block.kind in ("ul", "ol") and _is_buttons(draft, block)]:
        _drop(draft, "share labels", buttons)
    if badges := [block for block in draft.blocks if block.kind == "figure" and block.href and is_network_icon(block)]:
        labels = [
            above
            for above, badge in pairwise(draft.blocks)
            if badge in badges and above.kind == "p" and len(above.text) <= LONGEST_LABEL
            if match_leftover("promotions", above.text, draft.language)
        ]
        _drop(draft, "promotions", [*labels, *badges])
    if articles := _find_articles_below(draft):
        _drop(draft, "related", articles)


def _drop(draft: Draft, step: str, blocks: list[Block]) -> None:
    if len(blocks) == len(draft.blocks):
        return
    for block in walk_blocks(blocks):
        if not block.children and block.kind != "hr":
            draft.log_removed(step, f"{block.alt} {block.url} {block.href} {block.text} {block.credit}".strip())
    draft.remove_blocks(blocks)


def _is_breadcrumbs(draft: Draft, block: Block) -> bool:
    """True for links from the site's start to sections of it, with no other words but the title."""
    leaves = leaf_blocks([block])
    if len(leaves) > _MOST_CRUMBS or not all(leaf.is_text for leaf in leaves):
        return False
    links = [link for leaf in leaves for link in extract_links(leaf.runs)]
    if not 2 <= len(links) <= _MOST_CRUMBS or not is_site_root(draft, links[0][0]):
        return False
    if any(
        is_entry_link(draft, url) or not draft.rule.is_own_link(url) or len(text) > LONGEST_LABEL for url, text in links
    ):
        return False
    outside = only_letters("".join(text_outside_links(leaf.runs) for leaf in leaves))
    title = only_letters(draft.title)
    return outside in title or outside.startswith(title)


def _is_buttons(draft: Draft, block: Block) -> bool:
    """True for a list of names of networks and of labels like `Print`, without links."""
    leaves = leaf_blocks([block])
    return len(leaves) >= _FEWEST_BUTTONS and all(
        leaf.is_text
        and len(leaf.text) <= LONGEST_LABEL
        and not extract_links(leaf.runs)
        and (_NETWORK.fullmatch(leaf.text.strip(AROUND)) or match_leftover("share labels", leaf.text, draft.language))
        for leaf in leaves
    )


def _find_articles_below(draft: Draft) -> list[Block]:
    """Return the last blocks when they are links to other articles of the source, with pictures and short labels.

    The text above must be longer than they are, and must not introduce them with a sentence.
    """
    start = len(draft.blocks)
    while start and _may_stand_among_links(draft, draft.blocks[start - 1]):
        start -= 1
    while start < len(draft.blocks) and not _begins_links(draft, start):
        start += 1
    below, above = draft.blocks[start:], draft.blocks[:start]
    if not below or not above or (above[-1].kind == "p" and above[-1].text.endswith((":", "："))):
        return []
    leaves = leaf_blocks(below)
    links = [link for leaf in leaves for link in extract_links(leaf.runs)]
    titles = {url for url, text in links if display_width(text) >= _NARROWEST_TITLE and not is_entry_link(draft, url)}
    linked, words = sum(len(text) for _, text in links), sum(len(leaf.text) for leaf in leaves)
    text_above = sum(len(block.text) for block in above if block.kind != "figure")
    return below if len(titles) >= _FEWEST_TITLES and 2 * linked > words and text_above > words else []


def _may_stand_among_links(draft: Draft, block: Block) -> bool:
    return block.kind not in ("table", "pre") and all(_is_link_or_label(draft, leaf) for leaf in leaf_blocks([block]))


def _is_link_or_label(draft: Draft, leaf: Block) -> bool:
    if leaf.kind == "hr":
        return True
    links = [url for url, _ in extract_links(leaf.runs)]
    if leaf.kind == "figure":
        links += [leaf.href] if leaf.href else []
    elif not leaf.is_text:
        return False
    outside = text_outside_links(leaf.runs).strip()
    if len(outside) > _LONGEST_WORDS or (outside.endswith(_SENTENCE_ENDS) and not links):
        return False
    return all(map(draft.rule.is_own_link, links))


def _begins_links(draft: Draft, at: int) -> bool:
    """True for a block with a link, and for a label or two headings directly above one."""
    block, following = draft.blocks[at], draft.blocks[at + 1 : at + 3]
    if _has_link(block):
        return True
    if block.kind == "figure" or not block.is_text or len(block.text) > LONGEST_LABEL or not following:
        return False
    return _has_link(following[0]) or (
        following[0].kind in HEADING_KINDS and len(following) > 1 and _has_link(following[1])
    )


def _has_link(block: Block) -> bool:
    return any(leaf.href or extract_links(leaf.runs) for leaf in leaf_blocks([block]))
