"""Documentation stays complete: every command, option, key, environment variable and route is in README or docs/."""

from __future__ import annotations

import dataclasses
import re
import typing
from pathlib import Path

import click

from refeed.cli.main import main
from refeed.config.load import Environment
from refeed.config.settings import ConfigFile
from refeed.model import FeedPath
from refeed.web.app import create_app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(path.read_text("utf-8") for path in PAGES)


def commands(group: click.Group, prefix: str = "refeed") -> dict[str, click.Command]:
    """Every command by its full name, subcommands included."""
    by_name = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            by_name |= commands(command, f"{prefix} {name}")
        else:
            by_name[f"{prefix} {name}"] = command
    return by_name


def keys(cls: type) -> set[str]:
    """Every key of a configuration type, those of nested types included."""
    found: set[str] = set()
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        found.add(field.name.replace("_", "-"))
        for part in (hints[field.name], *typing.get_args(hints[field.name])):
            if dataclasses.is_dataclass(part) and isinstance(part, type) and part is not FeedPath:  # written as text
                found |= keys(part)
    return found


def test_every_command_is_documented() -> None:
    assert [name for name in commands(main) if name not in TEXT] == []


def test_every_option_is_documented() -> None:
    options = [
        option
        for command in commands(main).values()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in parameter.opts
    ]
    assert [option for option in options if option not in TEXT] == []


def test_former_names_of_commands_work_and_are_not_listed() -> None:
    context = click.Context(main)
    assert main.get_command(context, "watch") is main.get_command(context, "worker")
    assert "watch" not in main.list_commands(context)


def test_every_key_of_the_configuration_is_documented() -> None:
    text = TEXT.replace("_", "-")
    assert [key for key in sorted(keys(ConfigFile)) if not re.search(rf"`{key}`|\b{key}:", text)] == []


def test_every_environment_variable_is_documented() -> None:
    names = [field.name.upper() for field in dataclasses.fields(Environment)]
    assert [name for name in names if f"`{name}`" not in TEXT] == []


def test_every_route_is_documented() -> None:
    rules = [re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", rule.rule) for rule in create_app().url_map.iter_rules()]
    assert [rule for rule in rules if rule.split("<")[0].rstrip("/") not in TEXT] == []


def test_every_file_that_the_documents_name_exists() -> None:
    """Paths from the root, and modules below `src/refeed`; paths with `<…>` or `*` are patterns."""
    missing = []
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "bench" / "README.md"]:
        text = page.read_text("utf-8")
        names = re.findall(r"`((?:src|tests|bench|docs|seeds)/[^`<*\s]*|[\w/]+/\w+\.py|\w+\.py)`", text)
        names += re.findall(r"\]\((?!https?:)([^)#]+)", text)
        folders = (ROOT, ROOT / "src" / "refeed", page.parent)
        missing += [f"{page.name}: {name}" for name in names if not any((folder / name).exists() for folder in folders)]
    assert missing == []
