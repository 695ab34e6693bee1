"""Names and dates around a text become fields, in several languages, and sentences that look like them stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from helpers.entry_builders import GENERIC_LINK, clean_body, clean_raw
from refeed.model import Dump, RawEntry
from refeed.parse.parser import parse_dump

AT = datetime(2020, 7, 20, 12, 0, tzinfo=UTC)
TEXT = "A town with a harbour held a festival of lights this weekend, and many visitors came to see it."
MORE = "The mayor said that there were more of them than ever before, and that the festival will return."


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("By Ada Sample", ["Ada Sample"]),
        ("By Ada Sample, a senior reporter", ["Ada Sample"]),
        ("By Ada Sample and Bea Sample, Staff Writers", ["Ada Sample", "Bea Sample"]),
        ("By Ada Sample in Berlin", ["Ada Sample"]),
        ("By Ada Sample for The Harbour Daily", ["Ada Sample"]),
        ("By Ada van der Sample", ["Ada van der Sample"]),
        ("Written by Ada Sample", ["Ada Sample"]),
        ("Von Anna Schmidt und Peter Müller, Berlin", ["Anna Schmidt", "Peter Müller"]),
        ("Par Jean Dupont, journaliste", ["Jean Dupont"]),
        ("Por María García y Juan Pérez", ["María García", "Juan Pérez"]),
        ("Di Mario Rossi", ["Mario Rossi"]),
        ("Автор: Иван Петров", ["Иван Петров"]),
        ("取材・文：山田太郎", ["山田太郎"]),
        ("文／样甲", ["样甲"]),
        ("采写︱样甲", ["样甲"]),
        ("撰稿丨样甲；翻译丨样乙", ["样甲"]),
        ("Text: Ada Sample | Photos: Bea Sample", ["Ada Sample"]),
        ("By Ada Sample · 5 min read", ["Ada Sample"]),
        ("By Ada Sample | July 19, 2020 | 1,234 views", ["Ada Sample"]),
    ],
)
def test_byline_above_the_text_becomes_its_authors(line: str, authors: list[str]) -> None:
    entry = clean_body(f"<p>{line}</p><p>{TEXT}</p><p>{MORE}</p>").entry
    assert list(entry.authors) == authors
    assert entry.html == f"<p>{TEXT}</p><p>{MORE}</p>"


@pytest.mark.parametrize(
    "line",
    [
        "By Monday, the harbour was closed.",
        "By Harbour Lane, the captain had seen enough.",
        "Von Anna Schmidt ist nichts geblieben.",
        "Von Bremen nach Hamburg",
        "Par Toutatis, le port est fermé.",
        "Por fin llega el verano al puerto.",
        "Text messages reached the harbour.",
        "Photo opportunities were rare.",
        "Editor wanted in the harbour.",
        "5 minutes read like an hour.",
    ],
)
def test_sentence_that_begins_like_a_byline_stays(line: str) -> None:
    entry = clean_body(f"<p>{line}</p><p>{TEXT}</p><p>{MORE}</p>").entry
    assert entry.authors == ()
    assert entry.html == f"<p>{line}</p><p>{TEXT}</p><p>{MORE}</p>"


@pytest.mark.parametrize(
    ("line", "contributors"),
    [
        ("撰稿丨样甲；翻译丨样乙", [("翻译", "样乙")]),
        ("取材・文：山田太郎　写真：佐藤花子", [("写真", "佐藤花子")]),
        (
            "Text: Ada Sample | Photos: Bea Sample | Translation: Cyr Sample",
            [("Photos", "Bea Sample"), ("Translation", "Cyr Sample")],
        ),
        ("Texte : Jean Dupont | Photos : Marie Durand", [("Photos", "Marie Durand")]),
        ("Текст: Иван Петров, Фото: Анна Иванова", [("Фото", "Анна Иванова")]),
        ("Reporting by Ada Sample in Berlin; Editing by Bea Sample", [("Editing by", "Bea Sample")]),
    ],
)
def test_photographer_translator_and_editor_are_contributors(line: str, contributors: list[tuple[str, str]]) -> None:
    for html in (f"<p>{line}</p><p>{TEXT}</p><p>{MORE}</p>", f"<p>{TEXT}</p><p>{MORE}</p><p>{line}</p>"):
        entry = clean_body(html).entry
        assert [(person.role, person.name) for person in entry.contributors] == contributors
        assert len(entry.authors) == 1
        assert entry.html == f"<p>{TEXT}</p><p>{MORE}</p>"


def test_several_bylines_below_the_text_are_extracted_at_once() -> None:
    names = ["Ada Sample", "Bea Sample", "Cea Sample"]
    entry = clean_body(f"<p>{TEXT}</p><p>{MORE}</p>" + "".join(f"<p>By {name}</p>" for name in names)).entry
    assert list(entry.authors) == names
    assert entry.html == f"<p>{TEXT}</p><p>{MORE}</p>"


def test_refrain_stays_and_only_a_lead_below_its_picture_goes() -> None:
    picture = '<img src="https://img.example.com/a.jpg" width="900" height="600">'
    assert clean_body(f"<p>{TEXT}</p><p>{MORE}</p>{picture}<p>{TEXT}</p>").entry.html.count(TEXT) == 2
    assert clean_body(f"<p>{TEXT}</p>{picture}<p>{TEXT}</p><p>{MORE}</p>").entry.html.count(TEXT) == 1


@pytest.mark.parametrize(
    ("authors", "tags", "names"),
    [
        (("港口日报",), ("港口日报",), []),
        (("news.example.org",), (), []),
        (("The Harbour",), ("Sea",), []),
        (("Ada Sample &#38; more",), (), ["Ada Sample"]),
        (("Ada Sample &amp; Bea Sample",), (), ["Ada Sample", "Bea Sample"]),
        (("样甲、样乙等",), (), ["样甲", "样乙"]),
        (("Ada Sample et al.",), (), ["Ada Sample"]),
        (("Ada Sample", "3 more"), (), ["Ada Sample"]),
        (("38",), (), []),
        (("Ada Sample, Staff Writer",), (), ["Ada Sample"]),
        (("Ada Sample",), ("港口日报",), ["Ada Sample"]),
    ],
)
def test_only_persons_are_authors(authors: tuple[str, ...], tags: tuple[str, ...], names: list[str]) -> None:
    raw = RawEntry(
        title="Lights",
        link=GENERIC_LINK,
        dump_time=AT,
        html=f"<p>{TEXT}</p><p>{MORE}</p>",
        folder="the-harbour",
        authors=authors,
        tags=tags,
    )
    assert list(clean_raw(raw).entry.authors) == names


def test_outlet_in_the_header_gives_way_to_a_byline_in_the_body() -> None:
    raw = RawEntry(
        title="Lights",
        link=GENERIC_LINK,
        dump_time=AT,
        html=f"<p>By Ada Sample</p><p>{TEXT}</p><p>{MORE}</p>",
        authors=("港口日报",),
    )
    assert clean_raw(raw).entry.authors == ("Ada Sample",)


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("2020年7月20日 10時05分", datetime(2020, 7, 20, 10, 5, tzinfo=UTC)),
        ("20. Juli 2020, 10:05 Uhr", datetime(2020, 7, 20, 10, 5, tzinfo=UTC)),
        ("Publié le 20 juillet 2020 à 10h05", datetime(2020, 7, 20, 10, 5, tzinfo=UTC)),
        ("20 de julio de 2020, 10:05", datetime(2020, 7, 20, 10, 5, tzinfo=UTC)),
        ("20 июля 2020, 10:05", datetime(2020, 7, 20, 10, 5, tzinfo=UTC)),
        ("Monday, July 20th, 2020 at 10:05 am", datetime(2020, 7, 20, 10, 5, tzinfo=UTC)),
        ("Updated: July 20, 2020 11:00 | Published: July 20, 2020 10:05", datetime(2020, 7, 20, 10, 5, tzinfo=UTC)),
        ("Republished July 19, 2020 10:00 | First published March 3, 2019 10:00", AT),
        ("2020-07-20T00:00:00Z", AT),
        ("2020-07-20 00:00", AT),
        ("2020-07-19T00:00:00Z", datetime(2020, 7, 19, tzinfo=UTC)),
        ("2020-07-20T8:5:0", datetime(2020, 7, 20, 8, 5, tzinfo=UTC)),
        ("2020-07-20 08:05 Asia/Tokyo", datetime(2020, 7, 19, 23, 5, tzinfo=UTC)),
        ("發布時間：中華民國109年7月20日 上午8時5分", datetime(2020, 7, 20, 8, 5, tzinfo=UTC)),
        ("令和2年7月20日 8時5分", datetime(2020, 7, 20, 8, 5, tzinfo=UTC)),
    ],
)
def test_date_above_the_text_becomes_the_date_of_publication(line: str, published: datetime) -> None:
    entry = clean_body(f"<p>{line}</p><p>{TEXT}</p><p>{MORE}</p>", at=AT).entry
    assert entry.published == published
    assert entry.html == f"<p>{TEXT}</p><p>{MORE}</p>"


@pytest.mark.parametrize(
    "line",
    ["In May 2020, the harbour was empty.", "20 sailors came in 2020.", "May 20 was a holiday in 2020 and after."],
)
def test_sentence_with_a_date_stays(line: str) -> None:
    assert (
        clean_body(f"<p>{line}</p><p>{TEXT}</p><p>{MORE}</p>").entry.html == f"<p>{line}</p><p>{TEXT}</p><p>{MORE}</p>"
    )


def test_postal_address_is_no_author() -> None:
    entry = clean_body(f"<address>10 Quay Street, Harbour</address><p>{TEXT}</p><p>{MORE}</p>").entry
    assert entry.authors == ()
    assert entry.html.startswith("<p>10 Quay Street, Harbour</p>")


@pytest.mark.parametrize(
    ("front", "published"),
    [
        ("2020-07-20T08:30:43.052Z", "2020-07-20T08:30:43+00:00"),  # the header's epoch is a local time
        ("2020-07-20T15:59:00Z", "2020-07-20T15:59:00+00:00"),
        ("2020-07-20T17:00:00Z", "2020-07-20T16:00:00+00:00"),
        ("2020-07-20T00:00:00Z", "2020-07-20T16:00:00+00:00"),  # a day
        ("2018-01-01T10:00:00Z", "2020-07-20T16:00:00+00:00"),  # the article's first version, long ago
        ("soon", "2020-07-20T16:00:00+00:00"),
    ],
)
def test_earlier_one_of_two_dates_in_the_header_is_the_publication(front: str, published: str) -> None:
    header = f"---\ntitle: Lights\ndate: {front}\nfrom: {GENERIC_LINK}\n---\n<!--1595260800000-->\n[Lights]({GENERIC_LINK})\n------\n\n"
    raw = parse_dump(
        Dump(path="1.md", folder="", data=f"{header}<p>{TEXT}</p>".encode(), first_seen=AT + timedelta(days=9))
    )
    assert clean_raw(raw).entry.published.isoformat() == published


_P1 = "A standfirst that says in one sentence what happened to the ferry and the harbour this week."
_P2 = "The mayor said that there were more of them than ever before, and that the festival will surely return."
_ADA = '<a href="https://news.example.org/author/ada-sample">Ada Sample</a>'


@pytest.mark.parametrize(
    ("above", "authors"),
    [
        (f"<p>{_P1}</p><p>By Ada Sample, News Reporter</p><p>11:48, Mon, Jul 20, 2020 | UPDATED: 11:50, Mon, Jul 20, 2020</p>", ["Ada Sample"]),
        (f"<p>{_P1}</p><p>{_ADA}</p><p>20. Juli 2020, 11:48</p>", ["Ada Sample"]),
        (f"<p>{_ADA} 5 hours ago</p><p>{_P1}</p>", ["Ada Sample"]),
        (f"<p>{_P1}</p><p>von {_ADA}, HAFEN FUNK</p>", ["Ada Sample"]),
        (f"<ul><li>20.07.2020</li><li>3 min read</li><li>By: {_ADA}, <a href='/author/bo'>Bo Muster</a></li></ul><p>{_P1}</p>", ["Ada Sample", "Bo Muster"]),
        (f"<p>vor 14 Minuten</p><p>{_P1}</p>", []),
        (f"<p>{_P1}</p><p>3 min read</p>", []),
        (f"<p>di Ada Esempio</p><p>{_P1}</p>", ["Ada Esempio"]),
        (f"<p>Published 3 minutes ago</p><p>{_P1}</p>", []),
        (f"<p>홍길동 기자 gildong@news.example.org</p><p>{_P1}</p>", ["홍길동"]),
    ],
)  # fmt: skip
def test_names_and_times_around_a_standfirst_become_fields(above: str, authors: list[str]) -> None:
    cleaned = clean_body(f"{above}<p>{_P2}</p><p>{_P2}</p>")
    assert cleaned.entry.html.count("<p>") == 3
    assert [*cleaned.entry.authors] == authors
    assert _P1 in cleaned.entry.html


@pytest.mark.parametrize(
    "line",
    [
        "July 20, 2020",  # one of the parts of a diary
        "By the harbour, nobody sleeps.",
        '<a href="https://news.example.org/author/ada-sample">Ada Sample</a> wrote to us from the harbour last week.',
        "5 boats ago, the harbour was empty",
    ],
)
def test_line_of_the_text_below_the_first_paragraph_stays(line: str) -> None:
    html = f"<p>{_P1}</p><p>{line}</p><p>{_P2}</p>"
    assert clean_body(html).entry.html == html


@pytest.mark.parametrize(
    ("above", "section"),
    [
        ("<p>Politik</p>", "Politik"),
        ('<p><a href="https://news.example.org/politik">Politik</a></p>', "Politik"),
        ('<ul><li><a href="/tag/harbour">Harbour</a></li><li><a href="/politik/">Politik</a></li></ul>', "Politik"),
        ("<p>Harbour news</p><h1>The lights of the harbour</h1>", "Harbour news"),
    ],
)
def test_name_of_the_section_above_a_text_becomes_a_field(above: str, section: str) -> None:
    cleaned = clean_body(
        f"{above}<p>{_P1}</p><p>{_P2}</p>",
        "https://news.example.org/politik/2020/07/lights.html",
        title="The lights of the harbour",
    )
    assert cleaned.entry.html == f"<p>{_P1}</p><p>{_P2}</p>"
    assert cleaned.entry.section == section


def test_first_line_that_only_looks_like_a_section_stays() -> None:
    html = f"<p>Harbour</p><p>{_P1}</p><p>{_P2}</p>"
    assert clean_body(html, "https://news.example.org/politik/2020/07/lights.html").entry.html == html


@pytest.mark.parametrize(
    ("given", "authors"),
    [
        ("/u/ada", ["/u/ada"]),
        ("Ada Sample / Bea Sample", ["Ada Sample", "Bea Sample"]),
        ("Ada Sample, PhD, Bea Sample, M.D.", ["Ada Sample", "Bea Sample"]),
        ("編輯部", []),
        ("編輯 样甲", ["样甲"]),
    ],
)
def test_names_that_a_feed_gives_are_read_as_names(given: str, authors: list[str]) -> None:
    raw = RawEntry(title="Sample", link=GENERIC_LINK, dump_time=AT, html=f"<p>{TEXT}</p>", authors=(given,))
    assert list(clean_raw(raw).entry.authors) == authors


@pytest.mark.parametrize(
    ("above", "authors"),
    [
        ("<p>Publicerad 20 juli 2020 kl 10.23Uppdaterad kl 12.17</p>", ()),
        ("<p>Quelle: dpa-AFX</p><p>Von Anna Meer, dpa</p>", ("Anna Meer",)),
        ("<p>来源：港口社</p>", ()),
        ('<p>Written by <a href="/author/anna/">Anna Meer</a> on July 20, 2020</p>', ("Anna Meer",)),
        ("<p>Bron: BELGA</p><p>Vandaag om 20:07</p>", ()),
        ('<p><a href="/authors/anna-meer/">Anna Meer</a> 8 января, 17:46</p>', ("Anna Meer",)),
        ("<p><em>Pubblicato il</em> 20 luglio 2020 <em>Ultima modifica</em> 20 luglio 2020 12:02</p>", ()),
        ("<p><b>Giriş: </b>20.07.2020 - 18:24 <b>Güncelleme: </b>20.07.2020 - 18:57</p>", ()),
        ("<p>Submitted on Mon, 2020-07-20 13:49</p>", ()),
        ('<p><a href="/autore/anna-meer.html">Anna Meer</a>20 luglio 2020 - 14:41</p>', ("Anna Meer",)),
    ],
)
def test_source_and_labelled_dates_above_a_text_go(above: str, authors: tuple[str, ...]) -> None:
    text = "A town with a harbour held a festival of lights, and many came to see it."
    cleaned = clean_body(f"{above}<p>{text}</p><p>{text[:-1]} again.</p>")
    assert cleaned.entry.html == f"<p>{text}</p><p>{text[:-1]} again.</p>"
    assert cleaned.entry.authors == authors


@pytest.mark.parametrize(
    ("below", "goes"),
    [
        ("<p>20 luglio 2020 ( modifica il 21 luglio 2020 | 15:24)</p>", True),
        ("<p>Stand: 20.07.2020, 10:44 Uhr</p>", True),
        ("<p>Pubblicato il: 20 luglio 2020</p>", True),
        ("<p><i>Pubblicato il:</i> 20 luglio 2020<br><i>Ultimo aggiornamento:</i> 21 luglio 2020</p>", True),
        ("<p>Dernière mise à jour le 20 juillet 2020.</p>", True),
        ("<p>20 July 2020</p>", False),
    ],
)
def test_date_with_time_or_label_below_a_text_goes(below: str, goes: bool) -> None:
    text = "A town with a harbour held a festival of lights, and many came to see it."
    cleaned = clean_body(f"<p>{text}</p><p>{text[:-1]} again.</p>{below}")
    assert ("2020" not in cleaned.entry.html) is goes


def test_labelled_day_below_a_standfirst_and_a_picture_goes() -> None:
    first = "Piogge e temporali sono previsti per oggi nel porto, e il bel tempo tornerà in poche ore."
    text = "Una perturbazione sta per arrivare nel porto. Le barche restano in città fino a domani."
    date = "<p><i>Pubblicato il</i> 20 luglio 2020 <i>Ultima modifica</i> 20 luglio 2020 <i>12:02</i></p>"
    picture = '<figure><img src="https://img.example/a.jpg" width="900" height="600"></figure>'
    html = clean_body(f"<p>{first}</p>{picture}{date}<p>{text}</p><p>{text[:-1]}!</p>").entry.html
    assert "2020" not in html and first in html and text in html


def test_day_without_a_label_between_paragraphs_stays() -> None:
    first = "Piogge e temporali sono previsti per oggi nel porto, e il bel tempo tornerà in poche ore."
    assert (
        "20 luglio 2020"
        in clean_body(f"<p>{first}</p><p>20 luglio 2020</p><p>{first[:-1]}!</p><p>{first}</p>").entry.html
    )


def test_day_and_time_without_a_year_may_be_when_something_will_happen() -> None:
    text = "The harbour invites everybody to its festival of lights, and there will be music."
    assert "8 мая, 17:46" in clean_body(f"<p>8 мая, 17:46</p><p>{text}</p><p>{text[:-1]}!</p>").entry.html
