"""A bad day: kills, a full disk, a database away, broken settings, clock jumps, moves, pushes, two versions at once.

In the end the store equals a plain replay of everything that was written, pushed and withdrawn, and a client that
remembers was never told less than before.

REFEED_TORTURE_SHARE=0.1 makes the day three minutes long instead of thirty. REFEED_OLDER names a folder with an older
version of the program, which then runs beside this one. The clock jumps where there is a C compiler.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from helpers.postgresql import PostgresServer, run_postgres
from helpers.processes import free_port, wait_until
from helpers.service_fixture import LocalService
from refeed.config.load import load_settings
from refeed.dumps.push_payload import parse_push_payload
from refeed.store.store import Store

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk: root on Linux"),
]
MINUTES = 30 * float(os.environ.get("REFEED_TORTURE_SHARE", "1"))
OLDER = os.environ.get("REFEED_OLDER", "")
TOKEN = "a token of the tests, and of nothing else"
LIMIT = 60
CONFIG = f"""
site: {{id: "tag:example.org,2026", title: 样本站, author: 样本站}}
feeds: {{entries: {LIMIT}, bytes: 8000000}}
dumps: {{folders: [dumps], rescan: 20s, limits: {{settle: 500ms}}}}
topics:
  - {{id: sample, title: 样本, words: [样本]}}
  - {{id: chips, title: 芯片, words: [芯片]}}
"""
FEEDS = ("all", "source/bbc", "source/dw", "source/elsewhere", "topic/sample", "topic/chips")
HOSTS = {"bbc": "www.bbc.com/zhongwen", "dw": "www.dw.com/zh", "elsewhere": "sample.example.org"}


def make_dump(number: int, version: int) -> tuple[str, bytes, str]:
    """The folder, the bytes and the link of a version of an article; the title says which version it is."""
    chance = random.Random(number)
    folder = list(HOSTS)[number % 3]
    link = f"https://{HOSTS[folder]}/a-{100_000 + number}"
    text = "".join(chr(chance.randrange(0x4E00, 0x9000)) + ("。" if n % 12 == 11 else "") for n in range(240))
    word = "芯片" if number % 4 == 0 else "旅行"
    epoch = 1_700_000_000 + number * 600 + version * 7
    body = f"<p>这是第{number}篇样本，写的是{word}。{text}</p><p>第{version}版。</p>"
    return folder, f"<!--{epoch}000-->\n[样本{number} v{version}]({link})\n------\n\n{body}\n".encode(), link


@dataclass(eq=False)
class Remembering(threading.Thread):
    """A client that polls every feed and remembers what it was told."""

    port: int
    withdrawn: set[str]
    """Titles, without their versions, that may be missing."""
    told_less: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self._known: dict[str, dict[str, tuple[int, datetime]]] = {}
        self._etags: dict[str, str] = {}

    def run(self) -> None:
        while not self.stopped.wait(0.4):
            for feed in FEEDS:
                path = f"/feeds/{feed}.json"
                try:
                    status, body = self._get(path)
                except (OSError, http.client.HTTPException):
                    self.answers["no connection"] += 1
                    continue
                self.answers[str(status)] += 1
                if status == 200:
                    self._check(feed, body)
                elif status not in (304, 503):
                    self.told_less.append(f"{_now()} {path}: {status}")

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {"If-None-Match": self._etags[path]} if path in self._etags else {}
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            if response.status == 200:
                self._etags[path] = response.headers["ETag"]
            return response.status, body
        finally:
            connection.close()

    def _check(self, feed: str, body: bytes) -> None:
        known = self._known.setdefault(feed, {})
        items = {}
        for item in json.loads(body)["items"]:
            name, _, version = item["title"].partition(" v")
            items[name] = int(version), datetime.fromisoformat(item["date_published"])
        oldest = min((published for _, published in items.values()), default=None)
        for name, (version, published) in known.items():
            is_expected = name not in self.withdrawn and (len(items) < LIMIT or (oldest and published > oldest))
            if name not in items and is_expected:
                self.told_less.append(f"{_now()} {feed} has no {name} any more ({len(items)} items)")
            elif name in items and items[name][0] < version:
                self.told_less.append(f"{_now()} {feed}: {name} is version {items[name][0]} after {version}")
        known |= items
        for name in self.withdrawn & known.keys() - items.keys():
            del known[name]


def run_command(service: LocalService, *arguments: str, **environment: str) -> None:
    environ = service.environment(**environment)
    done = subprocess.run(service.command(*arguments), env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr)


def _now() -> str:
    return time.strftime("%H:%M:%S")


class BadDay:
    """The service, and what goes wrong."""

    def __init__(self, home: Path, database_url: str, server: PostgresServer | None) -> None:
        self.service = LocalService(home, CONFIG)
        self.outside = home.parent / "outside"
        self.outside.mkdir()
        self.log = home.parent / "log"
        self.clock = home.parent / "clock"
        self.chance = random.Random(20)
        self.server = server
        self.environment = {
            "REFEED_PUSH_TOKEN": TOKEN,
            "BASE_URL": "https://feeds.example.org",
            **({"DATABASE_URL": database_url} if database_url else {}),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        if shutil.which("cc"):
            library = home.parent / "clock.so"
            source = Path(__file__).parents[1] / "helpers" / "clock_offset.c"
            subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
            self.environment |= {"LD_PRELOAD": str(library), "CLOCK_OFFSET_FILE": str(self.clock)}
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.written: dict[str, bytes] = {}
        """Everything that was ever written below dumps/, by its first name there."""
        self.pushed: list[bytes] = []
        self.withdrawn: set[str] = set()
        self.links: dict[int, str] = {}
        self.number = 0
        self.versions: dict[int, int] = {}

    def start(self, name: str, *, source: str = "") -> None:
        """Start a process unless it runs."""
        if name in self.processes and self.processes[name].poll() is None:
            return
        command = {"worker": ["worker"], "web": ["serve", "--no-worker", "--host", "127.0.0.1"]}[name.split()[0]]
        port = self.port if name == "web" else free_port()
        more = {"PYTHONPATH": f"{source}/src"} if source else {}
        self.processes[name] = self.service.start(
            *command, log=self.log, **self.environment | {"PORT": str(port)} | more
        )

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(60)

    def run(self, *arguments: str) -> None:
        """Run a command in a process of its own, which has the clock of the others. Raises OSError if it fails."""
        run_command(self.service, *arguments, **self.environment)

    def write_file(self) -> None:
        """A new article in a file."""
        folder, data, self.links[self.number] = make_dump(self.number, 1)
        self.versions[self.number] = 1
        name = f"{folder}/{self.number}-1.md"
        self.written[name] = data
        self.service.add_dump(name, data)
        self.number += 1

    def write(self) -> None:
        """A new article, or a further version of one; every fourth is pushed."""
        if self.number > 5 and self.chance.random() < 0.3:
            number = self.chance.randrange(self.number)
        else:
            number, self.number = self.number, self.number + 1
        version = self.versions[number] = self.versions.get(number, 0) + 1
        folder, data, self.links[number] = make_dump(number, version)
        name = f"{folder}/{number}-{version}.md"
        # Of a source without a rule, a push and a file say different things, and the earlier one names it.
        if folder != "elsewhere" and self.chance.random() < 0.3:
            self.pushed.append(data)
            self._retry(lambda: self._push(data), 600)
        else:
            self.written[name] = data
            self._retry(lambda: self.service.add_dump(name, data), 60)

    def _push(self, data: bytes) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/dumps", body=data, headers={"Authorization": f"Bearer {TOKEN}"})
            status = connection.getresponse().status
        finally:
            connection.close()
        if status not in (200, 201):
            raise OSError(f"status {status}")

    @staticmethod
    def _retry(action: Callable[[], object], seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                action()
                return
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < end
                time.sleep(0.5)

    # What goes wrong. Each step ends with everything as it was before.

    def kill_worker(self) -> None:
        self.kill("worker")
        time.sleep(self.chance.uniform(0, 3))
        self.start("worker")

    def kill_worker_child(self) -> None:
        """One of the worker's processes: the worker itself, or one that builds entries."""
        group = self.processes["worker"].pid
        children = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _group_of(int(p.name)) == group]
        others = [pid for pid in children if pid != group]
        if others:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(others), signal.SIGKILL)

    def kill_web(self) -> None:
        self.kill("web")
        time.sleep(self.chance.uniform(0, 2))
        self.start("web")

    def end_politely(self) -> None:
        name = self.chance.choice(["web", "worker"])
        self.kill(name, signal.SIGTERM)
        self.start(name)

    def stop_worker_for_a_while(self) -> None:
        self.kill("worker")
        time.sleep(20)
        self.start("worker")

    def fill_disk(self) -> None:
        filling = self.service.home / "filling"
        end = time.monotonic() + self.chance.uniform(4, 12)
        while time.monotonic() < end:
            with filling.open("ab", buffering=0) as file, suppress(OSError):
                for size in (100_000, 512, 1):
                    with suppress(OSError):
                        while True:
                            file.write(b"x" * size)
            time.sleep(0.3)
            if self.chance.random() < 0.1:
                self.kill_worker_child()
        filling.unlink()

    def take_database_away(self) -> None:
        if self.server is None:
            with suppress(sqlite3.Error), closing(sqlite3.connect(self.service.store, timeout=30)) as connection:
                connection.execute("BEGIN EXCLUSIVE")
                time.sleep(self.chance.uniform(5, 25))
                connection.rollback()
            return
        pids = [self.server.pid, *(int(str(pid)) for (pid,) in self.server.run("SELECT pid FROM pg_stat_activity"))]
        if self.chance.random() < 0.5:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            time.sleep(self.chance.uniform(5, 40))
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        else:  # a crash of one backend restarts the whole server
            with suppress(ProcessLookupError):
                os.kill(pids[-1], signal.SIGKILL)

    def break_settings(self) -> None:
        file = self.service.home / "config.yaml"
        whole = CONFIG
        broken = self.chance.choice(
            ["", whole[: len(whole) // 2], whole.replace("id: chips", "id: other"), "site: [", whole + "x: 1\n"]
        )
        self._retry(lambda: file.write_text(broken), 30)
        if self.chance.random() < 0.3:
            self.kill("worker")
            self.start("worker")
        time.sleep(self.chance.uniform(3, 9))
        self._retry(lambda: file.write_text(whole), 30)

    def turn_clock(self) -> None:
        self.clock.write_text(self.chance.choice(["86400", "-86400", "3600", "-7"]))
        time.sleep(self.chance.uniform(3, 15))
        self.clock.unlink()

    def move_files(self) -> None:
        """Rename, move out and back in, and move to another folder, where that says nothing about the source."""
        files = sorted(self.service.dumps.rglob("[0-9]*.md"))
        for path in self.chance.sample(files, min(6, len(files))):
            how = self.chance.randrange(3)
            with suppress(OSError):
                if how == 0:
                    path.rename(path.with_name(f"renamed-{path.name}"))
                elif how == 1:
                    away = self.outside / path.name
                    path.rename(away)
                    time.sleep(self.chance.uniform(0, 1))
                    subprocess.run(["cp", "-p", str(away), f"{path}.part"], check=True)
                    Path(f"{path}.part").rename(path)
                elif path.parent.name in ("bbc", "dw"):
                    other = self.service.dumps / "moved"
                    other.mkdir(exist_ok=True)
                    path.rename(other / path.name)

    def move_folder(self) -> None:
        folder = self.service.dumps / self.chance.choice(["bbc", "dw"])
        with suppress(OSError):
            folder.rename(self.service.dumps / "for-a-moment")
            time.sleep(self.chance.uniform(0, 3))
        for path in sorted((self.service.dumps / "for-a-moment").glob("*")):
            folder.mkdir(exist_ok=True)
            self._retry(lambda path=path: path.rename(folder / path.name), 30)  # type: ignore[misc]

    def wipe_feeds(self) -> None:
        subprocess.run(
            ["rm", "-rf", str(self.service.feeds / self.chance.choice(["topic", "source", ".marks.json"]))], check=False
        )

    def withdraw(self) -> None:
        number = self.chance.randrange(max(1, self.number - 5))
        if number in self.links:
            self.withdrawn.add(f"样本{number}")
            self._retry(lambda: self.run("withdraw", self.links[number]), 120)

    def run_older_beside(self) -> None:
        if OLDER:
            self.start("worker older", source=OLDER)
            self.start("web older", source=OLDER)
            if self.chance.random() < 0.5:
                self.kill_worker()
            time.sleep(self.chance.uniform(5, 15))
            self.kill("worker older", signal.SIGTERM)
            self.kill("web older", signal.SIGTERM)


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return -1


STEPS: tuple[Callable[[BadDay], None], ...] = (
    BadDay.kill_worker,
    BadDay.kill_worker_child,
    BadDay.kill_web,
    BadDay.end_politely,
    BadDay.stop_worker_for_a_while,
    BadDay.fill_disk,
    BadDay.take_database_away,
    BadDay.break_settings,
    BadDay.turn_clock,
    BadDay.move_files,
    BadDay.move_folder,
    BadDay.wipe_feeds,
    BadDay.withdraw,
    BadDay.run_older_beside,
)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "none", str(folder)], check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


Entries = dict[str, tuple[object, ...]]


def read_store(home: Path, database_url: str) -> tuple[Entries, set[str]]:
    """Every entry with what readers see of it, and the titles of those that are withdrawn."""
    environment = {"REFEED_CONFIG": str(home / "config.yaml")}
    url = database_url or load_settings(environment).database_url
    entries: Entries = {}
    withdrawn = set()
    with closing(Store(url, read_only=True)) as store:
        ids = store.get_entry_ids(limit=100_000)
        for start in range(0, len(ids), 200):
            for stored in store.get_entries(ids[start : start + 200]):
                entry = stored.entry
                topics = tuple(label.topic for label in stored.labels)
                seen = (entry.source, entry.link, entry.title, entry.published, entry.updated, str(entry.html), topics)
                entries[entry.id] = seen
                if stored.withdrawn:
                    withdrawn.add(entry.title.partition(" v")[0])
    return entries, withdrawn


def replay(day: BadDay, home: Path) -> LocalService:
    """A fresh service with everything that was ever written and pushed."""
    plain = LocalService(home, CONFIG)
    for name, data in day.written.items():
        plain.add_dump(name, data)
    for data in day.pushed:
        for dump in parse_push_payload(data, "", datetime.now().astimezone()):
            plain.add_dump(str(Path(dump.folder, dump.name)), dump.data)
    environment = {"BASE_URL": day.environment["BASE_URL"]}
    run_command(plain, "ingest", **environment)
    numbers = [int(name.removeprefix("样本")) for name in day.withdrawn]
    if numbers:
        run_command(plain, "withdraw", *(day.links[number] for number in numbers), **environment)
    return plain


def live_through(day: BadDay, database_url: str, tmp_path: Path) -> None:
    if OLDER:  # the day begins with the deployment of this version
        day.start("worker older", source=OLDER)
    for _ in range(12):
        day.write_file()
    if OLDER:
        wait_until(lambda: len(day.service.ids()) == 12, 120, day.log.read_text)
    day.start("worker")
    day.start("web")
    client = Remembering(day.port, day.withdrawn)
    client.start()
    wait_until(lambda: client.answers["200"] + client.answers["304"] >= len(FEEDS), 120, day.log.read_text)
    if OLDER:
        day.kill("worker older")
    stopped = threading.Event()
    problems: list[str] = []

    def write() -> None:
        while not stopped.wait(2):
            try:
                day.write()
            except BaseException as error:  # noqa: BLE001 -- shown at the end
                problems.append(f"{_now()} not accepted: {error!r}")
                return

    writer = threading.Thread(target=write)
    writer.start()
    steps: Counter[str] = Counter()
    end = time.monotonic() + MINUTES * 60
    try:
        while time.monotonic() < end and not problems:
            step = day.chance.choice(STEPS)
            os.write(2, f"    {_now()} {step.__name__}\n".encode())
            step(day)
            steps[step.__name__] += 1
            for name in ("web", "worker"):
                day.start(name)
            time.sleep(day.chance.uniform(0, 8))
    finally:
        stopped.set()
        writer.join(200)
    plain = replay(day, tmp_path / "replay")
    expected, expected_withdrawn = read_store(plain.home, "")
    try:
        wait_until(lambda: _settled(day, database_url, expected, plain), 300)
    except AssertionError:
        found, _ = read_store(day.service.home, database_url)
        problems += [
            f"{id} differs: {found.get(id)} and not {entry}" for id, entry in expected.items() if found.get(id) != entry
        ]
        problems += [f"{id} is too much: {found[id]}" for id in found.keys() - expected.keys()]
        problems += [f"{name} differs" for name in differing(day, plain)]
    client.stopped.set()
    client.join()
    for name in list(day.processes):
        day.kill(name, signal.SIGTERM)
    _, withdrawn = read_store(day.service.home, database_url)
    summary = f"{MINUTES:.0f} minutes: {sum(steps.values())} steps {dict(steps)}; {len(day.written)} dumps written"
    text = f"{summary}, {len(day.pushed)} pushed, {len(withdrawn)} withdrawn; {client.answers}"
    os.write(2, "\n    ".join(["", text, *problems, *client.told_less, ""]).encode())
    assert problems == []
    assert client.told_less == []
    assert withdrawn == expected_withdrawn


def _settled(day: BadDay, database_url: str, expected: Entries, plain: LocalService) -> bool:
    time.sleep(1)
    return read_store(day.service.home, database_url)[0] == expected and not differing(day, plain)


def differing(day: BadDay, plain: LocalService) -> list[str]:
    """Names of documents that differ in more than the times of withdrawals."""
    ours, theirs = (
        {
            name: _comparable(data)
            for name, data in each.documents().items()
            if name.endswith(".json") and "archive" not in name
        }
        for each in (day.service, plain)
    )
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def _comparable(document: bytes) -> object:
    parsed = json.loads(document)
    return parsed.get("items", parsed)


def test_a_bad_day_loses_and_doubles_nothing_and_tells_nobody_less_on_sqlite(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"):
        live_through(BadDay(tmp_path / "disk" / "home", "", None), "", tmp_path)


def test_a_bad_day_loses_and_doubles_nothing_and_tells_nobody_less_on_postgresql(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"), run_postgres() as server:
        url = server.make_database()
        name = url.partition("?")[0].rpartition("/")[2]
        server.run(f"ALTER DATABASE {name} SET synchronous_commit = on")
        live_through(BadDay(tmp_path / "disk" / "home", url, server), url, tmp_path)
