"""Steps that apply a source's rule: line rules, end marks, the link to the original, lists of related articles."""

from __future__ import annotations

import re
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
from ..bylines import parse_credits
from ..draft import Draft, matched_groups
from ..rule_lookup import CompiledRule
from ..text import collapse_whitespace

_EDGE = 6
"""How many paragraphs at the start or the end of the text a line rule with `where` covers."""


def apply_line_rules(draft: Draft) -> None:
    """Extract or drop the lines that match one of the rule's `line_rules`."""
    texts = draft.text_blocks()
    rules = _possible_rules(draft.rule, texts)
    removed: list[Block] = []
    for at, block in enumerate(texts if rules else ()):
        positions = {"any"}
        if at < _EDGE:
            positions.add("start")
        if at >= len(texts) - _EDGE:
            positions.add("end")
        lines = split_lines(block.runs)
        kept: list[list[Run]] = []
        for line in lines:
            matched = _match_line(rules, line, positions)
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


def _possible_rules(rule: CompiledRule, texts: list[Block]) -> list[tuple[LineRule, Any]]:
    """Return the line rules, with their patterns, of which the fixed words are in the text, and those of link labels.

    Most texts have none, and one look at the text takes a fifth of the time of all patterns on all lines.
    """
    if not rule.line_rules:
        return []
    possible = set(rule.find_possible_lines("\n".join([block.text for block in texts])))
    return [row for index, row in enumerate(rule.line_rules) if index in possible or row[0].links]


def _match_line(rules: list[tuple[LineRule, Any]], line: list[Run], positions: set[str]) -> tuple[LineRule, Any] | None:
    """Return the first line rule that matches a line at one of these positions, and its match."""
    text = collapse_whitespace(text_of_runs(line))
    if not text:
        return None
    for line_rule, pattern in rules:
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
    for block in last:
        for pattern in draft.rule.trim_end:
            if match := pattern.search(block.text):
                draft.add_matched_people(matched_groups(match), f"end of the text: {match[0]}")
                draft.log_removed("rule: end marks", match[0])
                block.runs = cut_text(block.runs, match.start(), match.end())
    draft.remove_blocks([block for block in last if not block.runs])


def extract_original_link(draft: Draft) -> None:
    """Extract the link to the article in its original language, which the rule's `original` matches."""
    pattern = draft.rule.original
    for block in reversed(draft.text_blocks()[-_EDGE:] if pattern else ()):
        lines = split_lines(block.runs)
        for line in lines:
            text = collapse_whitespace(text_of_runs(line))
            if not pattern or not pattern.search(text):
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
