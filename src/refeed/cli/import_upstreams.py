"""`refeed upstreams import`: the subscriptions of a feed reader (OPML) -> `upstreams:` for config.yaml, printed."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import click
import yaml
from lxml import etree

from ..clean.rule_lookup import slugify
from ..config.settings import Settings
from ..dumps.writer import is_http_url
from .main import pass_settings
from .output import echo

_NOT_IN_URLS = ' "<>\\^`{|}'


@click.group("upstreams")
def upstreams_group() -> None:
    """Manage the feeds that dumps come from."""


@upstreams_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@pass_settings
def import_command(settings: Settings, file: str) -> None:
    """Print the feeds of an OPML file as items of `upstreams:`, without those that are configured. Changes nothing."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(Path(file).read_bytes(), parser)
    except etree.XMLSyntaxError:  # nothing in it is XML
        root = None
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
        items.append({"source": source, "url": _encode(url)})
    if not items:
        echo(f"{file}: no feeds that are not configured ({len(outlines)} outlines)", err=True)
        return
    click.echo(yaml.safe_dump({"upstreams": items}, sort_keys=False, allow_unicode=True), nl=False)


def _encode(url: str) -> str:
    """Percent-encode what no URL has: what controls a terminal, and braces. `${REFEED_PUSH_TOKEN}` in config.yaml would
    be that token, and be sent to whoever wrote the file."""
    return "".join(c if c.isprintable() and c not in _NOT_IN_URLS else quote(c) for c in url)
