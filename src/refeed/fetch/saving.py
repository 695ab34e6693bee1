"""A small file of what is remembered -> the disk, whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def save(path: Path, data: bytes) -> None:
    """Replace a file. It survives a power cut, and a kill at any instant leaves the one before. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.refeed-tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
