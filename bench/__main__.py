"""All measurements in one table.

    ./run bench [--stored 1000] [--rounds 5] [--quick] [--keep FOLDER]

What it says, bench/README.md tells how to read.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import corpus, measurements
from .measurements import Row


def measured(folder: Path, *, dumps: int, stored: list[int], rounds: int, tries: int) -> Iterator[Row]:
    """Every row, as it is found."""
    corpus.make(folder / "dumps", dumps, seed=2)
    yield from measurements.imports(folder, folder / "dumps", dumps, rounds)
    medians = {}
    for count in stored:
        place, watched = measurements.filled(folder, count)
        if watched is not None:
            yield from measurements.growth(watched, count)
        rows, medians[count] = measurements.latency(place, count, tries)
        yield from rows
        yield from measurements.starts(place, count, rounds)
        yield from measurements.rendered(place, count)
        yield from measurements.relabelled(place, count)
        yield from measurements.cleaned_again(place)
        yield from measurements.polled_meanwhile(place, seconds=15 if tries > 2 else 3)
    if len(medians) > 1:
        ratio = medians[stored[-1]] / medians[stored[0]]
        what = f"dump to ETag, {stored[-1]:,} stored against {stored[0]:,}"
        yield Row(what, f"x{ratio:.2f}", "x1.3", ratio <= 1.3)


def main() -> None:
    """Read the options, measure, print."""
    options = argparse.ArgumentParser(prog="./run bench", description="What refeed costs, against a yardstick.")
    options.add_argument("--dumps", type=int, default=4000, help="dumps of the import (4000)")
    options.add_argument("--stored", type=int, nargs="+", default=[1000], help="entries stored: 1000, or 1000 100000")
    options.add_argument("--rounds", type=int, default=5, help="of which the median counts (5)")
    options.add_argument("--tries", type=int, default=60, help="new dumps whose way is timed (60)")
    options.add_argument("--quick", action="store_true", help="little of everything, to see that it runs")
    options.add_argument("--keep", type=Path, help="a folder to work in and to leave; what is stored is used again")
    chosen = options.parse_args()
    if chosen.quick:
        chosen.dumps, chosen.stored, chosen.rounds, chosen.tries = 60, [60], 1, 2
    with tempfile.TemporaryDirectory(prefix="refeed-bench-") as folder:
        work = chosen.keep or Path(folder)
        print(f"{'':46}{'found':58}aim")
        for row in measured(work, dumps=chosen.dumps, stored=chosen.stored, rounds=chosen.rounds, tries=chosen.tries):
            sign = {True: "yes", False: "NO", None: ""}[row.well]
            print(f"{row.what:46}{row.found:58}{row.aim:32}{sign}", flush=True)


if __name__ == "__main__":
    main()
