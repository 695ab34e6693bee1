"""Made-up bodies for the property tests: tag soup that no editor wrote, and articles with cruft round and inside them."""

from __future__ import annotations

import random

WORDS = ["样例", "文字", "示例", "句子", "测试", "内容", "天气", "河流", "城市", "图书", "火车", "音乐", "sample", "text"]
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


def soup(seed: int) -> str:
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
