"""Steps that apply a source's rule: line rules, end marks, the link to the original, lists of related articles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from ...config.source_rules import LineRule
from ..blocks import (
    Block,
    Run,
    cut_text,
    extract_links,
    has_only_links,
    join_lines,
    normalize_runs,
    split_lines,
    text_of_runs,
    text_outside_links,
    walk_blocks,
)
from ..body_metadata import parse_credits
from ..draft import Draft, matched_groups
from ..rule_lookup import CompiledRule
from ..text import collapse_whitespace

_EDGE = 6
"""How many paragraphs at the start or the end of the text a line rule with `where` covers."""


def apply_line_rules(draft: Draft) -> None:
    """Extract or drop the lines that match one of the rule's `line_rules`."""
    texts = draft.text_blocks()
    removed: list[Block] = []
    for at, candidates in _find_candidate_lines(draft.rule, texts).items():
        block = texts[at]
        positions = {"any"}
        if at < _EDGE:
            positions.add("start")
        if at >= len(texts) - _EDGE:
            positions.add("end")
        lines = split_lines(block.runs)
        kept: list[list[Run]] = []
        for index, line in enumerate(lines):
            matched = _match_line(draft.rule, line, positions) if index in candidates else None
            if matched is None:
                kept.append(line)
                continue
            rule, match = matched
            _apply_line_rule(draft, rule, match, line)
            if rule.keep or rule.to == "note":
                kept.append(line)
            else:
                draft.log_removed(f"rule: {rule.match}", text_of_runs(line))
            if rule.figures:
                removed.extend(_figures_after(draft, block))
        if len(kept) != len(lines):
            block.runs = normalize_runs(join_lines(kept))
            if not block.runs:
                removed.append(block)
    draft.remove_blocks(removed)


def _find_candidate_lines(rule: CompiledRule, texts: Sequence[Block]) -> dict[int, set[int]]:
    """Return paragraph index -> indexes of the lines that a line rule may match.

    One search covers all paragraphs, because RE2 copies the text for each search.
    """
    if rule.any_line_rule is None:
        return {}
    if not rule.has_link_lines and not rule.any_line_rule.search("\n".join(block.text for block in texts)):
        return {}
    searched: list[str] = []
    positions: list[tuple[int, int]] = []
    for at, block in enumerate(texts):
        searched.append(block.text)
        positions.extend((at, index) for index in range(block.text.count("\n") + 1))
        if rule.has_link_lines and extract_links(block.runs):
            for index, line in enumerate(split_lines(block.runs)):
                searched.append(collapse_whitespace(text_outside_links(line)))
                positions.append((at, index))
    candidates: dict[int, set[int]] = {}
    whole = "\n".join(searched)
    for match in rule.any_line_rule.finditer(whole):
        at, index = positions[min(whole.count("\n", 0, match.start()), len(positions) - 1)]
        candidates.setdefault(at, set()).add(index)
    return candidates


def _match_line(rule: CompiledRule, line: list[Run], positions: set[str]) -> tuple[LineRule, Any] | None:
    """Return the first line rule that matches a line at one of these positions, and its match."""
    text = collapse_whitespace(text_of_runs(line))
    if not text:
        return None
    for line_rule, pattern in rule.line_rules:
        if line_rule.where not in positions or (line_rule.links and not extract_links(line)):
            continue
        if match := pattern.search(collapse_whitespace(text_outside_links(line)) if line_rule.links else text):
            return line_rule, match
    return None


def _apply_line_rule(draft: Draft, rule: LineRule, match: Any, line: list[Run]) -> None:
    """Set the fields found in a matched line."""
    groups = matched_groups(match)
    text = collapse_whitespace(text_of_runs(line))
    origin = f"line: {text[:60]}"
    draft.add_matched_people(groups, origin, rule.role)
    if rule.to == "author" and "author" not in groups:
        draft.add_byline(text, origin)
    elif rule.to == "people" and "people" not in groups and "name" not in groups:
        draft.add_credits(parse_credits(text), origin)
    elif rule.to == "rights":
        draft.rights = draft.rights or groups.get("rights", text)
        draft.log_origin("rights", origin)
    elif rule.to == "tag":
        draft.add_tags([name for _, name in extract_links(line)] or re.split("[、，,]", groups.get("tag", "")))
    elif rule.to == "original":
        draft.original = draft.original or next((url for url, _ in extract_links(line)), "")
        draft.log_origin("original", origin)


def _figures_after(draft: Draft, block: Block) -> list[Block]:
    figures: list[Block] = []
    for other in draft.blocks[draft.blocks.index(block) + 1 :]:
        if other.kind != "figure":
            break
        draft.log_removed("rule: figures that belong to a dropped line", f"{other.text} {other.url}")
        figures.append(other)
    return figures


def trim_end_marks(draft: Draft) -> None:
    """Cut the rule's end marks, and the credits in them, from the last paragraphs."""
    last = draft.text_blocks()[-4:]
    any_trim_end = draft.rule.any_trim_end
    if any_trim_end is None or not any_trim_end.search("\n".join(block.text for block in last)):
        return
    for block in last:
        for pattern in draft.rule.trim_end:
            if match := pattern.search(block.text):
                draft.add_matched_people(matched_groups(match), f"end of the text: {match[0]}")
                draft.log_removed("rule: end marks", match[0])
                block.runs = cut_text(block.runs, match.start(), match.end())
    draft.remove_blocks([block for block in last if not block.runs])


def extract_original_link(draft: Draft) -> None:
    """Extract the link to the article in its original language, which the rule's `original` matches."""
    pattern, any_original = draft.rule.original, draft.rule.any_original
    last = draft.text_blocks()[-_EDGE:]
    if pattern is None or any_original is None or not any_original.search("\n".join(block.text for block in last)):
        return
    for block in reversed(last):
        lines = split_lines(block.runs)
        for line in lines:
            text = collapse_whitespace(text_of_runs(line))
            if not pattern.search(text):
                continue
            draft.original = draft.original or next((url for url, _ in reversed(extract_links(line))), "")
            draft.log_origin("original", f"link: {text[:60]}")
            draft.log_removed("lifted: original", text)
            block.runs = normalize_runs(join_lines(other for other in lines if other is not line))
            if not block.runs:
                draft.blocks.remove(block)
            return


def drop_related_lists(draft: Draft) -> None:
    """Drop lists of links to the source's own pages, unless the page is a digest that consists of such lists."""
    rule = draft.rule.source_rule
    if not rule.drop_related or (rule.digest_pages and rule.digest_pages in unquote(draft.raw.link)):
        return
    removed: list[Block] = []
    for block in draft.blocks:
        if block.kind in ("ul", "ol") and has_only_links(block):
            links = [url for leaf in walk_blocks([block]) for url, _ in extract_links(leaf.runs)]
            if all(map(draft.rule.is_own_link, links)):
                draft.log_removed("related", block.text)
                removed.append(block)
    draft.remove_blocks(removed)
