"""Teasers, labels and forms between paragraphs go, with a name; what an author links or shows himself stays."""

from __future__ import annotations

import pytest

from helpers.entry_builders import clean_body, clean_html

TEXT = "A town with a harbour held a festival of lights this weekend, and many visitors came to see it."
MORE = "The mayor said that there were more visitors than ever before, and that it will return next year."
OWN = "https://news.example.org/2020/06/families.html"


def cleaned_html(between: str, below: str = "") -> tuple[str, set[str]]:
    cleaned = clean_body(f"<p>{TEXT}</p>{between}<p>{MORE}</p><p>{TEXT[:-1]} again.</p>{below}", title="Lights of May")
    return cleaned.entry.html, {removal.step for removal in cleaned.removed}


@pytest.mark.parametrize(
    "teaser",
    [
        f'<a href="{OWN}"><img src="/families.jpg"></a><p><a href="{OWN}">三つの家族</a></p>',
        f'<h3><a href="{OWN}">Три семьи</a></h3><a href="{OWN}"><img src="/families.jpg"></a><p><a href="{OWN}">»</a></p>',
        f'<figure><a href="{OWN}"><img src="/f.jpg"></a><figcaption><a href="{OWN}">Families</a></figcaption></figure>'
        f'<p><a href="{OWN}">weiter</a></p>',
        f'<p>[<a href="{OWN}">La vida de tres familias del puerto</a>]</p>',
    ],
)
def test_picture_and_title_that_lead_to_one_other_page_are_a_teaser(teaser: str) -> None:
    html, steps = cleaned_html(teaser)
    assert (OWN in html, "related" in steps) == (False, True)


@pytest.mark.parametrize(
    "kept",
    [
        f'<p>See <a href="{OWN}">the report on three families</a>.</p>',
        f'<a href="{OWN}"><img src="/families.jpg"></a><p>Three families by the harbour.</p>',
        '<a href="https://other.example/x"><img src="/f.jpg"></a><p><a href="https://other.example/x">The maker</a></p>',
        '<a href="/large.jpg"><img src="/small.jpg"></a><p><a href="/large.jpg">In full size</a></p>',
        f'<p>[<a href="{OWN}#n1">1</a>]</p>',
        f'<p><a href="{OWN}">Three families by the harbour</a></p>',
    ],
)
def test_links_and_pictures_of_the_author_stay(kept: str) -> None:
    html, _ = cleaned_html(kept)
    assert "<a href" in html


def test_list_of_pictures_of_other_pages_below_a_label_goes_with_its_blurbs() -> None:
    card = '<a href="/2020/{n}.html"><img src="/{n}.jpg"></a><p>What happened next by the harbour.</p>'
    below = f"<h3>More from the Harbour Daily</h3>{card.format(n=1)}{card.format(n=2)}"
    html, steps = cleaned_html("", below)
    assert ("next by" in html, "More from" in html, "related" in steps) == (False, False, True)


def test_label_above_quotations_that_are_links_goes_with_them() -> None:
    quotation = f'<blockquote><a href="{OWN}">Families by the harbour</a></blockquote>'
    html, steps = cleaned_html("", f"<p>Related reading:</p>{quotation}{quotation}")
    assert (OWN in html, steps) == (False, {"related"})


def test_pictures_of_the_article_below_such_a_heading_stay() -> None:
    html, _ = cleaned_html(
        "", '<h3>More on lights</h3><img src="/1.jpg"><p>A lantern.</p><img src="/2.jpg"><p>A lamp.</p>'
    )
    assert "A lantern." in html


def test_form_between_paragraphs_goes_with_its_heading_and_nothing_else() -> None:
    form = (
        "<h2>Get daily harbour news</h2><p>Get the day's top stories, delivered to your inbox.</p>"
        "<p>By providing your email address, you have read and agree to our Terms and the Privacy Policy.</p>"
    )
    html, steps = cleaned_html(f"<h3>A night in May</h3>{form}")
    assert ("inbox" in html, "agree" in html, "A night in May" in html) == (False, False, True)
    assert steps == {"promotions"}


def test_sentence_about_consent_in_an_article_stays() -> None:
    said = "By entering the harbour, ships agree to be searched, the office for privacy and data protection found."
    assert "ships agree" in cleaned_html(f"<p>{said}</p>")[0]


@pytest.mark.parametrize("below", ["<h3>Further reading</h3>", "<h2>Harbour reviews</h2><h2>Best lamps</h2>"])
def test_headings_below_which_nothing_stands_go(below: str) -> None:
    html, steps = cleaned_html("", below)
    assert ("<h" in html, steps) == (False, {"empty sections"})


def test_heading_at_the_end_that_says_something_stays() -> None:
    assert "To be continued in June" in cleaned_html("", "<h2>To be continued in June</h2>")[0]


@pytest.mark.parametrize(
    ("note", "goes"),
    [
        ("Ada Byron is a reporter at the Harbour Daily.", True),
        ("Ada Byron writes about ships. Follow her at @adabyron.", True),
        ('<a href="/author/ada-byron">Ada Byron</a> covers the harbour.', True),
        ('More of her texts are <a href="/author/ada-byron">here</a>', True),
        ("Ada Byron: I was there, and I shall return.", False),
        ("Ada Byron walked home along the harbour that night.", False),
        ("Grace Murray is a reporter who came to see the lights.", False),
    ],
)
def test_note_about_the_author_below_the_text_goes(note: str, goes: bool) -> None:
    body = f"<p>By Ada Byron</p><p>{TEXT}</p><p>{MORE}</p><p>{TEXT[:-1]} again.</p><p>{note}</p>"
    cleaned = clean_body(body, title="Lights of May")
    assert cleaned.entry.authors == ("Ada Byron",)
    assert ("author notes" in {removal.step for removal in cleaned.removed}) is goes


@pytest.mark.parametrize(
    ("caption", "goes"),
    [
        ("<figure><figcaption>Lanterns in the bay</figcaption></figure>", True),
        ('<figure><p class="caption"><span>灯</span><span class="credit">写真：港</span></p></figure>', True),
        ("<p>灯の前に立つ市長（港市提供）</p>", True),
        ("<p>Die Laternen im Hafen leuchten. Foto: Anna Meer</p>", True),
        ("<p>Lanterns in the bay (Photo: Anna Meer/AFP)</p>", True),
        ('<figure><img src="/a.jpg"></figure><figure><figcaption>Lanterns in the bay</figcaption></figure>', False),
        ("<figure><blockquote>Lanterns in the bay</blockquote></figure>", False),
        ("<figure><pre>1 2 3</pre><figcaption>Lanterns</figcaption></figure>", False),
        ("<figure><p>Lanterns in the bay, she said.</p></figure>", False),
        ("<p>The photo (by Anna Meer) shows the bay.</p>", False),
    ],
)
def test_caption_whose_picture_is_lost_goes(caption: str, goes: bool) -> None:
    _, steps = cleaned_html(caption)
    assert ("captions without pictures" in steps) is goes


@pytest.mark.parametrize(
    "credit",
    ["Crédit photo : Anna Meer / AFP", "Titelbild: Anna Meer/dpa", "(Image credit: Anna Meer)", "Zdjęcie: Anna Meer"],
)
def test_credit_of_a_picture_that_is_lost_becomes_a_field(credit: str) -> None:
    html, steps = cleaned_html(f"<p>{credit}</p>")
    assert ("Anna" in html, steps) == (False, {"lifted: credits"})


def test_links_to_other_pages_below_a_label_in_any_language_go() -> None:
    links = "".join(f'<p><a href="/2020/{n}.html">Sata valoa satamassa</a></p>' for n in (1, 2))
    html, steps = cleaned_html("", f"<p><strong>Tästä aiheesta enemmän:</strong></p>{links}")
    assert ("<a" in html, steps) == (False, {"related"})
    html, _ = cleaned_html("", f"<p>These are the papers.</p>{links}")
    assert "<a" in html


def test_icon_of_a_network_at_the_end_goes_and_a_picture_that_links_there_stays() -> None:
    html, steps = cleaned_html("", '<p><a href="https://twitter.com/h"><img src="/social/twitter.png"></a></p>')
    assert ("<img" in html, steps) == (False, {"promotions"})
    html, _ = cleaned_html("", '<p><a href="https://twitter.com/h/status/1"><img src="/lantern.jpg"></a></p>')
    assert "<img" in html


def test_paragraph_of_a_dot_is_a_distance_between_others() -> None:
    html, steps = cleaned_html("<p>.</p><p>·</p>")
    assert ("<p>.</p>" in html, steps) == (False, {"dividers"})


def test_body_of_thousands_of_paragraphs_is_not_searched_for_teasers() -> None:
    """Seen: 16,500 paragraphs took twice the time that a dump may have, and were flagged."""
    page = "".join(f"<p>Paragraph {number} of a chronicle of the harbour.</p>" for number in range(2000))
    teaser = "<p>Read also: The harbour freezes over in spring</p>"
    assert teaser in clean_html(page + teaser + "<p>The last paragraph of the chronicle.</p>")
    assert teaser not in clean_html(
        "<p>The first paragraph of the chronicle.</p>" + teaser + "<p>The last paragraph of the chronicle.</p>"
    )
