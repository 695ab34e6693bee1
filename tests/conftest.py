"""What many tests need: a service of its own in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from refeed.config import Settings, load

ROOT = Path(__file__).parents[1]


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with everything below `tmp_path`; the dump folder is `tmp_path/dumps`."""

    def make(config: Path = ROOT / "config.yaml", **environ: str) -> Settings:
        given = {
            "REFEED_DUMPS": str(tmp_path / "dumps"),
            "REFEED_FEEDS": str(tmp_path / "feeds"),
            "REFEED_VAR": str(tmp_path / "var"),
            "BASE_URL": "https://feeds.example.org",
        }
        (tmp_path / "dumps").mkdir(exist_ok=True)
        return load(given | environ, config)

    return make
