"""A container is split into members that are files of their own; what it is not is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from refeed.config.settings import Limits, Settings
from refeed.dumps.containers import MAX_MEMBERS, Member, is_container, read_article, read_members
from refeed.dumps.scanner import inspect_file
from refeed.errors import QuarantineError
from refeed.ingest.ingester import FIRST_BATCH
from refeed.ingest.pipeline import Pipeline

LIMITS = Limits()
MESSAGE = b"From: Ann <ann@ferry.example>\nSubject: One\nMessage-ID: <%d@ferry.example>\n\nA sample.\n"
RSS = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>Ferry</title><link>https://ferry.example/</link>
%s
</channel></rss>
"""


def rss_item(number: int, text: str = "A sample.") -> str:
    link = f"https://ferry.example/{number}"
    return f"<item><title>Item {number}</title><link>{link}</link><description><![CDATA[{text}]]></description></item>"


def split(tmp_path: Path, name: str, data: bytes, limits: Limits = LIMITS) -> dict[str, bytes]:
    """The members of a file by their names."""
    (tmp_path / name).write_bytes(data)
    file = inspect_file(tmp_path / name, tmp_path, limits.all_suffixes)
    assert is_container(file, limits)
    return {member.relative_path: read_article(member, limits) for member in read_members(file, limits)}


def test_messages_of_an_mbox_are_members(tmp_path: Path) -> None:
    border = b"From ann@ferry.example Sat Mar  2 08:00:00 2024\n"
    data = border + MESSAGE % 1 + b">From the pier, a sample.\n\n" + border + MESSAGE % 2
    members = split(tmp_path, "news.MBOX", data)
    assert members == {"news.MBOX#1": MESSAGE % 1 + b">From the pier, a sample.\n", "news.MBOX#2": MESSAGE % 2}


def test_message_is_its_own_member(tmp_path: Path) -> None:
    assert split(tmp_path, "one.eml", MESSAGE % 1) == {"one.eml#1": MESSAGE % 1}


def test_items_of_a_feed_are_feeds_of_one_item(tmp_path: Path) -> None:
    text = "A sample about </item> and <item> and <![CDATA["
    members = split(tmp_path, "feed.xml", (RSS % f"{rss_item(1, text)}\n<!-- <item> -->{rss_item(2)}").encode())
    assert members["feed.xml#1"].decode() == RSS % rss_item(1, text)
    assert members["feed.xml#2"].decode() == RSS % rss_item(2)


def test_atom_with_prefixes_and_utf_16_is_split(tmp_path: Path) -> None:
    atom = "<?xml version='1.0' encoding='utf-16'?><a:feed xmlns:a='http://www.w3.org/2005/Atom'>%s</a:feed>"
    text = atom % "<a:entry><a:id>1</a:id></a:entry ><a:entry>样本</a:entry>"
    members = split(tmp_path, "feed.atom", text.encode("utf-16"))
    assert members["feed.atom#2"].decode("utf-8-sig") == atom % "<a:entry>样本</a:entry>"


def test_items_of_a_json_feed_are_feeds_of_one_item(tmp_path: Path) -> None:
    data = b'{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": [{"id": "1"}, {"id": "2"}]}'
    members = split(tmp_path, "feed.json", data)
    head = b'{"version":"https://jsonfeed.org/version/1.1","home_page_url":null,"items":['
    assert members == {"feed.json#1": head + b'{"id": "1"}]}', "feed.json#2": head + b'{"id": "2"}]}'}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b'{"name": "not a feed"}'),
        ("a.json", b"[" * 100_000),
        ("a.json", b"\xff\xfe{"),
        ("a.xml", b"<urlset><url/></urlset>"),
        ("a.xml", (RSS % "").encode()),
        ("a.xml", b"<item><item><item>"),
        ("a.mbox", b"A text that is no mail.\n"),
        ("a.eml", b"\x00\x01\x02"),
    ],
)
def test_file_without_an_article_is_refused_with_the_forms_that_are_read(
    tmp_path: Path, name: str, data: bytes
) -> None:
    with pytest.raises(QuarantineError, match=r"no article; these are read: mail \(.eml, .mbox\), RSS or Atom"):
        split(tmp_path, name, data)


def test_limits_are_those_of_a_member(tmp_path: Path) -> None:
    limits = Limits(bytes=1000, container_bytes=10_000)
    data = (RSS % "".join(rss_item(number, "x" * 600) for number in range(5))).encode()
    assert len(split(tmp_path, "feed.xml", data, limits)) == 5
    with pytest.raises(QuarantineError, match="1,000 are allowed"):
        split(tmp_path, "feed.xml", (RSS % rss_item(1, "x" * 2000)).encode(), limits)
    with pytest.raises(QuarantineError, match="10,000 are allowed"):
        split(tmp_path, "feed.xml", b"x" * 10_001, limits)


@pytest.mark.parametrize(
    ("name", "start", "item", "end"),
    [
        ("a.mbox", b"", b"From \n\n\n", b""),
        ("a.rss", b"<rss>", b"<item ></item>", b"</rss>"),
        ("a.json", b'{"version": "1", "items": [1', b",1", b"]}"),
    ],
)
def test_no_small_file_becomes_millions_of_articles(
    tmp_path: Path, name: str, start: bytes, item: bytes, end: bytes
) -> None:
    with pytest.raises(QuarantineError, match="more than 100,000 articles"):
        split(tmp_path, name, start + item * (MAX_MEMBERS + 1) + end)
    assert len(split(tmp_path, name, start + item * 100 + end)) in (100, 101)


def test_long_head_of_a_feed_is_not_copied_to_many_members(tmp_path: Path) -> None:
    limits = Limits(container_bytes=200_000)
    head = f"<rss><channel><description>{'x' * 50_000}</description>"
    assert len(split(tmp_path, "a.rss", (head + "<item ></item>" * 30).encode(), limits)) == 30
    with pytest.raises(QuarantineError, match=r"50,\d+ bytes around its 300 articles"):
        split(tmp_path, "a.rss", (head + "<item ></item>" * 300).encode(), limits)


def test_first_member_comes_last_because_it_stands_for_the_container(tmp_path: Path) -> None:
    assert list(split(tmp_path, "feed.xml", (RSS % "".join(map(rss_item, range(3)))).encode())) == [
        "feed.xml#3",
        "feed.xml#2",
        "feed.xml#1",
    ]


@pytest.mark.slow
def test_container_is_read_once_and_after_a_kill_again(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    total = FIRST_BATCH + 10
    feed = tmp_path / "dumps" / "ferry" / "feed.xml"
    feed.parent.mkdir(parents=True)
    feed.write_text(RSS % "".join(map(rss_item, range(total))), "utf-8")
    pipeline = Pipeline.open(make_settings())
    (found,) = pipeline.ingester.scan([tmp_path / "dumps"]).changed
    next(pipeline.ingester.ingest([found]))  # killed after the first of two batches
    pipeline.close()
    pipeline = Pipeline.open(make_settings())
    assert pipeline.ingest().counts["new"] == total - FIRST_BATCH
    assert pipeline.ingester.scan([tmp_path / "dumps"]).changed == []
    assert len(pipeline.store.get_entry_ids(limit=total + 1)) == total
    pipeline.close()


def test_quarantined_member_is_retried_with_its_container(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    feed = tmp_path / "dumps" / "feed.xml"
    feed.parent.mkdir(parents=True, exist_ok=True)
    feed.write_text(RSS % f"{rss_item(1)}<item><title>No link</title></item>", "utf-8")
    pipeline = Pipeline.open(make_settings())
    assert pipeline.ingest().counts["quarantined"] == 1
    quarantined = [issue.path for issue in pipeline.store.get_file_issues() if "no link" in (issue.reason or "")]
    assert quarantined == [f"{feed}#2"]
    pipeline.ingester.retry_quarantined()
    assert len(pipeline.ingester.scan([tmp_path / "dumps"]).changed) == 1
    pipeline.close()


def test_member_is_no_container(tmp_path: Path) -> None:
    assert not is_container(Member(str(tmp_path), "a.eml", 1, 1, 1, 1, b""), LIMITS)


def test_long_head_of_a_json_feed_is_not_copied_to_every_member(tmp_path: Path) -> None:
    head = '{"version": "https://jsonfeed.org/version/1.1", "home_page_url": "%s", "items": [{}, {}]}'
    members = split(tmp_path, "a.json", (head % ("x" * 100_000)).encode())
    assert [len(data) < 100 for data in members.values()] == [True, True]
    assert b"ferry" in split(tmp_path, "b.json", (head % "https://ferry.example/").encode())["b.json#1"]
