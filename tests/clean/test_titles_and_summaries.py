"""A title loses the site's name, a text its repeated title, and a summary begins with the text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from helpers.entry_builders import clean_body, clean_raw
from refeed.model import RawEntry

TEXT = "A town with a harbour held a festival of lights, and many came."
MORE = "The mayor said that there were more visitors than ever before, and that the festival will return next year."
LINK = "https://www.harbourdaily.example/2020/07/sample.html"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Lights of May - Harbour Daily", "Lights of May"),
        ("Lights of May – The Harbour Daily", "Lights of May"),
        ("Lights of May | harbourdaily.example", "Lights of May"),
        ("灯会开幕_Harbour Daily", "灯会开幕"),
        ("Lights of May · Harbour Daily | Harbour Daily", "Lights of May"),
        ("Lights of May - A harbour story", "Lights of May - A harbour story"),
        ("Harbour Daily", "Harbour Daily"),
        ("Lights-Harbour Daily", "Lights-Harbour Daily"),
    ],
)
def test_name_of_the_site_after_a_title_goes(written: str, title: str) -> None:
    assert clean_body(f"<p>{TEXT}</p>", link=LINK, title=written).entry.title == title


@pytest.mark.parametrize(
    ("host", "written", "title"),
    [
        ("www.hafenzeitung.example", "Lichter im Hafen leuchten - Die Hafen-Zeitung", "Lichter im Hafen leuchten"),
        ("www.nyharbour.example", "Lights of the harbour in May - New York Harbour", "Lights of the harbour in May"),
        ("news.gangkou.example", "港口灯会_新闻频道_港口网", "港口灯会"),
        ("www.minato.example", "港の灯の祭りが開かれる：港新聞デジタル", "港の灯の祭りが開かれる"),
        ("www.minato.example", "新社長が語る：新聞の未来", "新社長が語る：新聞の未来"),
        ("www.hanggu.example", "항구의 빛 축제가 열린다-사회ㅣ항구일보", "항구의 빛 축제가 열린다"),
        ("portovye.example", "Огни порта зажглись в мае - Портовые", "Огни порта зажглись в мае"),
        ("www.almina.example", "أضواء الميناء في شهر مايو | الميناء", "أضواء الميناء في شهر مايو"),
        ("www.hafenpost.example", "Lichter im Hafen leuchten | Kultur | Hafenpost", "Lichter im Hafen leuchten"),
        ("harbourblog.example", "Lights of the harbour ⋆ Harbour Blog | All about ships", "Lights of the harbour"),
        ("harbourblog.example", "HarbourBlog - What the lights tell us", "What the lights tell us"),
        ("bay.example", "Lights of the harbour - BAY News", "Lights of the harbour"),
        (
            "www.port24horas.example",
            "As luzes do porto em maio - Jornal Port",
            "As luzes do porto em maio - Jornal Port",
        ),
        ("www.correioporto.example", "As luzes do porto em maio - Jornal Correio", "As luzes do porto em maio"),
        ("www.portharbour.example", "Ánh đèn của bến cảng - Báo PortHarbour Sức khỏe", "Ánh đèn của bến cảng"),
        (
            "www.evharef.example",
            "Der Hafen in der Synode | Evangelische Hafen-Reformkirche Süd",
            "Der Hafen in der Synode",
        ),
        ("www.harbourspace.example", "Lights of the harbour – HarbourSpace – IT", "Lights of the harbour"),
        ("www.topharbour.example", "Lichter im Hafen leuchten | top harbour online", "Lichter im Hafen leuchten"),
        ("www.hafenklub-hhg.example", "Lichter im Hafen - Hamburger Hafenklub e.V.", "Lichter im Hafen"),
        ("world.gangkou.example", "港口城市周末举行灯会--时政", "港口城市周末举行灯会"),
        (
            "www.turbines.example",
            "Ein neues Schiff im Hafen - Turbines Energy",
            "Ein neues Schiff im Hafen - Turbines Energy",
        ),
        (
            "www.hafen.example",
            "Der Zug kommt heute an - Hafen Zeitung lesen",
            "Der Zug kommt heute an - Hafen Zeitung lesen",
        ),
        ("preprints.example", "[2012.12345] A Theory of Lights", "A Theory of Lights"),
        ("preprints.example", "A Theory of Lights. (arXiv:2012.12345v1 [cs.CL])", "A Theory of Lights."),
        ("annals.example", "A Theory of Lights: Annals of Harbours: Vol 172, No 7", "A Theory of Lights"),
        (
            "www.harbour.example",
            "Ships at night – Harbour reveals its lights",
            "Ships at night – Harbour reveals its lights",
        ),
        ("www.water.example", "The river runs dry – Water for all", "The river runs dry – Water for all"),
        (
            "www.microsail.example",
            "A new boat - Microsail Surface Pro Edition",
            "A new boat - Microsail Surface Pro Edition",
        ),
        ("www.harbour.example", "Obituary – The End of Good Times", "Obituary – The End of Good Times"),
        ("www.harbour.example", "Dogs | Cats", "Dogs | Cats"),
    ],
)
def test_site_is_known_by_its_host_or_by_words_of_media(host: str, written: str, title: str) -> None:
    assert clean_body(f"<p>{TEXT}</p>", link=f"https://{host}/2020/x.html", title=written).entry.title == title


def test_heading_of_the_text_shows_where_its_title_ends() -> None:
    html = f"<h1>What the lights of May tell</h1><p>{TEXT}</p>"
    cleaned = clean_body(html, title="What the lights of May tell – Some Unknown Site")
    assert (cleaned.entry.title, "<h" in cleaned.entry.html) == ("What the lights of May tell", False)


def test_longer_wording_of_the_title_above_the_text_goes() -> None:
    html = f"<h1>Harbour: Lights of May are bright again, says mayor</h1><p>{TEXT}</p><p>{MORE}</p>"
    assert "<h" not in clean_body(html, title="Lights of May bright again").entry.html


def test_name_that_is_author_and_tag_is_the_name_of_the_site() -> None:
    raw = RawEntry(
        title="灯会开幕 - 港口日报",
        link=LINK,
        dump_time=datetime(2020, 7, 20, tzinfo=UTC),
        html=f"<p>{TEXT}</p>",
        authors=("港口日报",),
        tags=("港口日报",),
    )
    assert clean_raw(raw).entry.title == "灯会开幕"


@pytest.mark.parametrize(
    "above",
    [
        "<h1>Lights of May</h1>",
        "<p>Lights of May</p>",
        "<h1>Lights of May</h1><h2>Lights of May</h2>",
        '<p>Short deck</p><img src="https://i.example/a.jpg"><h1>Lights of May</h1>',
        "<h1>Lights of May - Harbour Daily</h1>",
    ],
)
def test_title_above_the_text_goes(above: str) -> None:
    cleaned = clean_body(f"{above}<p>{TEXT}</p><p>{MORE}</p>", link=LINK, title="Lights of May - Harbour Daily")
    assert "Lights of May" not in cleaned.entry.html
    assert "title repeated" in {removal.step for removal in cleaned.removed}


def test_title_in_the_middle_of_a_text_stays() -> None:
    html = f"<p>{TEXT}</p><p>{MORE}</p><p>Lights of May</p><p>{MORE}</p>"
    assert "<p>Lights of May</p>" in clean_body(html, title="Lights of May").entry.html


@pytest.mark.parametrize(
    "above",
    [
        "",
        "<p>— Ada Sample, letters</p>",
        '<img src="https://i.example/a.jpg" alt=""><p>Text: Ada Sample</p>',
        '<figure><img src="https://i.example/a.jpg"><figcaption>The harbour at night</figcaption></figure><p>The harbour at night</p>',
        "<h2>What happened</h2>",
        "<p><strong>In short</strong></p>",
    ],
)
def test_summary_begins_with_the_text(above: str) -> None:
    summary = clean_body(f"{above}<p>{TEXT}</p><p>{MORE}</p>", title="Lights of May").entry.summary
    assert summary == f"{TEXT} {MORE}"


def test_paragraphs_of_a_chinese_summary_are_joined_by_a_blank() -> None:
    first, second = "港口城市在周末举行了灯会，吸引了许多游客前来参观。", "主办方说，明年还会继续。"
    assert clean_body(f"<p>{first}</p><p>{second}</p>").entry.summary == f"{first} {second}"


@pytest.mark.parametrize(
    ("title", "above"),
    [
        ("The lights of the harbour", "<h1>Ferries The lights of the harbour</h1>"),
        ("Ferries: The lights of the harbour", "<h1>The lights of the harbour</h1>"),
        ("The lights of the harbour", "<h2>Ferries</h2><h1>The lights of the harbour</h1>"),
    ],
)
def test_title_with_or_without_its_kicker_is_not_repeated(title: str, above: str) -> None:
    cleaned = clean_body(f"{above}<p>{TEXT}</p><p>{MORE}</p>", title=title)
    assert cleaned.entry.html == f"<p>{TEXT}</p><p>{MORE}</p>"


def test_first_heading_of_a_collection_stays_though_the_title_is_its() -> None:
    html = f"<h2>The lights of the harbour</h2><p>{TEXT}</p><h2>The ferries of the bay</h2><p>{MORE}</p>"
    assert clean_body(html, title="Morning: The lights of the harbour").entry.html == html
