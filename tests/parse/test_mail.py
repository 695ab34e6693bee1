"""A message of mail becomes an entry: its HTML part, its page, its list as the source."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from refeed.errors import QuarantineError
from refeed.model import Dump, RawEntry
from refeed.parse.mail import is_mail
from refeed.parse.parser import parse_dump

HEAD = "From: a <a@ferry.example>\nMIME-Version: 1.0\nMessage-ID: <1@ferry.example>\n"
SEEN = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = '<p><a href="https://ferry.example/w/1?a=1&amp;b=2"><b>View this email</b> in your browser</a></p>'


def message(html: str = f"{PAGE}<p>A sample about the ferry.</p>", plain: str = "A sample.", **fields: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Ann Sample <news@ferry.example>"
    mail["Subject"] = "样例：渡轮"
    mail["Date"] = "Sat, 02 Mar 2024 08:00:00 +0800"
    mail["Message-ID"] = "<abc.1@ferry.example>"
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(plain)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def parse(data: bytes, folder: str = "mail") -> RawEntry:
    return parse_dump(Dump(path="a.eml#1", folder=folder, data=data, first_seen=SEEN))


def test_html_part_subject_date_and_sender_are_the_entry() -> None:
    entry = parse(message())
    assert (entry.title, entry.authors) == ("样例：渡轮", ("Ann Sample",))
    assert entry.dump_time == datetime(2024, 3, 2, tzinfo=UTC)
    assert entry.html.endswith("<p>A sample about the ferry.</p>")
    assert (entry.issues, entry.layout, entry.folder) == ((), "mail", "mail")


def test_link_is_the_page_that_the_message_names() -> None:
    assert parse(message()).link == "https://ferry.example/w/1?a=1&b=2"
    archived = message(Archived_At="<https://ferry.example/archive/1>")
    assert parse(archived).link == "https://ferry.example/archive/1"


@pytest.mark.parametrize(
    "text", ["Read online", "View in browser", "在浏览器中查看", "Im Browser ansehen", "Voir dans le navigateur"]
)
def test_link_to_the_page_is_found_in_any_language(text: str) -> None:
    html = f'<p><a href="https://ferry.example/home">Ferry</a> <a href="https://ferry.example/w/2">{text}</a></p>'
    assert parse(message(html)).link == "https://ferry.example/w/2"


def test_message_without_a_page_has_a_link_of_its_own_and_an_issue() -> None:
    first = parse(message("<p>A sample.</p>", List_Id="The Ferry <weekly.ferry.example>"))
    assert first.link == "https://weekly.ferry.example/?message=abc.1@ferry.example"
    assert first.issues == ("the message links to no page of its own; its link stands for it",)
    assert first.folder == "weekly.ferry.example"


def test_message_in_plain_text_keeps_its_signs() -> None:
    entry = parse(message("", "Tea < coffee & milk.\n\nA second sample."))
    assert entry.html == "<p>Tea &lt; coffee &amp; milk.</p>\n<p>A second sample.</p>"


def test_message_in_a_chinese_encoding_is_read() -> None:
    head = b"From: a@ferry.example\nMIME-Version: 1.0\nMessage-ID: <1@ferry.example>\n"
    head += b"Content-Type: text/html; charset=gb2312\nContent-Transfer-Encoding: 8bit\n\n"
    assert "渡轮的样例" in parse(head + "<p>渡轮的样例</p>".encode("gb18030")).html


def test_text_of_a_dump_is_no_mail() -> None:
    assert not is_mail(b"<!--1700000000000-->\n[a](https://ferry.example/1)\n------\n")
    assert not is_mail(b"Title: The ferry\nURL Source: https://ferry.example/1\n\nFrom: nowhere\n")


def test_message_of_many_parts_within_parts_is_quarantined() -> None:
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000))
    with pytest.raises(QuarantineError, match=r"too many parts|no link"):
        parse(b"From: a@b\nMessage-ID: <1>\nMIME-Version: 1.0\n" + parts)


@pytest.mark.parametrize("unit", [b"A: b\n", b"Subject: =?utf-8?q?a?= ", b"From: a\n", b"X:\n y\n"])
def test_long_header_takes_time_in_proportion_to_its_length(unit: bytes) -> None:
    def cost(count: int) -> float:
        start = time.process_time()
        with suppress(QuarantineError):
            parse(b"From: a@ferry.example\nMessage-ID: <1@ferry.example>\n" + unit * count + b"\n\nA sample.\n")
        return time.process_time() - start

    assert cost(20_000) < 1


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "undefined", "unicode_escape", "utf-7", "zlib", "x\0y", "ü", ".."]
)
def test_name_of_any_codec_as_the_charset_is_no_error(charset: str) -> None:
    html = "<p>\\ud800 +2AA- caf\xe9</p>"
    assert "caf" in parse(f'{HEAD}Content-Type: text/html; charset="{charset}"\n\n{html}'.encode()).html
    for field in ("Subject", "From", "Message-ID", "List-Id", "Archived-At", "Date"):
        encoded = f"=?{charset}?B?XHVkODAwKzJBQS0=?="  # \ud800+2AA-
        entry = parse(f"{HEAD}{field}: {encoded}\nContent-Type: text/html\n\n<p>x</p>".encode())
        (entry.title + entry.link + "".join(entry.authors)).encode()


def test_charset_that_takes_quadratic_time_is_not_used() -> None:
    started = time.process_time()
    parse(f"{HEAD}Content-Type: text/html; charset=punycode\n\n{'<p>zz-abcdefgh' * 20_000}".encode())
    assert time.process_time() - started < 2


def test_sender_of_comments_within_comments_is_quarantined() -> None:
    with pytest.raises(QuarantineError, match="comments within comments"):
        parse(b"From: " + b"(" * 3000 + b"\nMIME-Version: 1.0\nContent-Type: text/html\n\n<p>x</p>")
