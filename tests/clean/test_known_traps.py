"""Traps seen in real dumps, each in a body that we wrote in the same shape."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup

from helpers.entry_builders import clean_body, clean_html
from refeed.clean.html_parser import parse_html

RFI = "https://www.rfi.fr/cn/%E4%B8%AD%E5%9B%BD/20200720-sample"
DW = "https://www.dw.com/zh/sample/a-54200813"
NYT = "https://cn.nytimes.com/usa/20200717/sample/"
BBC = "https://www.bbc.com/zhongwen/simp/world-53461556"
CDT = "https://chinadigitaltimes.net/chinese/715858.html"
FT = "https://cn.ft.com/story/001088611?full=y"
VOA = "https://www.voachinese.com/a/sample-20200720/5509369.html"
RFA = "https://www.rfa.org/mandarin/yataibaodao/gangtai/xx1-07172020115554.html"
REUTERS = "https://cn.reuters.com/article/sample-0720-idCNKCS24L028"

FIRST = "这是样例的第一段，说的是一座不存在的城市和它的河流。"
SECOND = "这是样例的第二段，说的是同一座城市的图书馆。"


def test_tag_glued_to_its_attribute_does_not_close_the_article() -> None:
    body = (
        f'<div>20/07/2020 - 14:50</div><p><strong>{FIRST}</strong></p><div class="t-content__body u-clearfix">'
        '<div class="m-interstitial"><div class="m-interstitial__ad"><divclass="m-block-ad "data-tms-ad-type="box"data-tms-ad-pos="1">'
        f'<div class="m-block-ad__label">广告</div><div class="m-block-ad__content"></div></div></div></div><p>{SECOND}</p></div>'
    )
    assert clean_html(body, RFI) == f"<p><strong>{FIRST}</strong></p><p>{SECOND}</p>"


def test_glued_image_is_an_image() -> None:
    assert 'src="https://img.example/a.jpg"' in clean_html(
        f'<imgsrc="https://img.example/a.jpg"alt="图书馆"><p>{FIRST}</p>'
    )


def test_promotion_class_of_one_source_may_hold_the_text_of_another() -> None:
    body = f'<div class="o-self-promo"><p>{FIRST}</p><p>{SECOND}</p></div>'
    assert clean_html(body, CDT) == f"<p>{FIRST}</p><p>{SECOND}</p>"
    assert (
        clean_html(f'<p>{FIRST}</p><div class="o-self-promo o-self-promo--nl" data-selfpromo-newsletter></div>', RFI)
        == f"<p>{FIRST}</p>"
    )


def test_feed_url_in_the_text_stays_and_the_service_footer_is_removed() -> None:
    body = (
        f"<p>{FIRST}</p><p><strong>Feed-URL: </strong></p><p>https://rss.dw.com/xml/sample</p>"
        '<p>也可以用 <a href="https://feedx.net">https://feedx.net</a> 订阅样例。</p>'
        '<br><hr><div>获取更多RSS：<br><a href="https://feedx.net" style="color:orange">https://feedx.net</a> <br>'
        '<a href="https://feedx.run" style="color:orange">https://feedx.run</a><br></div>'
    )
    html = clean_html(body, DW)
    assert "https://rss.dw.com/xml/sample" in html
    assert '<a href="https://feedx.net">https://feedx.net</a> 订阅样例' in html
    assert "获取更多RSS" not in html
    assert "feedx.run" not in html
    assert "<hr>" not in html


@pytest.mark.parametrize("copyright_first", [True, False])
def test_copyright_line_and_gallery_are_removed_in_either_order(copyright_first: bool) -> None:
    rights = "<p><em>© 2020年德国之声版权声明：本文所有内容受到著作权法保护，样例。</em></p>"
    gallery = (
        "<h3>相关图集：样例图集</h3>"
        '<div><img src="https://images.weserv.nl/?url=api.dw.com/image/1_303.jpg" width="100%"><br><b>第一图</b>：样例图说一。</div>'
        '<div><img src="https://images.weserv.nl/?url=api.dw.com/image/2_303.jpg" width="100%"><b>第二图</b>：样例图说二。</div>'
    )
    tail = rights + gallery if copyright_first else gallery + rights
    cleaned = clean_body(f"<p>{FIRST}</p>{tail}<p>{SECOND}</p><p>样甲/样乙（综合报导）</p>", DW)
    assert cleaned.entry.html == f"<p>{FIRST}</p><p>{SECOND}</p>"
    assert cleaned.entry.rights.startswith("© 2020年德国之声版权声明")
    assert cleaned.entry.authors == ("样甲", "样乙")
    assert sum("样例图说" in removed.text for removed in cleaned.removed) == 2


def test_gallery_article_keeps_pictures_and_captions() -> None:
    body = "".join(
        f'<div><img src="https://images.weserv.nl/?url=api.dw.com/image/{n}_303.jpg"><br><b>第{n}图</b>：样例图说。</div>'
        for n in (1, 2)
    )
    html = clean_html(body, DW)
    assert html.count("<figure>") == 2
    assert "<figcaption><strong>第1图</strong>：样例图说。</figcaption>" in html


def test_query_read_as_a_character_is_repaired_and_tracking_removed() -> None:
    body = f'<p>{FIRST}<a href="https://www.nytimes.com/a.html?campaign_id=1&emc=x&instance_id=2&nl=y®i_id=5§ion=top">这里</a></p>'
    assert '<a href="https://www.nytimes.com/a.html?section=top">' in clean_html(body, NYT)


def test_url_pasted_twice_and_blank_in_a_host_are_repaired() -> None:
    twice = "https://www.cdc.example/a.html https://www.cdc.example/a.html"
    body = f'<p>{FIRST}<a href="{twice}">甲</a>，<a href="http://www.nytimes.com%20/2020/07/a.html">乙</a></p>'
    html = clean_html(body, NYT)
    assert 'href="https://www.cdc.example/a.html">甲' in html
    assert 'href="http://www.nytimes.com/2020/07/a.html">乙' in html


def test_picture_only_in_noscript_is_kept_and_a_duplicate_merged() -> None:
    alone = f'<p>{FIRST}</p><div><noscript><img src="https://images.weserv.nl/?url=ichef.bbci.co.uk/news/640/a.jpg" alt="图"></noscript></div>'
    assert 'src="https://ichef.bbci.co.uk/news/640/a.jpg"' in clean_html(alone, BBC)
    lazy = (
        '<img src="data:image/svg+xml,x" alt="image" data-lazy-src="https://chinadigitaltimes.net/chinese/files/p-1.">'
    )
    real = '<noscript><img src="https://chinadigitaltimes.net/chinese/files/p-1." alt="image"></noscript>'
    for pair in (lazy + real, real + lazy):
        html = clean_html(f"<p>{FIRST}</p><p>{pair}</p>", CDT)
        assert html.count("<img") == 1
        assert 'src="https://chinadigitaltimes.net/chinese/files/p-1."' in html


def test_screenshot_of_an_embed_is_removed_and_its_link_stays() -> None:
    body = (
        f'<p>{FIRST}</p><div data-iframe="https://www.youtube.com/embed/abcdefghijk"></div><noscript>'
        '<img src="https://images.weserv.nl/?url=ichef.bbci.co.uk/news/1024/socialembed/https://www.youtube.com/watch?v=abcdefghijk&t=2s~/zhongwen/x">'
        "</noscript>"
    )
    html = clean_html(body, BBC)
    assert "<img" not in html
    assert '<a href="https://www.youtube.com/watch?v=abcdefghijk">YouTube</a>' in html


def test_unescaped_quotes_in_alt_keep_text_and_picture() -> None:
    body = f'<img alt="学者说"学生动源"前召集人在台北" src="https://images.weserv.nl?url=gdb.voanews.com/a.jpg"><p>{FIRST}</p>'
    html = clean_html(body, VOA)
    assert 'alt="学者说&quot;学生动源&quot;前召集人在台北"' in html
    assert 'src="https://gdb.voanews.com/a.jpg"' in html


def test_words_split_over_spans_are_joined_without_spaces() -> None:
    spans = "".join(f'<span class="NormalTextRun SCXW1">{part}</span>' for part in ("这是", "样", "例的一句", "话。"))
    assert "<p>这是样例的一句话。</p>" in clean_html(
        f'<div class="OutlineElement"><p class="Paragraph">{spans}</p></div><p>{FIRST}</p>', VOA
    )


def test_stray_array_is_removed_and_stays_in_a_sentence() -> None:
    html = clean_html(
        f"<div>12/11/2021 - 15:42</div>Array<p><strong>{FIRST}</strong></p><p>Array 是一个样例词。</p>", RFI
    )
    assert html == f"<p><strong>{FIRST}</strong></p><p>Array 是一个样例词。</p>"


def test_person_named_twice_is_one_author() -> None:
    body = f"<div><i>ADA SAMPLE,Ada Sample<br>2020-07-20 18:00:00</i></div><p>{FIRST}</p>"
    cleaned = clean_body(body, NYT)
    assert cleaned.entry.authors == ("Ada Sample",)
    assert cleaned.entry.published == datetime(2020, 7, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("byline", "authors"),
    [
        ("null 样甲乙", ("样甲乙",)),
        ("  样甲 （综合报道）", ("样甲",)),
        ("采访记者：样甲", ("样甲",)),
        ("德国之声中文网", ()),
        ("ARD", ()),
        ("", ()),
    ],
)
def test_byline_becomes_names(byline: str, authors: tuple[str, ...]) -> None:
    assert (
        clean_body(f"<div><i>{byline}<br>2020-07-20T11:58:19.428Z</i></div><p>{FIRST}</p>", DW).entry.authors == authors
    )


@pytest.mark.parametrize(
    "link",
    [
        "https://www.dw.com/zh/什么是样例?还是/a-54200813",
        "https://www.dw.com/zh/%E6%A0%B7%E4%BE%8B80%%20%E4%BB%A5%E4%B8%8A/a-54200813",
        "https://www.dw.com/zh/3.2%/a-54200813",
        "https://www.dw.com/zh/a-54200813",
    ],
)
def test_question_mark_or_percent_sign_in_a_path_gives_the_same_article(link: str) -> None:
    entry = clean_body(f"<p>{FIRST}</p>", link).entry
    assert entry.link == "https://www.dw.com/zh/a-54200813"
    assert entry.source == "dw"


def test_picture_without_a_url_is_removed_with_its_empty_caption() -> None:
    body = f'<img src="" width="100%"><div><small style="color: #999;"></small></div><p>{FIRST}</p><img src="https://th"><p>{SECOND}</p>'
    assert clean_html(body, DW) == f"<p>{FIRST}</p><p>{SECOND}</p>"


def test_api_link_becomes_the_page_link() -> None:
    html = clean_html(
        f'<p>{FIRST}<a href="https://api.dw.com/api/detail/article/53363606" rel="ArticleRef">甲</a></p>', DW
    )
    assert '<a href="https://www.dw.com/zh/a-53363606">甲</a>' in html


def test_tickers_become_text_and_graphics_stay_links() -> None:
    body = (
        f'<div class="StandardArticleBody_body"><p>{FIRST}(<span id="symbol_X.N_0"><a href="//www.reuters.com/companies/X.N">X.N</a></span>)</p>'
        '<p><a href="https://tmsnrt.rs/2DmFC9z">tmsnrt.rs/2DmFC9z</a></p></div>'
    )
    html = clean_html(body, REUTERS)
    assert f"<p>{FIRST}(X.N)</p>" in html
    assert '<a href="https://tmsnrt.rs/2DmFC9z">' in html


def test_nested_thumbor_keeps_the_innermost_and_the_placeholder_is_removed() -> None:
    proxy = "https://thumbor.ftacademy.cn/unsafe/"
    body = f'<div class="story-lead">样例导语，说的是同一件事。</div><div><img src="{proxy}1340x754/{proxy}picture/9/%s_piclink.jpg"></div><p>{FIRST}</p>'
    assert f'src="{proxy}picture/9/000097187_piclink.jpg"' in clean_html(body % "000097187", FT)
    assert "<img" not in clean_html(body % "000085029", FT)


def test_lead_names_its_author_and_becomes_the_summary() -> None:
    body = (
        '<div></div><div class="story-lead">样甲、样乙：一座不存在的城市，也有它的河流。</div><div class=" story-image image">'
        f'<img src="https://thumbor.ftacademy.cn/unsafe/picture/1/1_piclink.jpg"></div><div><p>{FIRST}</p><p><i>译者/样丙</i></p></div>'
    )
    cleaned = clean_body(body, FT)
    assert cleaned.entry.authors == ("样甲", "样乙")
    assert cleaned.entry.summary == "一座不存在的城市，也有它的河流。"
    assert [(person.role, person.name) for person in cleaned.entry.contributors] == [("译者", "样丙")]
    assert cleaned.entry.html.startswith("<p>一座不存在的城市，也有它的河流。</p><figure>")


def test_related_list_is_removed_and_a_digest_of_such_lists_stays() -> None:
    related = '<ul role="list"><li><a href="/zhongwen/simp/world-1">样例旧闻一</a></li><li><a href="/zhongwen/simp/world-2">样例旧闻二</a></li></ul>'
    body = f"<main><div><p>{FIRST}</p></div>{related}<p>{SECOND}</p></main>"
    assert "样例旧闻" not in clean_html(body, BBC)
    assert clean_html(body, "https://www.bbc.com/zhongwen/simp/press-review-53461556").count("样例旧闻") == 2
    mixed = related.replace("</li></ul>", "，这一条有自己的话。</li></ul>")
    assert "样例旧闻一" in clean_html(f"<main><p>{FIRST}</p>{mixed}</main>", BBC)


def test_related_lines_are_removed_and_the_same_words_in_a_sentence_stay() -> None:
    link = '<a href="https://www.rfi.fr/cn/x/20200101-y">样例旧闻</a>'
    body = f"<p>{FIRST}</p><p>相关报道 {link} / {link}</p><p>据相关报道，{link}说的是另一件事。</p><p>{SECOND}</p>"
    html = clean_html(body, RFI)
    assert html.count("样例旧闻") == 1
    assert "据相关报道，" in html


def test_end_mark_is_removed_at_the_end_and_stays_in_a_sentence() -> None:
    html = clean_html(f"<p>{FIRST}</p><p>他说（完）这个字。</p><p>{SECOND}(完) </p>", REUTERS)
    assert html == f"<p>{FIRST}</p><p>他说（完）这个字。</p><p>{SECOND}</p>"


def test_caption_that_the_page_has_four_times_appears_once() -> None:
    caption = "2020年7月样例图说。（样例社）"
    body = (
        f'<p>{FIRST}</p><p><div class="image-inline captioned" style="width:1500px;"><div style="width:1500px;"><img alt="{caption}" height="844" '
        f'src="https://www.rfa.org/mandarin/a.html/x.jpg" title="\r{caption}"/></div><div class="image-caption"><span style="width:1500px;">{caption}</span>'
        f'<span class="copyright"> </span></div><div id="zoomattribute"><a class="single_image" href="/mandarin/a.html/x.jpg" title="{caption}">'
        f'<img src="/rfa_resources/graphics/icon-zoom.png"/></a></div></div></p><p>{SECOND}</p>'
    )
    html = clean_html(body, RFA)
    assert html.count(caption) == 1
    assert html.count("<img") == 1
    assert f"<figcaption>{caption}</figcaption>" in html


def test_widest_picture_replaces_a_crop() -> None:
    base = "https://chinadigitaltimes.net/chinese/files/2020/07/悼念1"
    body = (
        f'<p>{FIRST}</p><p><img src="{base}-150x150.jpg" srcset="{base}-225x300.jpg 225w, {base}.jpg 1080w" alt=""></p>'
    )
    assert 'src="https://chinadigitaltimes.net/chinese/files/2020/07/%E6%82%BC%E5%BF%B51.jpg"' in clean_html(body, CDT)


def test_emoji_images_become_characters_and_tracking_pixels_are_removed() -> None:
    body = (
        f'<p>{FIRST}<img src="https://s.w.org/images/core/emoji/13/72x72/1f60a.png" alt="😊" class="wp-smiley">'
        '<img src="//ir-na.amazon-adsystem.com/e/ir?t=x" width="1" height="1" alt=""></p>'
    )
    assert clean_html(body, CDT) == f"<p>{FIRST}😊</p>"


def test_archive_card_becomes_fields_anywhere_in_the_body() -> None:
    card = (
        '<div style="width:42%;float:right"><div class="su-spoiler"><div class="su-spoiler-title"><span></span>CDT 档案卡</div><div class="su-spoiler-content">'
        "<strong>标题：</strong>样例<br><strong>作者：</strong><a href='https://chinadigitaltimes.net/space/x'>样甲</a><br><strong>发表日期：</strong>2025.2.9<br>"
        "<strong>来源：</strong><a href='https://web.archive.org/web/2025/https://mp.weixin.qq.com/s/x'>某号</a><br>"
        "<strong>主题归类：</strong><a href='https://chinadigitaltimes.net/space/y'>样例类</a></div></div></div>"
    )
    for body in (card + f"<p>{FIRST}</p><p>{SECOND}</p>", f"<p>{FIRST}</p>{card}<p>{SECOND}</p>"):
        entry = clean_body(body, CDT).entry
        assert entry.html == f"<p>{FIRST}</p><p>{SECOND}</p>"
        assert entry.authors == ("样甲",)
        assert entry.tags == ("样例类",)
        assert entry.original == "https://web.archive.org/web/2025/https://mp.weixin.qq.com/s/x"


def test_line_breaks_become_paragraphs_and_the_dateline_joins_its_text() -> None:
    html = clean_html(f"华盛顿 — <p>{FIRST}<br /><br />{SECOND}<br/> <br/></p><p>&nbsp;</p><p>　　{FIRST}</p>", VOA)
    assert html == f"<p>华盛顿 — {FIRST}</p><p>{SECOND}</p><p>{FIRST}</p>"


def test_output_is_small_semantic_html() -> None:
    body = f'<div class="x" style="color:red" id="y"><h1 class="z">样例小题</h1><p onclick="x()">{FIRST}<font color="red">红</font></p></div>'
    html = clean_html(body)
    assert html == f"<h2>样例小题</h2><p>{FIRST}红</p>"
    assert not re.search(r"\s(?:class|style|id|on\w+)=", html)


def test_picture_beside_a_number_in_code_stays() -> None:
    code = '<pre><table><tr><td class="gutter">1</td><td class="code"><img src="https://e.example/p.jpg"> 2020</td></tr></table></pre>'
    html = clean_body(f"<p>Code:</p>{code}<p>It ends.</p>").entry.html
    assert "https://e.example/p.jpg" in html


def test_emoji_in_code_is_a_character_of_it() -> None:
    emoji = '<img class="wp-smiley" alt="🌧" src="https://s.w.org/images/core/emoji/72x72/1f327.png">'
    html = clean_body(f"<p>Code:</p><pre>let weather = {emoji}\nprint(weather)</pre>").entry.html
    assert "<pre>let weather = 🌧\nprint(weather)</pre>" in html


def test_link_from_a_note_back_to_the_text_goes() -> None:
    note = '<ol><li>It was in May. <a href="https://e.example/a#ref1">↩︎</a></li></ol>'
    cleaned = clean_body(f"<p>The ferry came late.<sup>1</sup></p>{note}")
    assert cleaned.entry.html.endswith("<ol><li>It was in May.</li></ol>")
    assert [removal.step for removal in cleaned.removed] == ["links back from notes"]


@pytest.mark.parametrize(
    "label", [", opens new tab", " (opens in new window)", " (öffnet in neuem Tab)", " [external link]"]
)
def test_note_that_a_link_opens_elsewhere_goes(label: str) -> None:
    link = '<a href="https://e.example/r">the report{}</a>'
    cleaned = clean_body(f"<p>They read {link.format(label)} in the ferry of the harbour.</p>")
    assert cleaned.entry.html == f"<p>They read {link.format('')} in the ferry of the harbour.</p>"
    assert [removal.step for removal in cleaned.removed] == ["hidden labels"]


def test_link_whose_words_are_such_a_note_stays() -> None:
    html = '<p>What does <a href="https://e.example/r">opens in new tab</a> mean to a captain?</p>'
    assert clean_body(html).entry.html == html


def test_no_link_around_a_picture_is_lost_when_an_outer_one_is_never_closed() -> None:
    link = '<a href="https://e.example/a"><img src="https://e.example/p.jpg"></a>'
    cleaned = clean_body(f'<p>The ferry.</p><a href="mailto:a@b.example"><div></a>{link}')
    told = cleaned.entry.html + " ".join(removal.text for removal in cleaned.removed)
    assert "mailto:a@b.example" in told
    assert "https://e.example/a" in told


def test_words_and_links_of_a_drawing_are_named() -> None:
    cleaned = clean_body(
        '<p>样例。</p><svg><text>harbour</text><a href="https://e.example/x"><image href="/a.jpg"/></a></svg>'
    )
    assert any("harbour https://e.example/x" in removal.text for removal in cleaned.removed)
    assert "/a.jpg" in cleaned.entry.html


def test_label_above_a_repeated_picture_goes_with_it() -> None:
    """Seen: cleaning twice removed more than cleaning once."""
    once = clean_html(f'<p>{FIRST}</p><p><img src="/a.jpg"> Share this: <img src="/a.jpg"></p>')
    assert once == f'<p>{FIRST}</p><figure><img src="https://news.example.org/a.jpg" alt=""></figure>'
    assert clean_html(once) == once


@pytest.mark.parametrize(
    "body",
    [
        '<p>Ein <o:p>Wort</o:p> <svg:a xlink:href="#a" xmlns:xlink="http://www.w3.org/1999/xlink">b</svg:a></p>',
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><meta name="a" content="b"><title>t</title></head><body>x',
        "<div><p>a<div>b</p></span>c<pre>\n  d\n\n e</pre> <!-- f --><?php g ?> <![CDATA[h]]><script>i < 1</script>",
        '<table><tr><td>1<td colspan=2 class="a b">2</table><input checked><p>&nbsp;&#x4e2d;&unknown;',
    ],
)
def test_our_tree_is_the_one_of_beautiful_soups_own_builder(body: str) -> None:
    own = BeautifulSoup(f"<body>{body}", "lxml", multi_valued_attributes=None, string_containers={})
    tree = parse_html(body)
    assert tree.decode() == own.decode()
    assert [type(node) for node in tree.descendants] == [type(node) for node in own.descendants]
    assert [tag.attrs for tag in tree.find_all(True)] == [tag.attrs for tag in own.find_all(True)]
