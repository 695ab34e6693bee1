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


def test_badges_of_shops_for_apps_and_of_news_readers_go() -> None:
    badge = '<a href="https://play.google.com/store/apps/details?id=x"><img src="/i/google-play-badge.png" width="200" height="60"></a>'
    news = '<a href="https://news.google.com/publications/x"><img src="/i/google-news.svg" width="90" height="40"></a>'
    screen = '<a href="https://play.google.com/store/apps/details?id=x"><img src="/i/harbour-map.jpg" width="900"></a>'
    html, removed = clean(f"{TEXT}{badge}{news}{screen}{TEXT}")
    assert (html.count("<img"), "harbour-map" in html) == (1, True)
    assert {step for step, _ in removed} >= {"promotions"}


def test_box_named_for_related_articles_goes_when_it_is_hardly_more_than_links() -> None:
    long = [
        f'<a href="/a/{at}.html">{title}. Was dort geschah, und wie es weitergeht</a>'
        for at, title in enumerate(TITLES)
    ]
    box = f'<div class="related-posts"><h4>Viac</h4>{"".join(f"<p>{link}</p>" for link in long * 3)}</div>'
    html, removed = clean(f"<p>Das sagte der Kapitän.</p>{box}{TEXT}")
    assert (html, {step for step, _ in removed}) == (f"<p>Das sagte der Kapitän.</p>{TEXT}", {"clutter"})
    told = '<div class="related-posts"><p>Wir haben darüber mit dem Kapitän gesprochen. Er sagt, dass es genug Platz gibt.</p></div>'
    assert "genug Platz" in clean(f"{TEXT}{told}")[0]


def test_last_item_of_a_list_that_invites_to_subscribe_goes() -> None:
    result = clean_body(
        "<p>The harbour is open again, and all of its ships are back. Read on.</p><ul><li>Explore the guide to the harbour</li>"
        '<li>For full access to all editions subscribe here: <a href="https://other.example/sub">other.example</a></li></ul>',
        title="Lights",
    )
    assert result.entry.html.endswith("<ul><li>Explore the guide to the harbour</li></ul>")


def test_links_to_tags_above_a_text_are_tags_beside_a_word_for_them() -> None:
    above = '<p>Temas <a href="/tags/puerto">Puerto</a> <a href="/tags/luces">Luces</a></p>'
    entry = clean_body(above + TEXT, title="Lichter im Hafen", link=LINK).entry
    assert (entry.tags, entry.html) == (("Puerto", "Luces"), TEXT)


def test_offer_of_a_subscription_in_place_of_a_text_is_an_issue() -> None:
    offer = "<p>99,00 EUR</p><p>im 1. Jahr</p><p>danach 122,40 EUR / Jahr</p><p>1,00 EUR im 1. Monat</p>"
    assert any("offer of a subscription" in issue for issue in clean_body(offer, title="Lichter im Hafen").issues)
    told = "<p>Der neue Hafen kostet die Stadt 12 Euro im Jahr, sagt der Rat. Das ist weniger als erwartet.</p>"
    assert not clean_body(told, title="Lichter im Hafen").issues
