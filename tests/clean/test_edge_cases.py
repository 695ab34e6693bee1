"""What stands below a text in any language goes, and the author's own last sentence stays (edge_cases.yaml)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from helpers.entry_builders import GENERIC_LINK, clean_body
from refeed.clean.edge_patterns import KINDS

TITLE = "Lights of the harbour in May"
PLACES = {
    "{entry}": GENERIC_LINK,
    "{site}": "https://news.example.org/",
    "{own}": "https://news.example.org/2020/06/x.html",
}
CASES = yaml.safe_load(Path(__file__).with_name("edge_cases.yaml").read_text("utf-8"))
TEXTS = {
    "zh-Hans": "一座港口城市在周末举行了盛大的灯会，吸引了许多游客前来参观，主办方说人数超过往年，明年还会继续。",
    "zh-Hant": "一座港口城市在週末舉行了盛大的燈會，吸引了許多遊客前來參觀，主辦方說人數超過往年，明年還會繼續。",
    "en": "A town with a harbour held a festival of lights this weekend, and many visitors came to see it from all over the bay.",
    "de": "Eine Stadt am Hafen hat am Wochenende ein Fest der Lichter gefeiert, und viele Besucher sind dafür in die Bucht gekommen.",
    "fr": "Une ville du port a fêté les lumières pendant le week-end, et de nombreux visiteurs sont venus la voir dans la baie.",
    "es": "Una ciudad con puerto celebró el fin de semana una fiesta de las luces, y muchos visitantes llegaron para verla en la bahía.",
    "ja": "港のある町で週末に灯の祭りが開かれ、多くの人が訪れた。主催者によると、来た人の数は去年より多かったという。",
    "ru": "Город с портом провёл в выходные праздник огней, и посмотреть на него приехало много гостей со всего залива.",
    "pt": "Uma cidade com porto festejou as luzes no fim de semana, e muitos visitantes vieram de toda a baía para ver a festa.",
    "it": "Una città con il porto ha celebrato nel fine settimana la festa delle luci, e molti visitatori sono arrivati nella baia.",
    "nl": "Een stad met een haven vierde dit weekend het feest van de lichten, en veel bezoekers kwamen er uit de hele baai naartoe.",
    "pl": "Miasto z portem obchodziło w weekend święto świateł, a wielu gości przyjechało je zobaczyć z całej zatoki.",
    "sv": "En stad med hamn firade ljusen under helgen, och många besökare kom från hela bukten för att se festen i år.",
    "no": "En by med havn feiret lysene i helgen, og mange besøkende kom fra hele bukta for å se festen i år.",
    "da": "En by med havn fejrede lysene i weekenden, og mange besøgende kom fra hele bugten for at se festen i år.",
    "fi": "Satamakaupunki juhli valoja viikonloppuna, ja monet vieraat tulivat koko lahdelta katsomaan juhlaa tänä vuonna.",
    "cs": "Město s přístavem slavilo o víkendu svátek světel a mnoho návštěvníků přijelo z celé zátoky, aby ho vidělo.",
    "tr": "Limanı olan bir şehir hafta sonu ışık festivalini kutladı ve birçok ziyaretçi onu görmek için körfezden geldi.",
    "ar": "احتفلت مدينة لها ميناء بمهرجان الأضواء في نهاية الأسبوع، وجاء زوار كثيرون من أنحاء الخليج لمشاهدته هذا العام.",
    "hu": "Egy kikötőváros a hétvégén a fények ünnepét ülte meg, és sok látogató érkezett az egész öbölből, hogy lássa.",
    "ro": "Un oraș cu port a sărbătorit luminile la sfârșit de săptămână, iar mulți vizitatori au venit din tot golful să le vadă.",
    "vi": "Một thành phố cảng đã tổ chức lễ hội ánh sáng vào cuối tuần, và nhiều du khách từ khắp vịnh đã đến xem.",
    "id": "Sebuah kota pelabuhan merayakan pesta cahaya pada akhir pekan, dan banyak pengunjung datang dari seluruh teluk untuk melihatnya.",
    "hi": "एक बंदरगाह शहर ने सप्ताहांत में रोशनी का त्योहार मनाया, और पूरी खाड़ी से बहुत से लोग उसे देखने आए।",
    "th": "เมืองท่าแห่งหนึ่งจัดเทศกาลแสงไฟในช่วงสุดสัปดาห์ และมีผู้มาเยือนจำนวนมากจากทั่วทั้งอ่าวมาชม",
    "el": "Μια πόλη με λιμάνι γιόρτασε τα φώτα το σαββατοκύριακο, και πολλοί επισκέπτες ήρθαν από όλο τον κόλπο για να τα δουν.",
    "he": "עיר נמל חגגה בסוף השבוע את פסטיבל האורות, ומבקרים רבים הגיעו מכל המפרץ כדי לראות אותו השנה.",
    "uk": "Місто з портом відзначило у вихідні свято вогнів, і подивитися на нього приїхало багато гостей з усієї затоки.",
    "ko": "항구가 있는 도시에서 주말에 빛 축제가 열려 많은 사람이 찾았다. 주최 측은 방문객이 지난해보다 많았다고 말했다.",
}
STEPS = {
    "counted comments": {"comments"},
    "counts": {"counts", "comments"},
    "read more": {"read more", "entry links"},
    "comments": {"comments", "entry links"},
    "rights": {"rights", "first publication"},
    "ads": {"advertisement labels", "promotions", "read more"},
    "read also": {"related", "read more"},
    "page notices": {"page notices", "promotions"},
}
"""The steps that may drop a line of a kind, where its own is not the only one."""
LINES = [
    (kind, language, what, line)
    for kind, languages in CASES.items()
    for language, lines in languages.items()
    for what in ("go", "stay")
    for line in lines[what]
]


class _Words(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words += data


def words(html: str) -> str:
    return re.sub(r"\s", "", _Words(html).words)


@pytest.mark.parametrize(
    ("kind", "language", "what", "line"), LINES, ids=[f"{c[1]} {c[2]}: {c[3][:60]}" for c in LINES]
)
def test_line_below_the_text_goes_or_stays(kind: str, language: str, what: str, line: str) -> None:
    for name, value in {**PLACES, "{title}": TITLE}.items():
        line = line.replace(name, value)
    text = TEXTS[language]
    html = f"<p>{text}</p><p>{text[:-1]}!</p>{line if line.startswith(('<p', '<h')) else f'<p>{line}</p>'}"
    cleaned = clean_body(html, title=TITLE)
    if what == "stay":
        assert words(cleaned.entry.html) == words(html)
        return
    inline = kind == "entry links" and not line.startswith("<a") and "：" not in line and ": " not in line
    kept = text + text[:-1] + "!" + (line.partition("<a")[0] if inline else "")
    assert words(cleaned.entry.html) == re.sub(r"\s", "", kept)
    assert cleaned.removed
    assert {removal.step.removeprefix("lifted: ") for removal in cleaned.removed} <= STEPS.get(kind, {kind})


def test_every_kind_and_language_has_lines_that_go_and_lines_that_stay() -> None:
    assert {kind: set(languages) for kind, languages in CASES.items()} == {
        kind: set(table) for kind, table in KINDS.items()
    }
    assert all(lines["go"] and lines["stay"] for languages in CASES.values() for lines in languages.values())
