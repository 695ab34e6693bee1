"""Do what `refeed ingest` does with a number of processes, timed without the start of the interpreter.

python -m bench.bench_import PROCESSES
"""

from __future__ import annotations

import os
import sys
import time

from refeed.config.load import load_settings
from refeed.ingest.pipeline import Pipeline

if __name__ == "__main__":
    started = time.monotonic()
    pipeline = Pipeline.open(load_settings(os.environ), processes=int(sys.argv[1]))
    counts = pipeline.ingest().counts
    print(time.monotonic() - started, counts["new"])
    pipeline.close()
