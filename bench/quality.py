"""`./run quality [FOLDER…]`: measure the cleaner on folders of real dumps, source by source, against floors.

The floors are in bench/quality.json. The command fails below them, raises them with `--raise`, and never lowers one.
The expected text is found without the cleaner: by regular expressions over the raw body.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

from refeed.clean.cleaner import clean_entry
from refeed.clean.rule_lookup import RuleLookup
from refeed.config.packs import load_builtin_sources
from refeed.errors import QuarantineError
from refeed.model import CleanResult, Dump, RawEntry
from refeed.parse.parser import parse_dump

ROOT = Path(__file__).parents[1]
FLOORS = ROOT / "bench" / "quality.json"
SEEDS = ROOT / "seeds"

# What an entry's HTML must not contain, by name.
DETECTORS = {
    "proxy": re.compile(
        r"weserv\.nl|wsrv\.nl|i\d\.wp\.com|/unsafe/[^\"]*https?:|api\.dw\.com/api/|cdn\.ampproject\.org/[civ]"
    ),
    "footer": re.compile(r"获取更多RSS|feedx\.(?!net\")|Better Feed|del\.icio\.us|get_post_time|addtoany"),
    "promotion": re.compile(
        r"欢迎点击此处订阅|感谢阅读今天的简报|嘉宾和观众听众发表的都是|YouTube播放列表：|来自FT中文网的温馨提示|请点击购买|DW中文有"
        r"|(?:德国之声|德國之聲)(?:版权声明|版權聲明)|致力[于於][为為]您提供|汤森路透“信任原则”|点击查看本文英文版|你的器材不支持播放"
    ),
    "label": re.compile(
        r"<cite>图|图像来源，|Image caption|>广告<|>Array<|（完）</p>|\(完\)</p>|>分享 ?[:：]</|相关图集：|CDT 档案卡"
    ),
    "shell": re.compile(
        r"<(p|li|ul|ol|h[2-6]|strong|em|a|figure|figcaption|blockquote|td|table)>\s*</\1>|<img(?![^>]* src=\"http)"
    ),
    "attribute": re.compile(r"<[^>]*\s(?:class|style|id|width|height|data-[\w-]+|on\w+|srcset|title|target)="),
    "tracker": re.compile(r"(?:[?;&])(?:utm_\w+|fbclid|gclid|campaign_id|emc|regi_id|segment_id|instance_id|ref_src)="),
    "white space": re.compile(r"[ \u00a0\u3000]{2}(?![^<]*</pre>)|<p>\s|\s</p>|\u200b"),
}

# What is not text of the article in raw bodies, from the catalogue of real dumps.
_NOT_TEXT = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"<(script|style)\b.*?</\1>",
        r"<iframe\b.*?</iframe>",
        r"<br><hr><div>获取更多RSS：.*$",
        r"<div><i>[^<]*(?:<br>[^<]*)?</i></div>",
        r"^<div>\d\d/\d\d/\d{4} - \d\d:\d\d</div>(?:Array)?",
        r"<address>.*?</address>\s*<time\b.*?</time>",
        r"<time\b[^>]*>[^<]*</time>",
        r'<ul role="list">.*?</ul>',
        r"<p>(?:<[^>]*>)*（(?:<[^>]*>)*欢迎(?:<[^>]*>)*点击此处.*?）(?:<[^>]*>)*</p>",
        r"感谢阅读今天的简报.*?</p>",
        r"(?:<br\s*/?>|<p>)\s*(?:<[^>]*>)*(?:翻译|编译)：[^<]*(?=<)",
        r"(?:<br\s*/?>|<p>)[^<。]{1,60}对本文有[^<]{0,6}贡献。",
        r"<a\b[^>]*>点击查看本文英文版。?</a>",
        r"<h3>相关图集：.*?</h3>(?:<div><img\b[^>]*>.*?</div>)*",
        r"<p>(?:<[^>]*>)*©\s*\d{4}\s*年?\s*(?:德国之声|德國之聲).*?</p>",
        r"<p>(?:<[^>]*>)*(?:德国之声致力于为您提供|德國之聲致力於為您提供).*?</p>",
        r"<p>(?:<[^>]*>)*DW中文有.*?</p>",
        r"<p>[\u4e00-\u9fff·/、 ]{2,30}\s*[（(][^（()）。]{2,14}[)）]</p>",
        r'<p class="t-copyright">.*?</p>|<p>© \d{4} AFP</p>',
        r"[（(](?:译者|实习编译|编译)：[^（）]{1,60}[)）]",
        r'<div class="m-interstitial">.*?(?=<p)|<div data-readmore-target>.*?</button></div>',
        r"<div><div>分享 ?:</div>.*$",
        r"<p>\s*(?:相关报道|相关报导|先前报道).{0,6}<a\b.*?</p>",
        r"<ul>(?:<li>(?:<[^>]*>|\s)*<a\b.*?</li>)+</ul>",
        r'<div id="zoomattribute">.*?</div>',
        r"(?:自由亚洲电台)?(?:（)?(?:记者|自由亚洲电台记者)[:：\s]?[^<。]{1,40}责编[^<]*(?=<)",
        r'<div class="Attribution_container">.*?</div></div>',
        r'<div class="StandardArticleBody_trustBadgeContainer">.*?</div>',
        r'<div class="Image_expand-button".*?</div>',
        r"<p>(?:作者|采写)[ ：][^<。]{2,40}</p>",
        r"[（(]完[)）]\s*(?=</p>)|(?<=>)\s*[-—]{1,3}完[-—]{1,3}\s*(?=<)",
        r"(?<=>)文\s?[|｜丨]\s?[^<。]{2,20}(?=<)",
        r"<p>[^<]*(?:=====|嘉宾和观众听众发表|YouTube播放列表：).*?</p>",
        r'<span class="off-screen">[^<]*</span>|图像来源，|<section aria-label="广告.*?</section>',
        r"你的器材不支持播放多媒体材料|跳过 \S+ 帖子|结尾 \S+ 帖子",
        r"<div>来自FT中文网的温馨提示.*?</div>|<p>(?:<[^>]*>)*译者/[^<]*(?:<[^>]*>)*</p>",
        r"[，。；]?\s*(?:责编|责任编辑)(?:邮箱)?：?[\u4e00-\u9fff]{0,4}\s*[\w.-]+@ftchinese\.com",
        r'(?<=<div class="story-lead">)[\u4e00-\u9fff·•、]{2,30}：|(?<=<div></div><div>)[\u4e00-\u9fff·•、]{2,30}：',
        r"<hr />\s*<p><small>&copy;.*$",
        r'<div class="addtoany_share_save_container.*$',
        r'<div style="[^"]*float:right.*?</div></div></div>',
        r"<p>(?:<[^>]*>)*请点击购买.*?</p>|<p>(?:<[^>]*>)*相关阅读：.*$",
        r"<noscript>.*?</noscript>|<button\b.*?</button>|Photo: ?RFA|\u200b",
    )
)
_LINE_END = re.compile(r"</(?:p|div|h\d|li|figcaption|small|section)>|<br\s*/?>")
_SENTENCE = re.compile(r"(?<=[。！？!?；])|\n")


@dataclass(slots=True)
class SourceTally:
    """Counts over the dumps of one source."""

    dumps: int = 0
    quarantined: int = 0
    flagged: int = 0
    authors: int = 0
    dates: int = 0
    images: int = 0
    raw_bytes: int = 0
    kept_bytes: int = 0
    text: int = 0
    kept_text: int = 0
    leftovers: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def measure(self) -> dict[str, float]:
        """The values that have floors, each from 0 to 1."""
        whole = max(self.dumps, 1)
        return {
            "accepted": 1 - self.quarantined / whole,
            "author": self.authors / whole,
            "date": self.dates / whole,
            "image": self.images / whole,
            "text": self.kept_text / max(self.text, 1),
            "clean": 1.0 if not any(self.leftovers.values()) else 1 - sum(self.leftovers.values()) / whole,
        }


def sentences(html: str) -> list[str]:
    """The article's own sentences in a raw body, without white space."""
    for pattern in _NOT_TEXT:
        html = pattern.sub("\n", html)
    html = _LINE_END.sub("\n", html.replace("<p", "\n<p"))
    text = unescape(
        re.sub(r"<[^>]*>", "", re.sub(r"</(?:p|div|h\d|li|figcaption|small|section)>|<br\s*/?>|<p\b", "\n<", html))
    )
    return [joined for part in _SENTENCE.split(text) if len(joined := "".join(part.replace("**", "").split())) > 1]


def leftovers(cleaned: CleanResult) -> Iterator[str]:
    """The names of what an entry contains and should not."""
    html = cleaned.entry.html
    yield from (name for name, pattern in DETECTORS.items() if pattern.search(html))
    images = re.findall(r'<img src="([^"]*)"', html)
    if len(set(images)) < len(images):
        yield "twin"


def tally(files: Iterable[Path], rules: RuleLookup, report: list[str]) -> dict[str, SourceTally]:
    """Parse and clean every file and add up the results by source; what is wrong is appended to `report`."""
    tallies: dict[str, SourceTally] = defaultdict(SourceTally)
    for file in files:
        dump = Dump(
            path=str(file), folder=file.parent.name, data=file.read_bytes(), first_seen=datetime(2026, 1, 1, tzinfo=UTC)
        )
        try:
            raw = parse_dump(dump)
        except QuarantineError as error:
            tallies["quarantined"].dumps += 1
            tallies["quarantined"].quarantined += 1
            report.append(f"{file}: {error}")
            continue
        _add(tallies, file, raw, clean_entry(raw, rules.match(raw)), report)
    return tallies


def _add(tallies: dict[str, SourceTally], file: Path, raw: RawEntry, cleaned: CleanResult, report: list[str]) -> None:
    entry = cleaned.entry
    tally = tallies[entry.source]
    tally.dumps += 1
    tally.flagged += bool(cleaned.issues)
    tally.authors += bool(entry.authors)
    tally.dates += any(
        origin.field == "published" and not origin.where.startswith("header; the text's") for origin in cleaned.origins
    )
    tally.images += entry.image is not None
    tally.raw_bytes += len(raw.html.encode())
    tally.kept_bytes += len(entry.html.encode())
    kept = "".join(unescape(re.sub(r"<[^>]*>", "", entry.html)).split())
    for sentence in sentences(raw.html):
        tally.text += len(sentence)
        if sentence in kept:
            tally.kept_text += len(sentence)
        else:
            report.append(f"{file}: not kept: {sentence[:80]}")
    for name in leftovers(cleaned):
        tally.leftovers[name] += 1
        report.append(f"{file}: left over: {name}")


def below_floors(measured: dict[str, dict[str, float]], floors: dict[str, dict[str, float]]) -> list[str]:
    """A line for each value under its floor."""
    return [
        f"{source}: {name} is {measured[source][name]:.4f}, under its floor of {floor:.4f}"
        for source, named in sorted(floors.items())
        for name, floor in named.items()
        if source in measured and measured[source].get(name, 0.0) < floor
    ]


def raise_floors(
    measured: dict[str, dict[str, float]], floors: dict[str, dict[str, float]]
) -> dict[str, dict[str, float]]:
    """The floors, raised to what was measured where that is higher."""
    names = sorted({*measured, *floors} - {"quarantined"})
    return {
        source: {
            name: max(
                floors.get(source, {}).get(name, 0.0), math.floor(measured.get(source, {}).get(name, 0.0) * 1e4) / 1e4
            )
            for name in (*SourceTally().measure(),)
        }
        for source in names
    }


def format_table(tallies: dict[str, SourceTally]) -> Iterator[str]:
    """A heading and a line for each source."""
    widths = {"dumps": 6, "flags": 6, "author": 8, "date": 7, "image": 7, "bytes": 7, "text": 9}
    yield f"{'source':<20}{''.join(f'{name:>{width}}' for name, width in widths.items())}  left over"
    for source, tally in sorted(tallies.items()):
        shares = tally.measure()
        left = ", ".join(f"{name} {count}" for name, count in tally.leftovers.items()) or "nothing"
        kept = tally.kept_bytes / max(tally.raw_bytes, 1)
        yield (
            f"{source:<20}{tally.dumps:>6}{tally.flagged:>6}"
            f"{shares['author']:>8.0%}{shares['date']:>7.0%}{shares['image']:>7.0%}"
            f"{kept:>7.0%}{shares['text']:>9.2%}  {left}"
        )


def main(arguments: list[str] | None = None) -> int:
    """0 when every value is at or over its floor, 1 when one is under it, 2 when there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="quality", description="Measure the cleaner on folders of real dumps.")
    parser.add_argument("folders", nargs="*", type=Path, help="by default the two of seeds/")
    parser.add_argument("--floors", type=Path, default=FLOORS)
    parser.add_argument(
        "--raise", dest="raises", action="store_true", help="write what was measured where it is higher"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="list every leftover and every sentence that was not kept"
    )
    options = parser.parse_args(arguments)
    files = [path for folder in options.folders or [SEEDS] for path in sorted(folder.rglob("*")) if _is_dump(path)]
    if not files:
        sys.stderr.write("quality: no dumps to measure; name a folder of them\n")
        return 2
    report: list[str] = []
    tallies = tally(files, RuleLookup(load_builtin_sources()), report)
    sys.stdout.write("\n".join([*format_table(tallies), *(report if options.verbose else ()), ""]))
    measured = {source: one.measure() for source, one in tallies.items()}
    floors = json.loads(options.floors.read_text("utf-8")) if options.floors.is_file() else {}
    if options.raises:
        options.floors.write_text(json.dumps(raise_floors(measured, floors), indent=1) + "\n", "utf-8")
    failures = below_floors(measured, floors) + [
        f"{tally.quarantined} quarantined" for tally in tallies.values() if tally.quarantined
    ]
    sys.stderr.write("".join(f"quality: {failure}\n" for failure in failures))
    return 1 if failures else 0


def _is_dump(path: Path) -> bool:
    return path.suffix in (".md", ".txt") and path.name != "README.md" and path.is_file()


if __name__ == "__main__":
    sys.exit(main())
