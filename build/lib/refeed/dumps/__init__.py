"""Folders -> the files in them that are dumps, and their bytes. Alone may read dump files; opens nothing else."""

from .names import ignored, shown
from .reading import read
from .scanning import Found, look, scan, settled

__all__ = ["Found", "ignored", "look", "read", "scan", "settled", "shown"]
