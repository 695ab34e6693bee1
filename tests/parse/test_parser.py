"""What parsing promises beyond the corpus of malformed dumps."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from helpers.malformed_corpus import BODY, TITLE, dump_text, link_of
from helpers.property_testing import example, given, settings, st
from refeed.config.settings import Limits
from refeed.dumps.reader import read_dump
from refeed.dumps.scanner import scan_folder
from refeed.errors import QuarantineError
from refeed.model import Dump, RawEntry
from refeed.parse.header_fields import WrittenDate, clean_line, clean_title, close_bidi_overrides
from refeed.parse.parser import parse_dump

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
SHARED = Path(__file__).parents[2].parent / "shared"
NASTY = "[](){}<!-->---\n\r\t &;#%?@:/\\'\"日期：样本\u202e\u2066\u2069\u202c\u200d\u2028\ufeff\x00\x1b\ufffe"


def _parse(data: str | bytes, *, folder: str = "", seen: datetime = SEEN) -> RawEntry:
    return parse_dump(
        Dump(path="a.md", folder=folder, data=data.encode() if isinstance(data, str) else data, first_seen=seen)
    )


_PIECES = st.sampled_from(
    [
        "---\n",
        "<!--1593330404000-->\n",
        "<!--",
        "-->",
        "[样本](https://example.org/a)",
        "](http",
        "](https://",
        "\n------\n",
        "日期：Sat, 27 Jun 2020 13:30:55 +0000\n",
        "title: 样本\n",
        "from: https://example.org/a\n",
        "tags: [a, *b\n",
        "&#0;",
        "<p>样本</p>",
    ]
)
_DUMPS = st.lists(st.one_of(_PIECES, st.text(NASTY, max_size=8), st.text(max_size=8)), max_size=12).map("".join)


@given(st.one_of(st.binary(max_size=300), _DUMPS.map(lambda text: text.encode("utf-8", "replace"))))
@example(b"\xff\xfe")
@example(b"\x81\x30\x81\x30")
@settings(max_examples=400)
def test_any_bytes_become_an_entry_or_are_quarantined_with_a_reason(data: bytes) -> None:
    try:
        entry = _parse(data)
    except QuarantineError as error:
        assert str(error)
        return
    url = urlsplit(entry.link)
    assert url.scheme in ("http", "https")
    assert url.hostname
    assert url.username is None
    assert entry.link.isascii() and entry.link.isprintable() and " " not in entry.link
    assert entry.title and entry.title == " ".join(entry.title.split()) and len(entry.title) <= 1000
    assert close_bidi_overrides(entry.title) == entry.title
    assert (
        entry.dump_time.microsecond == 0
        and entry.dump_time.tzinfo is UTC
        and entry.dump_time <= SEEN + timedelta(days=1)
    )
    assert _parse(data) == entry


_TITLES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="&"), min_size=1, max_size=60)


@given(
    title=_TITLES.filter(lambda text: any(c.isalnum() for c in text)).map(clean_line).filter(bool),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"<>\\^`{|}[]#&'), max_size=60),
    text=st.text(st.characters(categories=("L", "N", "P"), exclude_characters="&<"), min_size=1, max_size=60),
    seconds=st.integers(640_000_000, 1_760_000_000),
)
def test_what_is_written_as_a_dump_is_read_back(title: str, path: str, text: str, seconds: int) -> None:
    link = f"https://example.org/{path}"
    entry = _parse(f"<!--{seconds}000-->\n[{title}]({link})\n------\n\n<p>{text}</p>\n", folder="样本")
    assert (entry.title, entry.link, entry.html) == (title, link, f"<p>{text}</p>")
    assert (entry.dump_time, entry.folder, entry.issues) == (datetime.fromtimestamp(seconds, UTC), "样本", ())


@given(st.text(NASTY + "ab中", max_size=60))
def test_cleaning_a_line_twice_is_cleaning_it_once(text: str) -> None:
    once = clean_line(text.replace("&", ""))
    assert clean_line(once) == once


@given(_TITLES, st.integers(1, 40))
def test_title_is_never_longer_than_its_limit(text: str, longest: int) -> None:
    title, issues = clean_title(text, longest)
    assert len(title) <= longest
    assert bool(issues) == (clean_line(text) == "" or len(clean_line(text)) > longest or title == "")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("A <em>new</em> <b>pier<br>and</b> harbour", "A new pier and harbour"),
        ("<![CDATA[The pier]]>", "The pier"),
        ("List<String>, a < b and &lt;b&gt;bold&lt;/b&gt;", "List<String>, a < b and <b>bold</b>"),
    ],
)
def test_markup_of_a_title_goes_and_text_that_looks_like_it_stays(written: str, title: str) -> None:
    assert clean_title(written, 200) == (title, ())


def test_title_is_not_cut_inside_a_grapheme() -> None:
    family = "👩\u200d👩\u200d👧"
    title, _ = clean_title("样" * 8 + family + "本" * 10, 12)
    assert title == "样" * 8 + "…"


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_all_line_ends_give_the_same_entry(ends: str) -> None:
    text = dump_text("ends", body="<p>样本</p>\n<p>第二段</p>")
    assert _parse(text.replace("\n", ends)) == _parse(text)


def test_all_encodings_give_the_same_entry_except_for_the_issue() -> None:
    text = dump_text("encodings")
    utf8 = _parse(text)
    assert _parse(b"\xef\xbb\xbf" + text.encode()) == utf8
    assert _parse(text.encode("utf-16")) == utf8
    assert replace(_parse(text.encode("gb18030")), issues=()) == utf8


def test_reason_names_the_byte_counted_from_one() -> None:
    data = dump_text("byte").encode() + b"\xff"
    with pytest.raises(QuarantineError, match=f"byte {len(data):,} \\(0xff\\)"):
        _parse(data)


def test_byte_order_mark_is_counted_too() -> None:
    data = b"\xef\xbb\xbf" + dump_text("byte").encode() + b"\xff"
    with pytest.raises(QuarantineError, match=f"byte {len(data):,} \\(0xff\\)"):
        _parse(data)


def test_reason_names_the_line() -> None:
    with pytest.raises(QuarantineError, match="line 4: the link 'ftp:"):
        _parse("\n\n<!--1593330404000-->\n[样本](ftp://example.org/a)\n------\n\n<p>样本</p>\n")


def test_reason_reveals_no_credentials() -> None:
    with pytest.raises(QuarantineError) as error:
        _parse(dump_text("secret", link="https://me:secret@exa mple.org/"))
    assert "secret" not in str(error.value)


def test_date_up_to_a_day_ahead_is_used_and_a_later_one_is_not() -> None:
    ahead = SEEN + timedelta(days=1)
    assert _parse(dump_text("ahead", epoch=f"<!--{int(ahead.timestamp())}-->")).dump_time == ahead
    later = _parse(dump_text("ahead", epoch=f"<!--{int(ahead.timestamp()) + 1}-->"))
    assert later.dump_time == SEEN
    assert "future" in later.issues[0]


def test_date_line_is_used_when_the_epoch_makes_no_sense() -> None:
    text = dump_text("both", epoch="<!--NaN-->", separator="------\n日期：Sat, 27 Jun 2020 13:30:55 +0000")
    entry = _parse(text)
    assert entry.dump_time == datetime(2020, 6, 27, 13, 30, 55, tzinfo=UTC)
    assert entry.issues == ()
    assert "日期" not in entry.html


def test_date_line_of_the_article_stays_in_the_body() -> None:
    entry = _parse(dump_text("own", body="日期：2020-06-27\n\n<p>样本</p>"))
    assert entry.html.startswith("日期：2020-06-27")
    assert _parse(dump_text("own", epoch=None, body="日期：昨天\n\n<p>样本</p>")).html.startswith("日期：昨天")


def test_comment_that_is_not_a_date_stays_in_the_body() -> None:
    assert _parse(dump_text("comment", body="<!-- 样本 --><p>样本</p>")).html.startswith("<!-- 样本 -->")


def test_second_article_is_kept_below_the_first_under_its_own_heading() -> None:
    second = dump_text(
        "second", heading="第二个&amp;样本", link="https://example.org/?a=1&b=2", body="<p>第二份样本。</p>"
    )
    entry = _parse(dump_text("first") + second)
    assert entry.title == TITLE
    assert entry.html == (
        f'{BODY}\n<h2><a href="https://example.org/?a=1&amp;b=2">第二个&amp;样本</a></h2>\n<p>第二份样本。</p>'
    )
    assert entry.issues == ("2 articles in one file, the second in line 7; they are published as one: split the file",)


def test_link_above_dashes_without_a_date_is_text() -> None:
    body = f"{BODY}\n[样本](https://example.org/b)\n------\n<p>样本</p>"
    entry = _parse(dump_text("rule", body=body))
    assert (entry.html, entry.issues) == (body, ())


def test_plain_text_becomes_paragraphs() -> None:
    entry = _parse(dump_text("plain", body="第一段，是样本。\n\n\u3000\u3000第二段 1 < 2。\n第二行。\n\n\n第三段。"))
    assert entry.html == "<p>第一段，是样本。</p>\n<p>第二段 1 < 2。\n第二行。</p>\n<p>第三段。</p>"


POST = """---
layout: post
title: "样本：一个\\u201c题目\\u201d"
date: 2021-02-10 13:28:12 +0800
author: 甲, 乙、甲
from: https://example.org/post
tags:
  - 样本
  - 'a b'
---
"""


def test_post_gives_title_date_authors_link_and_tags() -> None:
    entry = _parse(POST + "<p>样本</p>\n")
    assert entry.title == "样本：一个“题目”"
    assert entry.dump_time == datetime(2021, 2, 10, 5, 28, 12, tzinfo=UTC)
    assert entry.link == "https://example.org/post"
    assert entry.authors == ("甲", "乙")
    assert entry.tags == ("样本", "a b")
    assert (entry.html, entry.layout, entry.issues) == ("<p>样本</p>", "front matter", ())


def test_post_around_a_dump_has_the_dumps_header_and_its_own_authors() -> None:
    entry = _parse(POST + dump_text("within"))
    assert (entry.title, entry.link) == (TITLE, link_of("within"))
    assert entry.dump_time == datetime(2020, 6, 28, 7, 46, 44, tzinfo=UTC)
    assert entry.authors == ("甲", "乙")
    assert entry.html == BODY
    assert entry.layout == "front matter + epoch, link, separator"


def test_post_whose_from_is_a_name_is_linked_by_another_key() -> None:
    entry = _parse(
        POST.replace("from: https://example.org/post", "from: 样本社\nlink: https://example.org/post") + "样本"
    )
    assert entry.link == "https://example.org/post"


def test_tags_are_separated_by_spaces_or_commas() -> None:
    tags = "tags:\n  - 样本\n  - 'a b'"
    assert _parse(POST.replace(tags, "tags: 样本 甲") + "样本").tags == ("样本", "甲")
    assert _parse(POST.replace(tags, "tags: [样本 甲]") + "样本").tags == ("样本 甲",)
    assert _parse(POST.replace(tags, "tags: 样本 甲，乙") + "样本").tags == ("样本 甲", "乙")


def test_missing_title_of_a_dump_in_a_post_is_taken_from_the_front_matter() -> None:
    assert _parse(POST + dump_text("within", heading=" ")).title == "样本：一个“题目”"


def test_front_matter_that_is_not_yaml_is_read_line_by_line() -> None:
    broken = POST.replace('"样本：一个\\u201c题目\\u201d"', "样本: 引\"号' [a").replace(
        "tags:\n  - 样本\n  - 'a b'", "tags: [a, 'b']"
    )
    entry = _parse(broken + "<p>样本</p>")
    assert entry.title == "样本: 引\"号' [a"
    assert entry.tags == ("a", "b")


@pytest.mark.parametrize("text", ["", "0", "12", "-1", "2020-06", "昨天", "Sun, 99 Jun 2020 07:46:44 +0000", "1" * 18])
def test_text_that_is_not_a_date_since_1990_is_none(text: str) -> None:
    assert WrittenDate.parse(text).at is None


@given(st.text("0123456789-:+ TZ.,JanSuGMT", max_size=40))
def test_no_text_breaks_date_parsing(text: str) -> None:
    at = WrittenDate.parse(text).at
    assert at is None or (at.tzinfo is UTC and at.microsecond == 0)


def test_title_and_link_are_limited_by_the_settings() -> None:
    dump = Dump(path="a.md", folder="", data=dump_text("limits").encode(), first_seen=SEEN)
    assert parse_dump(dump, Limits(title=3)).title == "样本…"
    with pytest.raises(QuarantineError, match="10 are allowed"):
        parse_dump(dump, Limits(link=10))


def _cost(data: bytes) -> float:
    """Processor time in seconds, so that other processes do not count."""
    times = []
    for _ in range(3):
        start = time.process_time()
        with suppress(QuarantineError):
            _parse(data)
        times.append(time.process_time() - start)
    return min(times)


def _takes_linear_time(make_text: Callable[[int], str]) -> bool:
    # Where the Markdown parser has much to do for each unit, fewer units show the same in a tenth of the time.
    count = 10_000 if _cost(make_text(500).encode()) < 0.01 else 500
    small, large = (_cost(make_text(size).encode()) for size in (count, 4 * count))
    return large < 10 * small + 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "[x](http://",
        "](",
        "\n---",
        "\n[x](http://a)\n---",
        "[x](",
        "(",
        "\n",
        " ",
        "日期：",
        "&#1;",
        "<",
        "<p>",
        "\u202e",
        "---\na: ",
    ],
)
def test_time_is_linear_in_the_number_of_bytes(unit: str) -> None:
    head, link = "<!--1593330404000-->\n", "(https://example.org/a)\n------\n"
    assert _takes_linear_time(lambda count: f"{head}[样本]{link}{unit * count}")
    assert _takes_linear_time(lambda count: unit * count)
    assert _takes_linear_time(lambda count: f"{head}[{unit * count}]{link}")


def test_samples_of_all_sources_are_accepted() -> None:
    if not SHARED.is_dir():
        pytest.skip("needs the archive's samples next to the checkout")
    count = 0
    for folder in (SHARED / "samples", SHARED / "seeds"):
        for file in scan_folder(folder):
            if file.relative_path == "README.md":
                continue
            entry = _parse(read_dump(file.path, root=file.root))
            assert entry.issues == (), file.relative_path
            assert entry.title == html.unescape(entry.title)
            assert entry.html.endswith(">") and "------" not in entry.html[:20]
            count += 1
    assert count >= 160


@pytest.mark.parametrize(
    "header",
    [
        "[样例](https://example.org/a) ](" + " " * 300_000,
        "[样例](https://example.org/a) ](<" + "\u3000" * 100_000,
        "[" + "\u202a" * 20_000 + "\u2069" * 20_000 + "样例](https://example.org/a)",
        "[" + "\u2067" * 8000 + "\u2069" * 8000 + "样例](https://example.org/a)",
        "[](https://example.org/a)\n------\n" + "<p>" * 100_000,
    ],
    ids=["blanks", "wide blanks", "embeddings", "isolates", "unclosed paragraphs"],
)
def test_a_hostile_header_takes_no_longer_than_its_length_explains(header: str) -> None:
    started = time.process_time()
    with suppress(QuarantineError):
        _parse(f"<!--1593330404000-->\n{header}\n------\n样例")
    assert time.process_time() - started < 0.5
