"""`refeed upstreams import`: the subscriptions of a feed reader (OPML) -> `upstreams:` for config.yaml, printed."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import click
import yaml
from lxml import etree

from ..clean.rule_lookup import slugify
from ..config.settings import Settings
from ..dumps.writer import is_http_url
from ..errors import RefeedError
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
    if not outlines:
        raise RefeedError(f"{file}: no OPML file with feeds; export the subscriptions of a feed reader as OPML")
    known = {upstream.url for upstream in settings.upstreams}
    taken = {upstream.source for upstream in settings.upstreams}
    items = []
    for outline in outlines:
        address = (outline.get("xmlUrl") or "").strip()
        title = (outline.get("title") or outline.get("text") or "").strip()
        if not address:  # a category
            continue
        if not is_http_url(address):
            echo(
                f"{file}:{outline.sourceline}: {title}: left out, because {address} is no http or https address",
                err=True,
            )
            continue
        if "+" in outline.get("type", ""):  # FreshRSS: HTML+XPath, JSON+DotNotation …
            echo(f"{file}:{outline.sourceline}: {title}: left out, because {address} is a page and no feed", err=True)
            continue
        url, login = _split_login(_encode(address))
        if url in known:
            continue
        if "@" in urlsplit(address).netloc and not login:
            echo(f"{file}:{outline.sourceline}: {title}: its login is left out; write it as `login`", err=True)
        source = slugify(title or str(urlsplit(url).hostname), taken)
        known.add(url)
        taken.add(source)
        items.append({"source": source, "url": url} | ({"login": login} if login else {}))
    if not items:
        echo(f"{file}: no feeds that are not configured ({len(outlines)} outlines)", err=True)
        return
    click.echo(yaml.safe_dump({"upstreams": items}, sort_keys=False, allow_unicode=True), nl=False)


def _split_login(url: str) -> tuple[str, str]:
    """`https://user:password@host/…` -> `https://host/…` and `user:password`, as the configuration has them."""
    parts = urlsplit(url)
    account, _, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    login = f"{unquote(user)}:{unquote(password)}"
    # Of a login that cannot be written as one, or would be taken for a variable, the address keeps nothing.
    is_plain = bool(user and password) and login.isprintable() and "${" not in login and ":" not in unquote(user)
    return parts._replace(netloc=host).geturl() if account else url, login if is_plain else ""


def _encode(url: str) -> str:
    """Percent-encode what no URL has: what controls a terminal, and braces. `${REFEED_PUSH_TOKEN}` in config.yaml would
    be that token, and be sent to whoever wrote the file."""
    return "".join(c if c.isprintable() and c not in _NOT_IN_URLS else quote(c) for c in url)
