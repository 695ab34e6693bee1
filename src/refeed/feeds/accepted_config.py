"""Settings and the store -> whether readers would lose a feed that the operator may not mean to remove.

A config.yaml that an editor has half saved, or an older one beside a newer program, lacks feeds that readers have. The
store keeps the feeds that were last accepted. Settings without one of them are refused until `refeed check --accept`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..config.settings import Settings
from ..errors import ConfigError, StoreError
from ..store.decisions import ACCEPTED_KEY, sync_decisions
from ..store.store import Store
from .registry import build_registry


class _AcceptedConfig(msgspec.Struct, frozen=True):
    site: str
    """`site.id`, with which the id of every feed begins."""
    feeds: Sequence[str]
    """The paths of all configured feeds, sorted."""


def accept_settings(settings: Settings, store: Store, *, with_losses: bool = False) -> list[str]:
    """Record that the store is published with these settings. Returns what readers lose.

    Raises ConfigError and records nothing if they lose anything, unless `with_losses`.
    """
    losses = _find_losses(settings, store)
    if losses and not with_losses:
        raise _refusal(settings, losses)
    feeds = sorted(str(path) for path in build_registry(settings).feeds)
    accepted = _AcceptedConfig(settings.site.id, feeds)
    store.set_meta(ACCEPTED_KEY, msgspec.json.encode(accepted).decode())
    sync_decisions(store)
    return losses


def check_settings(settings: Settings) -> Settings:
    """Return the settings. Raises ConfigError if readers would lose a feed; a store that does not answer cannot say."""
    store = Store(settings.database_url, read_only=True)
    try:
        losses = _find_losses(settings, store)
    except StoreError:
        return settings
    finally:
        store.close()
    if losses:
        raise _refusal(settings, losses)
    return settings


def _find_losses(settings: Settings, store: Store) -> list[str]:
    """What readers have and would lose, in words. A feed that is renamed or listed under `retired` is not lost."""
    stored = store.get_meta(ACCEPTED_KEY)
    if stored is None:
        return []
    accepted = msgspec.json.decode(stored, type=_AcceptedConfig)
    registry = build_registry(settings)
    known = {str(path) for path in (*registry.feeds, *registry.moved, *registry.retired)}
    losses = [f"no longer has {path}" for path in accepted.feeds if path not in known]
    if accepted.site != settings.site.id:
        losses.insert(0, f"site.id was {accepted.site!r} and is {settings.site.id!r}, so every entry would be unread")
    return losses


def _refusal(settings: Settings, losses: Sequence[str]) -> ConfigError:
    hint = "put it back, list feeds under `retired`, or run `refeed check --accept` if it is meant"
    more = f" (and {len(losses) - 3} more)" if len(losses) > 3 else ""
    return ConfigError(f"{settings.config_file}: {'; '.join(losses[:3])}{more}: {hint}")
