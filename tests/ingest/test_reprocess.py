"""New rules and topics: stored entries are labelled and cleaned again, no date moves, nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refeed.config.settings import Settings
from refeed.config.source_rules import SourceRule
from refeed.config.topic_rules import TopicRule
from refeed.ingest.entry_builder import EntryBuilder
from refeed.ingest.entry_pool import EntryPool
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.reprocess import Reprocessor

CHESS = TopicRule(id="chess", title="国际象棋", words=("国际象棋",))
TEA = TopicRule(id="tea", title="茶", words=("茶馆",))


def clock() -> datetime:
    return datetime(2024, 1, 2, tzinfo=UTC)


def write(folder: Path, number: int, text: str) -> None:
    body = f"<p>这是一篇用来测试的样稿，编号{number}。{text}</p>"
    dump = f"<!--{1700000000 + number}000-->\n[样稿{number}：{text}](https://sample.example.net/{number})\n------\n\n{body}\n"
    (folder / f"{number}.md").write_text(dump, "utf-8")


def documents(settings: Settings) -> dict[str, bytes]:
    root = Path(settings.feeds_dir)
    paths = (path for path in root.rglob("*.*") if path.suffix in (".atom", ".rss"))
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def test_a_changed_topic_relabels_stored_entries_and_changes_only_documents_that_name_it(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = replace(make_settings(), topics=(CHESS, TEA))
    write(tmp_path / "dumps", 1, "国际象棋大赛在茶馆举行")
    write(tmp_path / "dumps", 2, "围棋大赛在茶馆举行")
    pipeline = Pipeline.open(settings, clock=clock)
    pipeline.ingest()
    pipeline.close()
    before = documents(settings)
    assert before["topic/chess.atom"].count(b"<entry") == 1

    wider = replace(settings, topics=(replace(CHESS, words=("国际象棋", "围棋")), TEA))
    pipeline = Pipeline.open(wider, clock=clock)
    pipeline.ingest()
    pipeline.close()
    after = documents(wider)
    assert after["topic/chess.atom"].count(b"<entry") == 2
    changed = {name for name in after if after[name] != before.get(name)}
    # The label is also the entry's category wherever it is shown, so its other feeds change with it.
    assert {name.rpartition(".")[0] for name in changed} == {
        "topic/chess",
        "topic/tea",
        "all",
        next(name.rpartition(".")[0] for name in after if name.startswith("source/sample")),
    }
    updated = [line for line in after["all.atom"].split(b"<") if line.startswith(b"updated>")]
    assert set(updated) <= {line for line in before["all.atom"].split(b"<") if line.startswith(b"updated>")}


def test_labelling_interrupted_by_another_change_has_the_same_result(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = replace(make_settings(), topics=(CHESS, TEA))
    for number in range(1, 5):
        write(tmp_path / "dumps", number, "国际象棋大赛")
    pipeline = Pipeline.open(settings, clock=clock)
    pipeline.ingest()

    # Half of the entries lose the label to a rule that is withdrawn before the rest are processed.
    other = EntryPool(EntryBuilder.from_settings(replace(settings, topics=(replace(CHESS, words=("围棋",)), TEA))))
    Reprocessor(pipeline.store, other, clock, batch=2).step()
    pipeline.ingest()

    labels = [
        [label.topic for label in stored.labels]
        for stored in pipeline.store.get_entries(pipeline.store.get_entry_ids())
    ]
    pipeline.close()
    assert labels == [["chess"]] * 4


def test_a_changed_rule_cleans_again_and_moves_no_date(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = replace(make_settings(), topics=())
    link = "https://www.dw.com/zh/sample/a-1"
    body = "<p>这是一篇用来测试的样稿。</p><p>样稿的广告语。</p>"
    (tmp_path / "dumps" / "1.md").write_text(f"<!--1700000000000-->\n[样稿]({link})\n------\n\n{body}\n", "utf-8")
    pipeline = Pipeline.open(settings, clock=clock)
    pipeline.ingest()
    (id,) = pipeline.store.get_entry_ids()
    known = pipeline.store.get_entry(id)
    assert known is not None
    assert "广告语" in known[0].entry.html
    pipeline.close()

    (dw,) = [rule for rule in settings.sources if rule.id == "dw"]
    line = replace(
        dw.line_rules[0], match="^样稿的广告语。$", to="drop", where="any", links=False, keep=False, figures=False
    )
    sources = tuple(replace(dw, line_rules=(line,)) if rule is dw else rule for rule in settings.sources)
    pipeline = Pipeline.open(replace(settings, sources=sources), clock=clock)
    pipeline.ingest()
    again = pipeline.store.get_entry(id)
    pipeline.close()
    assert again is not None
    assert "广告语" not in again[0].entry.html
    assert (again[0].entry.published, again[0].entry.updated) == (known[0].entry.published, known[0].entry.updated)


@pytest.mark.slow
def test_a_source_that_becomes_private_leaves_all_other_feeds_until_it_is_public_again(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    private = replace(
        make_settings(), topics=(CHESS,), sources=(SourceRule(id="sample", hosts=("sample.example.net",)),)
    )
    private = replace(private, sources=(replace(private.sources[0], access="private"),))
    public = replace(private, sources=(replace(private.sources[0], access="public"),))
    for number in range(300):  # more than one batch
        write(tmp_path / "dumps", number, "国际象棋大赛")
    found = []
    for settings in (public, private, public):
        pipeline = Pipeline.open(settings, clock=clock)
        pipeline.ingest()
        found.append({str(state.path): state.entries for state in pipeline.store.get_feed_states()})
        cleaned = pipeline.reprocessor.step()
        pipeline.close()
        assert cleaned is None
    assert found[0]["all"] == found[0]["topic/chess"] == found[0]["source/sample"] == 300
    assert (found[1]["all"], found[1]["topic/chess"], found[1]["source/sample"]) == (0, 0, 300)
    assert found[2] == found[0]
    assert b"<entry" in documents(public)["all.atom"]
