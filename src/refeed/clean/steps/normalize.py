"""Steps that normalize a text: no duplicate pictures, captions in place, headings from h2, dividers, the lead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..blocks import HEADING_KINDS, Block, Run, cut_text, extract_links, normalize_runs, text_of_runs, walk_blocks
from ..captions import is_copyright_line, is_file_name, parse_credit, reads_as_caption, split_credit
from ..draft import Draft, matched_groups
from ..extractor_state import WIDEST_CAPTION
from ..image_urls import picture_key
from ..text import collapse_whitespace, display_width, only_letters


def merge_duplicate_images(draft: Draft) -> None:
    """Keep each picture once. Lazy loaders, noscript copies and repeated lead images create duplicates."""
    seen: dict[str, Block] = {}
    removed: set[int] = set()
    for block in walk_blocks(draft.blocks):
        if block.kind != "figure":
            continue
        first = seen.setdefault(picture_key(block.url), block)
        if first is block:
            continue
        repeated = block.url
        if block.credit and first.credit:
            repeated += f" {block.credit}"
        first.credit = first.credit or block.credit
        first.alt = first.alt or block.alt
        if block.runs and not first.runs:
            first.runs, block.runs = block.runs, []
        is_repeated = block.text in first.text
        draft.log_removed("repeated pictures", f"{repeated} {block.text if is_repeated else ''}")
        if is_repeated:
            removed.add(id(block))
        else:
            block.kind = "p"  # its caption is different, and stays as text
    if removed:
        draft.blocks = _without(draft.blocks, removed)


def _without(blocks: Sequence[Block], removed: set[int]) -> list[Block]:
    """Return the blocks whose `id()` is not in `removed`, at any depth, and leave out boxes that become empty."""
    kept: list[Block] = []
    for block in blocks:
        if id(block) in removed:
            continue
        if block.children:
            block.children = _without(block.children, removed)
            if not block.children:
                continue
        kept.append(block)
    return kept


_LONGEST_LABEL = 20
_SHORTEST_ALT = 20
_NO_CAPTION_ENDS = (":", "：", "。", ".", "?", "？", "!", "！")


def normalize_captions(draft: Draft) -> None:
    """Turn a line that is a figure's caption, and an alt or title that reads as one, into its caption.

    An alt that repeats the caption or is a file name is cleared.
    """
    captions: list[Block] = []
    figures = [block for block in walk_blocks(draft.blocks) if block.kind == "figure"]
    for figure in figures if not draft.rule.is_configured else ():
        _split_credit(draft, figure)
    open_figure: Block | None = None
    texts = len(draft.text_blocks())
    for block in draft.blocks:
        if block.kind == "figure":
            open_figure = block
        elif open_figure and block.kind == "p" and texts - len(captions) > 1:
            if _take_as_caption(draft, open_figure, block):
                captions.append(block)
            else:
                open_figure = None
        else:
            open_figure = None
    draft.remove_blocks(captions)
    for figure in figures:
        if not draft.rule.is_configured:
            figure.runs = figure.runs or _caption_in_attributes(draft, figure)
            _split_credit(draft, figure)
            _trim_caption(figure)
        if figure.alt and (is_file_name(figure.alt) or _repeats_alt(figure)):
            figure.alt = ""


_CAPTION_ENDS = "-–—|·•"


def _trim_caption(figure: Block) -> None:
    """Cut the mark at a caption's end behind which a credit stood; a caption without a word goes."""
    if not figure.runs:
        return
    if not any(map(str.isalnum, figure.text)) and not extract_links(figure.runs):
        figure.runs = []
        return
    kept = figure.text.rstrip(_CAPTION_ENDS)
    if kept != figure.text and kept[-1:].isspace():
        figure.runs = cut_text(figure.runs, len(kept.rstrip()), len(figure.text))


def _repeats_alt(figure: Block) -> bool:
    caption = "".join((figure.text + figure.credit).split())
    if "".join(figure.alt.split()) in caption:
        return True
    alt = only_letters(text_of_runs(split_credit([(figure.alt, ())]).runs))
    return bool(alt) and alt == only_letters(figure.text)


def _take_as_caption(draft: Draft, figure: Block, paragraph: Block) -> bool:
    """Take a paragraph below a figure as its caption or credit, or drop it when it repeats them; else return False."""
    is_configured = draft.rule.is_configured
    if not figure.runs and _is_caption_of(paragraph, figure, is_configured=is_configured):
        figure.runs = paragraph.runs
        return True
    if is_configured or extract_links(paragraph.runs):
        return False
    text, alt = collapse_whitespace(paragraph.text), collapse_whitespace(figure.alt)
    if (
        not figure.runs
        and len(alt) >= _SHORTEST_ALT
        and text.startswith(alt)
        and (rest := parse_credit(text[len(alt) :]))
    ):
        figure.runs, figure.credit = cut_text(paragraph.runs, len(alt), len(text)), rest[0]
        draft.log_removed("caption labels", rest[1])
        return True
    name, label = parse_credit(text) or (text if is_copyright_line(text) else "", "")
    letters, caption, credit = map(only_letters, (text, figure.text, figure.credit))
    is_caption = bool(caption) and letters.startswith(caption) and (letters == caption or letters.endswith(credit))
    is_credit = bool(name) and only_letters(name) == credit
    if is_credit or (is_caption and len(letters) <= len(caption) + len(credit) + _LONGEST_LABEL):
        draft.log_removed("caption repeated", text)
    elif name and not figure.credit:
        figure.credit = name
        draft.log_removed("caption labels", label)
    else:
        return False
    return True


def _is_caption_of(paragraph: Block, figure: Block, *, is_configured: bool) -> bool:
    """True for a paragraph that repeats a figure's alt, or that is a line below a figure with an empty caption."""
    text, alt = collapse_whitespace(paragraph.text), collapse_whitespace(figure.alt)
    if text and text == alt:
        return True
    if is_configured:
        return False
    if not figure.has_empty_caption or text.startswith(("（", "(")) or text.endswith(_NO_CAPTION_ENDS):
        return False
    is_line = "\n" not in paragraph.text and 8 <= display_width(text) <= WIDEST_CAPTION // 2
    return is_line and not all(("strong", "") in marks for run, marks in paragraph.runs if run.strip())


def _caption_in_attributes(draft: Draft, figure: Block) -> list[Run]:
    """Return the caption that only an image's title has, or its alt when that says who made the picture."""
    title, alt, entry_title = figure.title, figure.alt, only_letters(draft.title)
    is_own = (
        bool(only_letters(title)) and only_letters(title) not in entry_title and entry_title not in only_letters(title)
    )
    if is_own and reads_as_caption(title):
        return [(title, ())]
    runs: list[Run] = [(alt, ())]
    is_credited = (
        bool(alt) and only_letters(alt) != entry_title and split_credit(runs).credit and split_credit(runs).runs
    )
    return runs if is_credited else []


def _split_credit(draft: Draft, figure: Block) -> None:
    """Take who made the picture out of its caption. A source's rule says itself where its credits are."""
    if figure.credit or not figure.runs:
        return
    runs, figure.credit, label = split_credit(figure.runs)
    kept = [url for url, _ in extract_links(runs)]
    for url, _ in extract_links(figure.runs):
        if url in kept:
            kept.remove(url)
        else:
            draft.log_removed("links in credits", url)
    draft.log_removed("caption labels", label)
    figure.runs = runs


_NEW_TAB = re.compile(
    r"[,;]?\s?[(\[]?(?:opens? (?:in )?(?:a )?new (?:tab|window)|"
    r"öffnet (?:in |im )?(?:einem )?neue[mn]? (?:tab|fenster)|"
    r"(?:ouvre|s['’]ouvre) dans (?:un nouvel onglet|une nouvelle fenêtre)|"
    r"se abre en (?:una )?(?:nueva|otra) (?:ventana|pestaña))[)\]]?$|\s?[(\[]extern(?:al|er) link[)\]]$",
    re.IGNORECASE,
)


def trim_link_labels(draft: Draft) -> None:
    """Cut what is said to those who cannot see that a link opens elsewhere (`opens new tab`) from the link's end."""
    for block in walk_blocks(draft.blocks):
        if not extract_links(block.runs):
            continue
        runs: list[Run] = []
        for text, marks in block.runs:
            match = _NEW_TAB.search(text) if any(tag == "a" for tag, _ in marks) else None
            if match and match.start():
                draft.log_removed("hidden labels", match[0])
                text = text[: match.start()]
            runs.append((text, marks))
        block.runs = normalize_runs(runs)


_STARRED = re.compile(r"\*\*([^*\n]{1,80})\*\*")


def normalize_headings(draft: Draft) -> None:
    """Number headings from h2 without gaps, remove bold from them, and make a line in **stars** bold."""
    used = sorted({block.kind for block in walk_blocks(draft.blocks) if block.kind in HEADING_KINDS})
    levels = dict(zip(used, HEADING_KINDS, strict=False))
    for block in walk_blocks(draft.blocks):
        if block.kind in levels:
            block.kind = levels[block.kind]
            block.runs = normalize_runs(
                (text, tuple(mark for mark in marks if mark[0] != "strong")) for text, marks in block.runs
            )
        elif block.kind == "p" and len(block.runs) == 1 and (match := _STARRED.fullmatch(block.runs[0][0])):
            block.runs = [(match[1].strip(), (("strong", ""),))]


def join_datelines(draft: Draft) -> None:
    """Join a dateline that is alone in its paragraph (`华盛顿 —`) with the next paragraph."""
    for at, block in enumerate(draft.blocks[:4]):
        text = block.text
        is_dateline = 2 < len(text) <= 20 and text.endswith(("—", "–"))
        if block.kind == "p" and is_dateline and at + 1 < len(draft.blocks):
            following = draft.blocks[at + 1]
            if following.kind == "p":
                following.runs = normalize_runs([*block.runs, (" ", ()), *following.runs])
                draft.blocks.remove(block)
            return


_DIVIDER = re.compile(r"(?:([*＊·•∙~～—–―─_=◆◇■□●○★☆※⁂❖#-])\s{0,3}){3,60}|[—–―⁂❧*＊]{1,2}")


_SPACERS = frozenset((".", "·", "•", "‧", "_"))
"""Texts of paragraphs that only keep a distance."""


def normalize_dividers(draft: Draft) -> None:
    """Write a line of signs (`* * *`) as a divider. Remove dividers at both ends, and all but one of several."""
    kept: list[Block] = []
    spacers = [block for block in draft.blocks if block.kind == "p" and block.text in _SPACERS]
    for spacer in spacers:
        draft.log_removed("dividers", spacer.text)
    draft.remove_blocks(spacers)
    for block in draft.blocks:
        if block.kind == "p" and _DIVIDER.fullmatch(block.text) and not extract_links(block.runs):
            draft.log_removed("dividers", block.text)
            block.kind, block.runs = "hr", []
        if block.kind == "hr" and (not kept or kept[-1].kind == "hr"):
            continue
        kept.append(block)
    while kept and kept[-1].kind == "hr":
        kept.pop()
    draft.blocks = kept


_SHORTEST_BOLD_LEAD = 30


def extract_lead(draft: Draft) -> None:
    """Find the source's own summary, above the lead image or in a bold first paragraph. It stays in the text."""
    texts = draft.text_blocks()
    if not texts:
        return
    first = texts[0]
    pattern = draft.rule.lead
    has_picture_below = draft.lead_above_dropped_image or (len(draft.blocks) > 1 and draft.blocks[1].kind == "figure")
    is_above_picture = draft.blocks[0] is first and has_picture_below
    if pattern is not None and is_above_picture and (match := pattern.search(first.text)):
        _extract_byline_before_lead(draft, first, matched_groups(match))
        draft.lead = first.text
        draft.log_origin("summary", "the source's lead")
    elif (
        len(first.text) >= _SHORTEST_BOLD_LEAD
        and len(texts) > 1
        and all(("strong", "") in marks for text, marks in first.runs if text.strip())
    ):
        draft.lead = first.text
        draft.log_origin("summary", "bold first paragraph")


def _extract_byline_before_lead(draft: Draft, first: Block, groups: dict[str, str]) -> None:
    """Extract a byline from the start of the lead's paragraph."""
    if "author" not in groups:
        return
    draft.add_matched_people(groups, "lead")
    end = len(first.text) - len(groups.get("lead", ""))
    draft.log_removed("lifted: byline", first.text[:end])
    first.runs = cut_text(first.runs, 0, end)
