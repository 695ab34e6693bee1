"""A corpus of malformed and odd dumps, each with the outcome that it must have.

It covers every kind of broken file that is read or refused, and every oddity that was seen in real dumps.

    python tests/helpers/malformed_corpus.py FOLDER      writes them, and prints name, outcome and reason, one line each

All texts are our own and say that they are samples. Every dump has its own link, so each is an entry of its own.
"""

from __future__ import annotations

import codecs
import os
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from refeed.model import Outcome

ACCEPTED, FLAGGED, QUARANTINED, IGNORED = Outcome.ACCEPTED, Outcome.FLAGGED, Outcome.QUARANTINED, Outcome.IGNORED

TITLE = "样本标题"
BODY = "<p>这是一份样本，写来检验发布程序，并非任何媒体的文章。</p>"
EPOCH = "<!--1593330404000-->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file: its name below the folder, its bytes or how to make it, and the outcome that it must have."""

    name: str
    outcome: Outcome | None
    """None: any, as long as it is in time and disturbs nothing else."""
    data: bytes = b""
    make: Callable[[Path], None] | None = None
    says: str = ""
    """A part of the reason or of an issue."""
    title: str | None = None
    """The title that it must have; None when the case is not about titles."""
    link: str | None = None
    at: str | None = None
    """The instant of the header, as ISO 8601 without an offset."""
    stage: str = "parse"
    """The package that decides: dumps, parse, or clean."""


def all_cases() -> tuple[Case, ...]:
    """All cases, in a fixed order."""
    return tuple(case for group in _GROUPS for case in group())


def write_corpus(folder: Path) -> tuple[Case, ...]:
    """Write every case that this machine and user can make. Returns those, with the outcome for this user."""
    written = []
    for case in all_cases():
        path = folder / case.name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            case.make(path) if case.make else path.write_bytes(case.data)
        except (OSError, ValueError):  # a name or device that this file system or user cannot make
            continue
        if case.outcome is QUARANTINED and case.stage == "dumps" and "may not" in case.says and os.geteuid() == 0:
            case = replace(case, outcome=ACCEPTED, says="")
        written.append(case)
    return tuple(written)


def link_of(name: str) -> str:
    return f"https://example.org/sample/{name}"


def dump_text(
    name: str,
    *,
    epoch: str | None = EPOCH,
    heading: str = TITLE,
    link: str | None = None,
    separator: str | None = "------",
    body: str = BODY,
    end: str = "\n",
) -> str:
    """A dump in the canonical layout, except for the parts that are given."""
    lines = [] if epoch is None else [epoch]
    lines.append(f"[{heading}]({link_of(name) if link is None else link})")
    if separator is not None:
        lines += [separator, ""]
    return end.join([*lines, body, ""])


def _case(
    name: str,
    outcome: Outcome | None,
    data: str | bytes | None = None,
    *,
    file: str = "",
    says: str = "",
    title: str | None = None,
    expected_link: str | None = None,
    at: str | None = None,
    stage: str = "parse",
    **parts: str | None,
) -> Case:
    """A case with these bytes, or with a canonical dump that differs in these parts."""
    if data is None:
        data = dump_text(name, **parts)
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    expected = {"says": says, "title": title, "link": expected_link, "at": at, "stage": stage}
    return Case(name=file or f"{name}.md", outcome=outcome, data=data, **expected)


def _encodings() -> Iterator[Case]:
    text = dump_text("enc")
    yield _case("enc-utf8", ACCEPTED, title=TITLE, at="2020-06-28T07:46:44")
    yield _case("enc-utf8-bom", ACCEPTED, codecs.BOM_UTF8 + dump_text("enc-utf8-bom").encode(), title=TITLE)
    yield _case(
        "enc-utf8-two-boms", ACCEPTED, codecs.BOM_UTF8 * 2 + dump_text("enc-utf8-two-boms").encode(), title=TITLE
    )
    for name in ("utf-16-le", "utf-16-be"):
        mark = codecs.BOM_UTF16_LE if name.endswith("le") else codecs.BOM_UTF16_BE
        yield _case(f"enc-{name}", ACCEPTED, mark + dump_text(f"enc-{name}").encode(name), title=TITLE)
        yield _case(f"enc-{name}-unmarked", QUARANTINED, text.encode(name), says="byte")
        yield _case(f"enc-{name}-odd", QUARANTINED, mark + text.encode(name)[:-1], says="inside a character")
    yield _case("enc-utf-16-half-pair", QUARANTINED, codecs.BOM_UTF16_LE + b"\x00\xd8a\x00", says="byte")
    for name in ("utf-32-le", "utf-32-be"):
        mark = codecs.BOM_UTF32_LE if name.endswith("le") else codecs.BOM_UTF32_BE
        yield _case(f"enc-{name}", QUARANTINED, mark + text.encode(name), says="UTF-32")
    yield _case("enc-gb18030", FLAGGED, dump_text("enc-gb18030").encode("gb18030"), says="GB18030", title=TITLE)
    four = dump_text("enc-gb18030-four", heading="样本标题㐀𠀀").encode("gb18030")
    yield _case("enc-gb18030-four-bytes", FLAGGED, four, says="GB18030", title="样本标题㐀𠀀")
    yield _case(
        "enc-gb18030-cut", QUARANTINED, dump_text("x", body=BODY + "样本").encode("gb18030")[:-2], says="character"
    )
    yield _case("enc-gbk-bad-byte", QUARANTINED, text.encode("gbk") + b"\xff\xff", says="byte")
    traditional = dump_text("x", heading="樣本標題", body="<p>這是一份樣本，寫來檢驗發佈程式，並非任何媒體的文章。</p>")
    yield _case("enc-big5", QUARANTINED, traditional.encode("big5"), says="byte")
    japanese = dump_text(
        "x", heading="見本の題名", body="<p>これは見本の文章です。どの報道機関の記事でもありません。</p>"
    )
    yield _case("enc-shift-jis", QUARANTINED, japanese.encode("shift_jis"), says="byte")
    yield _case("enc-euc-jp", QUARANTINED, japanese.encode("euc_jp"), says="byte")
    korean = dump_text("x", heading="견본 제목", body="<p>이것은 견본 문장이며 어떤 언론사의 기사도 아닙니다.</p>")
    yield _case("enc-euc-kr", QUARANTINED, korean.encode("euc_kr"), says="byte")
    french = dump_text("x", heading="Un échantillon", body="<p>Un échantillon à nous, déjà vu.</p>")
    yield _case("enc-latin-1", QUARANTINED, french.encode("latin-1"), says="byte")
    russian = dump_text("x", heading="Образец", body="<p>Это образец, а не статья.</p>")
    yield _case("enc-cp1251", QUARANTINED, russian.encode("cp1251"), says="byte")
    yield _case("enc-koi8-r", QUARANTINED, russian.encode("koi8-r"), says="byte")
    yield _case("enc-one-bad-byte", QUARANTINED, text.encode() + b"<p>\xc0\xaf</p>", says="byte")
    yield _case("enc-surrogate", QUARANTINED, dump_text("x", heading="样本\ud800"), says="byte")
    yield _case("enc-truncated", QUARANTINED, dump_text("x", body="<p>样本").encode()[:-2], says="complete")
    yield _case(
        "enc-truncated-bom", QUARANTINED, codecs.BOM_UTF8 + dump_text("x", body="样本").encode()[:-2], says="complete"
    )


def _not_dumps() -> Iterator[Case]:
    yield _case("bin-png", QUARANTINED, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 8, says="byte")
    yield _case("bin-gzip", QUARANTINED, b"\x1f\x8b\x08\x00" + bytes(reversed(range(256))) * 8, says="byte")
    yield _case("bin-zeros", QUARANTINED, bytes(5000), says="byte 1 ")
    yield _case("bin-random", QUARANTINED, bytes((i * 7919 + i // 256) % 256 for i in range(9000)), says="byte")
    yield _case("empty", QUARANTINED, b"", says="empty")
    yield _case("empty-bom", QUARANTINED, codecs.BOM_UTF8, says="blanks")
    yield _case("empty-blanks", QUARANTINED, b" \r\n\t\n\n", says="blanks")
    yield _case("not-prose", QUARANTINED, "这是一份样本，没有标头。\n第二行。\n", says="line 1")
    yield _case("not-html", QUARANTINED, "<!DOCTYPE html><html><body><p>样本</p></body></html>", says="no link")
    yield _case("not-readme", QUARANTINED, "# 样本\n\n见[样本](https://example.org/a)。\n", says="line 1")
    yield _case("not-json", QUARANTINED, '{"title": "样本", "link": "https://example.org/a"}', says="line 1")
    yield _case("not-xml", QUARANTINED, '<?xml version="1.0"?><rss><channel/></rss>', says="line 1")
    yield _case("not-header-only-epoch", QUARANTINED, EPOCH + "\n", says="line 2: no link")
    yield _case("not-header-only-dashes", QUARANTINED, "------\n", says="no link")


def _line_ends() -> Iterator[Case]:
    for name, end in (("crlf", "\r\n"), ("cr", "\r"), ("ls", "\u2028"), ("ps", "\u2029"), ("nel", "\x85")):
        yield _case(f"end-{name}", ACCEPTED, end=end, title=TITLE)
    mixed = f"{EPOCH}\r\n[{TITLE}]({link_of('end-mixed')})\r------\n\r\n{BODY}"
    yield _case("end-mixed", ACCEPTED, mixed, title=TITLE)
    yield _case("end-blank-lines-first", ACCEPTED, "\n\n \t\n" + dump_text("end-blank-lines-first"), title=TITLE)
    yield _case(
        "end-crlf-blank-lines-first", ACCEPTED, "\r\n\r\n" + dump_text("end-crlf-blank", end="\r\n"), title=TITLE
    )
    between = f"{EPOCH}\n\n\n[{TITLE}]({link_of('end-between')})\n\n\n------\n\n\n\n{BODY}\n\n\n"
    yield _case("end-blank-lines-between", ACCEPTED, between, title=TITLE)
    yield _case("end-no-final", ACCEPTED, dump_text("end-no-final").rstrip("\n"), title=TITLE)
    yield _case("end-cr-in-attribute", ACCEPTED, body='<p title="\r样本">样本\r正文，是样本。</p>', title=TITLE)
    yield _case("end-body-of-lines", ACCEPTED, body="<p>样本\n第二行\n</p>\n<p>第三行，是样本。</p>", title=TITLE)


def _dates() -> Iterator[Case]:
    valid = {
        "s": "1593330404",
        "ms": "1593330404000",
        "us": "1593330404000000",
        "fraction": "1593330404.25",
        "blanks": " 1593330404000 ",
        "iso-z": "2020-06-28T07:46:44Z",
        "iso-offset": "2020-06-28T15:46:44+08:00",
        "iso-naive": "2020-06-28 07:46:44",
        "iso-fraction": "2020-06-28T07:46:44.123Z",
        "jekyll": "2020-06-28 15:46:44 +0800",
        "rfc2822": "Sun, 28 Jun 2020 07:46:44 +0000",
    }
    for name, written in valid.items():
        yield _case(f"date-{name}", ACCEPTED, epoch=f"<!--{written}-->", at="2020-06-28T07:46:44")
    yield _case("date-day-only", ACCEPTED, epoch="<!--2020-06-28-->", at="2020-06-28T00:00:00")
    yield _case("date-none", FLAGGED, epoch=None, says="no date")
    for name, written in {
        "empty": "",
        "nan": "NaN",
        "undefined": "undefined",
        "zero": "0",
        "one": "1",
        "negative": "-1593330404000",
        "endless": "9" * 40,
        "words": "昨天",
        "month-13": "2020-13-01",
        "hour-25": "2020-06-28T25:00:00Z",
        "year-1": "0001-01-01T00:00:00+14:00",
        "offset": "Sun, 28 Jun 2020 07:46:44 +99999999",
        "digits": "１５９３３３０４０４",
        "hex": "0x5ef84aa4",
    }.items():
        yield _case(f"date-{name}", FLAGGED, epoch=f"<!--{written}-->", says="makes no sense")
    for name, written in {"2100": "4102444800000", "9999": "253402300799000", "ns": "99999999999999999"}.items():
        yield _case(f"date-future-{name}", FLAGGED, epoch=f"<!--{written}-->", says="future")


def _layouts() -> Iterator[Case]:
    def head(name: str) -> str:
        return f"[{TITLE}]({link_of(name)})"

    name = "layout-date-line"
    line = "日期：Sat, 27 Jun 2020 13:30:55 +0000"
    yield _case(name, ACCEPTED, f"{head(name)}\n------\n{line}\n\n{BODY}\n", title=TITLE, at="2020-06-27T13:30:55")
    name = "layout-date-line-ascii-colon"
    yield _case(
        name, ACCEPTED, f"{head(name)}\n------\n{line.replace('：', ': ')}\n\n{BODY}\n", at="2020-06-27T13:30:55"
    )
    name = "layout-date-line-bad"
    yield _case(name, FLAGGED, f"{head(name)}\n------\n日期：昨天\n\n{BODY}\n", says="no date")
    name = "layout-swapped"
    yield _case(name, ACCEPTED, f"{head(name)}\n{EPOCH}\n------\n\n{BODY}\n", title=TITLE, at="2020-06-28T07:46:44")
    name = "layout-epoch-last"
    yield _case(name, ACCEPTED, f"{head(name)}\n------\n{EPOCH}\n\n{BODY}\n", title=TITLE, at="2020-06-28T07:46:44")
    name = "layout-one-line"
    yield _case(name, ACCEPTED, f"{EPOCH}{head(name)}\n------\n{BODY}", title=TITLE)
    for name, dashes in {
        "three": "---",
        "eighty": "-" * 80,
        "blanks": "  ------ \t",
        "wide-blank": "------\u3000",
    }.items():
        yield _case(f"sep-{name}", ACCEPTED, separator=dashes, title=TITLE)
    for name, mark in {
        "equals": "======",
        "stars": "***",
        "spaced": "- - -",
        "underscores": "______",
        "em-dashes": "——————",
        "box": "──────",
        "two": "--",
    }.items():
        yield _case(f"sep-{name}", FLAGGED, separator=mark, says="another line than dashes", title=TITLE)
    name = "sep-glued"
    yield _case(name, FLAGGED, f"{EPOCH}\n{head(name)}\n------{BODY}\n", says="another line", title=TITLE)
    yield _case("sep-none", FLAGGED, separator=None, says="no line of dashes", title=TITLE)
    yield _case("sep-none-rule-in-body", FLAGGED, separator=None, body=f"{BODY}\n---\n{BODY}", says="no line of dashes")
    yield _case("sep-rule-in-body", ACCEPTED, body=f"{BODY}\n\n------\n\n{BODY}", title=TITLE)
    name = "layout-aside"
    yield _case(
        name,
        FLAGGED,
        f"{EPOCH}\n{head(name)} 样本社\n------\n\n{BODY}\n",
        says="follows the link",
        expected_link=link_of(name),
    )
    for name, body in {"none": "", "blanks": " \n\u3000\n", "zero-width": "\n\n"}.items():
        yield _case(f"body-{name}", FLAGGED, body=body, says="body is empty")
    yield _case("body-none-at-all", FLAGGED, f"{EPOCH}\n{head('body-none-at-all')}", says="body is empty")
    yield _case("body-plain", ACCEPTED, body="第一段，是样本。\n\n第二段，也是样本。")
    yield _case("body-markup-damaged", ACCEPTED, body="<div><p>样本<b>没有</p></i></span><p>关上的标签")
    yield _case("body-controls", ACCEPTED, body="<p>样本\x01\x08\x0b\x1b[31m\x7f\ufffe\uffff里有控制字符。</p>")
    yield _case("body-bidi", ACCEPTED, body="<p>样本\u202e里有方向\u2067控制字符。</p>")
    name = "title-of-lines-no-dashes"
    text = f"{EPOCH}\n[样本\n标题]({link_of(name)})\n<p>样本[甲](https://example.org/b)。</p>\n---\n<p>样本</p>"
    yield _case(name, FLAGGED, text, says="no line of dashes", title="样本 标题", expected_link=link_of(name))
    first, second = "two-canonical", "two-canonical-second"
    yield _case(
        first,
        FLAGGED,
        dump_text(first) + dump_text(second, heading="第二个样本"),
        says="2 articles in one file",
        title=TITLE,
    )
    joined = dump_text("two-glued").rstrip("\n") + dump_text("two-glued-second")
    yield _case("two-glued", FLAGGED, joined, says="2 articles")
    older = f"[第二个样本]({link_of('two-dates-second')})\n------\n{line}\n\n{BODY}\n"
    yield _case("two-date-lines", FLAGGED, dump_text("two-date-lines") + older, says="2 articles")
    yield _case("three", FLAGGED, "".join(dump_text(f"three-{n}") for n in range(3)), says="3 articles")


def _posts() -> Iterator[Case]:
    def post(name: str, *lines: str, rest: str = BODY) -> str:
        return "\n".join(["---", "layout: post", *lines, f"from: {link_of(name)}", "---", rest, ""])

    date = "date: 2021-02-10T05:28:12.000Z"
    at = "2021-02-10T05:28:12"
    yield _case(
        "post",
        ACCEPTED,
        post("post", f'title: "{TITLE}"', date, "author: 样本社", "tags: [ 样本 ]"),
        title=TITLE,
        at=at,
    )
    whole = post("post-whole", "title: 另一个", date, rest=dump_text("post-whole"))
    yield _case("post-whole-dump", ACCEPTED, whole, title=TITLE, at="2020-06-28T07:46:44")
    yield _case("post-colon", ACCEPTED, post("post-colon", "title: 样本: 副题", date), title="样本: 副题", at=at)
    yield _case(
        "post-bad-quote", ACCEPTED, post("post-bad-quote", 'title: "样本"引号"', date), title='样本"引号', at=at
    )
    yield _case("post-no-date", FLAGGED, post("post-no-date", "title: 样本"), says="no date", title="样本")
    yield _case("post-no-title", FLAGGED, post("post-no-title", date), says="no title")
    yield _case("post-no-link", QUARANTINED, f"---\ntitle: 样本\n{date}\n---\n{BODY}\n", says="front matter: no link")
    yield _case("post-not-closed", QUARANTINED, f"---\ntitle: 样本\n{date}\n{BODY}\n", says="no link")
    yield _case("post-alias-bomb", ACCEPTED, post("post-alias", "title: 样本", date, "a: &a [x, x]", "b: [*a, *a, *a]"))
    yield _case("post-deep", ACCEPTED, post("post-deep", "title: 样本", date, "a: " + "[" * 20_000), title="样本")
    yield _case(
        "post-crlf", ACCEPTED, post("post-crlf", "title: 样本", date).replace("\n", "\r\n"), title="样本", at=at
    )
    yield _case(
        "post-body-begins-with-link", ACCEPTED, post("post-body", "title: 样本", date, rest="[见](https://a.test/)")
    )


def _titles() -> Iterator[Case]:
    given = {
        "brackets": ("[[视频]样本", "[[视频]样本"),
        "bracket-pair": ("[视频]样本", "[视频]样本"),
        "link-inside": ("样本](https://evil.test/)[x", "样本](https://evil.test/)[x"),
        "lines": ("样本：\n第二行\n\n", "样本： 第二行"),
        "crlf-log": ("样本\r\n2020-01-01 ERROR 假的", "样本 2020-01-01 ERROR 假的"),
        "blanks": ("  样本   标题\xa0\u3000二\u2002 ", "样本 标题 二"),
        "entities": ("样本&quot;引号&quot;&amp;lt;&#x4e2d;", '样本"引号"&lt;中'),
        "entity-bidi": ("样本&#8238;", "样本\u202e\u202c"),
        "entity-control": ("样本&#1;&#0;", "样本\ufffd"),
        "entity-endless": (f"样本&#{'9' * 5000};"[:900], f"样本&#{'9' * 5000};"[:900]),
        "entity-without-end": ("样本A&notB", "样本A&notB"),
        "html": ("<b>样本</b><script>alert(1)</script>", "样本<script>alert(1)</script>"),
        "cdata": ("样本]]>", "样本]]>"),
        "controls": ("样\x01本\x08\x0b\x1b\x7f", "样本"),
        "null": ("样\x00本", "样本"),
        "not-xml": ("样本\ufffe\uffff", "样本\ufffd\ufffd"),
        "replacement": ("样本\ufffd", "样本\ufffd"),
        "bidi-open": ("样本\u202eabc", "样本\u202eabc\u202c"),
        "bidi-closed-twice": ("样本\u202c\u2069", "样本"),
        "bidi-crossed": ("\u202a样\u2067本\u202c", "\u202a样\u2067本\u2069\u202c"),
        "zero-width": ("样\u200b本\ufeff标\u2060题\xad", "样本标题"),
        "emoji": ("样本👩\u200d👩\u200d👧", "样本👩\u200d👩\u200d👧"),
        "line-separator": ("样本\u2028标题", "样本 标题"),
        "pipe": ("样本 | 标题", "样本 | 标题"),
        "latin": ("A sample of ours", "A sample of ours"),
        "full-width": ("样本（标题）", "样本（标题）"),
        "parentheses": ("样本(标题)", "样本(标题)"),
        "formula": ("=cmd|'/c calc'!A0", "=cmd|'/c calc'!A0"),
        "thousand": ("样" * 1000, "样" * 1000),
    }
    for name, (written, read) in given.items():
        yield _case(f"title-{name}", ACCEPTED, heading=written, title=read)
    stand_in = "这是一份样本，写来检验发布程序，并非任何媒体的文章。"
    for name, written in {
        "empty": "",
        "blanks": " \u3000\xa0",
        "invisible": "\u200b\ufeff\u202e",
        "controls": "\x01",
    }.items():
        yield _case(f"title-none-{name}", FLAGGED, heading=written, says="no title", title=stand_in)
    bare = "title-none-no-text"
    yield _case(bare, FLAGGED, heading="", body="<p></p><img src='a.jpg'>", title=bare)
    yield _case("title-long", FLAGGED, heading="样" * 1001, says="1,001 characters", title="样" * 999 + "…")
    yield _case("title-endless", FLAGGED, heading="样本" * 200_000, says="characters")


def _links() -> Iterator[Case]:
    good = {
        "blanks": ("https://example.org/a b", "https://example.org/a%20b"),
        "cjk": ("https://example.org/样本", "https://example.org/%E6%A0%B7%E6%9C%AC"),
        "escaped-lower": ("https://example.org/%e6%a0%b7/", "https://example.org/%e6%a0%b7/"),
        "escaped-cut": ("https://example.org/%e6%a0/", "https://example.org/%e6%a0/"),
        "bare-percent": ("https://example.org/80%%20x/3.2%/a-1", "https://example.org/80%%20x/3.2%/a-1"),
        "question-in-path": ("https://example.org/a?b/a-2", "https://example.org/a?b/a-2"),
        "full": ("https://example.org/story/001?full=y", "https://example.org/story/001?full=y"),
        "ampersand": ("https://example.org/?a=1&amp;b=2&copy=3", "https://example.org/?a=1&b=2&copy=3"),
        "parentheses": ("https://example.org/a_(b)", "https://example.org/a_(b)"),
        "parenthesis-open": ("https://example.org/a_(b", "https://example.org/a_(b"),
        "parenthesis-close": ("https://example.org/a)b", "https://example.org/a)b"),
        "quotes": ("https://example.org/\"a\"'b'", "https://example.org/%22a%22'b'"),
        "brackets": ("https://example.org/a[1]", "https://example.org/a%5B1%5D"),
        "angle": ("<https://example.org/angle>", "https://example.org/angle"),
        "markup": ("https://example.org/<script>", "https://example.org/%3Cscript%3E"),
        "bidi": ("https://example.org/\u202ea", "https://example.org/%E2%80%AEa"),
        "control": ("https://example.org/a\x01\tb", "https://example.org/a%01%09b"),
        "escaped-crlf": ("https://example.org/a%0d%0aX-Evil:1", "https://example.org/a%0d%0aX-Evil:1"),
        "user": ("https://me:secret@example.org/user", "https://example.org/user"),
        "user-at": ("https://me@x:se@cret@example.org/at", "https://example.org/at"),
        "upper": ("HTTPS://EXAMPLE.ORG/Upper", "https://example.org/Upper"),
        "port": ("https://example.org:8443/port", "https://example.org:8443/port"),
        "ipv4": ("http://192.0.2.1/v4", "http://192.0.2.1/v4"),
        "ipv6": ("http://[2001:DB8::1]/v6", "http://[2001:db8::1]/v6"),
        "idn": ("https://例子.测试/a", "https://xn--fsqu00a.xn--0zwm56d/a"),
        "double-slash": ("http://www.example.org//cn/x", "http://www.example.org//cn/x"),
        "no-path": ("https://no-path.example.org", "https://no-path.example.org"),
        "fragments": ("https://example.org/f#a#b", "https://example.org/f#a%23b"),
        "outer-blanks": ("  https://example.org/outer \t", "https://example.org/outer"),
        "two-thousand": ("https://example.org/" + "a" * 1980, "https://example.org/" + "a" * 1980),
    }
    for name, (written, read) in good.items():
        yield _case(f"link-{name}", ACCEPTED, link=written, title=TITLE, expected_link=read)
    bad = {
        "none": ("", "no link"),
        "blank": (" ", "no link"),
        "relative": ("/a/b", "relative"),
        "no-scheme": ("example.org/a", "relative"),
        "protocol-relative": ("//example.org/a", "relative"),
        "javascript": ("javascript:alert(1)", "not http"),
        "data": ("data:text/html,x", "not http"),
        "file": ("file:///etc/passwd", "not http"),
        "ftp": ("ftp://example.org/a", "not http"),
        "mailto": ("mailto:a@example.org", "not http"),
        "long": ("https://example.org/" + "a" * 1981, "2,001 characters"),
        "break": ("https://example.org/a\nb", "line break"),
        "break-crlf": ("https://example.org/a\r\nX-Evil: 1", "line break"),
        "break-separator": ("https://example.org/a\u2028b", "line break"),
        "no-host": ("https:///a", "no host"),
        "one-slash": ("https:/example.org/a", "two slashes"),
        "backslash": ("https://example.org\\@evil.test/", "backslash"),
        "backslashes": ("https:\\\\example.org\\a", "two slashes"),
        "host-blank": ("https://exa mple.org/", "is not a URL"),
        "host-escape": ("https://example.org%20/a", "is not a URL"),
        "host-markup": ("https://<b>.org/", "is not a URL"),
        "host-dots": ("https://a..org/", "is not a URL"),
        "host-long": (f"https://{'a' * 64}.org/", "is not a URL"),
        "host-numbers": ("https://999.1.1.1/", "is not a URL"),
        "host-bracket": ("https://[::1/", "is not a URL"),
        "host-not-ipv6": ("https://[example]/", "is not a URL"),
        "port-word": ("https://example.org:port/", "is not a URL"),
        "port-big": ("https://example.org:65536/", "is not a URL"),
    }
    for name, (written, says) in bad.items():
        yield _case(f"link-bad-{name}", QUARANTINED, link=written, says=says)
    yield _case(
        "link-bad-open", QUARANTINED, f"{EPOCH}\n[{TITLE}](https://example.org/a\n------\n\n{BODY}", says="not closed"
    )


def _names() -> Iterator[Case]:
    def named(key: str, file: str, outcome: Outcome = ACCEPTED, says: str = "") -> Case:
        stage = "parse" if outcome is ACCEPTED else "dumps"
        return _case(f"name-{key}", outcome, file=file, says=says, stage=stage)

    yield named("upper", "name-upper.MD")
    yield named("txt", "name-txt.txt")
    yield named("html", "name-html.Html")
    yield named("line-break", "name-1047890_样本\n\n.md")
    yield named("bytes", os.fsdecode(b"name-\xc4\xe3\xff.md"))
    yield named("rtl", "name-\u202egpj.md")
    yield named("controls", "name-\x1b[31m\x01\t.md")
    yield named("blanks", "name-  a  b .md")
    yield named("dash", "-name-rf.md")
    yield named("glob", "name-*?[x].md")
    yield named("markup", "name-<b>&amp;\"'.md")
    yield named("backslash", "name-\\x0a.md")
    yield named("long", "name-" + "a" * 247 + ".md")
    yield named("long-cjk", "name-" + "样" * 82 + ".md")
    yield named("emoji", "name-👩\u200d👧.md")
    yield named("reserved", "name-folder/CON.md")
    yield named("deep", "/".join(["name-deep"] + ["d"] * 40 + ["deep.md"]))
    yield named("folder-bytes", os.fsdecode(b"name-\xff\xfe/a.md"))
    yield named("folder-line-break", "name-folder\n样本/a.md")
    for key, file in {
        "hidden": ".name-hidden.md",
        "in-hidden": ".name-hidden/a.md",
        "apple": "._name-apple.md",
        "emacs": ".#name-emacs.md",
    }.items():
        yield named(key, file, IGNORED, "hidden")
    for key, file in {
        "backup": "name-backup.md~",
        "tmp": "name-tmp.md.tmp",
        "tmp-inside": "name-inside.tmp.md",
        "part": "name-part.md.part",
        "office": "~$name-office.md",
        "swap": "name-swap.swp",
    }.items():
        yield named(key, file, IGNORED, "temporary")
    for key, file in {
        "none": "name-none",
        "pdf": "name-pdf.pdf",
        "near": "name-near.mdx",
        "gz": "name-gz.md.gz",
    }.items():
        yield named(key, file, IGNORED, "suffix")


def _things() -> Iterator[Case]:
    def thing(key: str, make: Callable[[Path], None], outcome: Outcome = IGNORED, says: str = "") -> Case:
        return Case(name=f"thing-{key}.md", outcome=outcome, make=make, says=says, stage="dumps")

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(5_000_001)

    def unreadable(path: Path) -> None:
        path.write_text(dump_text("thing-unreadable"))
        path.chmod(0)

    yield thing("folder", lambda path: path.mkdir(exist_ok=True), says="folder")
    yield thing("link", lambda path: path.symlink_to("enc-utf8.md"), says="symbolic link")
    yield thing("link-out", lambda path: path.symlink_to("/etc/passwd"), says="symbolic link")
    yield thing("link-nowhere", lambda path: path.symlink_to("nowhere.md"), says="symbolic link")
    yield thing("link-itself", lambda path: path.symlink_to(path.name), says="symbolic link")
    yield thing("link-folder", lambda path: path.symlink_to("."), says="symbolic link")
    yield thing("fifo", os.mkfifo, says="FIFO")
    yield thing("socket", _socket, says="socket")
    yield thing("device", lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5)), says="device")
    yield thing("unreadable", unreadable, QUARANTINED, "may not be read")
    yield thing("sparse", sparse, QUARANTINED, "5,000,001 bytes")
    big = dump_text("thing-big", body="<p>" + "样本。" * 700_000 + "</p>").encode()
    yield replace(_case("thing-too-large", QUARANTINED, big, says="was not read"), stage="dumps")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def _large() -> Iterator[Case]:
    def body(key: str, html: str, outcome: Outcome | None = FLAGGED) -> Case:
        return _case(f"big-{key}", outcome, body=html, stage="clean")

    yield body("depth-250", "<div>" * 250 + BODY + "</div>" * 250, ACCEPTED)
    yield body("depth-300", "<div>" * 300 + BODY + "</div>" * 300)
    yield body("depth-100000", "<div>" * 100_000 + BODY + "</div>" * 100_000)
    yield body("depth-not-closed", "<div>" * 50_000 + BODY)
    yield body("attributes-120", "<p " + " ".join(f"a{n}=1" for n in range(120)) + ">样本</p>" + BODY, ACCEPTED)
    yield body("attributes-200", "<p " + " ".join(f"a{n}=1" for n in range(200)) + ">样本</p>" + BODY)
    yield body("attributes-200000", "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">样本</p>" + BODY)
    yield body("text", "<p>" + "样本。" * 500_000 + "</p>", None)
    yield body("paragraphs", "<p>样本。</p>" * 100_000, None)
    yield body("comments", BODY + "<!--" * 80_000, None)
    yield body("brackets", BODY + "<" * 300_000, None)
    yield body("entities", BODY + "&amp;" * 300_000, None)
    yield body("headers", BODY + "\n[x](http://" * 100_000, None)
    yield body("rules", BODY + "\n---" * 300_000, None)
    yield body("images", BODY + '<img src="https://example.org/a.jpg">' * 20_000, None)
    yield body("word", "<p>" + "a" * 1_000_000 + "</p>", None)
    yield _case("big-title-open", None, EPOCH + "\n[" + "[x](" * 300_000, stage="clean")


_GROUPS = (
    _encodings,
    _not_dumps,
    _line_ends,
    _dates,
    _layouts,
    _posts,
    _titles,
    _links,
    _names,
    _things,
    _large,
)

if __name__ == "__main__":
    for case in write_corpus(Path(sys.argv[1])):
        name = case.name.encode("unicode_escape", "surrogatepass").decode()
        sys.stdout.write(f"{name}\t{case.outcome or 'any'}\t{case.says}\n")
