"""Feeds filtered by query and by name, over HTTP: what they leave out, how they show the rest, what they cost."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from helpers.server_fixture import BASE, HttpAnswer, RunningSite

ATOM = "{http://www.w3.org/2005/Atom}"


def get_items(answer: HttpAnswer) -> list[Any]:
    assert answer.status == 200, answer.body
    items: list[Any] = json.loads(answer.body)["items"]
    return items


def get_filtered(site: RunningSite, query: str, feed: str = "all") -> list[Any]:
    return get_items(site.get(f"/feeds/{feed}.json?{query}"))


def test_filter_and_filterout_split_a_feed(site: RunningSite) -> None:
    kept, left_out = (
        get_filtered(site, f"limit=200&filter={quote('气候')}"),
        get_filtered(site, f"limit=200&filterout={quote('气候')}"),
    )
    assert len(kept) == 20
    assert len(left_out) == 40
    assert not {entry["id"] for entry in kept} & {entry["id"] for entry in left_out}
    assert all("气候" in entry["title"] for entry in kept)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("filter_title=芯片", 8),
        ("filterout_title=芯片", 52),
        ("filter_category=chips", 8),
        ("filter_category=气候", 20),
        ("filter_content=台湾样本", 60),
        ("filter_author=Nobody", 0),
        ("source=bbc", 30),
        ("source=bbc,dw", 60),
        ("source=nowhere", 0),
        ("filter_title=气候|芯片", 28),
        ("filter_title=气候&filter_content=台湾", 20),
        ("filter_title=样本(3|6)：", 2),
        ("filter=SOFTWARE|软件", 60),
        ("filter_time=1", 0),
        ("limit=7", 7),
        ("limit=100000", 60),
    ],
)
def test_a_filter_searches_the_field_that_it_names(site: RunningSite, query: str, count: int) -> None:
    query = "&".join(f"{name}={quote(value)}" for name, _, value in (part.partition("=") for part in query.split("&")))
    assert len(get_filtered(site, query if "limit" in query else f"{query}&limit=200")) == count


@pytest.mark.parametrize(
    "word", ["highlight", "class", "img", "figcaption", "images.example.org", "<p>", "href", "nbsp"]
)
def test_filters_search_the_text_and_never_the_markup(site: RunningSite, word: str) -> None:
    assert get_filtered(site, f"limit=200&filter={quote(word)}") == []


def test_a_phrase_is_found_across_inline_tags(site: RunningSite) -> None:
    assert len(get_filtered(site, f"limit=200&filter_content={quote('样本的一句')}|{quote('的样本句子')}")) == 60


@pytest.mark.parametrize("word", ["台灣", "台湾", "軟件的樣本句子"])
def test_traditional_words_find_simplified_text(site: RunningSite, word: str) -> None:
    assert len(get_filtered(site, f"limit=200&filter={quote(word)}")) == 60


def test_a_query_may_be_raw_utf_8(site: RunningSite) -> None:
    received = site.raw(
        "GET /feeds/all.json?limit=200&filter=氣候 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    document = json.loads(received.partition(b"\r\n\r\n")[2])
    assert len(document["items"]) == 20


@pytest.mark.parametrize(("name", "expected"), [("s2t", "軟件"), ("s2tw", "軟件"), ("s2twp", "軟體"), ("s2hk", "軟件")])
def test_script_conversion_changes_all_text_and_no_url(site: RunningSite, name: str, expected: str) -> None:
    plain, converted = get_filtered(site, "limit=5"), get_filtered(site, f"limit=5&opencc={name}")
    assert [entry["id"] for entry in plain] == [entry["id"] for entry in converted]
    assert [entry["url"] for entry in plain] == [entry["url"] for entry in converted]
    for entry in converted:
        assert "样" not in json.dumps(entry, ensure_ascii=False).replace(entry["_source"]["title"], "")
        assert expected in entry["content_html"]
        assert ("樣本圖説" if name == "s2hk" else "樣本圖說") in entry["content_html"]
        assert entry["language"] == "zh-Hant"
        assert entry["content_html"].count("<p>") == plain[0]["content_html"].count("<p>")
        assert 'src="https://images.example.org/' in entry["content_html"]


def test_images_can_be_left_out(site: RunningSite) -> None:
    for entry in get_filtered(site, "images=none&limit=5"):
        assert "<img" not in entry["content_html"]
        assert "样本图说" not in entry["content_html"]
        assert "的样本句子" in entry["content_html"]
        assert "image" not in entry


def test_mode_and_brief_set_how_much_of_an_entry_is_shown(site: RunningSite) -> None:
    full, summary, names = (get_filtered(site, f"limit=3&mode={mode}")[0] for mode in ("full", "summary", "titles"))
    brief = get_filtered(site, "limit=3&brief=100")[0]
    assert len(full["content_html"]) > 400
    assert len(summary["content_html"]) < 400
    assert f"{BASE}/entry/" in summary["content_html"]
    assert "content_html" not in names
    assert names["title"] == full["title"]
    assert brief["content_html"].startswith("<p>这是第")
    assert 100 <= len(brief["content_html"]) < 120
    assert get_filtered(site, "limit=3&mode=fulltext") == get_filtered(site, "limit=3")


def test_order_is_by_publication_or_by_change(site: RunningSite) -> None:
    dates = [entry["date_published"] for entry in get_filtered(site, "limit=200")]
    assert dates == sorted(dates, reverse=True)
    changes = [entry["date_modified"] for entry in get_filtered(site, "limit=200&sorted=false")]
    assert changes == sorted(changes, reverse=True)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("opencc=s2x", "opencc: unknown value 's2x'; did you mean 's2t'?"),
        ("opencc=x", "opencc: unknown value 'x'; known: hk2s, hk2t, "),
        ("images=all", "images: unknown value 'all'; known: none, original."),
        ("sorted=perhaps", "sorted: must be true or false, got 'perhaps'."),
        ("limit=1.5", "limit: must be a whole number, got '1.5'."),
    ],
)
def test_an_invalid_filter_says_what_to_write(site: RunningSite, query: str, says: str) -> None:
    assert site.get(f"/feeds/all.atom?{query}").body.decode().startswith(says)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=many",
        "limit=1e3",
        "brief=5",
        "brief=x",
        "mode=loud",
        "sorted=perhaps",
        "opencc=s2x",
        "images=all",
        "filter_time=soon",
        "source=../etc",
        "filter=(",
        "filter=(?=look)",
        r"filter=(a)\1",
        "filter=" + "a" * 401,
        "filter=(.{1,1000}){1,1000}",
        "filter=(a%0Ab",
        "filter=%ff",
        "filterout_author=[",
        "filter=a" + "&limit=1" * 600,
    ],
)
def test_an_invalid_filter_is_400_with_one_line(site: RunningSite, query: str) -> None:
    answer = site.get(f"/feeds/all.atom?{query.replace(' ', '%20')}")
    assert answer.status == 400
    text = answer.body.decode()
    assert text.count("\n") == 1
    assert len(text) < 400
    assert answer["cache-control"] == "no-store"


def test_a_filtered_feed_has_its_own_etag_self_link_and_id(site: RunningSite) -> None:
    query = f"limit=3&filter={quote('气候')}"
    plain, answer = site.get("/feeds/all.atom"), site.get(f"/feeds/all.atom?utm=x&{query}&_=1")
    assert answer["etag"] != plain["etag"]
    root = etree.fromstring(answer.body)
    own = f"{BASE}/feeds/all.atom?filter={quote('气候')}&limit=3"
    assert {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}["self"] == own
    assert answer["link"] == f'<{own}>; rel="self"'
    assert root.findtext(f"{ATOM}id") == f"tag:example.org,2026:all?filter={quote('气候')}&limit=3"
    assert root.findtext(f"{ATOM}id") != etree.fromstring(plain.body).findtext(f"{ATOM}id")
    assert b"prev-archive" not in answer.body
    same = site.get(f"/feeds/all.atom?filter={quote('气候')}&limit=3", If_None_Match=answer["etag"])
    assert same.status == 304
    encoded = site.get(f"/feeds/all.atom?{query}", Accept_Encoding="gzip")
    assert encoded["etag"] == answer["etag"].rstrip('"') + '-gz"'


def test_parameters_that_change_nothing_give_the_feed_itself(site: RunningSite) -> None:
    for query in ("mode=full", "images=original&sorted=true", "filter=", "limit=", "unknown=1"):
        assert site.get(f"/feeds/all.atom?{query}")["etag"] == site.get("/feeds/all.atom")["etag"]


def test_a_named_filtered_feed_is_a_document_like_all_others(site: RunningSite) -> None:
    answer = site.get("/feeds/filtered/traditional.json")
    document = json.loads(answer.body)
    assert document["title"] == "正體"
    assert document["feed_url"] == f"{BASE}/feeds/filtered/traditional.json"
    assert document["_feed"]["id"] == "tag:example.org,2026:filtered/traditional"
    assert all("氣候" in entry["title"] and "<img" not in entry["content_html"] for entry in document["items"])
    assert len(document["items"]) == 20
    listed = [feed["path"] for feed in json.loads(site.get("/feeds/feeds.json").body)["feeds"]]
    assert "filtered/traditional" in listed
    assert len(get_filtered(site, f"filter={quote('样本3：')}", "filtered/traditional")) == 1


HOSTILE = [
    "(a*)*b",
    "(.*)(.*)(.*)(.*)(.*)x",
    "[一-龥]{1,60}[^。]{1,60}x",
    "(样|本|样本)*句{20}x",
    "(?:.?){70}x",
    "(x+x+)+y",
    "(.{0,20}样){5}z",
]


def test_no_pattern_takes_long(site: RunningSite) -> None:
    get_filtered(site, "filter=warm")
    start = time.monotonic()
    get_filtered(site, "filter=xyzzy1&limit=200")
    usual = time.monotonic() - start
    for pattern in HOSTILE:
        start = time.monotonic()
        answer = site.get(f"/feeds/all.atom?limit=200&filter={quote(pattern)}&filterout_content={quote(pattern)}1")
        seconds = time.monotonic() - start
        assert answer.status in (200, 400)
        assert seconds < max(2.0, 40 * usual), pattern


def test_feeds_are_served_while_filtered_feeds_are_rendered(site: RunningSite) -> None:
    def get_status(number: int) -> int:
        return site.get(f"/feeds/all.atom?limit=200&opencc=s2twp&filter={quote('样本')}{number}|{quote('的')}").status

    with ThreadPoolExecutor(12) as pool:
        requests = [pool.submit(get_status, number) for number in range(40)]
        polls = []
        while not all(future.done() for future in requests):
            start = time.monotonic()
            assert site.get("/feeds/all.atom", If_None_Match="*").status == 304
            polls.append(time.monotonic() - start)
        assert {future.result() for future in requests} <= {200, 503}
        assert max(polls) < 2.0
