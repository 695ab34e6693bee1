"""Cleaning of dumps from hosts without a rule: proxies, redirectors, bylines, dates, clutter, players."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from helpers.entry_builders import AT, GENERIC_LINK, clean_body, clean_html, clean_raw
from refeed.clean.image_urls import clean_image_url
from refeed.clean.url_cleaner import clean_link
from refeed.model import Enclosure, RawEntry

TEXT = "这是样例的第一段，说的是一座不存在的城市和它的河流。"
MORE = "这是样例的第二段，说的是同一座城市的图书馆。"


@pytest.mark.parametrize(
    ("shown", "origin"),
    [
        ("https://images.weserv.nl/?url=img.example/a.jpg&w=600&output=webp", "https://img.example/a.jpg"),
        ("https://cdn.statically.io/img/img.example/w=600,q=80/2020/a.jpg", "https://img.example/2020/a.jpg"),
        ("https://cdn.statically.io/img/img.example/2020/a.jpg", "https://img.example/2020/a.jpg"),
        ("https://images.weserv.nl?url=img.example/a.jpg", "https://img.example/a.jpg"),
        ("https://images.weserv.nl/?url=ssl:img.example/a.jpg", "https://img.example/a.jpg"),
        ("https://images.weserv.nl/?w=300&url=https://img.example/a.jpg", "https://img.example/a.jpg"),
        ("https://images.weserv.nl/?url=https%3A%2F%2Fimg.example%2Fa%20b.jpg&h=2", "https://img.example/a%20b.jpg"),
        ("https://images.weserv.nl/?url=img.example/a?v=1&t=2s~/x", "https://img.example/a?v=1&t=2s~/x"),
        ("https://wsrv.nl/?url=img.example/a.jpg", "https://img.example/a.jpg"),
        ("https://i0.wp.com/img.example/2020/a.jpg?resize=300%2C200&ssl=1", "https://img.example/2020/a.jpg"),
        ("https://i2.wp.com/img.example/a.jpg?w=640", "https://img.example/a.jpg"),
        ("https://img-example.cdn.ampproject.org/i/s/img.example/a.jpg", "https://img.example/a.jpg"),
        (
            "https://images2-focus-opensocial.googleusercontent.com/gadgets/proxy?container=focus&url=https%3A%2F%2Fimg.example%2Fa.jpg",
            "https://img.example/a.jpg",
        ),
        (
            "https://external.xx.fbcdn.net/safe_image.php?d=A&url=https%3A%2F%2Fimg.example%2Fa.jpg",
            "https://img.example/a.jpg",
        ),
        ("https://thumbor.example/unsafe/300x200/https://img.example/a.jpg", "https://img.example/a.jpg"),
        (
            "https://thumbor.example/unsafe/fit-in/300x200/filters:quality(80)/https%3A%2F%2Fimg.example%2Fa.jpg",
            "https://img.example/a.jpg",
        ),
        (
            "https://imgproxy.example/insecure/rs:fill:300:200/plain/https://img.example/a.jpg",
            "https://img.example/a.jpg",
        ),
        ("https://www.example.org/cdn-cgi/image/width=300/https://img.example/a.jpg", "https://img.example/a.jpg"),
        ("https://wsrv.nl/?url=i0.wp.com/img.example/a.jpg", "https://img.example/a.jpg"),
        ("https://thumbor.example/unsafe/300x200/smart/img.example/a.jpg", "https://img.example/a.jpg"),
        ("https://mail.example/proxy/Ab3_x=s0-d-e1#https://img.example/a.jpg", "https://img.example/a.jpg"),
        (
            "https://search.example/image_search/src=https%3A%2F%2Fimg.example%2Fa.jpg&refer=http%3A%2F%2Fx.example&app=2",
            "https://img.example/a.jpg",
        ),
        ("https://api.example/image/aHR0cHM6Ly9pbWcuZXhhbXBsZS9hLmpwZw/600", "https://img.example/a.jpg"),
        ("//img.example/图.jpg", "https://img.example/%E5%9B%BE.jpg"),
        ("/a b.jpg", "https://news.example.org/a%20b.jpg"),
        ("https://img.example/a%20b(1).jpg", "https://img.example/a%20b(1).jpg"),
        ("https://img.example/redirected/https-is-fine.jpg", "https://img.example/redirected/https-is-fine.jpg"),
    ],
)
def test_image_url_points_to_its_own_host(shown: str, origin: str) -> None:
    assert clean_image_url(shown, GENERIC_LINK) == origin
    assert clean_body(f'<p>{TEXT}</p><img src="{shown.replace("&", "&amp;")}">').entry.images == (origin,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://www.google.com/url?sa=t&q=https%3A%2F%2Fexample.org%2Fa%3Fb%3D1&usg=x", "https://example.org/a?b=1"),
        ("https://www.google.com.hk/url?url=https://example.org/a&sa=D", "https://example.org/a"),
        ("https://www.google.com/url?rct=j&url=https://example.org/a%3Fb%3D1&ct=ga", "https://example.org/a?b=1"),
        ("https://example.org/a?id=5&_ga=1.2&pk_campaign=x&mtm_source=y&vd_source=z", "https://example.org/a?id=5"),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.org%2Fa%3Ffbclid%3DX&h=AT0", "https://example.org/a"),
        (
            "http://mail.example.net/owa/redir.aspx?C=x&URL=https://example.org/故事/1",
            "https://example.org/%E6%95%85%E4%BA%8B/1",
        ),
        ("https://example-org.cdn.ampproject.org/c/s/example.org/a.html", "https://example.org/a.html"),
        ("https://www.google.com/amp/s/example.org/a.html", "https://example.org/a.html"),
        ("https://www.youtube.com/redirect?event=x&q=https%3A%2F%2Fexample.org%2Fa", "https://example.org/a"),
        ("https://link.zhihu.com/?target=https%3A//example.org/a", "https://example.org/a"),
        ("https://example.org/a?utm_source=x&id=5&utm_medium=y", "https://example.org/a?id=5"),
        ("https://example.org/a?fbclid=x#part", "https://example.org/a#part"),
        ("https://mp.weixin.qq.com/s?__biz=A==\\&mid=1\\&idx=1", "https://mp.weixin.qq.com/s?__biz=A==&mid=1&idx=1"),
        ("https://www.youtube.com/watch?v=abcdefghijk&feature=youtu.be", "https://www.youtube.com/watch?v=abcdefghijk"),
        ("../b.html", "https://news.example.org/2020/b.html"),
        ("www.example.org/a", "https://www.example.org/a"),
        ("mailto:editor@example.org", "mailto:editor@example.org"),
        ("https://user:secret@example.org/a", "https://example.org/a"),
        (
            "https://web.archive.org/web/2020/https://example.org/a?utm_source=x",
            "https://web.archive.org/web/2020/https://example.org/a",
        ),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("java\tscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("tel:+123", ""),
        ("#part", ""),
        ("https://th", ""),
        ("http://[::1", ""),
        ("https://example.org/" + "a" * 5000, ""),
    ],
)
def test_link_points_where_its_author_meant(written: str, meant: str) -> None:
    assert clean_link(written, GENERIC_LINK) == meant


def test_link_without_a_usable_target_becomes_text() -> None:
    html = clean_html(f'<p>{TEXT}<a href="javascript:x()">甲</a><a>乙</a><a href="https://example.org/"></a></p>')
    assert html == f"<p>{TEXT}甲乙</p>"


def test_text_between_a_picture_and_a_caption_class_keeps_both() -> None:
    html = clean_html(f'<p>{TEXT}</p><img src="https://img.example/a.jpg">甲乙丙<span class="caption">丁戊己</span>')
    assert html == f'<p>{TEXT}</p><figure><img src="https://img.example/a.jpg" alt=""></figure><p>甲乙丙丁戊己</p>'


@pytest.mark.parametrize(
    ("above", "authors"),
    [
        ('<p class="byline">作者：样甲、样乙</p>', ("样甲", "样乙")),
        ('<span itemprop="author">Ada Sample</span>', ("Ada Sample",)),
        ('<a rel="author" href="/x">ADA SAMPLE</a>', ("Ada Sample",)),
        ("<address>样甲</address>", ("样甲",)),
        ("<p>By Ada Sample and Bea Sample</p>", ("Ada Sample", "Bea Sample")),
        ("<p>文/样甲</p>", ("样甲",)),
        ("<p>作者：样甲 编辑：样乙</p>", ("样甲",)),
        ("<p>2020-07-20 10:20 来源：样报 作者：样甲</p>", ("样甲",)),
        ('<div class="article-byline"><span>记者 样甲 报道</span> <time>2020年7月20日 10:20</time></div>', ("样甲",)),
        ('<div class="story__author">By Ada Sample | July 20, 2020 9:30 am</div>', ("Ada Sample",)),
        ('<div class="byline">2020-07-20 10:20 样甲 华盛顿报道</div>', ("样甲",)),
        ('<div class="byline">2020-07-20 10:20</div>', ()),
        ('<div class="byline">By null</div>', ()),
        ('<div class="byline">https://example.org/authors/1</div>', ()),
    ],
)
def test_byline_above_the_text_becomes_authors(above: str, authors: tuple[str, ...]) -> None:
    entry = clean_body(f"<div>{above}<p>{TEXT}</p><p>{MORE}</p></div>").entry
    assert entry.authors == authors
    assert entry.html == f"<p>{TEXT}</p><p>{MORE}</p>"


@pytest.mark.parametrize(
    ("above", "published"),
    [
        ('<time datetime="2020-07-20T10:20:18+08:00">上午</time>', datetime(2020, 7, 20, 2, 20, 18, tzinfo=UTC)),
        (
            '<meta itemprop="datePublished" content="x"><span itemprop="datePublished">2020-07-20T11:00:00Z</span>',
            datetime(2020, 7, 20, 11, tzinfo=UTC),
        ),
        ('<span class="post-date">July 20, 2020 at 9:30 am</span>', datetime(2020, 7, 20, 9, 30, tzinfo=UTC)),
        ('<div class="byline">样甲 <time>2020年7月20日 10:20</time></div>', datetime(2020, 7, 20, 10, 20, tzinfo=UTC)),
        ('<div class="byline">样甲，发布于 2020-07-20 10:20</div>', datetime(2020, 7, 20, 10, 20, tzinfo=UTC)),
        ("<p>发布时间：2020年7月20日 10:20</p>", datetime(2020, 7, 20, 10, 20, tzinfo=UTC)),
        ("<p>2020年07月20日 下午 1:20</p>", datetime(2020, 7, 20, 12, tzinfo=UTC)),
        ("<p>Mon, 20 Jul 2020 10:00:00 +0200</p>", datetime(2020, 7, 20, 8, tzinfo=UTC)),
        ("<p>20/07/2020 - 11:30</p>", datetime(2020, 7, 20, 11, 30, tzinfo=UTC)),
        ("<p>2020-07-17 11:00:00</p>", datetime(2020, 7, 20, 12, tzinfo=UTC)),
        ("<p>2020-13-45 99:00:00</p>", datetime(2020, 7, 20, 12, tzinfo=UTC)),
    ],
)
def test_date_in_the_text_counts_when_it_is_close_to_the_dump_time(above: str, published: datetime) -> None:
    assert clean_body(f"{above}<p>{TEXT}</p><p>{MORE}</p>").entry.published == published


def test_date_that_starts_a_diary_stays() -> None:
    html = clean_html(f"<p>2020年1月5日</p><p>{TEXT}</p><p>{MORE}</p>")
    assert html.startswith("<p>2020年1月5日</p>")


def test_paris_dates_follow_daylight_saving_time() -> None:
    link = "https://www.rfi.fr/cn/x/20200720-y"
    summer = clean_body(f"<div>20/07/2020 - 13:00</div><p>{TEXT}</p>", link)
    assert summer.entry.published == datetime(2020, 7, 20, 11, tzinfo=UTC)
    winter = clean_body(
        f"<div>20/01/2020 - 13:00</div><p>{TEXT}</p>", link, at=datetime(2020, 1, 20, 12, 30, tzinfo=UTC)
    )
    assert winter.entry.published == datetime(2020, 1, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "clutter",
    [
        '<div class="share-buttons"><span>分享：</span><a href="https://twitter.com/intent/tweet?u=x">Twitter</a></div>',
        '<div><a href="https://www.facebook.com/sharer/sharer.php?u=x"></a><a href="whatsapp://send?text=x"></a></div><p>分享到：</p>',
        '<div class="related-posts"><h3>More</h3><a href="/1">旧闻一</a><a href="/2">旧闻二</a></div>',
        "<p>延伸阅读：</p><ul><li><a href='/1'>旧闻一</a></li><li><a href='/2'>旧闻二</a></li></ul>",
        "<h3>Related articles</h3><p><a href='/1'>旧闻一</a></p><p><a href='/2'>旧闻二</a></p>",
        '<p>The post <a href="/x">样例</a> appeared first on <a href="/">样站</a>.</p>',
        '<p><a href="/x">Continue reading →</a></p>',
        '<p><a href="/x">阅读全文</a></p>',
        "<p>(Feed generated with FetchRSS)</p>",
        "<p>This entry passed through the Full-Text RSS service - if this is your content and you are reading it elsewhere, please read the FAQ.</p>",
        '<div class="ad"><span>广告</span></div><ins class="adsbygoogle"></ins>',
        '<div class="newsletter-signup"><input type="email"><button>订阅</button></div>',
        '<div hidden>样例</div><div style="display: none">样例</div><span class="visually-hidden">样例</span>',
        '<img src="https://pixel.wp.com/b.gif?x=1"><img src="/dot.gif" width="1" height="1"><img src="https://hm.baidu.com/hm.gif?x">',
        "<p>© 2020 样报。</p>",
        "<div></div><p>&nbsp;</p><p><br></p><ul><li></li></ul><figure></figure><blockquote> </blockquote><table><tr><td></td></tr></table><hr>",
    ],
)
def test_boilerplate_around_a_text_is_removed(clutter: str) -> None:
    assert clean_html(f"<p>{TEXT}</p><p>{MORE}</p>{clutter}") == f"<p>{TEXT}</p><p>{MORE}</p>"


@pytest.mark.parametrize(
    "text",
    [
        f'<div class="share"><p>{TEXT}</p><p>{MORE}</p></div>',
        f'<div class="promo ad related"><p>{TEXT}</p><p>{MORE}</p></div>',
        f'<p>{TEXT}</p><p class="caption">{MORE}</p>',
        f"<p>{TEXT}</p><p>{MORE}</p>",
    ],
)
def test_class_name_alone_removes_no_sentence(text: str) -> None:
    assert clean_html(text) == f"<p>{TEXT}</p><p>{MORE}</p>"


@pytest.mark.parametrize(
    "image",
    [
        "<img src='https:/img.example/a.jpg'>",
        "<img src='https://img.example\\a.jpg'>",
        "<base href='https://img.example/'><img src='a.jpg'>",
        "<img src='https://img.example/s.jpg' srcset='https://img.example/s.jpg 300w, https://img.example/a.jpg 900w'>",
        "<svg><image xlink:href='https://img.example/a.jpg'></image></svg>",
        "<input type='image' src='https://img.example/a.jpg'>",
        "<v-lazy-image src='https://img.example/a.jpg'></v-lazy-image>",
        "<div style='color: red; background-image: url(\"https://img.example/a.jpg\")'></div>",
        "<div data-bg='https://img.example/a.jpg'></div>",
    ],
)
def test_image_is_shown_however_it_is_written(image: str) -> None:
    figure = '<figure><img src="https://img.example/a.jpg" alt=""></figure>'
    assert clean_html(f"<p>{TEXT}</p>{image}<p>{MORE}</p>") == f"<p>{TEXT}</p>{figure}<p>{MORE}</p>"


def test_background_behind_a_text_and_an_icon_are_no_images() -> None:
    background = 'style="background: url(https://img.example/a.jpg)"'
    icon = '<span data-bg="https://img.example/icons/arrow.png"></span>'
    assert clean_html(f"<p>{TEXT}</p><div {background}>{MORE}</div>{icon}") == f"<p>{TEXT}</p><p>{MORE}</p>"


def test_large_image_in_a_folder_of_avatars_is_shown_and_a_small_one_is_not() -> None:
    url = "https://img.example/avatars/a.jpg"
    large, small = (f'<img src="{url}" width="{width}" height="{width}">' for width in (800, 80))
    html = clean_html(f"<p>{TEXT}</p>{large}<p>{MORE}</p>")
    assert html == f'<p>{TEXT}</p><figure><img src="{url}" alt=""></figure><p>{MORE}</p>'
    assert clean_html(f"<p>{TEXT}</p>{small}<p>{MORE}</p>") == f"<p>{TEXT}</p><p>{MORE}</p>"


def test_flag_of_several_characters_stays_whole_and_hidden_characters_go() -> None:
    scotland = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    assert clean_html(f"<p>{TEXT}{scotland}\U000e0041\U000e0042{MORE}</p>") == f"<p>{TEXT}{scotland}{MORE}</p>"


@pytest.mark.parametrize(
    ("player", "link"),
    [
        (
            '<iframe src="https://www.youtube.com/embed/abcdefghijk?rel=0"></iframe>',
            '<a href="https://www.youtube.com/watch?v=abcdefghijk">YouTube</a>',
        ),
        (
            '<iframe src="//player.vimeo.com/video/123" title="样例片"></iframe>',
            '<a href="https://vimeo.com/123">样例片</a>',
        ),
        (
            '<iframe src="https://www.facebook.com/plugins/video.php?href=https%3A%2F%2Fwww.facebook.com%2Fx%2Fvideos%2F1%2F&amp;show_text=0"></iframe>',
            '<a href="https://www.facebook.com/x/videos/1/">Facebook</a>',
        ),
        (
            '<div data-e2e="twitter-embed-https://twitter.com/x/status/1"><div></div></div>',
            '<a href="https://twitter.com/x/status/1">Twitter: @x</a>',
        ),
        (
            '<iframe src="https://maps.example/embed?x=1"></iframe>',
            '<a href="https://maps.example/embed?x=1">maps.example</a>',
        ),
        (
            '<amp-youtube data-videoid="abcdefghijk"></amp-youtube>',
            '<a href="https://www.youtube.com/watch?v=abcdefghijk">YouTube</a>',
        ),
        *(
            (player, '<a href="https://www.youtube.com/watch?v=abcdefghijk">YouTube</a>')
            for player in (
                '<lite-youtube videoid="abcdefghijk"></lite-youtube>',
                '<div class="youtube-player" data-video-id="abcdefghijk"><span></span></div>',
                '<object><param name="Movie" value="https://www.youtube.com/v/abcdefghijk"></object>',
                '<object><embed src="https://www.youtube.com/v/abcdefghijk"></object>',
            )
        ),
        (
            '<blockquote class="instagram-media" data-instgrm-permalink="https://www.instagram.com/p/Ab1/"></blockquote>',
            '<a href="https://www.instagram.com/p/Ab1/">Instagram</a>',
        ),
        (
            '<blockquote cite="https://www.tiktok.com/@x/video/1"><section></section></blockquote>',
            '<a href="https://www.tiktok.com/@x/video/1">TikTok</a>',
        ),
        (
            '<div class="fb-post" data-href="https://www.facebook.com/x/posts/1"></div>',
            '<a href="https://www.facebook.com/x/posts/1">Facebook</a>',
        ),
        (
            '<iframe src="https://vk.com/video_ext.php?oid=-1&amp;id=2&amp;hash=a"></iframe>',
            '<a href="https://vk.com/video-1_2">VK</a>',
        ),
        (
            '<iframe src="https://www.mixcloud.com/widget/iframe/?feed=%2Fx%2Fshow%2F"></iframe>',
            '<a href="https://www.mixcloud.com/x/show/">mixcloud.com</a>',
        ),
        (
            '<iframe src="https://video.news.example/embed/harbour-1.html"></iframe>',
            '<a href="https://video.news.example/embed/harbour-1.html">视频</a>',
        ),
        (
            '<iframe src="https://news.example/podcast/embed?id=1"></iframe>',
            '<a href="https://news.example/podcast/embed?id=1">音频</a>',
        ),
        (
            '<object data="https://media.example/a.swf"></object>',
            '<a href="https://media.example/a.swf">media.example</a>',
        ),
    ],
)
def test_player_becomes_a_named_link(player: str, link: str) -> None:
    html = clean_html(f"<p>{TEXT}</p>{player}<p>{MORE}</p>")
    assert html == f"<p>{TEXT}</p><p>{link}</p><p>{MORE}</p>"


@pytest.mark.parametrize(
    ("element", "html"),
    [
        ('<div class="fb-like" data-href="https://www.facebook.com/x"></div>', ""),
        ('<div class="fb-comments" data-href="https://news.example.org/1"></div>', ""),
        (
            f'<blockquote cite="https://www.example.org/1"><p>{MORE}</p></blockquote>',
            f"<blockquote><p>{MORE}</p></blockquote>",
        ),
        (
            '<div data-href="https://www.example.org/1"><img src="https://img.example/a.jpg"></div>',
            '<figure><img src="https://img.example/a.jpg" alt=""></figure>',
        ),
    ],
)
def test_element_that_names_an_address_is_no_player_when_it_has_content_or_is_a_button(element: str, html: str) -> None:
    last = "<p>Und ein dritter Absatz, der zu keinem anderen gehört.</p>"
    assert clean_html(f"<p>{TEXT}</p>{element}{last}") == f"<p>{TEXT}</p>{html}{last}"


@pytest.mark.parametrize("frame", ["about:blank", "javascript:alert(1)", "data:text/html,x", ""])
def test_frame_without_a_page_is_removed(frame: str) -> None:
    assert clean_html(f'<p>{TEXT}</p><iframe src="{frame}">内</iframe>') == f"<p>{TEXT}</p>"


def test_media_file_becomes_enclosure_and_link_and_its_poster_a_figure() -> None:
    entry = clean_body(
        f'<p>{TEXT}</p><video poster="https://img.example/p.jpg" controls><source src="https://media.example/a.mp4" type="video/mp4"></video>'
        '<audio src="https://media.example/b.mp3"></audio><div><small>样例录音</small></div>'
    ).entry
    assert entry.enclosures == (
        Enclosure(url="https://media.example/a.mp4", type="video/mp4"),
        Enclosure(url="https://media.example/b.mp3", type="audio/mpeg"),
    )
    assert entry.images == ("https://img.example/p.jpg",)
    assert (
        '<p><a href="https://media.example/a.mp4">视频</a></p><p><a href="https://media.example/b.mp3">样例录音</a></p>'
        in entry.html
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("这是一句简体中文的样例，说的是国家和学校。", "zh-Hans"),
        ("這是一句繁體中文的樣例，說的是國家和學校。", "zh-Hant"),
        ("This is a sample sentence in English, and it is about the city and the river.", "en"),
        ("これは日本語の見本の文で、町と川のことを書いている。", "ja"),
        ("이것은 한국어 견본 문장이며 도시와 강에 관한 것입니다.", "ko"),
        ("Это пример предложения на русском языке о городе и реке.", "ru"),
        ("Dies ist ein Satz, der nicht von der Stadt und das Wasser ist nicht ein Fluss.", "de"),
        ("هذه جملة نموذجية باللغة العربية عن المدينة والنهر.", "ar"),
    ],
)
def test_language_is_detected_from_the_text(text: str, language: str) -> None:
    assert clean_body(f"<p>{text}</p>", title="2020").entry.language == language


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   ",
        "<p></p>",
        "<p>获取全文失败</p>",
        "<h1>404 Not Found</h1>",
        "<p>该内容已被发布者删除</p>",
        "<p>Checking your browser before accessing example.org.</p>",
    ],
)
def test_body_that_is_not_an_article_is_flagged(body: str) -> None:
    assert clean_body(body).issues


def test_long_article_about_a_missing_page_is_not_flagged() -> None:
    assert clean_body("<p>404 Not Found 是一个样例。</p>" + f"<p>{TEXT}</p>" * 20).issues == ()


def test_summary_is_plain_text_and_ends_with_a_sentence() -> None:
    entry = clean_body(
        '<figure><img src="https://img.example/a.jpg"><figcaption>图说</figcaption></figure>'
        + f"<p><b>注</b>{TEXT * 12}</p>"
    ).entry
    assert len(entry.summary) <= 200
    assert entry.summary.startswith("注这是样例")
    assert entry.summary.endswith("。")
    assert "图说" not in entry.summary


def test_tables_lists_and_code_keep_their_structure() -> None:
    body = (
        f"<p>{TEXT}</p><table><thead><tr><th>城市</th><th>河流</th></tr></thead><tbody><tr><td colspan='2'>样例</td></tr></tbody></table>"
        "<ol start='3'><li>三<ul><li>甲</li></ul></li></ol><pre>a  b\n c</pre><dl><dt>词</dt><dd>义</dd></dl><h4>小题</h4>"
    )
    html = clean_html(body)
    assert '<table><tbody><tr><th>城市</th><th>河流</th></tr><tr><td colspan="2">样例</td></tr></tbody></table>' in html
    assert '<ol start="3"><li><p>三</p><ul><li>甲</li></ul></li></ol>' in html
    assert "<pre>a  b\n c</pre><dl><dt>词</dt><dd>义</dd></dl><h2>小题</h2>" in html


def test_layout_table_is_unwrapped() -> None:
    assert clean_html(f"<table><tr><td><p>{TEXT}</p><p>{MORE}</p></td></tr></table>") == f"<p>{TEXT}</p><p>{MORE}</p>"


@pytest.mark.parametrize(
    "code",
    [
        "<pre>if a:<br>&nbsp;&nbsp;b</pre>",
        '<div class="dp-highlighter"><ol><li class="alt"><span>if a:</span></li><li>&nbsp;&nbsp;b</li></ol></div>',
        '<ol class="linenums"><li>if a:</li><li>  b</li></ol>',
        '<p><code style="white-space: pre-wrap">if a:\n  b</code></p>',
    ],
)
def test_code_of_any_highlighter_keeps_its_lines_and_blanks(code: str) -> None:
    assert clean_html(f"<p>{TEXT}</p>{code}<p>{MORE}</p>") == f"<p>{TEXT}</p><pre>if a:\n  b</pre><p>{MORE}</p>"


def test_readings_of_a_whole_word_stand_in_one_bracket() -> None:
    word = "<ruby><rb>東</rb><rb>京</rb><rtc><rt>とう</rt><rt>きょう</rt></rtc></ruby>"
    assert clean_html(f"<p>{TEXT}{word}</p>") == f"<p>{TEXT}東京（とうきょう）</p>"


def test_empty_row_in_a_table_of_code_does_not_keep_its_line_numbers() -> None:
    table = '<table><tr><td class="gutter">1\n2</td><td class="code"><pre>one\ntwo<tr></tr></pre></td></tr></table>'
    html = clean_body(f"<p>{TEXT}</p>{table}").entry.html
    assert html == f"<p>{TEXT}</p><pre>one\ntwo</pre>"
    assert clean_body(html).entry.html == html


@pytest.mark.parametrize(
    "body",
    [
        '<p>{}</p><p><a href="https://media.example/b.mp3">下载</a></p>{}',
        '<p>{}</p><ul><li><a href="https://media.example/b.mp3">下载</a></li></ul>{}',
        '<p>{}</p><audio src="https://media.example/b.mp3"></audio>{}',
    ],
)
def test_sound_that_the_text_links_to_is_an_enclosure_without_a_second_link(body: str) -> None:
    """Seen: the notes of a podcast link to its file, as our own feeds do."""
    entry = clean_body(body.format(TEXT, '<audio src="https://media.example/b.mp3" data-length="5"></audio>')).entry
    assert entry.enclosures == (Enclosure(url="https://media.example/b.mp3", type="audio/mpeg", length=5),)
    assert entry.html.count("b.mp3") == 1


def test_names_tags_and_signatures_of_pictures_are_no_change_that_readers_see() -> None:
    picture = '<img src="https://img.example/1.jpg?w=600&amp;sig={}">'
    body = f"<p>Ada Seaman</p>{picture}<p>{TEXT}</p><p>{MORE}</p><p>ships, sea</p>"
    raw = RawEntry(title="样本", link=GENERIC_LINK, dump_time=AT, html=body.format("a"))
    before = clean_raw(raw)
    raw = replace(raw, html=body.format("b"))
    after = clean_raw(replace(raw, authors=("Ada Seaman",), tags=("ships", "sea")))
    assert (after.entry.authors, after.entry.tags) == (("Ada Seaman",), ("ships", "sea"))
    assert after.entry.images != before.entry.images
    assert before.fingerprint == after.fingerprint
    assert clean_raw(replace(raw, html=raw.html.replace("1.jpg", "2.jpg"))).fingerprint != after.fingerprint
