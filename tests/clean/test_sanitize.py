"""Nothing that runs, loads or breaks out passes the sanitizer, alone or on the whole way from dump to feed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest
from bs4 import BeautifulSoup
from lxml import etree

from helpers.entry_builders import clean_raw
from helpers.property_testing import given, settings, st
from helpers.xss_payloads import BODIES, TITLES
from refeed.clean.sanitize import ALLOWED_ATTRIBUTES, ALLOWED_SCHEMES, ALLOWED_TAGS, sanitize
from refeed.model import ALL_FEED, Dump, Entry, Feed, FeedEntry, FeedInfo, FeedPath, Site, Source
from refeed.parse.parser import parse_dump
from refeed.render.atom_rss import render_atom, render_rss
from refeed.render.json_feed import render_json_feed as json_feed

SHARED = Path(__file__).parents[2].parent / "shared"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
ILLEGAL_XML_CHARS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def policy_violations(html: str) -> list[str]:
    """What a parser finds in the HTML that our policy does not allow."""
    violations = [f"character {match!r}" for match in ILLEGAL_XML_CHARS.findall(html)]
    for tag in BeautifulSoup(f"<body>{html}", "lxml").find_all(True):
        if tag.name in ("html", "body"):
            continue
        if tag.name not in ALLOWED_TAGS:
            violations.append(f"element {tag.name}")
        for name, value in tag.attrs.items():
            if name not in ALLOWED_ATTRIBUTES.get(tag.name, set()):
                violations.append(f"attribute {name} of {tag.name}")
            elif name in ("href", "src") and not re.match(rf"(?:{'|'.join(ALLOWED_SCHEMES)}):", str(value)):
                violations.append(f"{name}={value!r}")
    return violations


def entries(bodies: dict[str, str], titles: tuple[str, ...] = ()) -> list[Entry]:
    """An entry of each body, parsed and cleaned as a dump, with the titles in rotation."""
    cleaned = []
    for number, body in enumerate(bodies.values()):
        title = titles[number % len(titles)] if titles else f"样例 {number}"
        text = f"<!--1767355200000-->\n[{title}](https://news.example.org/{number}.html)\n------\n\n<p>样例的第一段。</p>{body}\n"
        dump = Dump(path=f"{number}.md", folder="样例", data=text.encode("utf-8", "surrogatepass"), first_seen=NOON)
        cleaned.append(clean_raw(parse_dump(dump)).entry)
    return cleaned


def read_back(cleaned: list[Entry]) -> dict[str, list[str]]:
    """The HTML of every entry as strict parsers read it from a feed, by format."""
    shown = tuple(FeedEntry(entry=entry, source=Source(id="sample", title="样例")) for entry in cleaned)
    feed = Feed(
        site=Site(id="tag:example.org,2026", title="样例站", base_url="https://feeds.example.org", author="样例"),
        info=FeedInfo(path=ALL_FEED, title="全部", mixed=True),
        updated=NOON,
        entries=shown,
    )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    atom_tree = etree.fromstring(render_atom(feed), parser)
    rss_tree = etree.fromstring(render_rss(feed), parser)
    items = json.loads(json_feed(feed))["items"]
    return {
        "atom": [entry.findtext(f"{ATOM}content") or "" for entry in atom_tree.iter(f"{ATOM}entry")],
        "rss": [item.findtext(CONTENT) or item.findtext("description") or "" for item in rss_tree.iter("item")],
        "json": [item.get("content_html", "") for item in items],
    }


@pytest.mark.parametrize("name", BODIES)
def test_sanitizer_output_keeps_to_the_policy(name: str) -> None:
    html = sanitize(BODIES[name])
    assert policy_violations(html) == []
    assert sanitize(html) == html


def test_every_format_keeps_to_the_policy() -> None:
    cleaned = entries(BODIES, TITLES)
    for form, bodies in read_back(cleaned).items():
        assert len(bodies) == len(BODIES), form
        for name, body in zip(BODIES, bodies, strict=True):
            assert policy_violations(body) == [], (form, name, body)


def test_title_is_text_in_every_format() -> None:
    cleaned = entries({str(number): "<p>样例。</p>" for number in range(len(TITLES))}, TITLES)
    read = [feedparser.parse(write(_feed_of(cleaned))) for write in (render_atom, render_rss)]
    for result in read:
        assert not result.bozo
    texts = {item["title"] for item in json.loads(json_feed(_feed_of(cleaned)))["items"]}
    assert "<script>alert(1)</script>" in texts
    tree = etree.fromstring(render_atom(_feed_of(cleaned)))
    assert {entry.find(f"{ATOM}title").get("type", "text") for entry in tree.iter(f"{ATOM}entry")} == {"text"}


def _feed_of(cleaned: list[Entry]) -> Feed:
    return Feed(
        site=Site(id="tag:example.org,2026", title="样例站", base_url="https://feeds.example.org", author="样例"),
        info=FeedInfo(path=FeedPath("source", "sample"), title="样例"),
        updated=NOON,
        entries=tuple(FeedEntry(entry=entry) for entry in cleaned),
    )


def test_characters_that_xml_cannot_carry_are_replaced_and_make_no_live_link() -> None:
    html = sanitize(
        '<a href="https://example.org/java&#1;script:alert(1)">样例</a><a href="java&#1;script:alert(1)">样例</a>'
    )
    assert "\x01" not in html
    assert "\ufffd" in html or "%EF%BF%BD" in html
    assert "javascript:" not in html


def test_line_ends_are_line_feeds() -> None:
    assert sanitize("<pre>a\r\nb\rc</pre>") == "<pre>a\nb\nc</pre>"


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
@settings(max_examples=300, deadline=None)
def test_sanitizing_any_string_is_idempotent_and_fit_for_xml(text: str) -> None:
    html = sanitize(text)
    assert not ILLEGAL_XML_CHARS.search(html)
    assert sanitize(html) == html


@given(
    st.lists(
        st.sampled_from([piece for body in BODIES.values() for piece in re.findall(r"<[^<>]*>|[^<>]+", body)]),
        max_size=12,
    )
)
@settings(max_examples=400, deadline=None)
def test_pieces_of_payloads_in_any_order_keep_to_the_policy(pieces: list[str]) -> None:
    html = sanitize("".join(pieces))
    assert policy_violations(html) == []
    assert sanitize(html) == html


def test_policy_allows_nothing_that_runs_loads_or_has_a_name() -> None:
    assert {"style", "script", "iframe", "svg", "math", "form", "input", "object", "video", "template"}.isdisjoint(
        ALLOWED_TAGS
    )
    assert {"id", "name", "class", "style", "srcset", "cite", "title"}.isdisjoint(
        set().union(*ALLOWED_ATTRIBUTES.values())
    )


def check_in_browser(tmp_path: Path, cases: list[dict[str, str]], *more: str) -> subprocess.CompletedProcess[str]:
    checker = SHARED / "attack" / "check_html.py"
    if not checker.is_file():
        pytest.skip(f"no browser check at {checker}")
    pytest.importorskip("playwright.sync_api")
    cases_file = tmp_path / "cases.json"
    cases_file.write_text(json.dumps(cases), "utf-8")
    policy = SHARED / "attack" / "policy_strict.json"
    command = [sys.executable, str(checker), str(cases_file), "--policy", str(policy), "--expect-clean", *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)


@pytest.mark.slow
def test_a_browser_runs_and_loads_nothing_of_our_payloads(tmp_path: Path) -> None:
    bodies = {body for bodies in read_back(entries(BODIES, TITLES)).values() for body in bodies}
    result = check_in_browser(
        tmp_path,
        [{"id": str(number), "html": body} for number, body in enumerate(sorted(bodies))],
        "--contexts",
        "inner,doc",
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


@pytest.mark.torture
def test_a_browser_runs_and_loads_nothing_of_the_payloads_of_other_sanitizers(tmp_path: Path) -> None:
    file = SHARED / "attack" / "xss.json"
    if not file.is_file():
        pytest.skip(f"no payloads at {file}")
    foreign = [json.loads(path.read_text("utf-8")) for path in (file, file.with_name("xss_own.json"))]
    bodies = {str(number): case["html"] for number, case in enumerate(case for cases in foreign for case in cases)}
    read = {body for texts in read_back(entries(bodies, TITLES)).values() for body in texts}
    result = check_in_browser(tmp_path, [{"id": str(number), "html": body} for number, body in enumerate(sorted(read))])
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["&amp;", "word &lt; ", "&amp;#x;&amp;#", "&amp;<br>"])
def test_sanitizing_many_references_takes_linear_time(piece: str) -> None:
    def measure(count: int) -> float:
        started = time.process_time()
        sanitize(f"<p>{piece * count}</p>")
        return time.process_time() - started

    assert min(measure(160_000) for _ in range(2)) < 3 * min(measure(80_000) for _ in range(3)) + 0.02


def test_text_with_many_references_comes_out_unchanged() -> None:
    html = f'<p>{"样例 &amp; &lt;br&gt; " * 3000}</p><figure><img src="https://example.org/?{"a&amp;" * 900}" alt=""></figure>'
    assert sanitize(html) == html
