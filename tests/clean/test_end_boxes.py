"""Boxes, marks and credits that sites set around a text go, and become fields where they say something. Own samples."""

from __future__ import annotations

import pytest

from helpers.entry_builders import GENERIC_LINK, clean_body

TEXT = "A town with a harbour held a festival of lights this weekend, and many visitors came to see it from the bay."
MORE = "The mayor said that there were more of them than ever before, and that the festival will surely return."
BODY = f"<p>{TEXT}</p><p>{MORE}</p>"
ADA = '<a href="https://news.example.org/author/ada-sample">Ada Sample</a>'
BIO = "Ada Sample writes about ferries and harbours, and has lived beside the bay for more than twenty years."


@pytest.mark.parametrize(
    "box",
    [
        "<h2>The harbour in your inbox</h2><p>Each morning all that is new.</p>"
        '<p>By signing up you agree to our <a href="/privacy">privacy policy</a>.</p>',
        "<h3>Hafen im Postfach</h3><p>Mit der Anmeldung willigen Sie der Verarbeitung Ihrer Daten gemäß unserer Datenschutzerklärung ein.</p>",
        '<p><a href="https://ko-fi.com/ada">A coffee for the harbour?</a></p>',
        '<p><a href="https://www.paypal.com/donate?hosted_button_id=X"><img src="https://img.example/donate.png"></a></p>',
        f'<p>[If this looks odd in your feed reader, <a href="{GENERIC_LINK}">visit the original</a>]</p>',
        f'<p><a href="{GENERIC_LINK}#jump">And what happened then?</a></p>',
        "<h2>Also on Sample Site:</h2>",
        '<blockquote><h3>More from Sample Site:</h3><ul><li><a href="/1">One</a></li><li><a href="/2">Two</a></li></ul></blockquote>',
        "<p>（完）</p>",
        "<p>- END -</p>",
        '<p><img src="https://secure.gravatar.com/avatar/1d53?s=172"></p>',
        '<p><a href="/author/ada-sample"><img src="https://img.example/ada.jpg"></a></p>',
    ],
)
def test_box_below_a_text_goes_with_a_name_for_it(box: str) -> None:
    cleaned = clean_body(BODY + box)
    assert cleaned.entry.html == BODY
    assert cleaned.removed
    assert cleaned.entry.image is None


@pytest.mark.parametrize(
    "line",
    [
        "<p>By signing up for the race, the captain made the harbour famous, and nobody expected that.</p>",
        '<p>They sold it on <a href="https://ko-fi.com/ada">Ko-fi</a>, and later in the shop beside the old harbour, where it costs twice as much as before.</p>',
        "<p>“It was the end of the harbour.” (END of the first book)</p>",
        "<p>My feed reader lets me read the article on the ferry, she said.</p>",
        "<p>Photo: nobody knows who took it or why it was taken</p>",
    ],
)
def test_last_line_of_the_author_stays(line: str) -> None:
    assert clean_body(BODY + line).entry.html == BODY + line


def test_what_is_said_of_an_author_stays_once() -> None:
    cleaned = clean_body(f"{BODY}<p>{ADA}</p><p>{BIO}</p><p>{ADA}</p><p>{BIO}</p>")
    assert cleaned.entry.html.count(BIO) == 1
    assert cleaned.entry.authors == ("Ada Sample",)


def test_name_below_a_portrait_is_an_author() -> None:
    portrait = f'<figure><img src="https://img.example/ada.jpg"><figcaption>{ADA}</figcaption></figure>'
    cleaned = clean_body(f"{portrait}{BODY}")
    assert cleaned.entry.html == BODY
    assert cleaned.entry.authors == ("Ada Sample",)


@pytest.mark.parametrize(
    ("end", "authors"),
    [("（完）", ()), (" ■", ()), ("（记者：样甲）", ("样甲",)), ("(END)", ())],
)
def test_mark_after_the_last_sentence_goes(end: str, authors: tuple[str, ...]) -> None:
    text = "一座港口城市在周末举行了盛大的灯会，吸引了许多游客前来参观。"
    cleaned = clean_body(f"<p>{text}</p><p>{text}{end}</p>")
    assert cleaned.entry.html == f"<p>{text}</p><p>{text}</p>"
    assert cleaned.entry.authors == authors


def test_names_in_brackets_at_the_end_of_a_japanese_text_are_its_authors() -> None:
    text = "港のある町で週末に灯の祭りが開かれ、多くの人が訪れた。主催者によると、来た人の数は去年より多かったという。"
    cleaned = clean_body(f"<p>{text}</p><p>{text}【様本太郎、見本花子】</p>")
    assert cleaned.entry.html == f"<p>{text}</p><p>{text}</p>"
    assert cleaned.entry.authors == ("様本太郎", "見本花子")


def test_credit_of_a_picture_that_is_missing_becomes_a_contributor() -> None:
    cleaned = clean_body(
        f"<p>{TEXT}</p><p>{MORE}</p><p>Foto: Ada Sample/dpa</p><p>{TEXT}</p><p>{MORE}</p><p>{TEXT}</p>"
    )
    assert "Foto" not in cleaned.entry.html
    assert [(person.name, person.role) for person in cleaned.entry.contributors] == [("Ada Sample/dpa", "Foto")]


@pytest.mark.parametrize("signs", ["* * *", "***", "—", "◆◆◆", "＊＊＊", "⁂", "~~~~"])
def test_line_of_signs_between_paragraphs_is_a_divider(signs: str) -> None:
    html = clean_body(f"<p>{TEXT}</p><p>{signs}</p><p>{MORE}</p>").entry.html
    assert html == f"<p>{TEXT}</p><hr><p>{MORE}</p>"


@pytest.mark.parametrize("line", ["……", "…", "?", "7", "- 7 -"])
def test_line_with_a_meaning_between_paragraphs_is_no_divider(line: str) -> None:
    html = f"<p>{TEXT}</p><p>{line}</p><p>{MORE}</p>"
    assert clean_body(html).entry.html == html


def test_table_that_sets_a_picture_beside_a_text_is_no_table() -> None:
    table = '<table><tr><td><a href="https://e.example/t"><img src="https://img.example/t.jpg"></a></td><td>{}</td></tr></table>'
    html = clean_body(f"<p>{TEXT}</p>{table.format(MORE)}").entry.html
    assert "<table" not in html
    assert html.endswith(f"</figure><p>{MORE}</p>")


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("<p>点击上方蓝字关注我们</p>{}<p>- END -</p><p><img src='https://img.example/qr.png'></p><p>长按识别二维码关注我们</p>", "{}"),
        ("<table><tr><td>View this email in your browser</td></tr><tr><td>{}</td></tr><tr><td>Our mailing address is: 1 Quay</td></tr></table>", "{}"),
        ("{}<p>Hosted on Acast. See <a href='https://acast.example/privacy'>acast.example/privacy</a> for more information.</p>", "{}"),
        ("{}<p>#harbour #ferry</p>", "{}"),
    ],
)  # fmt: skip
def test_parts_of_messengers_mails_and_podcasts_go(body: str, kept: str) -> None:
    assert clean_body(body.format(BODY)).entry.html == kept.format(BODY)


def test_who_submitted_a_link_is_its_author() -> None:
    cleaned = clean_body(f'{BODY}<p>submitted by /u/ada<br><a href="https://e.example/r">[link]</a></p>')
    assert cleaned.entry.authors == ("/u/ada",)
    assert cleaned.entry.html == f'{BODY}<p><a href="https://e.example/r">[link]</a></p>'


def test_name_of_the_author_alone_below_the_text_goes() -> None:
    text = "A town with a harbour held a festival of lights this weekend, and many visitors came to see it."
    body = f"<p>By Ada Sample</p><p>{text}</p><p>{text[:-1]}!</p><p>{text[:-1]}?</p><p><b>Ada Sample</b></p>"
    entry = clean_body(body, title="Lights").entry
    assert (entry.authors, entry.html) == (("Ada Sample",), f"<p>{text}</p><p>{text[:-1]}!</p><p>{text[:-1]}?</p>")


def test_section_above_a_text_is_known_by_its_property() -> None:
    text = "A town with a harbour held a festival of lights this weekend, and many visitors came to see it."
    entry = clean_body(f'<h3 itemprop="articleSection">International</h3><p>{text}</p>', title="Lights").entry
    assert (entry.tags, entry.html) == (("International",), f"<p>{text}</p>")
