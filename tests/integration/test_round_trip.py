"""Our own feeds, fetched by a second refeed -> the same entries, from each format."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers.upstream_server import NOON, reply, run_upstream
from refeed.config.settings import FetchSettings, Settings, UpstreamRule
from refeed.dumps.writer import new_dump, write_dumps
from refeed.fetch.poller import fetch_upstream
from refeed.fetch.session import HttpSession
from refeed.fetch.upstreams import UpstreamState, fetch_dirs
from refeed.ingest.pipeline import Pipeline
from refeed.model import Origin

CONFIG = """
site: {id: "tag:example.org,2026", title: Sample, author: Sample}
fetch: {allow: [127.0.0.0/8]}
sources: [{id: harbour, title: Harbour News, hosts: [harbour.example], timezone: Asia/Shanghai}]
"""
AT = datetime(2026, 2, 27, 8, tzinfo=UTC)
SITE = "https://quay.example"
PICTURE = '<figure><img src="https://img.example/1.jpg" alt="港口"><figcaption>港口。样本社</figcaption></figure>'
RICH = f"""<p>这是为测试写的<strong>样本</strong>文章，讲港口的灯会，1 &lt; 2 &amp;&amp; 3 &gt; 2。</p>{PICTURE}
<h2>经过</h2><p>第二段有<a href="{SITE}/x?a=1&amp;b=2">链接</a>，<em>强调</em>，H<sub>2</sub>O 和“引号”。</p>
<ul><li>一</li><li>二<ol><li>三</li></ol></li></ul>
<blockquote><p>引用的样本。</p></blockquote>
<pre><code class="language-python">if a &lt; b:\n    print("&amp;amp;")\n\n</code></pre>
<table><thead><tr><th>船</th><th>数</th></tr></thead><tbody><tr><td>渡轮</td><td>3</td></tr></tbody></table><p>最后一段样本。</p>"""
SHORT = "<p>The ferry runs again from today, says this sample text, and the bay is quiet.</p>"
SOUND = f'<audio src="{SITE}/{{}}.mp3?a=1&amp;b=2" type="audio/mpeg" data-length="4321"></audio>'
FILM = f'<video src="{SITE}/7.mp4" poster="{SITE}/7.jpg"></video><audio src="{SITE}/7.ogg" type="audio/ogg"></audio>'
DUMPS = [
    ("1", "港口的灯会 & 夜", RICH, Origin(guid="g1", authors=("Ada Seaman", "王样本"), tags=("海", "ships & sea"))),
    ("2", "The ferry runs again", SHORT, Origin(guid="https://quay.example/?p=2", tags=("ferry",), language="en-GB")),
    ("3", "Third sample", SHORT, Origin(authors=("Bo Sailor",))),
    (
        "4#/notice/1",
        "同じ日の見本",
        "<p>これは見本の文章です。港の祭りが今夜始まり、多くの人が集まりました。</p>",
        Origin(),
    ),
    (
        "5",
        "Line one and \u202eodd\u202c 😀",
        "<p>Second sample about the bay, a bit longer than the first one was.</p>",
        Origin(),
    ),
    ("6", "Fog over the bay", f"{SHORT}{SOUND.format('6')}", Origin(guid="e6", authors=("Ada Seaman",))),
    ("7", "Recordings and a film", f"{SHORT}{SOUND.format('7a')}{SOUND.format('7b')}{FILM}<p>{SHORT}</p>", Origin()),
    ("8", "", SOUND.format("8"), Origin(guid="e8")),
]


def items(settings: Settings) -> dict[str, Any]:
    """The items of the feed `all`, by link, after all dumps have been ingested."""
    pipeline = Pipeline.open(settings, clock=lambda: NOON)
    pipeline.ingest()
    pipeline.close()
    found = json.loads((Path(settings.feeds_dir) / "all.json").read_bytes())["items"]
    return {item["url"]: item for item in found}


@pytest.fixture
def make_instance(make_settings: Callable[..., Settings], tmp_path: Path) -> Callable[[str], Settings]:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)

    def make(name: str) -> Settings:
        dirs = {f"REFEED_{each}": str(tmp_path / name / each.lower()) for each in ("DUMPS", "FEEDS", "VAR")}
        (tmp_path / name / "dumps").mkdir(parents=True)
        return make_settings(config, **dirs)

    return make


@pytest.mark.slow
def test_feed_of_another_refeed_gives_the_same_entries(make_instance: Callable[[str], Settings]) -> None:
    """Seen: a sound was lost, because the text of our feeds links to it."""
    first = make_instance("first")
    at = (AT + timedelta(minutes=number) for number in range(100))
    dumps = [
        new_dump(folder="quay", title=title, link=f"{SITE}/{path}", html=html, at=next(at), origin=origin)
        for path, title, html, origin in DUMPS
    ]
    dumps.append(new_dump(folder="quay", title="Known", link="https://harbour.example/1", html=SHORT, at=next(at)))
    write_dumps(Path(first.dumps.folders[0]), dumps)
    before = items(first)
    assert len(before) == len(dumps)
    for suffix in ("atom", "rss", "json"):
        second = make_instance(suffix)
        with (
            run_upstream() as server,
            HttpSession(
                Path(second.var_dir), FetchSettings(allow=("127.0.0.0/8",)), user_agent="refeed/test"
            ) as session,
        ):
            server.routes["/feed"] = reply((Path(first.feeds_dir) / f"all.{suffix}").read_bytes())
            rule = UpstreamRule(source="quay", url=server.url("/feed"), sources="all")
            result = fetch_upstream(rule, session, fetch_dirs(second), UpstreamState(), NOON)
        assert not result.state.error and not result.state.notes
        assert items(second) == before, suffix
