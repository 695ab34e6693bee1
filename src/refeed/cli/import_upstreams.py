"""`refeed upstreams import`: the subscriptions of a feed reader (OPML) -> `upstreams:` for config.yaml, printed."""

from __future__ import annotations

from pathlib import Path

import click
import yaml
from lxml import etree

from ..clean.rule_lookup import slugify
from ..config.settings import Settings
from ..dumps.writer import is_http_url
from .main import pass_settings
from .output import echo


@click.group("upstreams")
def upstreams_group() -> None:
    """Manage the feeds that dumps come from."""


@upstreams_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@pass_settings
def import_command(settings: Settings, file: str) -> None:
    """Print the feeds of an OPML file as items of `upstreams:`, without those that are configured. Changes nothing."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(Path(file).read_bytes(), parser) if Path(file).stat().st_size else None
    outlines = [] if root is None else list(root.iter("outline"))
    known = {upstream.url for upstream in settings.upstreams}
    taken = {upstream.source for upstream in settings.upstreams}
    items = []
    for outline in outlines:
        url = (outline.get("xmlUrl") or "").strip()
        if not is_http_url(url) or url in known:
            continue
        source = slugify((outline.get("title") or outline.get("text") or url).strip(), taken)
        known.add(url)
        taken.add(source)
        items.append({"source": source, "url": url})
    if not items:
        echo(f"{file}: no feeds that are not configured ({len(outlines)} outlines)", err=True)
        return
    # Escapes of YAML for what a terminal must not get. The source is a slug.
    is_printable = all(item["url"].isprintable() for item in items)
    click.echo(yaml.safe_dump({"upstreams": items}, sort_keys=False, allow_unicode=is_printable), nl=False)
