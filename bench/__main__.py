"""All measurements in one table.

    ./run bench [--stored 1000] [--rounds 5] [--quick] [--keep FOLDER]

bench/README.md explains how to read it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import corpus, measurements
from .measurements import Row


def measure(folder: Path, *, dumps: int, stored: list[int], rounds: int, tries: int) -> Iterator[Row]:
    """Every row of the table, as it is measured."""
    corpus.make(folder / "dumps", dumps, seed=2)
    yield from measurements.measure_imports(folder, folder / "dumps", dumps, rounds)
    medians = {}
    for count in stored:
        workspace, usage = measurements.prepare_stored(folder, count)
        if usage is not None:
            yield from measurements.measure_memory(usage, count)
        rows, medians[count] = measurements.measure_latency(workspace, count, tries)
        yield from rows
        yield from measurements.measure_starts(workspace, count, rounds)
        yield from measurements.measure_rendering(workspace, count)
        yield from measurements.measure_relabelling(workspace, count)
        yield from measurements.measure_recleaning(workspace)
        yield from measurements.measure_requests_meanwhile(workspace, seconds=15 if tries > 2 else 3)
    if len(medians) > 1:
        ratio = medians[stored[-1]] / medians[stored[0]]
        what = f"dump to ETag, {stored[-1]:,} stored, against {stored[0]:,}"
        yield Row(what, f"x{ratio:.2f}", "x1.3", ratio <= 1.3)


def main() -> None:
    """Parse the options, measure, print."""
    options = argparse.ArgumentParser(prog="./run bench", description="What refeed costs, compared with a baseline.")
    options.add_argument("--dumps", type=int, default=4000, help="dumps to import (4000)")
    options.add_argument(
        "--stored", type=int, nargs="+", default=[1000], help="numbers of stored entries: 1000, or 1000 100000"
    )
    options.add_argument("--rounds", type=int, default=5, help="rounds; the median counts (5)")
    options.add_argument("--tries", type=int, default=60, help="new dumps that are timed (60)")
    options.add_argument("--quick", action="store_true", help="a little of everything, to see that it runs")
    options.add_argument("--keep", type=Path, help="a folder to work in and to keep; its stores are used again")
    arguments = options.parse_args()
    if arguments.quick:
        arguments.dumps, arguments.stored, arguments.rounds, arguments.tries = 60, [60], 1, 2
    with tempfile.TemporaryDirectory(prefix="refeed-bench-") as folder:
        work = arguments.keep or Path(folder)
        print(f"{'':46}{'measured':64}target")
        for row in measure(
            work, dumps=arguments.dumps, stored=arguments.stored, rounds=arguments.rounds, tries=arguments.tries
        ):
            verdict = {True: "yes", False: "NO", None: ""}[row.is_met]
            print(f"{row.what:46}{row.measured:64}{row.target:32}{verdict}", flush=True)


if __name__ == "__main__":
    main()
