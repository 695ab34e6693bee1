"""A damaged SQLite file is found and moved aside; an intact one is not read for nothing."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.store_builders import NOON, file_result
from refeed.store.dump_recording import record_files
from refeed.store.sqlite_recovery import mark_clean_shutdown, recover_sqlite
from refeed.store.store import Store


def test_a_store_is_checked_again_after_a_clean_shutdown_only_if_the_file_was_touched(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    store = Store(f"sqlite:///{file}")
    store.migrate()
    record_files(store, [file_result(n) for n in range(50)], NOON)
    store.close()
    content, times = file.read_bytes(), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    assert recover_sqlite(store.url) is None
    mark_clean_shutdown(store.url)
    assert recover_sqlite(store.url) is None
    file.write_bytes(content[:8192] + bytes(4096) + content[12288:])
    os.utime(file, ns=times)
    assert recover_sqlite(store.url) == tmp_path / "store.db.damaged-1"
    assert recover_sqlite(store.url) is None
