"""The text of an agency in several papers: shown once, and in the feed of each paper its own copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from refeed.cli.known_entry import format_same_text
from refeed.config.settings import Settings
from refeed.config.topic_rules import TopicRule
from refeed.ingest.pipeline import Pipeline

ATOM = "{http://www.w3.org/2005/Atom}"
WIRE = """这是为测试写的样稿，没有一句话取自别处。样例市的灯塔管理处星期三宣布，修了三年的老灯塔将在下个月重新亮灯，届时
附近的渔船不必再绕行北边的浅滩。管理处负责人甲某说，新的灯用的是旧透镜，工匠们把它拆成四十二片，一片一片洗净，又照着
一百年前的图纸装了回去。她说，最难找的不是玻璃，而是懂得怎样给铜框上油的人，最后是一位八十岁的退休看灯人教会了他们。
港口的渔民乙某表示，他小时候跟着父亲出海，回来时总是先看见灯再看见岸，后来灯灭了，大家改用电台，可是心里总觉得少了
什么。镇上的小学打算在亮灯那天放假半天，孩子们已经画好了请柬，寄给每一条在册的渔船。预算中没有用完的一小笔钱，将用来
给看灯人的小屋换一扇朝海的窗。"""
TRADITIONAL = str.maketrans("这为测试写样没话处别灯管星宣修将个", "這為測試寫樣沒話處別燈管星宣修將個")
REWRITTEN = """样例市的老灯塔快要亮了。记者昨天去看的时候，脚手架刚刚拆掉，塔身刷成了白色。管理处的人不愿多谈花费，只说
够用。一位画请柬的学生告诉记者，她给舅舅的船画了一条会笑的鱼。镇上的面包店准备做灯塔形状的面包，店主说糖霜要用柠檬汁
来调，不然在海风里会化。傍晚时候雾起来了，几个工人坐在石阶上吃饭，谁也没有说话，只听得见浮标的钟声一下一下地响。"""
LIGHTS, PAPERS = TopicRule(id="lights", words=("灯塔",)), TopicRule(id="papers", words=("渔讯",))


def clock() -> datetime:
    return datetime(2024, 1, 2, tzinfo=UTC)


def write(folder: Path, host: str, day: int, title: str, body: str) -> None:
    epoch = int(datetime(2023, 11, day, tzinfo=UTC).timestamp())
    name = folder / host.partition(".")[0] / f"{day}.md"
    name.parent.mkdir(parents=True, exist_ok=True)
    name.write_text(f"<!--{epoch}000-->\n[{title}](https://{host}/{day})\n------\n\n{body}\n", "utf-8")


def paragraphs(text: str) -> str:
    return "".join(f"<p>{piece}。</p>" for piece in text.replace("\n", "").split("。") if piece)


def entries_in(settings: Settings, feed: str) -> dict[str, list[str]]:
    """The links of a feed's entries, each with the links that it names as `via`."""
    root = ElementTree.fromstring((Path(settings.feeds_dir) / f"{feed}.atom").read_bytes())
    links_by_entry = {}
    for entry in root.iter(f"{ATOM}entry"):
        links = [(link.get("rel"), str(link.get("href"))) for link in entry.iter(f"{ATOM}link")]
        link = next(href for rel, href in links if rel == "alternate")
        links_by_entry[link] = [href for rel, href in links if rel == "via"]
    return links_by_entry


@pytest.fixture
def framed(make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """The agency's text in two papers, the second in Traditional characters, and an article on the same in a third."""
    folder, wire = tmp_path / "dumps", paragraphs(WIRE)
    related = '<ul><li><a href="https://one.example/5">旧闻：灯塔熄灭那一年</a></li></ul>'
    write(folder, "one.example", 10, "老灯塔下月重亮", f"<p>（样例通讯社十日电）</p>{wire}{related}")
    frame = '<figure><img src="https://two.example/a.jpg"><figcaption>編按：圖為本報資料照片，攝於去年秋天。</figcaption></figure>'
    body = f"{frame}<h2>一盞燈</h2>{wire.translate(TRADITIONAL)}<p>（編譯：丙某／核稿：丁某）</p>"
    write(folder, "two.example", 11, "漁訊：燈塔修好了", body)
    write(folder, "three.example", 12, "灯塔亮灯之前", paragraphs(REWRITTEN))
    settings = replace(make_settings(), topics=(LIGHTS, PAPERS))
    pipeline = Pipeline.open(settings, clock=clock)
    pipeline.ingest()
    pipeline.close()
    return settings


def test_a_text_in_two_papers_is_shown_once_with_the_other_as_via(framed: Settings) -> None:
    entries = entries_in(framed, "all")
    assert entries == {"https://one.example/10": ["https://two.example/11"], "https://three.example/12": []}
    assert entries_in(framed, "topic/lights") == entries


def test_a_copy_is_shown_in_the_feed_of_its_paper_and_where_the_original_is_not(framed: Settings) -> None:
    copies = list((Path(framed.feeds_dir) / "source").glob("two*.atom"))
    assert len(copies) == 1
    assert list(entries_in(framed, f"source/{copies[0].stem}")) == ["https://two.example/11"]
    assert list(entries_in(framed, "topic/papers")) == ["https://two.example/11"]


def test_explain_names_the_entry_with_the_same_text(framed: Settings) -> None:
    pipeline = Pipeline.open(framed, clock=clock)
    entries = pipeline.store.get_entries(pipeline.store.get_entry_ids())
    by_link = {stored.entry.link: stored for stored in entries}
    pipeline.close()
    copy, first, rewritten = (
        by_link[f"https://{host}"] for host in ("two.example/11", "one.example/10", "three.example/12")
    )
    (line,) = format_same_text(copy, [first])
    assert "in https://one.example/10" in line
    assert line.endswith("; feeds that could hold both show that one")
    assert int(line.split("%")[0].split()[-1]) > 80
    (other,) = format_same_text(rewritten, [first])
    assert " 0% in" in other
