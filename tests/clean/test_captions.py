"""The text around a picture becomes its caption and its credit; the picture itself is the full one. Own samples."""

from __future__ import annotations

import pytest

from helpers.entry_builders import clean_body
from refeed.clean.blocks import text_of_runs
from refeed.clean.captions import split_credit

TEXT = "A town with a harbour held a festival of lights this weekend, and many visitors came to see it from the bay."
MORE = "The mayor said that there were more of them than ever before, and that the festival will surely return."


@pytest.mark.parametrize(
    ("written", "caption", "credit"),
    [
        ("A harbour at night (AFP)", "A harbour at night", "AFP"),
        (
            "A harbour at night (Ada Sample/AFP via Getty Images)",
            "A harbour at night",
            "Ada Sample/AFP via Getty Images",
        ),
        ("A harbour at night. Photo: Ada Sample", "A harbour at night.", "Ada Sample"),
        ("Photograph by Ada Sample/Associated Press", "", "Ada Sample/Associated Press"),
        ("Der Hafen bei Nacht. Foto: Anna Schmidt/dpa", "Der Hafen bei Nacht.", "Anna Schmidt/dpa"),
        ("Le port. Crédit photo : Jean Dupont", "Le port.", "Jean Dupont"),
        ("El puerto (Foto: Juan Pérez)", "El puerto", "Juan Pérez"),
        ("Порт ночью. Фото: Иван Петров", "Порт ночью.", "Иван Петров"),
        ("港の夜。写真：山田太郎", "港の夜。", "山田太郎"),
        ("港口的夜晚。（图源：视觉中国）", "港口的夜晚。", "视觉中国"),
        ("港口夜景 (路透社/達志影像)", "港口夜景", "路透社/達志影像"),
        ("港口夜景（样甲 摄）", "港口夜景", "样甲 摄"),
        ("Der Hafen bei Nacht | Bildquelle: Hafenamt", "Der Hafen bei Nacht", "Hafenamt"),
        ("Der Hafen 2020, Foto: Anna Schmidt", "Der Hafen 2020", "Anna Schmidt"),
        ("El puerto de noche / Juan Pérez", "El puerto de noche", "Juan Pérez"),
        ("The port, source: nobody knows. It is old", "The port, source: nobody knows. It is old", ""),
        ("The port (in 1998)", "The port (in 1998)", ""),
        ("They read it (AP reported so in May)", "They read it (AP reported so in May)", ""),
        ("The port seen from the north (Harbour Office)", "The port seen from the north (Harbour Office)", ""),
        ("A harbour. Source code is free.", "A harbour. Source code is free.", ""),
        ("Photo de famille", "Photo de famille", ""),
        ("Pictures of the harbour", "Pictures of the harbour", ""),
        ("图为港口夜景。", "图为港口夜景。", ""),
    ],
)
def test_credit_in_a_caption_is_separated_from_it(written: str, caption: str, credit: str) -> None:
    runs, found, _ = split_credit([(written, ())])
    assert (text_of_runs(runs), found) == (caption, credit)
    figure = f'<figure><img src="https://img.example/a.jpg"><figcaption>{written}</figcaption></figure>'
    html = clean_body(f"<p>{TEXT}</p>{figure}<p>{MORE}</p>").entry.html
    assert clean_body(html).entry.html == html


@pytest.mark.parametrize(
    ("attributes", "caption"),
    [
        ('alt="The harbour at night (AFP)"', "The harbour at night <cite>AFP</cite>"),
        ('alt="港口的夜景 (路透社)" title="港口的夜景 (路透社)"', "港口的夜景 <cite>路透社</cite>"),
        ('alt="A boat" title="They built it in one night, and nobody knows how."', "They built it in one night"),
        ('alt="The harbour at night"', ""),
        ('alt="The harbour" title="The harbour"', ""),
        ('alt="" title="DSC_0123.JPG"', ""),
        ('alt="" title="Click to see the picture in full size"', ""),
    ],
)
def test_caption_that_only_an_attribute_has_is_shown(attributes: str, caption: str) -> None:
    html = clean_body(f'<p>{TEXT}</p><img src="https://img.example/a.jpg" {attributes}><p>{MORE}</p>').entry.html
    assert (f"<figcaption>{caption}" if caption else "></figure>") in html


def test_line_below_a_figure_with_an_empty_caption_is_its_caption() -> None:
    figure = '<figure><img src="https://img.example/a.jpg"><figcaption></figcaption></figure>'
    entry = clean_body(f"<p>{TEXT}</p>{figure}<p>The harbour, seen from the north</p><p>{MORE}</p>").entry
    assert "<figcaption>The harbour, seen from the north</figcaption>" in entry.html
    kept = clean_body(f"<p>{TEXT}</p>{figure}<p><strong>The second day</strong></p><p>{MORE}</p>").entry
    assert "<p><strong>The second day</strong></p>" in kept.html


def test_preview_gives_way_to_the_picture_that_its_wrapper_names() -> None:
    body = '<figure data-href="https://img.example/1/quay.jpg"><img src="https://img.example/0/quay.jpg"></figure>'
    assert clean_body(f"<p>{TEXT}</p>{body}").entry.images == ("https://img.example/1/quay.jpg",)
    other = body.replace("/1/quay", "/1/boat")
    assert clean_body(f"<p>{TEXT}</p>{other}").entry.images == ("https://img.example/0/quay.jpg",)


def test_header_that_is_repeated_is_shown_once() -> None:
    deck = "What the lights of the harbour mean to those who live there"
    assert clean_body(f"<p>{deck}</p><h3>{deck}.</h3><p>{TEXT}</p>").entry.html == f"<p>{deck}</p><p>{TEXT}</p>"


@pytest.mark.parametrize(
    ("label", "stays"),
    [
        ("Listen on: ", False),
        ("Jetzt hören: ", False),
        ("收听：", False),
        ("The two that the harbour's people like most are these: ", True),
    ],
)
def test_links_to_podcast_directories_go_wherever_they_stand(label: str, stays: bool) -> None:
    links = (
        '<a href="https://podcasts.apple.com/x/id1">Apple</a> | <a href="https://open.spotify.com/show/x">Spotify</a>'
    )
    html = clean_body(f"<p>{TEXT}</p><p>{label}{links}</p><p>{MORE}</p>").entry.html
    assert ("spotify" in html) == stays


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://www.news.examplehttps://other.example/a", "https://other.example/a"),
        ("http://https://other.example/a", "https://other.example/a"),
        ("https://other.example/a%20", "https://other.example/a"),
        (
            "https://web.archive.org/web/2020/https://other.example/a",
            "https://web.archive.org/web/2020/https://other.example/a",
        ),
    ],
)
def test_link_written_after_another_host_leads_where_it_was_meant_to(written: str, meant: str) -> None:
    assert f'href="{meant}"' in clean_body(f'<p>{TEXT} <a href="{written}">a study</a></p>').entry.html


@pytest.mark.parametrize(
    ("below", "caption"),
    [
        ("<p>Foto: Ada Sample</p>", "<cite>Ada Sample</cite>"),
        ("<p>© Ada Sample/Harbour Press</p>", "<cite>© Ada Sample/Harbour Press</cite>"),
        ("<p>The harbour at night, seen from the ferry Photo: Ada Sample</p>", "The harbour at night, seen from the ferry <cite>Ada Sample</cite>"),
    ],
)  # fmt: skip
def test_line_below_a_picture_is_its_credit(below: str, caption: str) -> None:
    picture = '<img src="https://img.example/a.jpg" alt="The harbour at night, seen from the ferry">'
    html = clean_body(f"<p>{TEXT}</p>{picture}{below}<p>{MORE}</p>").entry.html
    assert f"<figcaption>{caption}</figcaption></figure><p>{MORE}</p>" in html


def test_caption_that_is_repeated_below_the_picture_goes() -> None:
    caption = "The harbour at night, seen from the ferry"
    figure = f'<figure><img src="https://img.example/a.jpg"><figcaption>{caption} (AFP)</figcaption></figure>'
    cleaned = clean_body(f"<p>{TEXT}</p>{figure}<p>{caption} Foto: AFP</p><p>{caption}</p><p>{MORE}</p>")
    assert cleaned.entry.html.count(caption) == 1
    assert [removal.step for removal in cleaned.removed].count("caption repeated") == 2


def test_footer_of_a_figure_is_its_credit() -> None:
    figure = (
        '<figure><img src="https://img.example/a.jpg"><figcaption>Harbour</figcaption><footer>Ada/AP</footer></figure>'
    )
    html = clean_body(f"<p>{TEXT}</p>{figure}<p>{MORE}</p>").entry.html
    assert "<figcaption>Harbour <cite>Ada/AP</cite></figcaption>" in html


def test_credit_that_is_hidden_from_screen_readers_stays() -> None:
    figure = (
        '<figure><img src="https://img.example/a.jpg"><figcaption aria-hidden="true">Le port '
        '<span class="article__credit" aria-hidden="true">ADA / AFP</span></figcaption></figure>'
    )
    html = clean_body(f"<p>{TEXT}</p>{figure}<p>{MORE}</p>").entry.html
    assert "<figcaption>Le port <cite>ADA / AFP</cite></figcaption>" in html


def test_rights_below_a_repeated_picture_are_no_credit_of_it() -> None:
    picture = '<img src="https://img.example/a.jpg">'
    cleaned = clean_body(f"{picture}<p>{TEXT}</p><p>{MORE}</p>{picture}<p>© 2020 Sample Press</p>")
    assert cleaned.entry.rights == "© 2020 Sample Press"
    assert cleaned.entry.html.count("<img") == 1


def test_mark_behind_a_caption_without_a_credit_goes() -> None:
    figure = '<figure><img src="https://img.example/a.jpg" alt=""><figcaption>{}</figcaption></figure>'
    assert (
        clean_body(f"<p>{TEXT}</p>{figure.format('The mayor of the port -')}").entry.html
        == f"<p>{TEXT}</p>{figure.format('The mayor of the port')}"
    )
