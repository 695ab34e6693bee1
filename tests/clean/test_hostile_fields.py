"""Plain text of an entry: one line, without controls and changes of direction that do not end, whatever says it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from refeed.clean.cleaner import clean_entry
from refeed.clean.rule_lookup import RuleLookup
from refeed.config.source_rules import SourceRule
from refeed.model import CleanResult, Origin, RawEntry

HOSTILE = "x\x1b[31m\x07\x9by\u202ez\u2066\u200f\x08\x85\u2028"
RULE = SourceRule(
    id="sample",
    title="样例",
    hosts=("sample.example",),
    section=r"/s/(?P<section>[^/]+)/",
    strip_title=(r"^(?P<section>[^:]+): ",),
    labels={"作者": "author", "标签": "tag", "版权": "rights"},
)
BODY = (
    f"<p>作者：{HOSTILE}甲</p><p>翻译：{HOSTILE}乙</p><figure><img src='https://i.example/1.jpg' alt='{HOSTILE}'>"
    f"<figcaption>{HOSTILE} 图/{HOSTILE}</figcaption></figure><p>样例的正文 {HOSTILE}，为测试而写。</p>"
    f"<p>标签：{HOSTILE}丙</p><p>版权 © {HOSTILE}丁</p><p>© 2026 {HOSTILE}</p>"
)


def clean(**fields: Any) -> CleanResult:
    raw = RawEntry(
        title=fields.pop("title", "样例"),
        link=fields.pop("link", "https://sample.example/1"),
        dump_time=datetime(2026, 1, 1, tzinfo=UTC),
        html=BODY,
    )
    raw = replace(raw, **fields)
    return clean_entry(raw, RuleLookup((RULE,)).match(raw))


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    "fields",
    [
        {"link": f"https://sample.example/s/{'%1B%07%C2%9B%E2%80%AE%E2%80%A8q'}/1"},
        {"title": f"{HOSTILE}: 样例"},
        {"authors": (HOSTILE,), "tags": (HOSTILE,), "origin": Origin(authors=(HOSTILE,), tags=(HOSTILE,))},
    ],
)
def test_every_field_is_one_line_without_controls(fields: dict[str, Any]) -> None:
    entry = asdict(clean(**fields).entry)
    title = entry.pop("title")  # keeps the writer's directions, which it ends
    assert [
        text for text in texts(entry) if re.search("[\x00-\x1f\x7f-\x9f\u2028\u202a-\u202e\u2066-\u2069]", text)
    ] == []
    assert not any(unicodedata.category(c) == "Cc" for c in title)
    if "link" in fields:
        assert entry["section"].endswith("q")
