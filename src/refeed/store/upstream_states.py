"""States of upstreams <-> the store, which keeps them when the disk of a machine is wiped: nothing is dated anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import select

from ..config.settings import UpstreamRule
from ..fetch.upstreams import UpstreamState, read_state_file
from ..model import FeedPath
from . import schema
from .change_propagation import MembershipWriter
from .database import upsert
from .store import Store


def load_upstream_states(
    store: Store, upstreams: Iterable[UpstreamRule], var_dir: str
) -> dict[UpstreamRule, UpstreamState]:
    """The state of each upstream; one that was never saved or cannot be read counts as never polled.

    Raises StoreError.
    """
    with store.read_transaction() as connection:
        rows = {(row.source, row.address): row.state for row in connection.execute(select(schema.upstreams))}
    states = {}
    for upstream in upstreams:
        data = rows.get((upstream.source, upstream.address))
        try:
            state = msgspec.json.decode(data, type=UpstreamState) if data else read_state_file(var_dir, upstream)
        except msgspec.DecodeError:
            state = UpstreamState(address=upstream.address)
        states[upstream] = state
    return states


def save_upstream_states(store: Store, states: Mapping[UpstreamRule, UpstreamState], now: datetime) -> None:
    """Replace the saved states. The feeds of sources whose title changes are published again. Raises StoreError."""
    rows = [
        {
            "source": upstream.source,
            "address": upstream.address,
            "state": msgspec.json.encode(state),
            "title": state.title,
        }
        for upstream, state in states.items()
    ]
    with store.write_transaction() as connection:
        titles = select(schema.upstreams.c.source, schema.upstreams.c.address, schema.upstreams.c.title)
        before = {(row.source, row.address): row.title for row in connection.execute(titles)}
        renamed = [row["source"] for row in rows if before.get((row["source"], row["address"]), "") != row["title"]]
        upsert(connection, schema.upstreams, rows)
        if renamed:
            members = MembershipWriter(connection, now)
            stored = select(schema.sources.c.id).where(schema.sources.c.id.in_(renamed))
            for source in connection.execute(stored).scalars():
                members.touch_feed(FeedPath("source", source))
            members.flush()
