"""Bodies of upstream feeds -> items."""

from __future__ import annotations

import json
import resource
import time
from contextlib import closing
from datetime import UTC, datetime
from html import escape
from zoneinfo import ZoneInfo

import pytest

from helpers.property_testing import given, settings, st
from helpers.upstream_server import feed_item, rss_feed
from helpers.xml_bombs import BOMBS
from refeed.dumps.feed_parser import IsolatedParser, parse_feed
from refeed.dumps.parsed_feed import UpstreamItem
from refeed.errors import FetchError

URL = "https://upstream.example.org/feed"
AT = datetime(2026, 2, 27, 0, 0, tzinfo=UTC)

ATOM = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://news.example.org/">
<title>样本</title><id>urn:x</id>
<entry><id>urn:a</id><title type="html">样本 &amp;amp; &lt;b&gt;例子&lt;/b&gt;</title><link rel="self" href="/api/1"/>
<link rel="alternate" type="text/html" href="/1"/><published>2026-02-27T08:00:00+08:00</published>
<updated>2026-02-27T01:00:00Z</updated><summary>短</summary>
<content type="html">&lt;p&gt;这是样本。&lt;/p&gt;</content></entry>
<entry><id>urn:b</id><title>a &lt; b</title><link href="/2"/><updated>2026-02-27T01:00:00.5Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>样本<br/>第二行</p><img src="a.png" alt=""/></div>
</content></entry>
<entry><id>https://news.example.org/3</id><title/><content>纯文本 &lt;b&gt; &amp; 样本</content></entry>
</feed>"""


def parse_one(body: str | bytes, content_type: str = "") -> UpstreamItem:
    (item,) = parse_feed(body.encode() if isinstance(body, str) else body, content_type, URL).items
    return item


def test_rss_item_has_its_full_text_and_its_guid() -> None:
    item = parse_one(
        rss_feed(feed_item(1, html="<p>全文</p>").replace("<content", "<description>短</description><content", 1))
    )
    assert (item.guid, item.title, item.link) == ("g1", "一篇样本文章 1", "https://news.example.org/1")
    assert (item.html, item.published, item.updated) == ("<p>全文</p>", AT, None)


def test_atom_content_as_html_xhtml_and_text_becomes_html() -> None:
    first, second, third = parse_feed(ATOM.encode(), "", URL).items
    assert (first.title, first.link, first.html) == ("样本 & 例子", "https://news.example.org/1", "<p>这是样本。</p>")
    assert (first.published, first.updated) == (AT, AT.replace(hour=1))
    assert (second.title, second.link, second.published) == ("a < b", "https://news.example.org/2", None)
    assert second.html == '<p>样本<br>第二行</p><img src="https://news.example.org/a.png" alt="">'
    assert (third.link, third.html) == ("https://news.example.org/3", "纯文本 &lt;b&gt; &amp; 样本")


def test_rss_1_items_are_found_beside_the_channel() -> None:
    item = parse_one(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>t</title></channel><item><title>样本</title>'
        "<link>https://news.example.org/1</link><dc:date>2026-02-27T08:00+08:00</dc:date><description>&lt;p&gt;文&lt;/p&gt;"
        "</description></item></rdf:RDF>"
    )
    assert (item.title, item.updated, item.html) == ("样本", AT, "<p>文</p>")


def test_json_feed_item_has_html_or_text_and_may_have_a_number_as_id() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {
                "id": 7,
                "url": "/7",
                "title": "样本",
                "content_html": "<p>文</p>",
                "date_published": "2026-02-27T00:00:00Z",
            },
            {"id": "https://news.example.org/8", "content_text": "a < b\n第二行"},
            {"id": "no link"},
            "no object",
        ],
    }
    feed = parse_feed(json.dumps(feed).encode(), "application/feed+json", URL)
    first, second = feed.items
    assert (first.guid, first.link, first.published) == ("7", "https://upstream.example.org/7", AT)
    assert second.html == "a &lt; b<br>第二行"
    assert feed.issues == ("item 3 has no link", "item 4 is not an object")


def test_elements_of_other_namespaces_are_not_taken_for_those_of_rss() -> None:
    feed = rss_feed(
        feed_item(1).replace("<title>", "<m:title>假</m:title><m:link>https://evil.example/</m:link><title>", 1)
    )
    item = parse_one(feed.replace("<rss ", '<rss xmlns:m="http://search.yahoo.com/mrss/" ', 1))
    assert (item.title, item.link) == ("一篇样本文章 1", "https://news.example.org/1")


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "gb18030"])
def test_chinese_encodings_are_decoded_as_their_superset(declared: str) -> None:
    # 镕 and 𠮷 are only in GBK and GB18030, whichever of these names is declared.
    text = rss_feed(feed_item(1, title="朱镕基𠮷样本"), head=f'<?xml version="1.0" encoding="{declared}"?>')
    assert parse_one(text.encode("gb18030")).title == "朱镕基𠮷样本 1"


def test_encoding_comes_from_header_or_bytes_when_the_feed_declares_none() -> None:
    text = rss_feed(feed_item(1, title="样本"), head="")
    big5 = (
        rss_feed(feed_item(1, title="樣本", html="<p>樣</p>"), head="")
        .replace("样", "")
        .replace("一篇", "")
        .encode("big5", "ignore")
    )
    assert parse_one(big5, "text/xml; charset=Big5").title == "樣本 1"
    assert parse_one(text.encode("gb18030"), "text/xml").title == "样本 1"
    assert parse_one(text.encode("utf-16"), "text/xml").title == "样本 1"
    assert parse_one(text.encode("utf-8-sig"), "text/xml; charset=iso-8859-1").title == "样本 1"


@pytest.mark.parametrize(
    ("encoding", "declared", "text"),
    [
        ("utf-8", "windows-1251", "港口燈會今晚開幕"),
        ("utf-8", "utf-16", "港口燈會今晚開幕"),
        ("utf-8", "unicode", "港口燈會今晚開幕"),
        ("utf-8", "gb2312", "Café à la mère"),
        ("big5", "utf-8", "港口燈會今晚開幕，吸引了許多人前來觀看，天氣很好"),
        ("gb18030", "utf-8", "港口灯会今晚开幕，吸引了许多人前来观看，天气很好"),
        ("shift_jis", "utf-8", "港の祭りが今夜始まり、多くの人が集まりました"),
        ("euc_kr", "", "항구 축제가 오늘 밤 시작되어 많은 사람들이 모였습니다"),
        ("cp1251", "utf-8", "Праздник в порту начался сегодня вечером и собрал много людей"),
        ("cp1251", "windows-1251", "Праздник"),
        ("iso2022_jp", "iso-2022-jp", "港の祭り"),
        ("hz", "hz-gb-2312", "港口灯会"),
        ("utf-16-le", "utf-16", "港口灯会"),
        ("utf-16-be", "", "港口灯会"),
        ("ascii", "utf-16", "Harbour lights"),
        ("big5", "iso-8859-1", "港口燈會今晚開幕，吸引了許多人前來觀看，天氣很好"),
        ("big5", "gbk", "港口燈會今晚開幕，吸引了許多人前來觀看，天氣很好"),
        ("cp1251", "iso-8859-1", "Праздник в порту начался сегодня вечером и собрал много людей"),
        ("iso2022_jp", "utf-8", "港の祭り"),
        ("cp1250", "iso-8859-2", "Zażółć gęślą jaźń „w porcie”"),
        ("cp1252", "iso-8859-1", "Le café d’été — « très bien »"),
        ("cp866", "ibm866", "Праздник в порту"),
        ("mac_roman", "macintosh", "Le café d’été"),
    ],
)
def test_bytes_are_believed_before_a_declaration(encoding: str, declared: str, text: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    assert (
        parse_one(rss_feed(feed_item(1, title=text, html="x"), head=head).replace("样本", "x").encode(encoding)).title
        == f"{text} 1"
    )


@pytest.mark.parametrize(
    ("wrong", "encoding", "text", "shown"),
    [
        (b"\xe9", "utf-8", "Café and cafX", "Café and café"),
        (b"\x92", "utf-8", "The café’s, it X s", "The café’s, it ’ s"),
        (b"\xe4\xb8", "utf-8", "样本文章X", "样本文章\ufffd"),
        (b"\xed\xa0\xbd\xed\xb8\x80", "utf-8", "aXb", "a😀b"),
        (b"\xed\xa0\xbd", "utf-8", "样aXb", "样a\ufffdb"),
        (b"\xc0\x80", "utf-8", "样aXb", "样a\ufffdb"),
        (b"\xcc", "gbk", f"{'港口灯会今晚开幕' * 9}X", f"{'港口灯会今晚开幕' * 9}\ufffd"),
    ],
)
def test_wrong_bytes_among_right_ones_are_read_as_what_they_were(
    wrong: bytes, encoding: str, text: str, shown: str
) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    feed = rss_feed(f"<item><title>{text}</title><link>https://news.example.org/1</link></item>", head=head)
    feed = feed.replace("<title>样本</title>", "")
    assert parse_one(feed.encode(encoding).replace(b"X", wrong)).title == shown


def test_json_is_read_as_it_was_meant_where_it_is_not_quite_json() -> None:
    body = '{"items": [{"id": "1\\ud83d", "url": "/1", "title": "a\\u0000\nb, }", "tags": ["\\udc00x",],}]}'
    item = parse_one(f"{body}\n<!-- cached -->")
    assert (item.guid, item.title, item.tags) == ("1\ufffd", "a\ufffd\nb, }", ("\ufffdx",))


def test_invalid_bytes_cost_a_few_characters_and_not_the_feed() -> None:
    body = rss_feed(feed_item(1, title="样本X文章")).encode().replace(b"X", b"\xff\xfe\x80")
    assert "样本" in parse_one(body).title


@pytest.mark.parametrize(
    ("broken", "title"),
    [
        (rss_feed(feed_item(1, title="样本 & 例子")), "样本 & 例子 1"),
        (rss_feed(feed_item(1, title="样本&nbsp;例子&mdash;完")), "样本\xa0例子—完 1"),
        (rss_feed(feed_item(1, title="样本\x08例子&#8;完")), "样本\ufffd例子\ufffd完 1"),
        ("\n \ufeff" + rss_feed(feed_item(1, title="样本")), "样本 1"),
        (rss_feed(feed_item(1, title="样本"))[:-6], "样本 1"),
    ],
    ids=["bare ampersand", "entity of HTML", "control characters", "blanks before the declaration", "cut at the end"],
)
def test_broken_xml_is_repaired(broken: str, title: str) -> None:
    assert parse_one(broken).title == title


def test_undeclared_prefix_is_taken_for_the_usual_one() -> None:
    undeclared = rss_feed(feed_item(1)).replace(' xmlns:content="http://purl.org/rss/1.0/modules/content/"', "")
    assert parse_one(undeclared).html == "<p>这是为测试写的样本。</p>"


def test_repair_leaves_html_in_cdata_alone_and_becomes_an_issue() -> None:
    feed = parse_feed(rss_feed(feed_item(1, title="a & b", html="<p>x&nbsp;y & z</p>")).encode(), "", URL)
    assert feed.items[0].html == "<p>x&nbsp;y & z</p>"
    assert len(feed.issues) == 1 and feed.issues[0].startswith("broken XML")


def test_feed_that_is_cut_off_loses_only_its_last_item() -> None:
    whole = rss_feed(feed_item(1), feed_item(2), feed_item(3, html="<p>很长的样本</p>" * 50))
    feed = parse_feed(whole[: whole.rindex("很长的样本")].encode(), "", URL)
    assert [item.guid for item in feed.items] == ["g1", "g2"]
    assert "cut off" in feed.issues[-1]


def test_item_without_a_link_is_left_out() -> None:
    feed = parse_feed(
        rss_feed(feed_item(1), "<item><title>无链接</title></item>", "<item><link>javascript:1</link></item>").encode(),
        "",
        URL,
    )
    assert len(feed.items) == 1
    assert feed.issues == ("item 2 has no link", "item 3 has no link")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<!DOCTYPE html><html><body>登录</body></html>", "web page"),
        ("<opml><body/></opml>", "neither RSS nor Atom"),
        ("", "empty"),
        ("随便什么", "broken XML"),
        ('{"items": 3}', "not a JSON Feed"),
        ('{"items": [', "not JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_a_feed_is_rejected_in_plain_words(body: str, words: str) -> None:
    with pytest.raises(FetchError, match=words):
        parse_feed(body.encode(), "", URL)


@pytest.mark.slow
def test_bomb_ends_with_its_process_and_reads_no_file() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for name in BOMBS:
        with closing(IsolatedParser(seconds=1)) as parser:
            try:
                feed = parser.parse(BOMBS[name].encode(), "", URL)
            except FetchError as error:
                assert str(error)
            else:
                assert "root:" not in "".join(item.title for item in feed.items)
                assert sum(len(item.title) for item in feed.items) < 6_000_000
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert after.ru_utime - before.ru_utime < 2, name
        before = after


def test_error_of_a_feed_arrives_from_the_other_process() -> None:
    with closing(IsolatedParser()) as parser:
        with pytest.raises(FetchError, match="web page"):
            parser.parse(b"<!doctype html>", "", URL)
        assert parser.parse(rss_feed(feed_item(1)).encode(), "", URL) == parse_feed(
            rss_feed(feed_item(1)).encode(), "", URL
        )


@pytest.mark.parametrize("name", [name for name in BOMBS if "<!ENTITY" in BOMBS[name]])
def test_declared_entities_are_neither_expanded_nor_loaded(name: str) -> None:
    title = parse_one(BOMBS[name]).title
    assert title in ("&l9; 1", "&a;" * 50_000 + " 1", "&x; 1", "一篇样本文章 1")


def test_article_about_entities_and_old_doctype_are_accepted() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss-0.91.dtd">'
    item = parse_one(rss_feed(feed_item(1, html="<!ENTITY x '样本'>"), head=doctype))
    assert item.html == "<!ENTITY x '样本'>"


def test_date_that_cannot_be_read_is_an_issue() -> None:
    feed = parse_feed(rss_feed(feed_item(1), feed_item(2, date="日期待定"), feed_item(3, date="")).encode(), "", URL)
    assert [item.published for item in feed.items] == [AT, None, None]
    assert feed.issues == ("item 2: the date '日期待定' cannot be read",)


def test_zone_of_the_upstream_applies_to_dates_without_one() -> None:
    feed = rss_feed(feed_item(1, date="2026-02-27 08:00:00"), feed_item(2, date="Fri, 27 Feb 2026 08:00:00 CST"))
    dates = [item.published for item in parse_feed(feed.encode(), "", URL, ZoneInfo("Asia/Shanghai")).items]
    assert dates == [AT, AT]
    dates = [item.published for item in parse_feed(feed.encode(), "", URL).items]
    assert dates == [AT.replace(hour=8), AT.replace(hour=14)]


FIELDS = """<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1" xmlns:m="https://search.yahoo.com/mrss/"
xmlns:content="https://purl.org/rss/1.0/modules/content/"><channel><link>https://news.example.org/a/</link>
<language>en-US</language><item><title>样本</title><link>b/1</link><guid isPermaLink="false">g</guid>
<dc:creator>Ada Seaman</dc:creator><dc:creator>Bo</dc:creator><category>Ships</category>
<category domain="x">海</category><dc:language>zh-TW</dc:language><description>The whole text.</description>
<content:encoded>&lt;p&gt;[…]&lt;/p&gt;</content:encoded>
<enclosure url="https://cdn.example.org/1.mp3" type="audio/mpeg" length="4567890"/></item></channel></rss>"""


def test_authors_tags_language_and_enclosure_of_an_item_are_read() -> None:
    item = parse_one(FIELDS)
    assert (item.guid, item.link, item.language) == ("g", "https://news.example.org/a/b/1", "zh-TW")
    assert (item.authors, item.tags) == (("Ada Seaman", "Bo"), ("Ships", "海"))
    enclosure = '<audio src="https://cdn.example.org/1.mp3" type="audio/mpeg" data-length="4567890"></audio>'
    assert item.html == f"The whole text.{enclosure}", "content:encoded shows nothing"
    raw = {
        "url": "/1",
        "authors": [{"name": "Ada"}, {"url": "x"}, 5],
        "tags": ["a", "a", 7, " b\n c"],
        "language": "fr",
    }
    (item,) = parse_feed(json.dumps({"items": [raw | {"language": "fr"}]}).encode(), "", URL).items
    assert (item.authors, item.tags, item.language) == (("Ada",), ("a", "b c"), "fr")


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("office@harbour.example (Ada Seaman)", ("Ada Seaman",)),
        ("Ada Seaman &lt;office@harbour.example&gt;", ("Ada Seaman",)),
        ("office@harbour.example", ()),
        ("Ada Seaman", ("Ada Seaman",)),
    ],
)
def test_name_of_an_author_is_read_and_the_address_is_not(author: str, names: tuple[str, ...]) -> None:
    assert parse_rss_item(f"<author>{author}</author>").authors == names


@pytest.mark.slow
def test_thirty_thousand_enclosures_cost_no_time() -> None:
    """Seen: 45 s for one item with a text of 2.4 MB."""
    files = "".join(f'<enclosure url="https://m.example.org/{n}.mp3" type="audio/mpeg"/>' for n in range(30_000))
    feed = rss_feed(feed_item(1, html="<p>样本</p>" * 160_000).replace("</item>", files + "</item>"))
    started = time.process_time()
    assert parse_one(feed).html.count("<audio") == 50
    assert time.process_time() - started < 3


@pytest.mark.parametrize("reference", ["&#55357;&#56832;", "&#xD83D;&#xDE00;", "&#x1F600;"])
def test_surrogate_references_become_the_character(reference: str) -> None:
    """Seen: half a surrogate pair stopped the upstream for good."""
    assert parse_one(rss_feed(feed_item(1, title=f"a{reference}b"))).title == "a😀b 1"
    assert parse_one(rss_feed(feed_item(1, html=f"a{reference}b"))).html in ("a&#128512;b", f"a{reference}b")
    for half in ("&#55357;", "&#xDE00;", "&#99999999999;", "&#0;", "&#xFFFE;"):
        assert parse_one(rss_feed(feed_item(1, title=f"a{half}b"))).title == "a\ufffdb 1"


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)), st.text(max_size=30))
def test_any_bytes_are_parsed_or_rejected(body: bytes, content_type: str) -> None:
    try:
        parse_feed(body, content_type, URL)
    except FetchError as error:
        assert str(error)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_feed_with_any_cut_or_insertion_is_parsed_or_rejected(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([rss_feed(feed_item(1), feed_item(2)), ATOM]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    inserted = data.draw(
        st.one_of(st.text(max_size=10), st.sampled_from(["<", "</", "<a:b c=", "<![CDATA[", "]]>", "&x;", "<!--"]))
    )
    try:
        for item in parse_feed((text[:start] + inserted + text[end:]).encode("utf-8", "replace"), "", URL).items:
            assert item.link.startswith(("http://", "https://"))
    except FetchError as error:
        assert str(error)


SPACES = 'xmlns:media="http://search.yahoo.com/mrss/" xmlns:fb="http://rssnamespace.org/feedburner/ext/1.0"'
MP3 = "https://media.example.org/1.mp3?a=1&amp;b=2"
PLAYER = f'<audio src="{MP3}" type="audio/mpeg"></audio>'


def parse_rss_item(*parts: str) -> UpstreamItem:
    inside = "".join(parts)
    return parse_one(
        f'<rss version="2.0" {SPACES}><channel><item><link>https://news.example.org/1</link>{inside}</item></channel></rss>'
    )


def parse_atom_entry(*parts: str, base: str = "") -> UpstreamItem:
    inside = "".join(parts)
    return parse_one(f'<feed xmlns="http://www.w3.org/2005/Atom" {base}><entry><id>urn:x</id>{inside}</entry></feed>')


ENCLOSURE = f'<enclosure url="{MP3}" type="audio/mpeg" length="5"/>'
PICTURE = '<media:content url="https://media.example.org/1.jpg" medium="image"/>'
VIDEO = '<media:content url="https://media.example.org/{}" type="video/mp4"/>'
VIDEOS = VIDEO.format("big.mp4") + VIDEO.format("small.mp4")
PLAYERS = [
    f'<video src="https://media.example.org/{name}" type="video/mp4"></video>' for name in ("big.mp4", "small.mp4")
]
GROUP = f"<media:group>{VIDEOS}<media:description>样本</media:description></media:group>"
LONG_PLAYER = PLAYER.replace("></", ' data-length="5"></')
LINKED = f'<description>&lt;a href="{MP3.replace("&", "&amp;")}"&gt;样本&lt;/a&gt;</description>'


@pytest.mark.parametrize(
    ("parts", "html"),
    [
        ([ENCLOSURE], LONG_PLAYER),
        (["<description>样本</description>", ENCLOSURE], "样本" + LONG_PLAYER),
        ([LINKED, ENCLOSURE], f'<a href="{MP3}">样本</a>{LONG_PLAYER}'),
        (['<enclosure url="/1.MP4?x"/>'], '<video src="https://upstream.example.org/1.MP4?x"></video>'),
        (['<enclosure url="javascript:x.mp3" type="audio/mpeg"/>'], ""),
        (['<enclosure url="/x.pdf" type="application/pdf"/>'], ""),
        ([PICTURE, "<description>样本</description>"], '<img src="https://media.example.org/1.jpg">样本'),
        ([PICTURE, '<description>&lt;IMG src="/2.jpg"&gt;样本</description>'], '<IMG src="/2.jpg">样本'),
        ([GROUP], f"样本{PLAYERS[0]}"),
        (["<description>样本</description>", VIDEOS], f"样本{''.join(PLAYERS)}"),
    ],
)  # fmt: skip
def test_audio_video_and_pictures_beside_the_text_are_embedded(parts: list[str], html: str) -> None:
    """Seen: the item of a podcast was an empty entry."""
    assert parse_rss_item(*parts).html == html


def test_media_of_atom_and_json_feed_are_embedded_too() -> None:
    link = f'<link rel="enclosure" type="audio/mpeg" href="{MP3}"/>'
    item = parse_atom_entry('<link href="https://news.example.org/1"/>', link)
    assert (item.link, item.html) == ("https://news.example.org/1", PLAYER)
    attached = [{"url": MP3.replace("&amp;", "&"), "mime_type": "audio/mpeg"}, {"url": 5}, "nothing"]
    item = {"url": "/1", "content_text": "样本", "image": "/1.jpg", "attachments": attached}
    feed = parse_feed(json.dumps({"items": [item, {"url": "/2", "attachments": 7}]}).encode(), "", URL)
    assert [item.html for item in feed.items] == [
        f'<img src="https://upstream.example.org/1.jpg">样本{PLAYER}',
        "",
    ]


def test_item_without_a_page_links_to_its_media_or_content() -> None:
    rss_item = f'<rss version="2.0"><channel><item><title>样本</title>{ENCLOSURE}</item></channel></rss>'
    assert parse_one(rss_item).link == MP3.replace("&amp;", "&")
    assert parse_atom_entry('<content type="text/html" src="/c.html"/>').link == "https://upstream.example.org/c.html"


def test_original_link_of_feedburner_is_the_link() -> None:
    assert (
        parse_rss_item("<fb:origLink>https://news.example.org/real</fb:origLink>").link
        == "https://news.example.org/real"
    )


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("<![CDATA[样本 &amp; <em>例子</em>]]>", "样本 & 例子"),
        ("样本 &amp;#8217;&amp;quot;", '样本 ’"'),
        ("1 &lt; 2 &amp; 3 &gt; 2, 一个 &lt;b&gt; 的样本", "1 < 2 & 3 > 2, 一个 <b> 的样本"),
        ("样本 &amp;lt;b&amp;gt;x&amp;lt;/b&amp;gt; AT&amp;T&amp;copy", "样本 <b>x</b> AT&T&copy"),
    ],
)
def test_clear_markup_is_removed_from_rss_titles(title: str, text: str) -> None:
    """Seen: `&amp;quot;` and `<em>` in titles of feeds that write them as HTML."""
    assert parse_rss_item(f"<title>{title}</title>").title == text


def test_relative_urls_are_resolved_from_xml_base() -> None:
    html = "<img alt='a' src='i.jpg?a=1&amp;b=2'> src='i.jpg' <a href='#x'><a href=\"../x\"><a href='mailto:x'>"
    item = parse_atom_entry(
        '<link xml:base="b/" href="1"/>',
        f'<content xml:base="b/c/" type="html">{escape(html)}</content>',
        base='xml:base="https://upstream.example.org/a/"',
    )
    assert item.link == "https://upstream.example.org/a/b/1"
    base = "https://upstream.example.org/a/b"
    assert item.html == html.replace("='i.jpg?", f"='{base}/c/i.jpg?").replace("../x", f"{base}/x")


def test_content_that_is_not_text_is_left_out() -> None:
    item = parse_atom_entry('<link href="/1"/><content type="image/png">iVBORw0KGgo=</content><summary>样本</summary>')
    assert item.html == "样本"


def test_plain_text_in_rss_keeps_its_paragraphs() -> None:
    assert (
        parse_rss_item("<description>样本一\n还是一\n \n样本二 &lt; 3</description>").html
        == "<p>样本一\n还是一</p><p>样本二 < 3</p>"
    )
    assert (
        parse_rss_item("<description>&lt;p&gt;样本一&lt;/p&gt;\n\n样本二</description>").html
        == "<p>样本一</p>\n\n样本二"
    )


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("<rss version='2.0'><channel><title> 見本新聞\n(sample) </title></channel></rss>", "見本新聞 (sample)"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'><title type='html'>A &amp;lt;b&amp;gt;</title></feed>", "A <b>"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'><title type='html'>&lt;b&gt;A&lt;/b&gt;</title></feed>", "A"),
        ('{"title": "\u202eA", "items": []}', "A"),
        ('{"title": 5, "items": []}', ""),
    ],
)
def test_feed_has_a_title_on_one_line_and_without_markup(body: str, title: str) -> None:
    assert parse_feed(body.encode(), "", URL).title == title


@pytest.mark.parametrize("link", ["http://[x", "https://a:b:c/", "http://[::1/"])
def test_home_page_that_is_no_url_costs_no_item(link: str) -> None:
    """Seen: a ValueError for the whole feed."""
    item = "<item><title>样本</title><link>https://news.example.org/1</link></item>"
    feed = f"<rss version='2.0'><channel><link>{link}</link>{item}</channel></rss>"
    assert [each.link for each in parse_feed(feed.encode(), "", link).items] == ["https://news.example.org/1"]
