"""Sources without a rule have readable slugs; names that share one are told apart, and each keeps its slug."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from refeed.clean.rule_lookup import hashed_slug
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline
from refeed.model import Source
from refeed.store import schema
from refeed.store.serialization import encode_json
from refeed.store.store import Store


def write(root: Path, folder: str, number: int) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    text = f"<!--{1700000000 + number}000-->\n[样稿{number}](https://x.example/{number})\n------\n\n<p>样稿{number}。</p>\n"
    (root / folder / f"{number}.md").write_text(text, "utf-8")


def ingest(settings: Settings) -> dict[str, str]:
    """Ingest, and return each source's title by its slug."""
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    sources = {source.id: source.title for source in pipeline.store.get_sources()}
    entries = pipeline.store.get_entries(pipeline.store.get_entry_ids())
    assert {stored.entry.source for stored in entries} == sources.keys()
    pipeline.close()
    return sources


def test_folders_and_hosts_give_readable_slugs(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    for number, folder in enumerate(("verge", "The Bay", "")):
        write(tmp_path / "dumps", folder, number)
    assert ingest(make_settings()) == {"verge": "verge", "the-bay": "The Bay", "x-example": "x.example"}
    assert (tmp_path / "feeds" / "source" / "the-bay.atom").exists()


def test_name_whose_slug_is_taken_gets_a_hash(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    write(tmp_path / "dumps", "The Bay", 1)
    ingest(make_settings())
    write(tmp_path / "dumps", "the-bay", 2)
    write(tmp_path / "dumps", "THE BAY", 3)
    sources = ingest(make_settings())
    assert sources == {"the-bay": "The Bay", hashed_slug("the-bay"): "the-bay", hashed_slug("THE BAY"): "THE BAY"}


def test_names_that_meet_in_one_batch_are_told_apart(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    for number, folder in enumerate(("x-example", "X Example", "")):
        write(tmp_path / "dumps", folder, number)
    sources = ingest(make_settings())
    assert sorted(sources.values()) == ["X Example", "x-example", "x.example"]
    assert "x-example" in sources


def test_source_keeps_the_slug_with_a_hash_of_an_earlier_version(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = make_settings()
    store = Store(settings.database_url)
    store.migrate()
    old = Source(id=hashed_slug("The Bay"), title="The Bay", configured=False)
    with store.write_transaction() as connection:
        connection.execute(schema.sources.insert().values(id=old.id, data=encode_json(old)))
    store.close()
    write(tmp_path / "dumps", "The Bay", 1)
    assert ingest(replace(settings)) == {old.id: "The Bay"}
