"""`refeed tokens`: the addresses of private feeds, one for each reader."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..config.settings import Settings
from ..errors import RefeedError
from ..feeds.access_tokens import AccessTokens
from ..feeds.registry import build_registry
from ..model import FeedPath
from .main import pass_settings


@click.command("tokens")
@click.argument("feeds", nargs=-1)
@pass_settings
def tokens_command(settings: Settings, feeds: Sequence[str]) -> None:
    """List the addresses of private FEEDS (such as topic/climate), or of all, one for each reader."""
    try:
        paths = [FeedPath.parse(feed) for feed in feeds] or build_registry(settings).feeds
    except ValueError as error:
        raise RefeedError(str(error)) from error
    urls = AccessTokens(settings).private_urls(paths, settings.site.base_url)
    if not urls:
        raise RefeedError("no private feed found; docs/http.md says how to make a feed private")
    for feed, reader, url in urls:
        click.echo(f"{feed}\t{reader}\t{url}")  # readers are printable
