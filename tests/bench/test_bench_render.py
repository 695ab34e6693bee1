"""The benchmark of rendering runs, and the cache of rendered entries saves time."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "render.py"


def test_benchmark_prints_a_row_for_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    bench: dict[str, Any] = runpy.run_path(str(BENCH))
    bench["main"](3, 600)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["document", "atom", "rss", "json"]


def test_document_with_one_new_entry_takes_less_than_half_the_time_of_one_with_all_new() -> None:
    bench: dict[str, Any] = runpy.run_path(str(BENCH))
    _, all_new, one_new, _ = bench["measure"]("atom", 40, 4000)
    assert one_new < all_new / 2
