"""Whole saved pages as dumps: the article is found, the head fills what the header lacks, and nothing goes unnamed."""

from __future__ import annotations

from datetime import UTC, datetime
from time import process_time

import pytest

from helpers.entry_builders import SEEN, clean_raw
from refeed.clean.article_finder import remove_surroundings
from refeed.errors import QuarantineError
from refeed.model import CleanResult, Dump, RawEntry
from refeed.parse.parser import parse_dump

SENTENCES = {
    "en": "The harbour town held its festival of lights on Saturday, and visitors came from all over the bay to see it.",
    "de": "Die Stadt am Hafen hat am Samstag ihr Fest gefeiert, und viele Besucher sind dafür in die Bucht gekommen.",
    "ja": "港のある町で土曜日に灯の祭りが開かれ、多くの人が訪れた。主催者によると、来た人の数は去年より多かったという。",
    "zh": "一座港口城市在周六举行了盛大的灯会，吸引了许多游客前来参观，主办方说人数超过往年，明年还会继续。",
}
HEADER = "<!--1593330404000-->\n[Lights of the harbour](https://news.example.org/2020/lights.html)\n------\n"
MENU = '<a href="/one">Menu one</a> <a href="/two">Menu two</a> <a href="/three">Menu three</a>'


def paragraphs(language: str = "en", count: int = 6) -> str:
    return "".join(f"<p>{SENTENCES[language]} ({number})</p>" for number in range(count))


def page(content: str, head: str = "", language: str = "en") -> str:
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">{head}</head><body>'
        f'<header class="site-header"><nav><ul><li>{MENU}</li></ul></nav></header>{content}'
        f'<aside class="sidebar"><h3>Sidebar words</h3>{MENU}</aside><footer>© Footer words {MENU}</footer></body></html>'
    )


def parse(text: str) -> RawEntry:
    return parse_dump(Dump(path="page.html", folder="town", data=text.encode(), first_seen=SEEN))


def clean(text: str) -> CleanResult:
    return clean_raw(parse(text))


def removed_text(cleaned: CleanResult, step: str = "page") -> str:
    return " ".join(removal.text for removal in cleaned.removed if removal.step == step)


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("wrapper", ["<main><article>{}</article></main>", "<div><div>{}</div></div>", "<td>{}</td>"])
def test_article_of_a_page_is_found_in_any_language_and_the_rest_is_named(language: str, wrapper: str) -> None:
    if wrapper.startswith("<td>"):
        wrapper = f"<table><tr><td>{MENU}</td>{wrapper}</tr></table>"
    cleaned = clean(HEADER + page(wrapper.format(paragraphs(language)), language=language))
    html = cleaned.entry.html
    assert html.count(SENTENCES[language][:20]) == 6
    assert not [word for word in ("Menu", "Sidebar", "Footer") if word in html]
    assert all(word in removed_text(cleaned) for word in ("Menu one", "Sidebar words", "Footer words", "/three"))


def test_page_that_one_program_saved_in_one_file_needs_no_header() -> None:
    style = "<style>" + ".a{background:url(data:image/png;base64,AAAA)}" * 2000 + "</style>"
    saved = page(f'<article>{paragraphs()}<img src="data:image/png;base64,{"QUJD" * 9999}"></article>', style)
    comment = (
        "<!--\n Page saved with SingleFile \n url: https://news.example.org/2020/lights.html?a=1 \n"
        " saved date: Sat Jul 18 2020 10:00:00 GMT+0200 (CEST)\n-->"
    )
    raw = parse(saved.replace('<html lang="en">', f'<html lang="en">{comment}<title>Lights &amp; ships</title>'))
    assert (raw.title, raw.link) == ("Lights & ships", "https://news.example.org/2020/lights.html?a=1")
    assert raw.dump_time == datetime(2020, 7, 18, 8, tzinfo=UTC)
    cleaned = clean_raw(raw)
    assert not cleaned.issues
    assert cleaned.entry.html.count("<p>") == 6
    assert "Menu" not in cleaned.entry.html


HEAD = (
    '<title>Lights of the bay | Town paper</title><meta property="og:title" content="Lights of the bay">'
    '<link rel="canonical" href="https://news.example.org/2020/bay.html"><meta name="author" content="Ann Sample">'
    '<meta property="article:published_time" content="2020-07-18T08:30:00+02:00">'
)


def test_head_of_a_page_fills_what_the_header_lacks() -> None:
    raw = parse(page(paragraphs("de"), HEAD, "de"))
    assert (raw.title, raw.link) == ("Lights of the bay", "https://news.example.org/2020/bay.html")
    assert (raw.authors, raw.origin.language) == (("Ann Sample",), "de")
    assert raw.dump_time == datetime(2020, 7, 18, 6, 30, tzinfo=UTC)
    assert raw.is_page


def test_head_of_a_page_never_overrides_the_header() -> None:
    raw = parse(HEADER + page(paragraphs(), HEAD))
    assert (raw.title, raw.link) == ("Lights of the harbour", "https://news.example.org/2020/lights.html")
    assert raw.dump_time == datetime.fromtimestamp(1593330404, UTC)
    front = parse(f"---\ntitle: Own\nurl: https://own.example/1\nauthor: Bob\n---\n{page(paragraphs(), HEAD)}")
    assert (front.title, front.link, front.authors) == ("Own", "https://own.example/1", ("Bob",))


def test_address_in_the_comment_of_a_browser_is_the_link() -> None:
    comment = "<!-- saved from url=(0039)https://news.example.org/2020/lights.html -->"
    raw = parse(page(paragraphs()).replace("<html", f"{comment}\n<html"))
    assert raw.link == "https://news.example.org/2020/lights.html"


def test_page_without_an_address_is_quarantined_with_what_to_do() -> None:
    with pytest.raises(QuarantineError, match="canonical"):
        parse(page(paragraphs()))


def test_page_without_an_article_is_kept_whole() -> None:
    items = "".join(f'<li><a href="/{number}">Entry {number} of the list</a></li>' for number in range(30))
    cleaned = clean(HEADER + page(f"<h1>All entries</h1><ul>{items}</ul>"))
    assert all(f"Entry {number} of the list" in cleaned.entry.html for number in range(30))
    assert not removed_text(cleaned)


def test_posts_of_a_forum_are_all_kept() -> None:
    posts = "".join(f'<li class="comment"><b>User {number}</b>{paragraphs(count=1)}</li>' for number in range(8))
    html = clean(HEADER + page(f'<h1>Thread</h1><ol class="comments">{posts}</ol>')).entry.html
    assert html.count(SENTENCES["en"]) == 8


def test_article_that_advertisements_split_is_kept_whole() -> None:
    advertisement = f'<div class="ad-slot ads">Advertising words {MENU}</div>'
    parts = advertisement.join(f'<div class="part">{paragraphs(count=3)}</div>' for _ in range(3))
    html = clean(HEADER + page(f'<div class="story">{parts}</div>')).entry.html
    assert html.count(SENTENCES["en"]) == 9
    assert "Advertising" not in html


def test_two_articles_of_one_page_are_both_kept() -> None:
    html = clean(
        HEADER + page(f"<div><article>{paragraphs()}</article><article>{paragraphs()}</article></div>")
    ).entry.html
    assert html.count(SENTENCES["en"]) == 12
    assert "Sidebar" not in html


def test_comments_below_an_article_go_even_when_they_are_longer() -> None:
    comments = f'<section id="comments"><h2>Comments</h2>{paragraphs("de", 9)}</section>'
    cleaned = clean(HEADER + page(f"<article>{paragraphs()}{comments}</article>"))
    assert cleaned.entry.html.count(SENTENCES["en"]) == 6
    assert SENTENCES["de"] not in cleaned.entry.html
    assert removed_text(cleaned).count(SENTENCES["de"]) == 9


def test_title_lead_picture_lists_and_quotes_stay_with_the_article() -> None:
    lists = '<ul><li><a href="https://a.example/">First source</a></li><li><a href="https://b.example/">Second source</a></li></ul>'
    top = '<header><h1>Another title</h1><p>A short lead</p></header><figure><img src="/lamp.jpg"></figure>'
    content = (
        f"<main>{top}<div>{paragraphs()}<aside><p>“A quote of the mayor.”</p></aside>{paragraphs()}{lists}</div></main>"
    )
    html = clean(HEADER + page(content)).entry.html
    assert not [
        text for text in ("Another title", "A short lead", "lamp.jpg", "quote of", "First source") if text not in html
    ]


def test_body_of_only_an_article_in_a_page_loses_nothing() -> None:
    body = f'<html><body>{paragraphs()}<p><a href="https://a.example/">A</a> <a href="https://b.example/">B</a></p></body></html>'
    assert not removed_text(clean(HEADER + body))


def test_scripts_styles_and_drawings_do_not_count_as_elements_and_attributes() -> None:
    script = "<script>var a = '" + "<div>" * 400 + "';</script><style>" + "<b>" * 400 + "</style>"
    drawing = "<svg>" + '<path d="M0 0">' * 400 + "</svg>"
    attributes = "<script>x = '<a " + "b=1 " * 300 + ">'</script>"
    for body in (page(paragraphs() + script + drawing + attributes), paragraphs() + script + drawing + attributes):
        cleaned = clean(HEADER + body)
        assert not [issue for issue in cleaned.issues if "plain text" in issue]
        assert cleaned.entry.html.count("<p>") >= 6


def test_cleaning_the_entry_of_a_page_again_changes_nothing() -> None:
    for content in (paragraphs(), f"<article>{paragraphs('ja')}</article>", f"<h1>All</h1><ul>{MENU}</ul>"):
        first = clean(HEADER + page(content)).entry.html
        assert clean(HEADER + first).entry.html == first


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "<div class='comments'><p>Some words.</p></div>",
        "<div class='ad'>ad</div>" + " " * 60,
        "<div class='ad'>ad</div>x ",
    ],
)
def test_finding_the_article_takes_linear_time(unit: str) -> None:
    html = page(paragraphs() + unit * 25_000)
    started = process_time()
    remove_surroundings(html, "https://news.example.org/")
    assert process_time() - started < 3


def test_headings_and_pictures_in_boxes_with_names_of_widgets_stay() -> None:
    parts = "".join(
        f'<h2 class="widget-title">Part {at}</h2><aside class="widget-image"><img src="/i/{at}.jpg" width="900" height="600">'
        f"</aside><p>{SENTENCES['en']} ({at})</p>"
        for at in range(8)
    )
    html, removed = remove_surroundings(page(f"<main>{parts}</main>"), "https://news.example.org/a")
    assert all(f"Part {at}" in html and f"/i/{at}.jpg" in html for at in range(8))
    assert "Sidebar words" in " ".join(removal.text for removal in removed)
