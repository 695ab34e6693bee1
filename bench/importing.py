"""What `refeed ingest` does, with as many processes as one says, timed without the start of the interpreter.

python -m bench.importing PROCESSES
"""

from __future__ import annotations

import os
import sys
import time

from refeed.config import load
from refeed.pipeline import Program

if __name__ == "__main__":
    began = time.monotonic()
    program = Program.open(load(os.environ), processes=int(sys.argv[1]))
    counts = program.ingest().counts
    print(time.monotonic() - began, counts["new"])
    program.close()
