"""The complete examples of the documentation, and compose.yaml, are valid."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import yaml

from refeed.config.load import Environment, load_settings
from refeed.config.source_rules import ExtractRule, LineRule, SourceRule
from refeed.feeds.registry import build_registry

ROOT = Path(__file__).parents[2]


def test_the_example_of_a_source_is_valid_and_has_every_key(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    example = (
        text.partition("`sources/example.yaml` beside config.yaml")[2].partition("```yaml\n")[2].partition("```")[0]
    )
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "example.yaml").write_text(example, "utf-8")
    (tmp_path / "config.yaml").write_text("packs: []\n", "utf-8")
    (rule,) = load_settings({}, tmp_path / "config.yaml").sources
    data = yaml.safe_load(example)
    assert {field.name for field in fields(SourceRule)} - data.keys() == set()
    assert {field.name for field in fields(ExtractRule)} == {key for item in data["extract"] for key in item}
    assert {field.name for field in fields(LineRule)} == {key for item in data["line_rules"] for key in item}
    assert rule.hosts == ("example.org",)


def test_feeds_are_by_the_site_of_the_title_if_no_author_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("site: {title: My site}\n", "utf-8")
    assert build_registry(load_settings({}, tmp_path / "config.yaml")).site.author == "My site"


def test_compose_yaml_sets_known_variables_and_files_that_exist() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    used_in_config = set(re.findall(r"\$\{(\w+)", (ROOT / "config.yaml").read_text("utf-8"))) - {"NAME"}
    known = {field.name.upper() for field in fields(Environment)} | used_in_config
    for name in ("web", "worker"):
        assert used_in_config <= services[name]["environment"].keys() <= known
        assert services[name]["command"][0] == "refeed"
        local = [volume.partition(":")[0] for volume in services[name]["volumes"] if volume.startswith("./")]
        assert all((ROOT / path).exists() for path in local)
    used = set(re.findall(r"@(\w+)/", services["web"]["environment"]["DATABASE_URL"]))
    assert used <= services.keys()
