"""Bodies for property tests: trees of all elements that articles have, with what software writes around and into them."""

from __future__ import annotations

from .property_testing import st

_WORDS = (
    "harbour", "lantern", "ferry", "bridge", "market", "winter", "garden", "letter", "window", "river", "2020", "7",
    "港口", "灯笼", "图书馆", "かわ", "речка", "über",
)  # fmt: skip
_LINES = (
    "By Ada Sample", "文/样甲", "记者：样甲", "责任编辑：样乙", "2020-07-20 10:20:00", "Share this:", "分享到：", "Related articles",
    "相关阅读：", "Read more", "Advertisement", "© 2020 Sample Press", "Tags: harbour, ferry", "The ferry crosses the bay every hour, says the captain.",
    "The post Sample appeared first on Sample Site.", "这是样例的一句话，说的是一座不存在的城市和它的河流。", "华盛顿 —", "null", "**Harbour**",
    "Image source, Sample Press", "图像来源，样例社", "[object Object]", "Photo by Ada Sample", "样例题目", "获取更多RSS：",
)  # fmt: skip
_BLOCKS = (
    "p", "p", "p", "div", "div", "section", "article", "header", "footer", "aside", "nav", "main", "figure", "figcaption", "blockquote",
    "ul", "ol", "li", "dl", "dt", "dd", "table", "tbody", "tr", "td", "th", "caption", "h1", "h2", "h3", "h6", "address", "center",
    "details", "summary", "form", "fieldset", "legend", "hgroup", "pre", "noscript", "template", "dialog", "button", "select", "option",
    "canvas", "svg", "picture", "ruby", "rt", "rp", "math", "mfrac", "mi", "video", "audio", "iframe", "object", "map", "textarea", "xmp", "title",
    "label", "menu", "noframes", "noembed", "datalist", "amp-img", "x-widget",
)  # fmt: skip
_INLINE = (
    "b",
    "strong",
    "em",
    "i",
    "u",
    "s",
    "span",
    "span",
    "font",
    "small",
    "code",
    "cite",
    "q",
    "sub",
    "sup",
    "mark",
    "time",
    "ins",
    "abbr",
    "kbd",
)
_CLASSES = (
    "caption", "credit", "byline", "author", "share-buttons", "related-posts", "newsletter", "sr-only", "ad", "comments", "breadcrumb",
    "gutter", "code", "line", "ln", "highlight", "katex", "MathJax", "wp-caption-text", "published", "content", "emoji", "image-credit",
)  # fmt: skip
_ATTRIBUTES = (
    'hidden=""', 'aria-hidden="true"', 'style="display:none"', 'style="color:red"', 'itemprop="author"', 'itemprop="datePublished"',
    'role="text"', 'datetime="2020-07-20T10:20:00Z"', 'data-iframe="https://player.example/x"', 'rowspan="2"', 'data-line-number="1"', 'value="7"',
)  # fmt: skip


def _address(kind: str, numbers: st.SearchStrategy[int]) -> st.SearchStrategy[str]:
    hosts = st.sampled_from(
        ("https://e.example/", "https://www.example.org/", "//img.example/", "/files/", "http://e.example/")
    )
    return st.builds(lambda host, number: f"{host}{kind}{number:03}", hosts, numbers)


_NUMBERS = st.integers(0, 400)
_PICTURES = _address("p", _NUMBERS).map(lambda url: url + ".jpg")
_PAGES = _address("a", _NUMBERS)
_ODD_TARGETS = st.sampled_from(
    (
        "#top",
        "javascript:void(0)",
        "tel:+123",
        "https://www.facebook.com/sharer/sharer.php?u=x",
        "mailto:a@b.example",
        "",
        "ftp://e.example/x",
    )
)

_text = st.one_of(
    st.lists(st.sampled_from(_WORDS), min_size=1, max_size=5).map(lambda words: f" {' '.join(words)} "),
    st.sampled_from(_LINES).map(" {} ".format),
    st.sampled_from((" ", "\n", "&nbsp;", "·", " a&amp;b ")),
)
_image = st.one_of(
    _PICTURES.map('<img src="{}">'.format),
    _PICTURES.map('<img src="{}" alt="harbour">'.format),
    _PICTURES.map('<img src="{}" width="1" height="1">'.format),
    _PICTURES.map('<img src="{}" class="emoji" alt="🙂">'.format),
    _PICTURES.map('<img src="{}" class="latex" alt="\\sum">'.format),
    _PICTURES.map(lambda url: f'<img src="{url[:-4]}-300x200.jpg" srcset="{url[:-4]}-300x200.jpg 300w, {url} 900w">'),
    _PICTURES.map('<picture><source srcset="{0} 2x"><img src="{0}"></picture>'.format),
    st.sampled_from(("<img>", '<img src="">', '<img src="data:image/gif;base64,R0" alt="x">', '<img src="/1x1.gif">')),
)
_player = st.one_of(
    _PAGES.map('<iframe src="{}"></iframe>'.format),
    _PAGES.map('<video src="{}.mp4" controls></video>'.format),
    _PAGES.map('<audio><source src="{0}.mp3"><source src="{0}.ogg"></audio>'.format),
    _PAGES.map('<embed src="{}">'.format),
    _PAGES.map('<object data="{}"></object>'.format),
    st.sampled_from(
        (
            '<iframe src="about:blank"></iframe>',
            '<iframe src="https://www.youtube.com/embed/abcdefghijk"></iframe>',
            '<video src="blob:https://x/1"></video>',
        )
    ),
)
_leaf = st.one_of(
    _text, _text, _text, _image, _player,
    st.sampled_from(("<br>", "<br><br>", "<hr>", "<wbr>", "<script>var x = 'lost';</script>", "<style>p{}</style>", "<!-- note -->", "</div>", "</p>", "<track>", "<source>", '<input type="checkbox">', "<link>", "<meta>", "<p>", "<div>", "<li>", "<td>")),
)  # fmt: skip


def _wrap(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attributes = st.one_of(
        st.just(""),
        st.just(""),
        st.sampled_from(_CLASSES).map(' class="{}"'.format),
        st.sampled_from(_ATTRIBUTES).map(" {}".format),
    )
    inner = st.lists(children, max_size=4).map("".join)
    element = st.builds("<{0}{1}>{2}</{0}>".format, st.sampled_from(_BLOCKS + _INLINE), attributes, inner)
    link = st.builds(
        '<a href="{}"{}>{}</a>'.format,
        st.one_of(_PAGES, _PICTURES, _ODD_TARGETS),
        st.sampled_from(("", "", ' rel="tag"', ' rel="author"')),
        inner,
    )
    code = inner.map('<table><tr><td class="gutter">1\n2</td><td class="code"><pre>{}</pre></td></tr></table>'.format)
    formula = inner.map(
        '<span class="katex"><math><mi> x </mi><annotation encoding="application/x-tex"> x </annotation></math><span aria-hidden="true">{}</span></span>'.format
    )
    return st.one_of(element, element, element, link, code, formula)


def bodies() -> st.SearchStrategy[str]:
    """Bodies of up to some 40 elements, words and addresses."""
    return st.lists(st.recursive(_leaf, _wrap, max_leaves=12), min_size=1, max_size=6).map("".join)
