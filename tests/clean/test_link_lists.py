"""Lists of links around a text go by where they lead, in any language; the text's own lists stay."""

from __future__ import annotations

import pytest

from helpers.entry_builders import clean_body

LINK = "https://news.example.org/world/europe/2020-lights.html"
TEXT = "".join(
    f"<p>Der Hafen feierte sein Fest der Lichter am {day}. Mai, und viele Gäste kamen, um es zu sehen. Sie blieben lange.</p>"
    for day in range(1, 5)
)
TITLES = ("Ein Schiff liegt fest im Eis", "Die Brücke bleibt noch lange zu", "Fischer fordern mehr Platz am Kai")
OWN = [f'<a href="https://news.example.org/a/{at}.html">{title}</a>' for at, title in enumerate(TITLES)]
OTHER = [f'<a href="https://other.example.net/{at}">{title}</a>' for at, title in enumerate(TITLES)]
THUMB = '<a href="https://news.example.org/a/0.html"><img src="https://news.example.org/i/{}.jpg" width="300" height="200"></a>'


def clean(body: str) -> tuple[str, list[tuple[str, str]]]:
    result = clean_body(body, title="Lichter im Hafen", link=LINK)
    return result.entry.html, [(removal.step, removal.text) for removal in result.removed]


@pytest.mark.parametrize(
    "below",
    [
        f"<p>Redakcia odporúča</p><ul>{''.join(f'<li>{link}</li>' for link in OWN)}</ul>",
        f"<h3>Мы советуем</h3><h4>Сегодня</h4>{''.join(f'<p>{at}:30 {link}</p>' for at, link in enumerate(OWN))}<p>Ещё</p>",
        "".join(f"<div>{THUMB.format(at)}<h4>{link}</h4><p>1時間前</p></div>" for at, link in enumerate(OWN)),
    ],
)
def test_links_to_other_articles_below_the_text_go_whatever_their_label_is(below: str) -> None:
    html, removed = clean(TEXT + below)
    assert html == TEXT
    assert {step for step, _ in removed} == {"related"}
    logged = " ".join(text for _, text in removed)
    assert all(title in logged and f"/a/{at}.html" in logged for at, title in enumerate(TITLES))


@pytest.mark.parametrize(
    "below",
    [
        f"<ul>{''.join(f'<li>{link}</li>' for link in OTHER)}</ul>",
        f"<p>Wir haben über den Hafen schon oft geschrieben, zum Beispiel hier:</p><ul>{''.join(f'<li>{link}</li>' for link in OWN)}</ul>",
        f"<ul>{''.join(f'<li>{link}</li>' for link in OWN[:2])}</ul>",
        f"<ul>{''.join(f'<li>{link}: das war im Mai der Anfang von allem, und seither hat sich hier viel geändert.</li>' for link in OWN)}</ul>",
    ],
)
def test_list_stays_that_leads_elsewhere_or_belongs_to_the_text(below: str) -> None:
    html, _ = clean(TEXT + below)
    assert all(title in html for title in TITLES if title in below)


def test_body_that_is_mostly_links_stays() -> None:
    body = f"<p>Das war die Woche am Hafen.</p><ul>{''.join(f'<li>{link}</li>' for link in OWN)}</ul>"
    html, removed = clean(body)
    assert all(title in html for title in TITLES)
    assert removed == []


@pytest.mark.parametrize(
    "above",
    [
        '<ol><li><a href="/">Úvod</a></li><li><a href="/world/">Svet</a></li><li>Lichter im Hafen</li></ol>',
        '<p><a href="https://news.example.org">Haberler</a> › <a href="/gundem">Gündem</a> › Lichter im Hafen</p>',
        "<ul><li>facebook</li><li>twitter-x</li><li>WhatsApp 12</li><li>print</li></ul>",
    ],
)
def test_breadcrumbs_and_lists_of_buttons_go(above: str) -> None:
    html, removed = clean(above + TEXT)
    assert html == TEXT
    assert removed


def test_list_of_networks_that_a_text_is_about_stays() -> None:
    html, _ = clean(f"{TEXT}<ul><li>Facebook</li><li>Der Hafen</li><li>Instagram</li></ul>")
    assert "Instagram" in html
