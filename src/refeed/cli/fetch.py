"""`refeed fetch`: poll the upstreams once, write their dumps."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from ..clock import format_rfc3339, utc_now
from ..config.settings import Settings
from ..fetch.poller import fetch_all
from ..fetch.upstreams import fetch_dirs, open_session
from ..store.store import Store
from ..store.upstream_states import load_upstream_states, save_upstream_states
from .main import pass_settings
from .output import echo


@click.command("fetch")
@click.option("--now", "force", is_flag=True, help="Poll every upstream, whatever its schedule.")
@pass_settings
def fetch_command(settings: Settings, force: bool) -> None:
    """Poll the upstreams once and write their dumps; upstreams that are not due are skipped."""
    if not settings.upstreams:
        echo(f"{settings.config_file}: no upstreams configured")
        return
    with closing(Store(settings.database_url)) as store:
        store.migrate()
        has_failed = _fetch(settings, store, force=force)
    sys.exit(1 if has_failed else 0)


def _fetch(settings: Settings, store: Store, *, force: bool) -> bool:
    """Poll, save and report; returns whether an upstream failed."""
    has_failed = False
    states = load_upstream_states(store, settings.upstreams, settings.var_dir)
    for result in fetch_all(states, open_session(settings), fetch_dirs(settings), utc_now(), force=force):
        state = result.state
        save_upstream_states(store, {result.upstream: state}, utc_now())
        if result.requested:
            outcome = f"{len(result.paths)} dump{'' if len(result.paths) == 1 else 's'}"
        else:
            outcome = f"not due before {format_rfc3339(state.next) if state.next else 'later'}"
        if state.error:
            outcome += f": {state.error}"
            has_failed = True
        for line in (outcome, *state.notes):
            echo(f"{result.upstream.address}: {line}", err=bool(state.error))
    return has_failed
