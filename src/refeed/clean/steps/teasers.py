"""Steps that drop what leads a reader away from a text between its paragraphs: teasers of other articles, labels of
advertisements, notices of the page, invitations, and lists of other articles below.

Where links lead decides first: a picture and a title that both lead to one other page of the source are its teaser in
any language. Words decide for whole lines only, by the tables of edge_patterns.
"""

from __future__ import annotations

import re
from itertools import takewhile

from ..blocks import (
    Block,
    Run,
    extract_links,
    join_lines,
    leaf_blocks,
    normalize_runs,
    split_lines,
    text_of_runs,
    text_outside_links,
    walk_blocks,
)
from ..draft import Draft
from ..image_urls import picture_key
from ..text import collapse_whitespace, display_width
from .leftovers import is_entry_link, is_label_of_list
from .line_patterns import LONGEST_LABEL, LONGEST_LINE, MANY_BLOCKS, WORD, match_leftover

_BUTTONS = ("promotions", "share labels", "comments")
_LONGEST_TEASER = 200
_NARROWEST_TEASER = 16
_NARROWEST_INVITATION = 14
_LONGEST_BLURB = 320
_LONGEST_LIST = 60
"""In blocks."""
_LABEL_AND_TITLE = re.compile(
    r"[\W_]{0,4}(?P<label>[^\W\d_][^:：|>»\n]{1,38}?)\s?(?:[:：|>»]|[–—-](?=\s))\s?(?P<title>\S.{4,180})"
)
_BRACKETS = ("[【［", "]】］")
_SENTENCE_ENDS = (".", "。", "!", "！", "؟")
_QUOTE = tuple("\"'“”„«»‘’「『")


def drop_teasers(draft: Draft) -> None:
    """Drop teasers, buttons and labels between paragraphs, wherever they stand."""
    if len(draft.blocks) > MANY_BLOCKS:
        return
    _drop_list_below(draft)
    _drop_cards(draft)
    removed: list[Block] = []
    for at, block in enumerate(draft.blocks):
        if len(block.children) == 2 and is_label_of_list(draft, block.children[0], block.children[1:]):
            draft.log_removed("related", block.text)
            removed.append(block)
        if not block.is_text or len(block.text) > LONGEST_LINE or len(draft.blocks) - len(removed) < 2:
            continue
        if step := _step_of_line(draft, block, draft.blocks[at + 1 : at + 2]):
            draft.log_removed(step, block.text)
            removed.append(block)
        elif extract_links(block.runs):
            _drop_linked_lines(draft, block)
            if not block.runs:
                removed.append(block)
        elif is_label_of_list(draft, block, draft.blocks[at + 1 : at + 2]):
            for other in draft.blocks[at : at + 2]:
                draft.log_removed("related", other.text)
                removed.append(other)
    draft.remove_blocks(removed)


def _step_of_line(draft: Draft, block: Block, following: list[Block]) -> str:
    """Return the step that drops a whole paragraph: an advertisement's label, an invitation, or another title.

    A label alone goes where the links below it are gone; a label above links is the head of their list.
    """
    if block.kind != "p" or "\n" in block.text or block.text.startswith(_QUOTE):
        return ""
    text = collapse_whitespace(block.text)
    if match_leftover("ads", text, draft.language):
        return "advertisement labels"
    links = extract_links(block.runs)
    if all(draft.rule.is_own_link(url) for url, _ in links) and match_leftover("page notices", text, draft.language):
        return "page notices"
    if display_width(text) >= _NARROWEST_INVITATION:
        if match_leftover("promotions", text, draft.language):
            return "promotions"
        if not links and len(text) <= LONGEST_LABEL and match_leftover("share labels", text, draft.language):
            return "share labels"
    if any(is_entry_link(draft, url) for url, _ in links) or len(text) > _LONGEST_TEASER:
        return ""
    is_all_linked = bool(links) and not WORD.search(text_outside_links(block.runs))
    if (
        not links
        and len(text) <= LONGEST_LABEL
        and match_leftover("read also", text, draft.language)
        and all(other.kind != "figure" and not extract_links(other.runs) for other in leaf_blocks(following))
    ):
        return "related"
    match = _LABEL_AND_TITLE.fullmatch(text)
    if match and not links and match["title"].endswith(_SENTENCE_ENDS):
        return ""
    if (
        match
        and (not links or is_all_linked or len(links) == 1)
        and match_leftover("read also", match["label"], draft.language)
    ):
        return "related"
    if is_all_linked and all(draft.rule.is_own_link(url) for url, _ in links):
        is_bracketed = text[:1] in _BRACKETS[0] and text[-1:] in _BRACKETS[1] and len(links) == 1
        if is_bracketed and display_width(text) >= _NARROWEST_TEASER:
            return "related"
        if match and match_leftover("related", match["label"], draft.language):
            return "related"
    return ""


def _drop_cards(draft: Draft) -> None:
    """Drop neighbours that all lead to one other page of the source, a picture among them."""
    if not any(block.kind == "figure" and (block.href or extract_links(block.runs)) for block in draft.blocks):
        return
    at = 0
    while at < len(draft.blocks):
        card = _card_at(draft, at)
        if len(card) > 1 and any(block.kind == "figure" for block in card) and len(card) < len(draft.blocks):
            for block in card:
                draft.log_removed("related", f"{block.alt} {block.url} {block.href} {block.text} {block.credit}")
            del draft.blocks[at : at + len(card)]
        else:
            at += 1


def _card_at(draft: Draft, at: int) -> list[Block]:
    """Return the blocks from `at` on that lead to the page to which the first leads."""
    target = _teaser_target(draft, draft.blocks[at])
    if not target:
        return []
    return [*takewhile(lambda block: _teaser_target(draft, block) == target, draft.blocks[at:])]


def _teaser_target(draft: Draft, block: Block) -> str:
    """Return the only page, another one of the source, to which all of a block leads; else ""."""
    if block.kind == "figure":
        links = {url for url, _ in extract_links(block.runs)} | {block.href}
    elif block.is_text and len(block.text) <= _LONGEST_TEASER:
        links = {url for url, _ in extract_links(block.runs)}
    else:
        return ""
    target = links.pop() if len(links) == 1 else ""
    if not target or WORD.search(text_outside_links(block.runs)):
        return ""  # most blocks have no link
    if block.kind == "figure" and picture_key(target) == picture_key(block.url):
        return ""
    is_other = draft.rule.is_own_link(target) and not is_entry_link(draft, target)
    return target if is_other and not _PICTURE.search(target) else ""


_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg)(?:[?#].*)?$|/attachment/|attachment_id=", re.IGNORECASE)


def _drop_list_below(draft: Draft) -> None:
    """Drop a label like 相关阅读 near the end, and all below it, when a third of that is pictures of other pages."""
    start = max(2, len(draft.blocks) - _LONGEST_LIST)
    if sum(block.kind == "figure" for block in draft.blocks[start:]) < 2:
        return
    for at in range(start, len(draft.blocks) - 3):
        label = draft.blocks[at]
        if not label.is_text or len(label.text) > LONGEST_LABEL:
            continue
        below = draft.blocks[at + 1 :]
        pictures = sum(block.kind == "figure" and bool(_teaser_target(draft, block)) for block in below)
        if pictures < 2 or 3 * pictures < len(below) or any(len(block.text) > _LONGEST_BLURB for block in below):
            continue
        if any(match_leftover(kind, label.text, draft.language) for kind in ("related", "read also")):
            for block in walk_blocks(draft.blocks[at:]):
                if not block.children:
                    draft.log_removed("related", f"{block.alt} {block.url} {block.href} {block.text} {block.credit}")
            del draft.blocks[at:]
            return


def _drop_linked_lines(draft: Draft, block: Block) -> None:
    """Drop the lines of a paragraph that are a button or a label with links; a text of nothing else stays."""
    kept = []
    for line in split_lines(block.runs):
        step = "promotions" if _lists_podcast_directories(draft, line) else _button_step(draft, line)
        step = step or ("related" if _is_related_line(draft, line) else "")
        if step:
            draft.log_removed(step, text_of_runs(line))
        else:
            kept.append(line)
    block.runs = normalize_runs(join_lines(kept))


def _button_step(draft: Draft, line: list[Run]) -> str:
    """Return the step that drops a link which is a line of its own and reads as a button (`Subscribe now`)."""
    text = text_of_runs(line)
    if len(text) > LONGEST_LABEL or len(extract_links(line)) != 1 or WORD.search(text_outside_links(line)):
        return ""
    return next((kind for kind in _BUTTONS if match_leftover(kind, text, draft.language)), "")


_PODCAST_DIRECTORY = re.compile(
    r"https?://(?:[\w-]{1,60}\.){0,3}(?:(?:podcasts|itunes|music)\.apple\.com|open\.spotify\.com/(?:show|episode)|spotify\.com|"
    r"podcasts\.google\.com|google\.com/podcasts|stitcher\.com|tunein\.com|overcast\.fm|pca\.st|pocketcasts\.com|castbox\.fm|"
    r"deezer\.com|music\.amazon\.[a-z.]{2,6}|audible\.[a-z.]{2,6}|castro\.fm|player\.fm|podbean\.com|iheart\.com|"
    r"xiaoyuzhoufm\.com|ximalaya\.com|kkbox\.com|podcastaddict\.com|podchaser\.com)(?=[/?#]|$)",
    re.IGNORECASE,
)


def _lists_podcast_directories(draft: Draft, line: list[Run]) -> bool:
    """True for two or more links to where a podcast can be heard, with a short label or an invitation around them."""
    links = extract_links(line)
    if len(links) < 2 or not all(_PODCAST_DIRECTORY.match(url) for url, _ in links):
        return False
    outside = collapse_whitespace(text_outside_links(line))
    return len(outside) <= LONGEST_LABEL or match_leftover("promotions", text_of_runs(line), draft.language) is not None


def _is_related_line(draft: Draft, line: list[Run]) -> bool:
    """True for a label and links to other own pages, with no other words."""
    links = [url for url, _ in extract_links(line)]
    if not links or not all(map(draft.rule.is_own_link, links)):
        return False
    outside = text_outside_links(line)
    return bool(WORD.search(outside)) and match_leftover("related", outside, draft.language) is not None
