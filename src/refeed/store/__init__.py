"""rows, by URL (SQLAlchemy Core): the truth. Alone may speak SQL."""

from .advisory import AdvisoryLock
from .copying import Copied, copy
from .engine import is_shared
from .forgetting import forget
from .listening import Listener
from .mending import leave, mend
from .recording import Reading, Recorded, forget_files, record
from .reposts import Judge
from .revising import adorn, enrich, hide, keep, relabel, restore, revise, withdraw
from .rows import Doubt, FeedState, Member, MonthState, Original, Stored, spelled
from .store import Store

__all__ = [
    "AdvisoryLock",
    "Copied",
    "Doubt",
    "FeedState",
    "Judge",
    "Listener",
    "Member",
    "MonthState",
    "Original",
    "Reading",
    "Recorded",
    "Store",
    "Stored",
    "adorn",
    "copy",
    "enrich",
    "forget",
    "forget_files",
    "hide",
    "is_shared",
    "keep",
    "leave",
    "mend",
    "record",
    "relabel",
    "restore",
    "revise",
    "spelled",
    "withdraw",
]
