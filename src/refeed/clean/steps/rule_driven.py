"""Steps for what a source's rule says: its lines, end marks, link to the original, lists of related articles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from ...config.field_types import Regexp
from ...config.source_rules import LineRule
from .. import blocks as b
from .. import bylines
from ..blocks import Block, Run
from ..compiled_rules import CompiledRule
from ..draft import Draft
from ..text import collapse_whitespace
from .boilerplate import has_only_links

_EDGE = 6


def apply_line_rules(draft: Draft) -> None:
    """The rule's lines: fields and promotions known by their text."""
    texts = draft.text_blocks()
    gone: list[Block] = []
    for at, candidates in _candidates(draft.rule, texts).items():
        block, places = texts[at], _places(at, len(texts))
        parts = b.split_lines(block.runs)
        kept: list[list[Run]] = []
        for index, part in enumerate(parts):
            matched = _matching(draft.rule.line_rules, part, places) if index in candidates else None
            if matched is None or _stays(draft, *matched, part):
                kept.append(part)
            if matched is not None and matched[0].figures:
                gone.extend(_figures_after(draft, block))
        if len(kept) != len(parts):
            block.runs = b.normalize_runs(b.join_lines(kept))
            if not block.runs:
                gone.append(block)
    draft.remove_blocks(gone)


def _places(at: int, count: int) -> tuple[str, ...]:
    """Which values of a line's `where` cover the text at this place."""
    return ("any", *(("start",) if at < _EDGE else ()), *(("end",) if at >= count - _EDGE else ()))


def _candidates(ready: CompiledRule, texts: Sequence[Block]) -> dict[int, set[int]]:
    """Which lines of which texts a rule may fit: one search over all, since each search of RE2 costs a copy."""
    if ready.any_line_rule is None:
        return {}
    if not ready.has_link_lines and not ready.any_line_rule.search("\n".join(block.text for block in texts)):
        return {}
    searched: list[str] = []
    places: list[tuple[int, int]] = []
    for at, block in enumerate(texts):
        searched.append(block.text)
        places.extend((at, index) for index in range(block.text.count("\n") + 1))
        if ready.has_link_lines and b.extract_links(block.runs):
            for index, part in enumerate(b.split_lines(block.runs)):
                searched.append(collapse_whitespace(b.text_outside_links(part)))
                places.append((at, index))
    found: dict[int, set[int]] = {}
    whole = "\n".join(searched)
    for match in ready.any_line_rule.finditer(whole):
        at, index = places[min(whole.count("\n", 0, match.start()), len(places) - 1)]
        found.setdefault(at, set()).add(index)
    return found


def _matching(
    rules: Sequence[tuple[LineRule, Regexp]], part: list[Run], places: Sequence[str]
) -> tuple[LineRule, Any] | None:
    text = collapse_whitespace(b.text_of_runs(part))
    if not text:
        return None
    for line, pattern in rules:
        if line.where not in places:
            continue
        if line.links and not b.extract_links(part):
            continue
        if match := pattern.search(collapse_whitespace(b.text_outside_links(part)) if line.links else text):
            return line, match
    return None


def _stays(draft: Draft, line: LineRule, match: Any, part: list[Run]) -> bool:
    """Put a line that a rule fits where the rule says; False when it leaves the text."""
    _apply(draft, line, match, part)
    if line.keep or line.to == "note":
        return True
    draft.log_removed(f"rule: {line.match}", b.text_of_runs(part))
    return False


def _apply(draft: Draft, line: LineRule, match: Any, runs: list[Run]) -> None:
    groups = matched_groups(match)
    text = collapse_whitespace(b.text_of_runs(runs))
    where = f"line: {text[:60]}"
    add_matched_people(draft, groups, where, line.role)
    if line.to == "author" and "author" not in groups:
        draft.add_authors(bylines.parse_byline(text, draft.rule.is_agency), where)
    elif line.to == "people" and "people" not in groups and "name" not in groups:
        draft.add_credits(bylines.parse_credits(text), where)
    elif line.to == "rights":
        draft.rights = draft.rights or groups.get("rights", text)
        draft.log_origin("rights", where)
    elif line.to == "tag":
        draft.add_tags([name for _, name in b.extract_links(runs)] or re.split("[、，,]", groups.get("tag", "")))
    elif line.to == "original":
        draft.original = draft.original or next((url for url, _ in b.extract_links(runs)), "")
        draft.log_origin("original", where)


def matched_groups(match: Any) -> dict[str, str]:
    """What the groups of a rule's pattern found, by their names; without those that found nothing."""
    return {name: value for name, value in match.groupdict().items() if value}


def add_matched_people(draft: Draft, groups: dict[str, str], where: str, role: str = "") -> None:
    """Put the persons that a pattern's groups name into the draft; `role` is that of a `name` without one."""
    if "author" in groups:
        draft.add_authors(bylines.parse_byline(groups["author"], draft.rule.is_agency), where)
    if "people" in groups:
        draft.add_credits(bylines.parse_credits(groups["people"]), where)
    if "name" in groups:
        for name in re.split(r"\s*[、,，/／]\s*", groups["name"].strip()):
            draft.add_credits([(groups.get("role") or role, name.strip())], where)


def _figures_after(draft: Draft, block: Block) -> list[Block]:
    found: list[Block] = []
    for other in draft.blocks[draft.blocks.index(block) + 1 :]:
        if other.kind != "figure":
            break
        draft.log_removed("rule: figures that belong to a dropped line", f"{other.text} {other.url}")
        found.append(other)
    return found


def trim_end_marks(draft: Draft) -> None:
    """The rule's end marks, and credits at the end of the last lines."""
    last = draft.text_blocks()[-4:]
    any_cut = draft.rule.any_trim_end
    if any_cut is None or not any_cut.search("\n".join(block.text for block in last)):
        return
    for block in last:
        for pattern in draft.rule.trim_end:
            match = pattern.search(block.text)
            if match is None:
                continue
            add_matched_people(draft, matched_groups(match), f"end of the text: {match[0]}")
            draft.log_removed("rule: end marks", match[0])
            block.runs = b.cut_text(block.runs, match.start(), match.end())
    draft.remove_blocks([block for block in last if not block.runs])


def extract_original_link(draft: Draft) -> None:
    """The link to the article in its first language, known by its text."""
    pattern, any_original = draft.rule.original, draft.rule.any_original
    last = draft.text_blocks()[-_EDGE:]
    if pattern is None or any_original is None or not any_original.search("\n".join(block.text for block in last)):
        return
    for block in reversed(last):
        parts = b.split_lines(block.runs)
        for part in parts:
            text = collapse_whitespace(b.text_of_runs(part))
            if not pattern.search(text):
                continue
            draft.original = draft.original or next((url for url, _ in reversed(b.extract_links(part))), "")
            draft.log_origin("original", f"link: {text[:60]}")
            draft.log_removed("lifted: original", text)
            block.runs = b.normalize_runs(b.join_lines(other for other in parts if other is not part))
            if not block.runs:
                draft.blocks.remove(block)
            return


def drop_related_lists(draft: Draft) -> None:
    """Lists of nothing but links to the source's own articles, if the rule says that they do not belong to the text."""
    rule = draft.rule.source_rule
    if not rule.drop_related or (rule.digest_pages and rule.digest_pages in unquote(draft.raw.link)):
        return
    gone = [
        block
        for block in draft.blocks
        if block.kind in ("ul", "ol") and has_only_links(block) and _all_own(draft, block)
    ]
    for block in gone:
        draft.log_removed("related", block.text)
    draft.remove_blocks(gone)


def _all_own(draft: Draft, block: Block) -> bool:
    urls = [url for leaf in b.walk_blocks([block]) for url, _ in b.extract_links(leaf.runs)]
    return all(draft.rule.is_own_link(url) for url in urls)
