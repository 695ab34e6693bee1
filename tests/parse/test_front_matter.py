"""What blogs, clippers and note programs write above a text becomes the fields of the entry."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from refeed.errors import QuarantineError
from refeed.model import Dump, RawEntry
from refeed.parse.parser import parse_dump

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "A sample about the ferry.\n"


def parse(text: str) -> RawEntry:
    return parse_dump(Dump(path="a.md", folder="", data=text.encode(), first_seen=SEEN))


OBSIDIAN = """---
title: "The ferry: a sample"
source: "https://ferry.example/timetable"
author:
  - "[[Ann Sample]]"
  - "[[people/Bo Sample|Bo Sample]]"
published: 2024-03-02
created: 2024-05-09
description: "A sample."
tags:
  - "clippings"
  - "#boats"
---
"""
MARKDOWNLOAD = """---
created: 2024-05-09T10:00:00 (UTC +08:00)
tags: [boats]
source: https://ferry.example/timetable
author: Ann Sample
title: The ferry
---
"""
HEXO = """---
title: The ferry
date: 2024-03-02 08:00:00
permalink: https://ferry.example/timetable
tags: [boats, bay]
---
"""
OMNIVORE = """---
id: 0b6c
title: The ferry
author: Ann Sample
tags:
  - boats
date_saved: 2024-05-09 10:00:00
date_published: 2024-03-02 08:00:00
url_omnivore: https://omnivore.example/me/the-ferry
url_original: https://ferry.example/timetable
---
"""
HUGO = """+++
title = "The ferry"
date = 2024-03-02T08:00:00Z
authors = ["Ann Sample", "Bo Sample"]
tags = ["boats"]
source = "https://ferry.example/timetable"
[params]
toc = true
+++
"""
HUGO_JSON = """{
  "title": "The ferry {a sample}",
  "date": "2024-03-02T08:00:00Z",
  "lastmod": null,
  "author": {"name": "Ann Sample"},
  "tags": ["boats"],
  "params": {"source": "https://ferry.example/timetable", "toc": true}
}
"""
ZOLA = """+++
title = "The ferry"
date = 2024-03-02
[extra]
author = "Ann Sample"
link = "https://ferry.example/timetable"
+++
"""
MAIL = """From: Ann Sample <ann@ferry.example>
To: readers@ferry.example
Subject: =?utf-8?B?VGhlIGZlcnJ5?=
Date: Sat, 2 Mar 2024 08:00:00 +0000
Archived-At: <https://ferry.example/timetable>

"""
JINA = """Title: The ferry

URL Source: https://ferry.example/timetable

Published Time: 2024-03-02T08:00:00Z

Markdown Content:
"""
READWISE = """# The ferry

![rw-book-cover](https://ferry.example/cover.png)

## Metadata
- Author: [[Ann Sample]]
- Full Title: The ferry
- Category: #articles
- Document Tags: [[boats]]
- URL: https://ferry.example/timetable

"""


@pytest.mark.parametrize(
    ("front", "date", "authors", "tags"),
    [
        (OBSIDIAN, "2024-03-02", ("Ann Sample", "Bo Sample"), ("clippings", "boats")),
        (MARKDOWNLOAD, "2024-05-09", ("Ann Sample",), ("boats",)),
        (HEXO, "2024-03-02", (), ("boats", "bay")),
        (OMNIVORE, "2024-03-02", ("Ann Sample",), ("boats",)),
        (HUGO, "2024-03-02", ("Ann Sample", "Bo Sample"), ("boats",)),
        (HUGO_JSON, "2024-03-02", ("Ann Sample",), ("boats",)),
        (ZOLA, "2024-03-02", ("Ann Sample",), ()),
        (MAIL, "2024-03-02", ("Ann Sample",), ()),
        (JINA, "2024-03-02", (), ()),
        (READWISE, "2026-01-01", ("Ann Sample",), ("boats",)),
    ],
)
def test_front_matter_gives_title_link_date_authors_and_tags(
    front: str, date: str, authors: tuple[str, ...], tags: tuple[str, ...]
) -> None:
    entry = parse(front + TEXT)
    assert entry.title.startswith("The ferry")
    assert entry.link == "https://ferry.example/timetable"
    assert f"{entry.dump_time:%Y-%m-%d}" == date
    assert (entry.authors, entry.tags) == (authors, tags)
    assert TEXT.strip() in entry.html
    assert "title" not in entry.html.lower()


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("20240302080000", "2024-03-02T08:00"),
        ("2024-062", "2024-03-02T00:00"),
        ("民國113年3月2日", "2024-03-02T00:00"),
        ("2024-03-02 08:00 America/New_York", "2024-03-02T13:00"),
        ("2024-03-02T8:0:0[Asia/Shanghai]", "2024-03-02T00:00"),
        ("1709366400000", "2024-03-02T08:00"),
    ],
)
def test_header_and_front_matter_read_a_date_alike(date: str, expected: str) -> None:
    header = parse(f"<!--{date}-->\n[The ferry](https://ferry.example/timetable)\n------\n{TEXT}")
    front = parse(f"---\ntitle: The ferry\nurl: https://ferry.example/timetable\ndate: {date}\n---\n{TEXT}")
    for entry in (header, front):
        assert (f"{entry.dump_time:%Y-%m-%dT%H:%M}", entry.issues) == (expected, ())


def test_text_of_jina_that_begins_like_a_field_stays_in_the_text() -> None:
    entry = parse(JINA + "Summary: the ferry is late.\n\nSource: none.\n")
    assert "Summary: the ferry is late." in entry.html
    assert "Source: none." in entry.html


@pytest.mark.parametrize(
    "text", ['{"title": "The ferry"', "{" * 60_000, '{"title": ' + "[" * 60_000, "{}", "[" * 60_000]
)
def test_broken_json_is_quarantined_like_any_text_without_a_link(text: str) -> None:
    with pytest.raises(QuarantineError, match="no link"):
        parse(f"{text}\n{TEXT}")


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html>\n<html><head><title>Pocket Export</title></head><body><ul>"
        '<li><a href="https://ferry.example/1" time_added="1589000000" tags="">The ferry</a></li></ul></body></html>',
        "title,url,time_added,tags,status\nThe ferry,https://ferry.example/1,1589000000,boats,unread\n",
        "URL,Title,Selection,Folder,Timestamp\nhttps://ferry.example/1,The ferry,,Unread,1589000000\n",
        '<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<DL><DT><A HREF="https://ferry.example/1">A</A></DL>',
    ],
)
def test_exported_bookmarks_are_refused_because_they_have_no_text(text: str) -> None:
    with pytest.raises(QuarantineError, match="list of links"):
        parse(text)


def test_broken_toml_is_quarantined_like_any_text_without_a_link() -> None:
    with pytest.raises(QuarantineError, match="front matter"):
        parse("+++\ntitle = \n+++\n" + TEXT)


def test_lines_of_keys_without_a_link_are_no_front_matter() -> None:
    with pytest.raises(QuarantineError):
        parse("Title: The ferry\nDate: 2024-03-02\n\n" + TEXT)


@pytest.mark.parametrize(
    ("path", "front", "link", "date"),
    [
        ("2024-03-02-the-ferry.md", "title: The ferry", "2024/03/the-ferry/", datetime(2024, 3, 2, tzinfo=UTC)),
        ("the-ferry/index.md", "date: 2024-03-02", "2024/03/the-ferry/", datetime(2024, 3, 2, tzinfo=UTC)),
        ("2024-03-02-渡船.md", "title: 渡船", "2024/03/%E6%B8%A1%E8%88%B9/", datetime(2024, 3, 2, tzinfo=UTC)),
        ("a.md", "published: true\nslug: ferry\ndate: 2024-03-02", "2024/03/ferry/", datetime(2024, 3, 2, tzinfo=UTC)),
        ("2024-03-02-a.md", "permalink: /boats/ferry.html", "boats/ferry.html", datetime(2024, 3, 2, tzinfo=UTC)),
        ("2024-03-02-a.md", "source: a notebook", "2024/03/a/", datetime(2024, 3, 2, tzinfo=UTC)),
    ],
)
def test_post_of_a_blog_without_a_link_has_the_link_that_the_blog_gives_it(
    path: str, front: str, link: str, date: datetime
) -> None:
    entry = parse_post(path, f"---\n{front}\n---\n{TEXT}")
    assert (entry.link, entry.dump_time, entry.has_date) == (f"https://ferry.example/{link}", date, True)


def test_link_in_front_matter_counts_more_than_the_template_of_the_blog() -> None:
    assert parse_post("2024-03-02-a.md", HEXO + TEXT).link == "https://ferry.example/timetable"


@pytest.mark.parametrize(
    ("front", "message"),
    [("draft: true", "a draft"), ("published: false", "a draft"), ("title: The ferry", "no date for {year}")],
)
def test_draft_and_post_without_a_date_for_its_link_are_refused(front: str, message: str) -> None:
    with pytest.raises(QuarantineError, match=message):
        parse_post("ferry.md", f"---\n{front}\n---\n{TEXT}")


def parse_post(path: str, text: str) -> RawEntry:
    dump = Dump(path=f"dumps/blog/{path}", folder="blog", data=text.encode(), first_seen=SEEN)
    return parse_dump(dump, permalinks={"blog": "https://ferry.example/{year}/{month}/{slug}/"})


@pytest.mark.parametrize(
    "address",
    [
        "__GHOST_URL__/i/boat.jpg",
        "{{ site.url }}{{ site.baseurl }}/i/boat.jpg",
        "{{site.baseurl}}/i/boat.jpg",
        "{{ '/i/boat.jpg' | relative_url }}",
    ],
)
def test_addresses_that_the_blog_would_fill_in_lead_to_its_site(address: str) -> None:
    html = parse_post("2024-03-02-a.md", f'---\ntitle: A\n---\n![A boat]({address})\n\n<img src="{address}">').html
    assert re.findall(r'src="([^"]*)"', html) == ["https://ferry.example/i/boat.jpg"] * 2
    code = parse_post("2024-03-02-a.md", "---\ntitle: A\n---\n## A\n\nWrite `{{ site.url }}/about` in **it**.").html
    assert "{{ site.url }}/about" in code


@pytest.mark.parametrize(
    ("front", "src"),
    [
        ("feature_image: __GHOST_URL__/i/boat.jpg", "https://ferry.example/i/boat.jpg"),
        ("cover: {image: boat.png, alt: A boat}", "https://ferry.example/2024/03/a/boat.png"),
        ("image: https://img.ferry.example/b?w=1&h=2", ""),
        ("thumbnail: true", ""),
        ("image: /i/seen.jpg", ""),
    ],
)
def test_picture_of_a_posts_front_matter_stands_first_in_its_text(front: str, src: str) -> None:
    html = parse_post("2024-03-02-a.md", f"---\ntitle: A\n{front}\n---\n## A ferry\n\nSee seen.jpg in **it**.").html
    first = re.match(r'<figure><img src="([^"]*)"></figure>', html)
    assert (first[1] if first else "") == src
