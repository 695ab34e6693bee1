"""A maker travels to the processes that make entries, whatever it has done before."""

from __future__ import annotations

import pickle
from collections.abc import Callable

from refeed.config.settings import Settings
from refeed.ingest.entry_builder import EntryBuilder


def test_a_maker_that_has_been_at_work_can_be_sent_and_works_there(make_settings: Callable[..., Settings]) -> None:
    """Seen with 20,000 dumps: one that was slow was to be made alone, and every batch with it failed."""
    maker = EntryBuilder.from_settings(make_settings())
    versions = maker.rules_version, maker.topics_version, maker.rule_lookup, maker.matcher
    sent = pickle.loads(pickle.dumps(maker))
    assert (sent.rules_version, sent.topics_version) == versions[:2]
    assert sent == maker
