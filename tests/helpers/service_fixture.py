"""A service of its own in a folder: runs commands on sample dumps, reads its documents and store, finds problems."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

from click.testing import CliRunner, Result

from refeed.cli.main import main
from refeed.metrics import get_metrics

ROOT = Path(__file__).parents[2]
CONFIG = """
site: {id: "tag:example.org,2026", title: 样本站, author: 样本站}
dumps: {folders: [dumps], rescan: 5s, limits: {settle: 500ms}}
topics:
  - {id: sample, title: 样本, words: [样本]}
"""


def sample_dump(number: int, *, text: str = "", at: int = 0, title: str = "") -> bytes:
    """A dump whose text says that it is a sample; a higher number is younger."""
    epoch = at or 1_700_000_000 + number * 600
    body = text or f"这是第{number}篇样本的正文，只为测试而写。" * 3
    link = f"https://sample.example.org/{number}"
    return f"<!--{epoch}000-->\n[{title or f'样本标题{number}'}]({link})\n------\n\n<p>{body}</p>\n".encode()


def count_durations(what: str) -> float:
    """How often /metrics says that this process has done something."""
    return get_metrics().own_registry.get_sample_value("refeed_seconds_count", {"what": what}) or 0.0


class LocalService:
    """A folder with config.yaml, dumps/, feeds/ and var/."""

    def __init__(self, home: Path, config: str = CONFIG) -> None:
        self.home = home
        self.dumps, self.feeds, self.var = home / "dumps", home / "feeds", home / "var"
        self.dumps.mkdir(parents=True, exist_ok=True)
        if not (home / "config.yaml").exists():
            (home / "config.yaml").write_text(config)

    @property
    def store(self) -> Path:
        return self.var / "refeed.db"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("REFEED_", "DATABASE_URL"))}
        paths = {"PYTHONPATH": str(ROOT / "src"), "REFEED_CONFIG": str(self.home / "config.yaml")}
        return kept | paths | more

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "refeed", *arguments]

    def run(self, *arguments: str, **more: str) -> Result:
        """Run a command to its end, in this process: a process of its own takes ten times as long."""
        return CliRunner().invoke(main, arguments, env=self.environment(**more))

    def start(self, *arguments: str, log: Path | None = None, **more: str) -> subprocess.Popen[bytes]:
        """Start a command and leave it running."""
        with (log or self.home / "log").open("ab") as output:
            return subprocess.Popen(
                self.command(*arguments),
                env=self.environment(**more),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def add_dump(self, name: str, data: bytes) -> Path:
        """Write a dump and rename it into place."""
        path = self.dumps / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(data)
        temporary.rename(path)
        return path

    def documents(self) -> dict[str, bytes]:
        """Every document, by its path below feeds/."""
        # Not rglob: it fails when a folder disappears meanwhile, and `.new` comes and goes.
        paths = [Path(folder, name) for folder, _, names in os.walk(self.feeds) for name in names if name[0] != "."]
        return {str(p.relative_to(self.feeds)): p.read_bytes() for p in paths if ".new" not in p.parts}

    def ids(self, feed: str = "all") -> list[str]:
        """Entry ids in the JSON document of a feed."""
        paths = (folder / f"{feed}.json" for folder in (self.feeds, self.var / "private"))
        path = next((path for path in paths if path.exists()), None)
        return [item["id"] for item in json.loads(path.read_bytes())["items"]] if path else []

    def query(self, query: str) -> list[tuple[object, ...]]:
        """Run one statement in the store (SQLite); returns its rows."""
        with closing(sqlite3.connect(self.store)) as connection, connection:
            return list(connection.execute(query))

    def find_problems(self) -> list[str]:
        """Check the store, its counters and every document against each other; empty when all is well."""
        try:
            return self._check()
        except sqlite3.Error as error:
            return [f"the store: {error}"]

    def _check(self) -> list[str]:
        problems = [f"integrity: {row[0]}" for row in self.query("PRAGMA integrity_check") if row[0] != "ok"]
        recorded = {os.fsdecode(bytes(path)) for (path,) in self.query("SELECT path FROM files")}  # type: ignore[arg-type]
        problems += [f"{path} is not recorded" for path in self.dumps.rglob("*.md") if str(path) not in recorded]
        lost = self.query("SELECT count(*) FROM dumps WHERE entry_id NOT IN (SELECT id FROM entries)")[0][0]
        problems += [f"{lost} dumps without their entry"] if lost else []
        for name, data in self.documents().items():
            problems += _parse_errors(name, data)
        members = self.query("SELECT count(*) FROM feed_members WHERE feed = 'all'")[0][0]
        counted = self.query("SELECT coalesce(max(entries), 0) FROM feeds WHERE path = 'all'")[0][0]
        if not members == counted == self._count("entries"):
            problems.append(f"{self._count('entries')} entries, {members} members, {counted} counted")
        if min(self._count("entries"), 50) != len(set(self.ids())):
            problems.append(f"{len(set(self.ids()))} entries in all.json of {self._count('entries')}")
        return problems

    def _count(self, table: str) -> int:
        return int(str(self.query(f"SELECT count(*) FROM {table}")[0][0]))


def _parse_errors(name: str, data: bytes) -> list[str]:
    try:
        json.loads(data) if name.endswith(".json") else ElementTree.fromstring(data)
    except (ValueError, ElementTree.ParseError) as error:
        return [f"{name}: {error}"]
    return []
