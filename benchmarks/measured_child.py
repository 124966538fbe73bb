"""Runs a command and writes a JSON object {wall, status, peak} about it to a file. Arguments: FILE
COMMAND [ARGUMENT ...].

It is a separate, small process, because Linux counts the memory of the process that called exec
towards the peak of the new process. If a large benchmark measured it directly, a small child would
look large.
"""

import json
import os
import sys
import time

began = time.perf_counter()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
measured = {
    "wall": time.perf_counter() - began,
    "status": os.waitstatus_to_exitcode(status),
    "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
}
with open(sys.argv[1], "w", encoding="utf-8") as file:  # noqa: PTH123  pathlib would make this process larger
    json.dump(measured, file)
