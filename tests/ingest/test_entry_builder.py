"""An entry builder can be sent to another process, whatever it has built before."""

from __future__ import annotations

import pickle
from collections.abc import Callable

from refeed.config.settings import Settings
from refeed.ingest.entry_builder import EntryBuilder


def test_a_used_builder_can_be_pickled_and_works(make_settings: Callable[..., Settings]) -> None:
    """Seen with 20,000 dumps: a slow one had to run isolated, and every batch with it failed."""
    builder = EntryBuilder.from_settings(make_settings())
    versions = builder.rules_version, builder.topics_version, builder.rule_lookup, builder.matcher
    sent = pickle.loads(pickle.dumps(builder))
    assert (sent.rules_version, sent.topics_version) == versions[:2]
    assert sent == builder
