"""The language of an entry is its text's, else its source's: by scripts, by Chinese variants, by words."""

from __future__ import annotations

import pytest

from refeed.clean.language import detect_language

HARBOUR = "The harbour has a new lighthouse, and the old one is to become a library for the children of the town."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (HARBOUR, "en"),
        (
            "Der Hafen hat einen neuen Leuchtturm, und der alte soll eine Bücherei für die Kinder der Stadt werden.",
            "de",
        ),
        ("Le port a un nouveau phare, et l’ancien doit devenir une bibliothèque pour les enfants de la ville.", "fr"),
        ("El puerto tiene un faro nuevo, y el viejo será una biblioteca para los niños de la ciudad.", "es"),
        ("O porto tem um farol novo, e o antigo vai ser uma biblioteca para as crianças da cidade.", "pt"),
        ("Il porto ha un nuovo faro, e quello vecchio diventerà una biblioteca per i bambini della città.", "it"),
        ("De haven heeft een nieuwe vuurtoren, en de oude wordt een bibliotheek voor de kinderen van de stad.", "nl"),
        ("Port ma nową latarnię morską, a stara ma się stać biblioteką dla dzieci z miasta.", "pl"),
        ("Hamnen har fått en ny fyr, och den gamla ska bli ett bibliotek för barnen i staden.", "sv"),
        ("Limanın yeni bir deniz feneri var, eskisi ise şehrin çocukları için bir kütüphane olacak.", "tr"),
        ("В порту построили новый маяк, а старый станет библиотекой для детей города.", "ru"),
        ("У порту збудували новий маяк, а старий стане бібліотекою для дітей міста.", "uk"),
        ("港に新しい灯台ができ、古い灯台は町の子どものための図書館になるという。", "ja"),
        ("日本経済新聞社の調査で、港湾都市の人口減少が明らかになった。東京都知事は会見で対策を発表した。", "ja"),
        ("항구에 새 등대가 생겼고, 옛 등대는 도시 어린이를 위한 도서관이 될 예정이다.", "ko"),
        ("港口建成了一座新的灯塔，旧灯塔将成为城里孩子们的图书馆。", "zh-Hans"),
        ("港口建成了一座新的燈塔，舊燈塔將成為城裡孩子們的圖書館。", "zh-Hant"),
        ("صار للميناء منارة جديدة، وستصبح المنارة القديمة مكتبة لأطفال المدينة.", "ar"),
        ("Το λιμάνι έχει νέο φάρο και ο παλιός θα γίνει βιβλιοθήκη για τα παιδιά της πόλης.", "el"),
        ("ท่าเรือมีประภาคารใหม่ และหลังเก่าจะกลายเป็นห้องสมุดสำหรับเด็กในเมือง", "th"),
        (f"{HARBOUR} It is called 港口灯塔 (harbour lighthouse), or 灯塔 for short, and these are its names.", "en"),
        (
            "TikTok、Twitter 和 Facebook 的 CEO 说：他们下个月会公开 API 的文档，Google 和 Apple 还没有对此作出回应。",
            "zh-Hans",
        ),
        ("这家店卖的《となりのトトロ》海报已经没有了，老板说下个月会再进一批，要买的人可以先登记。", "zh-Hans"),
        (f"https://港口.example/这是地址/{'说来为时' * 9} {HARBOUR}", "en"),
    ],
)
def test_language_is_that_of_the_text(text: str, language: str) -> None:
    assert detect_language(text, "") == language


@pytest.mark.parametrize(("text", "default"), [("iPhone 15", "zh-Hans"), ("12:30", "de"), ("", "ja")])
def test_text_that_is_too_short_has_the_language_of_its_source(text: str, default: str) -> None:
    assert detect_language(text, default) == default
    assert detect_language(text, "") == "und"


def test_source_names_the_variant_of_its_language() -> None:
    assert detect_language(HARBOUR, "en-GB") == "en-GB"
    assert detect_language("港口在城市的南边。", "zh-Hant") == "zh-Hant"


@pytest.mark.parametrize("char", ["\x00", "\ufffe", "\U0001fffe", "\ud800", "\U0010ffff", "\u0378"])
def test_characters_that_no_language_has_do_not_stop_the_detection(char: str) -> None:
    assert detect_language(f"{char}{HARBOUR}{char}", "") in ("en", "und")
