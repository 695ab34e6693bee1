"""A damaged SQLite file is found and moved aside; an intact one is not read for nothing."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.store_builders import NOON, file_result
from refeed.store.dump_recording import record_files
from refeed.store.sqlite_recovery import is_marked_sound, mark_clean_shutdown, mark_sound, recover_sqlite
from refeed.store.store import Store


def filled_store(file: Path) -> Store:
    """A store with fifty entries, closed."""
    store = Store(f"sqlite:///{file}")
    store.migrate()
    record_files(store, [file_result(n) for n in range(50)], NOON)
    store.close()
    return store


def damage(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:8192] + bytes(4096) + content[12288:])


def test_a_store_is_checked_again_after_a_clean_shutdown_only_if_the_file_was_touched(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    store = filled_store(file)
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    assert recover_sqlite(store.url) is None
    mark_clean_shutdown(store.url)
    assert recover_sqlite(store.url) is None
    damage(file)
    os.utime(file, ns=times)
    assert recover_sqlite(store.url) == tmp_path / "store.db.damaged-1"
    assert recover_sqlite(store.url) is None


def test_a_store_that_only_this_program_wrote_to_is_not_read_after_a_kill(tmp_path: Path) -> None:
    file, mark = tmp_path / "store.db", tmp_path / "store.db.sound"
    store = Store(f"sqlite:///{file}")
    store.migrate()
    other = Store(store.url)
    other.migrate()
    record_files(store, [file_result(n) for n in range(50)], NOON)
    other.set_meta("a command", "wrote this")
    store.set_meta("the worker", "wrote this, and was killed")
    file.chmod(0o640)  # what is not ours changes the ctime
    assert not is_marked_sound(file)
    store.check_intact()
    store.set_meta("the worker", "wrote again")
    assert is_marked_sound(file)
    text = mark.read_text()
    mark.write_text(text.replace(text.split()[-1], "another start of the machine"))
    assert not is_marked_sound(file)
    assert recover_sqlite(store.url) is None
    assert is_marked_sound(file)


def test_after_an_error_a_store_is_read_although_only_this_program_wrote_to_it(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    store = filled_store(file)
    damage(file)
    mark_sound(file)
    assert recover_sqlite(store.url) is None
    assert recover_sqlite(store.url, trusts_mark=False) == tmp_path / "store.db.damaged-1"
