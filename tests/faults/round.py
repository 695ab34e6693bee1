"""What a fault injector calls for each round: `setup`, then (with the fault) refeed itself, then `check`.

python round.py setup HOME | check HOME
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from station import Station, dump

DUMPS = 12


def setup(home: Path) -> None:
    """Half of the dumps are ingested already, so that both new and changed documents are written under the fault."""
    prepared = home.with_name(f"{home.name}.prepared")
    if not prepared.exists():
        _prepare(prepared)
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(prepared / "half", home)
    for number in range(DUMPS // 2, DUMPS):
        Station(home).put(f"{number}.md", dump(number))
    Station(home).put("0.md", dump(0, text="这篇样本的正文改过了。", at=1_700_000_100))


def check(home: Path) -> list[str]:
    """Restart, and compare every byte with an installation that met no fault."""
    station = Station(home)
    torn = [fault for name, data in station.documents().items() for fault in _torn(name, data)]
    done = station.run("ingest")
    if done.returncode:
        return [*torn, f"restart ended with {done.returncode}: {done.stderr[-200:]}"]
    faults = torn + station.faults()
    whole = Station(home.with_name(f"{home.name}.prepared") / "whole").documents()
    ours = station.documents()
    faults += [f"{name} differs" for name in whole.keys() | ours.keys() if whole.get(name) != ours.get(name)]
    if any((station.feeds / ".new").glob("*")):
        faults.append("something half-written is left in .new")
    return faults


def _torn(name: str, data: bytes) -> list[str]:
    from refeed import seal

    return [] if seal.digest(data) else [f"{name} is torn"]


def _prepare(prepared: Path) -> None:
    half = Station(prepared / "half")
    for number in range(DUMPS // 2):
        half.put(f"{number}.md", dump(number))
    assert half.run("ingest").returncode == 0
    shutil.copytree(half.home, prepared / "whole")
    whole = Station(prepared / "whole")
    for number in range(DUMPS // 2, DUMPS):
        whole.put(f"{number}.md", dump(number))
    whole.put("0.md", dump(0, text="这篇样本的正文改过了。", at=1_700_000_100))
    done = whole.run("ingest")
    assert done.returncode == 0, done.stderr
    assert not whole.faults(), whole.faults()


if __name__ == "__main__":
    found = setup(Path(sys.argv[2])) or [] if sys.argv[1] == "setup" else check(Path(sys.argv[2]))
    sys.stdout.write("\n".join(found))
    sys.exit(bool(found))
