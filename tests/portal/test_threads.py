"""Threads share two arenas of the C library."""

import subprocess
import sys

import pytest

COUNT = """
import ctypes, re, sys, threading
{share}
together = threading.Barrier(6)
def take():
    kept = [bytes(300) for _ in range(1000)]
    together.wait()
threads = [threading.Thread(target=take) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
stream = libc.fdopen
stream.restype = ctypes.c_void_p
libc.malloc_info(0, ctypes.c_void_p(stream(1, b"w")))
libc.fflush(None)
"""


def arenas(share: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", COUNT.format(share=share)], capture_output=True, text=True, check=True
    )
    return told.stdout.count("<heap nr=")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone has arenas")
def test_many_threads_make_no_more_than_two_arenas():
    assert arenas("") > 2
    assert arenas("from portal.threads import share; share()") <= 2
