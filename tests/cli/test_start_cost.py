"""What a command imports: every start of a command pays for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SQL, _SETTINGS, _FEEDS = {"sqlalchemy"}, {"pydantic", "yaml", "refeed.config.settings"}, {"feedparser", "feedgen"}


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        pytest.param("refeed.cli.main", _SQL | _SETTINGS | _FEEDS, id="help and version load no settings"),
        pytest.param("refeed.cli.explain", _SQL | _FEEDS | {"babel", "markdown_it"}, id="explain loads no store"),
        pytest.param("refeed.ingest.entry_pool", _SQL | _FEEDS | {"pydantic"}, id="pool processes load no store"),
    ],
)
def test_what_a_command_does_not_need_is_not_loaded(module: str, unneeded: set[str]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert unneeded & set(loaded.stdout.split()) == set()
