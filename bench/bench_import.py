"""What `refeed ingest` does, with as many processes as one says, timed without the start of the interpreter.

python -m bench.bench_import PROCESSES
"""

from __future__ import annotations

import os
import sys
import time

from refeed.config.load import load_settings
from refeed.ingest.pipeline import Pipeline

if __name__ == "__main__":
    began = time.monotonic()
    program = Pipeline.open(load_settings(os.environ), processes=int(sys.argv[1]))
    counts = program.ingest().counts
    print(time.monotonic() - began, counts["new"])
    program.close()
