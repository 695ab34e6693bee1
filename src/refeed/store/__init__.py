"""rows, by URL (SQLAlchemy Core): the truth. Alone may speak SQL."""

from .recording import EntryRow, Reading, Recorded, forget_files, record
from .store import Doubt, FeedState, Member, MonthState, Original, Store, Stored

__all__ = [
    "Doubt",
    "EntryRow",
    "FeedState",
    "Member",
    "MonthState",
    "Original",
    "Reading",
    "Recorded",
    "Store",
    "Stored",
    "forget_files",
    "record",
]
