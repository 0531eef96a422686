"""How the C library keeps memory for threads.

glibc gives each thread an arena of its own, up to eight a processor, and what a thread has freed stays there: a pull
with many calls in flight held 261 MB where two arenas held 212, and took 5 % more processor time.
"""

import ctypes
import sys

_M_ARENA_MAX = -8
ARENAS = 2


def share_arenas() -> None:
    """Let all threads share two arenas; to be called before there are any. Other C libraries than glibc have none."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
