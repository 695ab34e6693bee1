"""The quality gate finds what is left over or lost, and its floors only rise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench import quality
from helpers.entry_builders import clean_body
from refeed.model import SafeHtml

CASES = Path(__file__).parents[1] / "cases"
SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ('<p><img src="https://images.weserv.nl/?url=a.example/b.jpg"></p>', "proxy"),
        ('<p><a href="https://feedx.xyz">x</a></p>', "footer"),
        ("<p>（欢迎点击此处订阅NYT简报）</p>", "promotion"),
        ("<p>样例（完）</p>", "label"),
        ("<p></p>", "shell"),
        ('<img src="">', "shell"),
        ('<p class="x">样例</p>', "attribute"),
        ('<a href="https://a.example/?b=1&amp;utm_source=x">样例</a>', "tracker"),
        ("<p>样例  样例</p>", "white space"),
        ('<img src="https://a.example/b.jpg" alt=""><img src="https://a.example/b.jpg" alt="">', "twin"),
    ],
)
def test_every_detector_finds_its_leftover(html: str, name: str) -> None:
    cleaned = clean_body("<p>样例。</p>")
    assert list(quality.leftovers(cleaned)) == []
    planted = replace(cleaned, entry=replace(cleaned.entry, html=SafeHtml(html)))
    assert name in quality.leftovers(planted)


def test_sentences_leave_out_what_is_not_the_article() -> None:
    assert quality.sentences("<p>第一句。第二句。</p><p>（译者：样甲/核稿：样乙）</p>") == ["第一句。", "第二句。"]


def test_cases_are_measured_and_pass(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    floors = tmp_path / "floors.json"
    assert quality.main([str(CASES), "--floors", str(floors), "--raise"]) == 0
    assert "nothing" in capsys.readouterr().out
    assert json.loads(floors.read_text())["dw"]["clean"] == 1.0


def test_value_under_its_floor_fails_and_the_floor_is_not_lowered(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    floors = tmp_path / "floors.json"
    floors.write_text(json.dumps({"reuters": {"author": 1.0, "text": 0.5}}))
    assert quality.main([str(CASES), "--floors", str(floors), "--raise"]) == 1
    assert "reuters: author is 0.6667, under its floor of 1.0000" in capsys.readouterr().err
    kept = json.loads(floors.read_text())["reuters"]
    assert kept["author"] == 1.0
    assert kept["text"] > 0.5


def test_a_quarantined_dump_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "1.md").write_text("没有链接的样例")
    assert quality.main([str(tmp_path), "--floors", str(tmp_path / "none.json")]) == 1
    assert "1 quarantined" in capsys.readouterr().err


def test_folder_without_dumps_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert quality.main([str(tmp_path)]) == 2
    assert "no dumps to measure" in capsys.readouterr().err


def test_real_dumps_are_over_the_floors() -> None:
    if not SAMPLES.is_dir():
        pytest.skip(f"no sample dumps at {SAMPLES}")
    assert quality.main([str(SAMPLES)]) == 0
