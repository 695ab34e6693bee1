"""A store moved to another database, and to an empty disk, publishes the same documents."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers import postgresql
from refeed.cli.main import main
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline
from refeed.publish.output_dir import OutputDir

ROOT = Path(__file__).parents[2]


def publish(settings: Settings, folder: Path) -> dict[str, tuple[bytes, float]]:
    """Publish everything, archives included, to an empty folder; returns bytes and date of each document."""
    pipeline = Pipeline.open(settings)
    pipeline.publisher.publish()
    for path in pipeline.publisher.registry().feeds:
        pipeline.publisher.render_archives(path)
    names = OutputDir(folder).list_documents()
    pipeline.close()
    return {name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime) for name in names}


@pytest.fixture
def filled(tmp_path: Path, make_settings: Callable[..., Settings]) -> str:
    """An SQLite store with the seeds and samples of two months; its URL."""
    settings = make_settings()
    for seed in (ROOT / "seeds").glob("*.txt"):
        shutil.copy(seed, tmp_path / "dumps")
    for number in range(130):
        (tmp_path / "dumps" / f"{number}.txt").write_text(
            f"<!--2023-{5 + number // 65:02}-{1 + number % 28:02}T08:00:00Z-->\n"
            f"[样稿第{number}篇：香港](https://sample.example.net/{number})\n------\n\n"
            f"<p>这是一篇用来测试的样稿，第{number}篇，不是任何媒体的报道。</p>\n",
            "utf-8",
        )
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    pipeline.close()
    return settings.database_url


@pytest.mark.slow
def test_from_sqlite_to_postgres_and_back_the_feeds_are_the_same_bytes(
    filled: str,
    postgres_url: str,
    tmp_path: Path,
    make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    back = f"sqlite:///{tmp_path / 'back.db'}"
    for name, value in {"REFEED_VAR": tmp_path / "cli", "REFEED_CONFIG": ROOT / "config.yaml"}.items():
        monkeypatch.setenv(name, str(value))
    for source, target in ((filled, postgres_url), (postgres_url, str(tmp_path / "back.db"))):
        result = CliRunner().invoke(main, ["copy-store", source, target])
        assert result.exit_code == 0, result.output
        assert "132 rows, verified" in result.output
    again = CliRunner().invoke(main, ["copy-store", filled, back])
    assert again.exit_code == 1
    assert "copy into an empty database" in again.output
    found = []
    for number, url in enumerate((filled, postgres_url, back)):
        folder = tmp_path / f"feeds-{number}"
        found.append(publish(make_settings(DATABASE_URL=url, REFEED_FEEDS=str(folder)), folder))
    assert len(found[0]) > 85
    assert any("/archive/" in name for name in found[0])
    assert found[0] == found[1] == found[2]


def test_a_missing_source_store_is_an_error_and_is_not_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFEED_CONFIG", str(ROOT / "config.yaml"))
    monkeypatch.setenv("REFEED_VAR", str(tmp_path / "var"))
    result = CliRunner().invoke(main, ["copy-store", str(tmp_path / "none.db"), str(tmp_path / "new.db")])
    assert result.exit_code == 1
    assert "none.db" in result.output
    assert not (tmp_path / "none.db").exists()


def test_migrate_creates_the_schema_and_can_run_again(
    postgres_url: str, postgres_server: postgresql.PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEED_CONFIG", str(ROOT / "config.yaml"))
    monkeypatch.setenv("DATABASE_URL", postgres_url.replace("postgresql://", "postgres://"))
    for _ in range(2):
        result = CliRunner().invoke(main, ["migrate"])
        assert result.exit_code == 0, result.output
        assert "schema version" in result.output
