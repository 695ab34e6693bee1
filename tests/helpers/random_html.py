"""Random bodies for property tests: tag soup, and articles with boilerplate around and in them."""

from __future__ import annotations

import random

WORDS = [
    "样例",
    "文字",
    "示例",
    "句子",
    "测试",
    "内容",
    "天气",
    "河流",
    "城市",
    "图书",
    "火车",
    "音乐",
    "sample",
    "text",
]
_INLINE = ("b", "strong", "i", "em", "u", "span", "a", "small", "font", "code", "cite", "q", "sub", "time", "label")
_BLOCK = (
    "p", "div", "section", "article", "ul", "ol", "li", "blockquote", "h1", "h2", "h3", "h5", "table", "tr", "td",
    "figure", "figcaption", "address", "footer", "pre", "dl", "dt", "dd", "main", "center", "noscript", "form",
)  # fmt: skip
_VOID = ("br", "hr", "img", "br", "br")
_ODD = (
    "<script>var x = '<p>';</script>", "<!-- note -->", "<style>p{}</style>", "<iframe src='https://www.youtube.com/embed/abcdefg'></iframe>",
    "<video src='https://media.example/a.mp4' poster='https://img.example/p.jpg'></video>", "<svg><path d='M0'/></svg>",
    "<button>按</button>", "&nbsp;", "　", "&#8203;", "\u200b", "&amp;lt;", "\x01", "<o:p></o:p>", "</div>", "</p>", "<", ">", "&", "**样例**",
    "2020-07-01 10:00:00", "作者：样例甲", "（完）", "© 2020 样例", "相关阅读：", "分享到：", "Array", "<divclass=\"x\">", "标签：甲、乙",
)  # fmt: skip
_ATTRIBUTES = (
    "", "", "", ' class="caption"', ' class="share-box"', ' class="o-self-promo"', ' style="color:red"', ' hidden', ' rel="author"',
    ' itemprop="author"', ' class="sr-only"', ' href="https://example.org/a?utm_source=x&b=1"', ' href="#top"', ' href="javascript:x"',
    ' src="https://img.example/1.jpg"', ' src="//img.example/2-300x200.png" alt="图"', ' src="data:image/gif;base64,R0" data-src="/3.jpg"',
    ' alt="说"不"之后" src="https://img.example/4.jpg"', ' title="x"', ' aria-hidden="true"', ' onclick="x()"', ' width="1" height="1" src="/p.gif"',
)  # fmt: skip


def random_tag_soup(seed: int) -> str:
    """A body of nested, unclosed, crossed and glued tags."""
    rng = random.Random(seed)
    pieces: list[str] = []
    open_tags: list[str] = []
    for _ in range(rng.randint(1, 60)):
        kind = rng.random()
        if kind < 0.35:
            pieces.append(_phrase(rng))
        elif kind < 0.6:
            tag = rng.choice(_INLINE if rng.random() < 0.5 else _BLOCK)
            pieces.append(f"<{tag}{rng.choice(_ATTRIBUTES)}>")
            open_tags.append(tag)
        elif kind < 0.8 and open_tags:
            at = -1 if rng.random() < 0.8 else rng.randrange(len(open_tags))
            pieces.append(f"</{open_tags.pop(at)}>")
        elif kind < 0.9:
            pieces.append(f"<{rng.choice(_VOID)}{rng.choice(_ATTRIBUTES)}>")
        else:
            pieces.append(rng.choice(_ODD))
    return "".join(pieces)


def _phrase(rng: random.Random) -> str:
    text = "".join(rng.choice(WORDS) for _ in range(rng.randint(1, 12)))
    return text + rng.choice(("。", "", " ", "，", "  ", "\n", "！"))


LINKS = (
    "https://news.example.org/2020/07/sample.html",
    "https://cn.nytimes.com/usa/20200717/sample/",
    "https://www.voachinese.com/a/sample/5509369.html",
    "https://www.bbc.com/zhongwen/simp/world-53461556",
    "https://www.dw.com/zh/sample/a-54200813",
    "https://www.rfi.fr/cn/x/20200720-sample",
    "https://www.rfa.org/mandarin/yataibaodao/gangtai/xx1-07172020115554.html",
    "https://cn.reuters.com/article/sample-idCNKCS24L028",
    "https://cn.ft.com/story/001088611",
    "https://chinadigitaltimes.net/chinese/715858.html",
)
"""One link of each built-in source, and one of an unknown host."""

_BEFORE = (
    "<div><i>样甲<br>2020-07-20 10:20:18</i></div>", "<div>20/07/2020 - 11:00</div>", "<address>样甲</address>", "<p>&nbsp;</p>",
    '<span class="byline">样甲</span>', '<time datetime="2020-07-20T10:00:00Z">10 分钟前</time>', "<p>2020年7月20日 10:20 来源：样报 作者：样甲</p>",
    '<div class="breadcrumbs"><a href="/">首页</a></div>', '<figure><img src="https://img.example/lead.jpg"></figure>',
)  # fmt: skip
_BETWEEN = (
    "<p></p>", "<p>　　</p>", "<br><br>", '<div class="ad-slot"><span>广告</span></div>', "<script>var a = 1;</script>", "<hr>",
    '<div class="share-buttons"><a href="https://www.facebook.com/sharer/sharer.php?u=x">Facebook</a></div>', "<style>p{color:red}</style>",
    '<img src="https://www.facebook.com/tr?id=1" width="1" height="1">', '<span class="sr-only">图片版权</span>', "<!-- note -->", "<svg></svg>",
    '<img src="https://images.weserv.nl/?url=img.example/{n}.jpg"><div><small>图说样例</small></div>', "<div data-o-ads-name='x'></div>",
    '<div class="o-self-promo"></div>', '<noscript><img src="https://img.example/n{n}.jpg"></noscript>', "<button>继续</button>", "</div>", "<div>",
)  # fmt: skip
_AFTER = (
    '<br><hr><div>获取更多RSS：<br><a href="https://feedx.net">https://feedx.net</a> <br><a href="https://feedx.xyz">https://feedx.xyz</a><br></div>',
    '<p>相关阅读：</p><ul><li><a href="/old/1">旧闻一</a></li><li><a href="/old/2">旧闻二</a></li></ul>', "<p>分享到：</p>",
    "<p>The post 样例 appeared first on 样站.</p>", "<p>© 2020 样报</p>", "<p>标签：样例、城市</p>", "<p>责任编辑：样乙</p>",
)  # fmt: skip
_HOLDERS = (
    "<p>{}</p>", "<p>{}</p>", "<p>{}</p>", "<div>{}</div>", "<p><span>{}</span></p>", "<blockquote><p>{}</p></blockquote>", "<h2>{}</h2>",
    "<ul><li>{}</li></ul>", "<p>　　{}</p>", '<p class="related-text">{}</p>', '<div class="o-self-promo"><p>{}</p></div>', "<p><b>{}</b></p>",
    '<p><a href="https://example.org/p?utm_source=x">{}</a></p>', "<p>{}<br><br></p>", "{}<br><br>", "<section><div>{}</div></section>",
    '<p style="text-align:start"><span style="color:#000000">{}</span></p>', "<table><tr><td>{}</td></tr></table>",
)  # fmt: skip
_SUBJECTS = (
    "河流",
    "图书馆",
    "车站",
    "博物馆",
    "港口",
    "相关报道",
    "编辑部",
    "记者",
    "译者",
    "广告牌",
    "版权",
    "分享会",
    "视频",
)
_VERBS = ("说的是", "位于", "旁边有", "早于", "不同于", "让人想起")


def random_article(seed: int) -> tuple[str, list[str]]:
    """(a body with boilerplate around and in it, the sentences that must be kept, in order)."""
    rng = random.Random(seed)
    sentences = [
        f"样例第{number}句，{rng.choice(_SUBJECTS)}{rng.choice(_VERBS)}第{rng.randint(1, 99)}座城市的{rng.choice(_SUBJECTS)}。"
        for number in range(rng.randint(2, 14))
    ]
    pieces = [rng.choice(_BEFORE) for _ in range(rng.randint(0, 2))]
    for number, sentence in enumerate(sentences):
        pieces.append(rng.choice(_HOLDERS).format(sentence))
        if rng.random() < 0.5:
            pieces.append(rng.choice(_BETWEEN).replace("{n}", str(number)))
    pieces.extend(rng.choice(_AFTER) for _ in range(rng.randint(0, 2)))
    return "".join(pieces), sentences
