"""Steps that remove what services and sites add below and between paragraphs, by the table in edge_patterns.

The end of a text is read upwards, line by line, and the first line that belongs to the article ends it. Words decide
only for whole lines; where a line's links lead decides whatever its words are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from ..blocks import (
    HEADING_KINDS,
    Block,
    Run,
    extract_links,
    has_only_links,
    join_lines,
    leaf_blocks,
    normalize_runs,
    split_lines,
    text_of_runs,
    text_outside_links,
    walk_blocks,
)
from ..draft import Draft
from ..text import collapse_whitespace, only_letters
from ..url_cleaner import is_donation_link, is_tag_link
from .end_boxes import drop_linked_button
from .line_patterns import AROUND, LONGEST_LABEL, LONGEST_LINE, TAG_WORDS, WORD, match_leftover

_LEFTOVERS = ("service footers", "read more", "promotions", "share labels", "comments", "counts")
_COMMENT_FRAGMENT = re.compile(
    r"(?:comments?|respond|disqus_thread|more|jump|reply|discussion)(?:[-_]?\w{0,20})?", re.IGNORECASE
)
_HASHTAGS = re.compile(r"[#＃]\w{1,40}[#＃]?(?: [#＃]\w{1,40}[#＃]?){1,30}")
_FEED_READER = re.compile(
    r"\b(?:feed|rss|news)[- ]?reader|阅读器|閱讀器|リーダー|lecteur (?:rss|de flux)|lector (?:rss|de feeds)",
    re.IGNORECASE,
)
_END_LINE = re.compile(r"[\W_]*(?:全文完|本文完|完|终|終|END)[\W_]*")
_CODE_FOR_SCANNING = re.compile(r"二维码|二維碼|扫|掃|关注|關注|公众号|小程序|QR|LINE")


def drop_leftovers(draft: Draft) -> None:
    """Drop, from the end upwards, lines of services, promotions, labels, lists and dividers; and some on top."""
    while len(draft.blocks) > 2 and draft.blocks[0].kind == "p" and _is_button_on_top(draft, draft.blocks[0]):
        draft.log_removed("promotions", draft.blocks.pop(0).text)
    while draft.blocks:
        last = draft.blocks[-1]
        if last.kind == "hr":
            draft.blocks.pop()
        elif not (
            (last.is_text and _drop_last_line(draft, last))
            or _drop_related_tail(draft)
            or _drop_boxed_leftovers(draft, last)
            or _drop_last_item(draft, last)
            or _drop_code_for_scanning(draft)
            or drop_linked_button(draft)
            or _drop_empty_section(draft)
        ):
            break
    _drop_comment_section(draft)


def _is_button_on_top(draft: Draft, block: Block) -> bool:
    return len(block.text) <= LONGEST_LABEL and any(
        match_leftover(kind, block.text, draft.language) for kind in ("promotions", "service footers", "share labels")
    )


def _drop_last_line(draft: Draft, block: Block) -> bool:
    """Drop a block's last line, or the link at its end, when that is a leftover."""
    lines = split_lines(block.runs)
    if len(lines) > 1 and _leftover_step(draft, block.runs):
        lines = [block.runs]
    is_only_text = len(draft.blocks) == 1 and len(lines) == 1
    step = _leftover_step(draft, lines[-1])
    if step and (not is_only_text or step == "service footers"):
        text = text_of_runs(lines.pop())
        draft.log_removed(step, text)
        _drop_code_above(draft, block, text)
    elif shortened := _without_link_to_entry(draft, lines[-1]):
        lines[-1] = shortened
    elif not is_only_text and (_lift_tag_links(draft, lines[-1]) or _lift_hashtags(draft, lines[-1])):
        lines.pop()
    else:
        return False
    block.runs = normalize_runs(join_lines(lines))
    if not block.runs:
        draft.blocks.pop()
    return True


def _leftover_step(draft: Draft, line: list[Run]) -> str:
    """Return the name of the step that drops this line at the end of a text, or ""."""
    text = collapse_whitespace(text_of_runs(line))
    if len(text) > 2 * LONGEST_LINE:
        return ""
    if not text.strip(AROUND):
        return "dividers" if not extract_links(line) else "entry links"
    if _END_LINE.fullmatch(text):
        return "end marks"
    links = [url for url, _ in extract_links(line)]
    outside = collapse_whitespace(text_outside_links(line))
    if links and (step := _step_by_links(draft, links, outside)):
        return step
    if len(text) > LONGEST_LINE:
        return "service footers" if match_leftover("service footers", text[:LONGEST_LINE], draft.language) else ""
    for kind in _LEFTOVERS:
        if not match_leftover(kind, text, draft.language):
            continue
        if kind == "read more" and links and (len(links) > 1 or WORD.search(outside)):
            continue
        if kind == "share labels" and (links or len(text) > LONGEST_LABEL):
            continue
        if kind == "comments" and not all(draft.rule.is_own_link(url) or url in text for url in links):
            continue
        return kind
    first = match_leftover("first publication", text, draft.language)
    if first is None:
        return ""
    names_title = any(group and only_letters(group) == only_letters(draft.title) for group in first.groups())
    return "first publication" if names_title or any(_is_site_link(draft, url) for url in links) else ""


def _step_by_links(draft: Draft, links: list[str], outside: str) -> str:
    """Judge a line by where its links lead: to the entry itself, to the site's start, or to a feed service."""
    if outside.startswith("获取更多RSS"):
        is_own_link = all("feedx." in url or "feedx" in url.partition("/")[0] for url in links)
        return "service footers" if len(outside) < 12 and is_own_link else ""
    to_entry = [url for url in links if is_entry_link(draft, url)]
    to_site = [url for url in links if url not in to_entry and _is_site_link(draft, url)]
    if len(to_entry) + len(to_site) == len(links):
        if len(links) == 2 and to_entry and to_site and len(outside) <= 100:
            return "first publication"
        if to_entry and len(outside) <= LONGEST_LABEL and (not WORD.search(outside) or outside.endswith((":", "："))):
            return "entry links"
        if to_site and not WORD.search(outside):
            return "site links"
        if to_entry and len(outside) <= 2 * LONGEST_LABEL and _FEED_READER.search(outside):
            return "service footers"
    if len(outside) <= 2 * LONGEST_LABEL and all(map(is_donation_link, links)):
        return "promotions"
    if len(links) == 1 and draft.rule.is_own_link(links[0]) and only_letters(outside) in draft.outlet_names:
        return "site links"
    return ""


def is_entry_link(draft: Draft, url: str) -> bool:
    """True when a link leads to the entry's own page, or to the comments on it."""
    page, _, fragment = url.partition("#")
    if fragment and not _COMMENT_FRAGMENT.fullmatch(fragment):
        return False
    return _page(page) in (_page(draft.raw.link), _page(draft.link))


@lru_cache(maxsize=256)
def _page(url: str) -> str:
    page = unquote(url.partition("#")[0].partition("://")[2]).removeprefix("www.").removesuffix("/feed/")
    return page.partition("?utm_")[0].rstrip("/").lower()


def _is_site_link(draft: Draft, url: str) -> bool:
    """True when a link leads to the start of the entry's site, or to the start of the part that the entry is in."""
    page, entry = _page(url), _page(draft.raw.link)
    return "?" not in page and page != entry and entry.startswith(page + "/")


def is_site_root(draft: Draft, url: str) -> bool:
    """True when a link leads to the start of the entry's site."""
    return "/" not in _page(url) and _is_site_link(draft, url)


def _without_link_to_entry(draft: Draft, line: list[Run]) -> list[Run]:
    """Return a line without the link to the entry at its end (`… more`); empty when it has none."""
    links = extract_links(line)
    if not links or not is_entry_link(draft, links[-1][0]):
        return []
    url, words = links[-1]
    end = len(line)
    while end and any(mark == ("a", url) for mark in line[end - 1][1]):
        end -= 1
    after = text_of_runs(run for run in line[end:] if not any(tag == "a" for tag, _ in run[1]))
    if end in (0, len(line)) or WORD.search(after):
        return []
    is_label = not WORD.search(words) or any(
        match_leftover(kind, words, draft.language) for kind in ("entry links", "read more", "comments")
    )
    if not is_label:
        return []
    draft.log_removed("entry links", words)
    return line[:end]


def _lift_tag_links(draft: Draft, line: list[Run]) -> bool:
    """Take a line of links to the source's pages of tags or categories, and of words that say so, as tags."""
    links = extract_links(line)
    if not links or not TAG_WORDS.fullmatch(text_outside_links(line)):
        return False
    if not all(is_tag_link(url) and draft.rule.is_own_link(url) for url, _ in links):
        return False
    draft.add_tags(name.strip(AROUND) for _, name in links)
    draft.log_removed("lifted: tags", text_of_runs(line))
    return True


def _lift_hashtags(draft: Draft, line: list[Run]) -> bool:
    """Take a line of two or more #hashtags as tags, and drop a label like `Tags` of which the tags are taken."""
    text = collapse_whitespace(text_of_runs(line))
    if _HASHTAGS.fullmatch(text):
        draft.add_tags(tag.strip("#＃") for tag in text.split())
    elif not (draft.tags and WORD.search(text) and TAG_WORDS.fullmatch(text)):
        return False
    draft.log_removed("lifted: tags", text)
    return True


def is_label_of_list(draft: Draft, label: Block, following: list[Block]) -> bool:
    """True for a label like 相关阅读 before a list of links to other pages of the source, or before one such link."""
    if not following or following[0].kind not in ("ul", "ol", "p", *HEADING_KINDS) or not has_only_links(following[0]):
        return False
    links = [url for leaf in leaf_blocks(following) for url, _ in extract_links(leaf.runs)]
    if len(label.text) > LONGEST_LABEL or not all(map(draft.rule.is_own_link, links)):
        return False
    return match_leftover("related", label.text, draft.language) is not None


def _drop_related_tail(draft: Draft) -> bool:
    """Drop a label like 相关阅读 and everything below it, when everything below it is links."""
    start = len(draft.blocks)
    while start and _is_link_block(draft, draft.blocks[start - 1]):
        start -= 1
    if start < 2:
        return False
    label = draft.blocks[start - 1]
    if not label.is_text or not (match_leftover("related", label.text, draft.language) or _heads_links(draft, start)):
        return False
    if start == len(draft.blocks) and not (label.kind in HEADING_KINDS or label.text.endswith((":", "："))):
        return False
    for block in draft.blocks[start - 1 :]:
        draft.log_removed("related", f"{block.text} {block.url}")
    del draft.blocks[start - 1 :]
    return True


def _heads_links(draft: Draft, start: int) -> bool:
    """True for a short label with a colon, or a heading, above at least two paragraphs that only link to other pages of
    the source, at the end of a longer text."""
    label, below = draft.blocks[start - 1], draft.blocks[start:]
    is_label = label.kind in HEADING_KINDS or label.text.endswith((":", "："))
    if not is_label or len(label.text) > 2 * LONGEST_LABEL or len(below) < 2 or start <= len(below):
        return False
    links = [url for block in leaf_blocks(below) for url, _ in extract_links(block.runs)]
    return all(draft.rule.is_own_link(url) and not is_entry_link(draft, url) for url in links) and bool(links)


def _drop_empty_section(draft: Draft) -> bool:
    """Drop headings at the end below which nothing stands: the label of a list that is gone, or several labels."""
    start = len(draft.blocks)
    while start > 1 and _is_short_heading(draft.blocks[start - 1]):
        start -= 1
    headings = draft.blocks[start:]
    is_label = len(headings) == 1 and any(
        match_leftover(kind, headings[0].text, draft.language) for kind in ("related", "read also")
    )
    if not is_label and len(headings) < 2:
        return False
    for heading in headings:
        draft.log_removed("empty sections", heading.text)
    draft.remove_blocks(headings)
    return True


def _is_short_heading(block: Block) -> bool:
    is_short = block.kind in HEADING_KINDS and len(block.text) <= LONGEST_LABEL
    return is_short and not block.text.endswith((".", "!", "?", "。", "！", "？", "…"))


def _is_link_block(draft: Draft, block: Block) -> bool:
    """True for a block of links, a linked picture of another own page, or a link with a date."""
    if block.kind == "figure":
        return bool(block.href) and not block.runs and draft.rule.is_own_link(block.href)
    if has_only_links(block):
        return True
    if not block.is_text or len(block.text) > 100 or not extract_links(block.runs):
        return False
    return not re.search(r"[^\W\d_]", text_outside_links(block.runs))


def _drop_boxed_leftovers(draft: Draft, box: Block) -> bool:
    """Drop a list or quotation at the end whose every line is a leftover or a link to tags."""
    if not box.children or box.kind == "table" or len(draft.blocks) == 1:
        return False
    leaves = leaf_blocks([box])
    lines = [line for leaf in leaves for line in split_lines(leaf.runs)]
    if any(leaf.kind == "figure" for leaf in leaves):
        return False
    if all(_leftover_step(draft, line) for line in lines):
        draft.log_removed(_leftover_step(draft, lines[0]), box.text)
    elif not all(_lift_tag_links(draft, line) for line in lines):
        return False
    draft.blocks.pop()
    return True


def _drop_last_item(draft: Draft, box: Block) -> bool:
    """Drop the last item of a list when it is an invitation to subscribe."""
    item = box.children[-1] if box.kind in ("ul", "ol") and len(box.children) > 1 else None
    if item is None or len(item.children) != 1 or not item.children[0].is_text:
        return False
    if _leftover_step(draft, item.children[0].runs) != "promotions":
        return False
    draft.log_removed("promotions", item.text)
    box.children.pop()
    return True


def _drop_code_for_scanning(draft: Draft) -> bool:
    """Drop a picture at the end below an invitation to scan it."""
    figures = 0
    while figures < len(draft.blocks) and draft.blocks[-1 - figures].kind == "figure":
        figures += 1
    if not 1 <= figures <= 2 or figures >= len(draft.blocks) - 1:
        return False
    above = draft.blocks[-1 - figures]
    if not above.is_text or any(figure.runs for figure in draft.blocks[-figures:]):
        return False
    line = text_of_runs(split_lines(above.runs)[-1])
    if not _CODE_FOR_SCANNING.search(line) or not match_leftover("promotions", line, draft.language):
        return False
    for figure in draft.blocks[-figures:]:
        draft.log_removed("promotions", figure.url)
    del draft.blocks[-figures:]
    return True


def _drop_code_above(draft: Draft, block: Block, line: str) -> None:
    """Drop the picture above an invitation to scan it."""
    above = draft.blocks[draft.blocks.index(block) - 1] if block is not draft.blocks[0] else block
    if above.kind == "figure" and not above.runs and _CODE_FOR_SCANNING.search(line) and "\n" not in block.text:
        draft.log_removed("promotions", f"{above.alt} {above.url}")
        draft.remove_blocks([above])


def _drop_comment_section(draft: Draft) -> None:
    """Drop a heading that counts comments, and everything below it."""
    for at, block in enumerate(draft.blocks[1:], start=1):
        if block.kind in HEADING_KINDS and match_leftover("counted comments", block.text, draft.language):
            for other in walk_blocks(draft.blocks[at:]):
                if not other.children:
                    draft.log_removed("comments", f"{other.text} {other.url}")
            del draft.blocks[at:]
            return
