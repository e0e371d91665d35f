import ctypes
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, sys, threading
from oduflow.cli import serve
if sys.argv[1] == "limited":
    serve.limit_arenas()
all_have_allocated = threading.Barrier(8)
def allocate():
    kept = bytearray(10_000)
    all_have_allocated.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def arenas(limit: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", ARENAS, limit], capture_output=True, text=True, check=True
    )
    return ran.stderr.count("Arena ")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="glibc only")
def test_the_threads_of_a_server_share_two_arenas():
    assert arenas("limited") == 2 < arenas("unlimited")
