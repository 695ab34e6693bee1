"""Sample dumps in the markup of nine sources, with the lengths and proportions of the real archive."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

# Entries of each source in the archive that was measured.
_SHARES = {
    "rfi": 1403,
    "reuters": 823,
    "voa": 538,
    "dw": 457,
    "cdt": 424,
    "ft": 255,
    "rfa": 245,
    "bbc": 202,
    "nyt": 123,
}
_FOOTER = (
    '<br><hr><div>获取更多RSS：<br><a href="https://feedx.net" style="color:orange" target="_blank">https://feedx.net</a> '
    '<br><a href="https://feedx.best" style="color:orange" target="_blank">https://feedx.best</a><br></div>'
)
_WORDS = [
    "样稿",
    "我们",
    "他们",
    "这些",
    "那些",
    "问题",
    "时候",
    "地方",
    "事情",
    "方面",
    "情况",
    "工作",
    "生活",
    "时间",
    "开始",
    "结束",
    "继续",
    "进行",
    "发现",
    "知道",
    "觉得",
    "希望",
    "需要",
    "应该",
    "可以",
    "能够",
    "记者",
    "表示",
    "认为",
    "指出",
    "宣布",
    "周一",
    "周二",
    "上午",
    "晚间",
    "城市",
    "乡村",
    "河边",
    "山上",
    "道路",
    "桥梁",
    "房屋",
    "居民",
    "邻居",
    "孩子",
    "老人",
    "朋友",
    "家人",
    "同事",
    "早餐",
    "午后",
    "天空",
    "窗外",
    "书店",
    "茶馆",
    "车站",
    "百分之三",
    "五十万",
    "新的",
    "旧的",
    "重要",
    "可能",
    "已经",
    "仍然",
    "没有",
    "因为",
    "所以",
    "但是",
    "与此同时",
    "此外",
    "今年",
    "去年",
    "未来",
    "计划",
    "大学",
    "公司",
    "政府",
    "经济",
    "美国",
    "中国",
]


START = datetime(2020, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=10)
"""4,400 dumps a month, as in the archive."""


def make(
    folder: Path, count: int, *, seed: int = 1, start: datetime = START, every: timedelta = EVERY, first: int = 0
) -> list[Path]:
    """Write `count` dumps below `folder`, dated `every` apart. The same seed writes the same bytes."""
    chance = random.Random(seed)
    names = list(_SHARES)
    made = []
    for number in range(first, first + count):
        source = chance.choices(names, list(_SHARES.values()))[0]
        path = folder / source / f"{number:07d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dump(source, seed * 10_000_000 + number, start + number * every, chance), "utf-8")
        made.append(path)
    return made


def dump(source: str, number: int, at: datetime, chance: random.Random) -> str:
    """One dump in the markup of a source; its text says that it is a sample."""
    title = f"样稿{number}：" + "".join(chance.choices(_WORDS, k=8))
    # The archive's bodies: median 5.5 kB, one in twenty above 15 kB, none above 90 kB.
    length = min(14_000, int(chance.lognormvariate(7.1, 0.55)))
    paragraphs = _paragraphs(length, chance)
    link, body = _MARKUP[source](number, at, paragraphs)
    footer = _FOOTER if source not in ("cdt", "rfa") and chance.random() < 0.18 else ""
    return f"<!--{int(at.timestamp())}000-->\n[{title}]({link})\n------\n\n{body}{footer}\n"


def _paragraphs(length: int, chance: random.Random) -> list[str]:
    paragraphs, size = ["这是一篇用来测量的样稿，不是任何媒体的报道。"], 20
    while size < length:
        sentences = ["".join(chance.choices(_WORDS, k=chance.randint(6, 22))) for _ in range(chance.randint(1, 4))]
        paragraphs.append("，".join(sentences) + "。")
        size += len(paragraphs[-1])
    return paragraphs


def _plain(paragraphs: list[str], before: str = "<p>") -> str:
    return "".join(f"{before}{text}</p>" for text in paragraphs)


def _nyt(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    local = at + timedelta(hours=7, minutes=40)
    head = f'<address>SAMPLE AUTHOR</address><time datetime="{local:%Y-%m-%d %H:%M:%S}">{local:%Y年%m月%d日}</time>'
    figure = (
        f'<figure><img src="https://images.weserv.nl/?url=static01.nyt.com/images/{number}.jpg" width="1050">'
        "<figcaption>样图说明。 <cite>Sample/Agency</cite></figcaption></figure>"
    )
    tail = '<footer><p>翻译：样译</p><p><a href="https://www.nytimes.com/sample.html">点击查看本文英文版。</a></p></footer>'
    return (
        f"https://cn.nytimes.com/china/{at:%Y%m%d}/sample-{number}/",
        f"{head}{figure}<section>{_plain(text)}</section>{tail}",
    )


def _voa(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    head = f"<div><i>{at - timedelta(minutes=20):%a, %d %b %Y %H:%M:%S} GMT</i></div>"
    image = (
        f'<img src="https://images.weserv.nl?url=gdb.voanews.com/{number}_w900.jpg" width="100%">'
        '<div><small style="color: #999;">样图说明。</small></div>'
    )
    before = '<p style="text-align:start"><span style="color:#000000">'
    body = "".join(f"{before}{paragraph}</span></p>" for paragraph in text)
    return f"https://www.voachinese.com/a/sample/{number}.html", head + image + body


def _bbc(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    images = "".join(
        f'<figure class="media-landscape"><span class="image-and-copyright-container"><img class="js" '
        f'src="https://images.weserv.nl/?url=ichef.bbci.co.uk/news/640/cpsprodpb/{number}/{n}.jpg" width="640" height="360" '
        f'data-highest-encountered-width="640"><span class="off-screen">图片版权</span><span class="story-image-copyright">'
        f'Sample</span></span><figcaption class="media-caption"><span class="off-screen">Image caption</span>'
        f'<span class="media-caption__text">样图说明{n}。</span></figcaption></figure>'
        for n in range(5)
    )
    head = f'<div><i>{at.year}年 {at.month}月 {at.day}日</i></div><div><div class="story-body__inner" property="articleBody">'
    slot = '<div id="bbccom_mpu_1" class="bbccom_slot mpu-ad"><div class="bbccom_advert"></div></div>'
    return f"http://www.bbc.com/zhongwen/simp/world-{number}", f"{head}{images}{slot}{_plain(text)}</div></div>"


def _dw(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    head = f"<div><i>样例作者（综合报道）<br>{at - timedelta(minutes=30):%Y-%m-%dT%H:%M:%S}.428Z</i></div>"
    image = (
        f'<img src="https://images.weserv.nl/?url=static.dw.com/image/{number}_303.jpg" width="100%">'
        '<div><small style="color: #999;">样图说明。</small></div>'
    )
    rights = "<p><em>© 2020年德国之声版权声明：本文所有内容受到著作权法保护，样稿除外。</em></p>"
    return f"https://www.dw.com/zh/sample/a-{number}", head + image + _plain(text) + rights


def _rfi(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    head = f"<div>{at:%d/%m/%Y} - {at:%H:%M}</div>"
    image = f'<img src="https://s.rfi.fr/media/display/{number}/w:310/p:16x9/sample.jpg">'
    inside = '<divclass="m-interstitial"><divclass="m-block-ad "data-tms-ad-type="box">广告</div></div>'
    body = f'<div class="t-content__body u-clearfix"><div class="m-interstitial"></div>{inside}{_plain(text, "<p>    ")}</div>'
    promo = '<div class="o-self-promo"></div><p class="t-copyright">© 2020 AFP</p>'
    return (
        f"http://www.rfi.fr//cn/中国/{at:%Y%m%d}-样稿-{number}",
        f"{head}{image}<p><strong>{text[0]}</strong></p>{body}{promo}",
    )


def _rfa(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    del at
    body = _plain(text) + "<p>&nbsp;</p><p>自由亚洲电台记者样例报道 责编：样例 网编：样例</p>"
    related = (
        '<ul><li><b><a class="external-link" href="http://www.rfa.org/mandarin/sample.html">样稿</a></b></li></ul>'
    )
    return f"https://www.rfa.org/mandarin/yataibaodao/gangtai/sample-{number}.html", body + related * 3


def _ft(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    del at
    picture = f"https://thumbor.ftacademy.cn/unsafe/1340x754/https://thumbor.ftacademy.cn/unsafe/picture/9/{number}_piclink.jpg"
    ad = '<div data-o-ads-name="mpu-middle1" class="o-ads" data-o-ads-formats-default="false" aria-hidden="true"></div>'
    body = "".join(f"<p>{paragraph}</p>{ad if place % 6 == 3 else ''}" for place, paragraph in enumerate(text))
    return (
        f"https://cn.ft.com/story/{number:09d}?full=y",
        f'<div></div><div class="story-lead">{text[0]}</div><div class=" story-image image"><img src="{picture}"></div>'
        f'<div class="story-body"><div id="story-body-container">{body}<p>译者/样例</p></div></div>',
    )


def _reuters(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    body = "".join(f'<p class="StandardArticleBody_p">{paragraph}</p>' for paragraph in text)
    badge = '<div class="StandardArticleBody_trustBadgeContainer"><span>我们的标准：</span><a href="#">汤森路透“信任原则”</a></div>'
    ticker = '<span id="symbol_BFAM.N_0"><a href="//www.reuters.com/companies/BFAM.N">BFAM.N</a></span>'
    head = f"<div><i>{at - timedelta(minutes=15):%Y-%m-%dT%H:%M:%S}</i></div>"
    return (
        f"https://cn.reuters.com/article/sample-0720-idCNKBS{number}",
        f'{head}<div class="StandardArticleBody_body">{body}<p>{ticker}（完）</p>'
        f'<div class="Attribution_container"><div class="Attribution_attribution"><p>编译 样例；审校 样例</p></div></div></div>{badge}',
    )


def _cdt(number: int, at: datetime, text: list[str]) -> tuple[str, str]:
    image = (
        f'<p><img class="aligncenter" src="https://chinadigitaltimes.net/chinese/files/2020/07/{number}.jpg" alt="" '
        f'width="640" srcset="https://chinadigitaltimes.net/chinese/files/2020/07/{number}-300x151.jpg 300w"></p>'
    )
    footer = (
        "<hr /><p><small>&copy; 样例 for <a href=\"https://chinadigitaltimes.net/chinese\">中国数字时代</a>, get_post_time('Y'). |"
        '<a href="#">Permalink</a> |<a href="#">No comment</a> |Add to <a href="http://del.icio.us/post?url=x">del.icio.us</a>'
        '<br/>Post tags: <a href="#" rel="tag">样例</a></small></p><p><small>Feed enhanced by Better Feed from Ozh</small></p>'
    )
    return f"https://chinadigitaltimes.net/chinese/{at:%Y/%m}/sample-{number}/", _plain(text) + image + footer


_MARKUP = {
    "bbc": _bbc,
    "cdt": _cdt,
    "dw": _dw,
    "ft": _ft,
    "nyt": _nyt,
    "reuters": _reuters,
    "rfa": _rfa,
    "rfi": _rfi,
    "voa": _voa,
}
