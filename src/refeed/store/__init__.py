"""rows, by URL (SQLAlchemy Core): the truth. Alone may speak SQL."""

from .mending import mend
from .recording import EntryRow, Reading, Recorded, forget_files, record
from .reposts import Candidate, Judge
from .revising import keep, relabel, restore, revise, withdraw
from .store import Doubt, FeedState, Member, MonthState, Original, Store, Stored

__all__ = [
    "Candidate",
    "Doubt",
    "EntryRow",
    "FeedState",
    "Judge",
    "Member",
    "MonthState",
    "Original",
    "Reading",
    "Recorded",
    "Store",
    "Stored",
    "forget_files",
    "keep",
    "mend",
    "record",
    "relabel",
    "restore",
    "revise",
    "withdraw",
]
