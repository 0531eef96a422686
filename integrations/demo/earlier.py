"""What an earlier run of the demo left: its state, itself if it still runs, or processes if it was killed."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from django.conf import settings

from integrations.demo.children import GRACE, LOOK, end_group
from integrations.demo.state import HOST, State, is_alive


class DemoFailed(Exception):
    """The demo cannot go on; the text says why and what to do."""


def state_file() -> Path:
    return settings.VAR_DIR / "demo.json"


def refuse_second(state: State) -> None:
    """Raises DemoFailed while another demo runs on the same data."""
    if state.runner and state.running_elsewhere():
        address = f"http://{HOST}:{state.ports.get('web')}"
        raise DemoFailed(
            f"The demo already runs on {address} (process {state.runner[0]}). Stop it there first."
        )


def end_leftovers(state: State, say: Callable[[str], None]) -> None:
    """Processes of a demo that was killed and could not stop them itself."""
    left = [who for who in state.children if is_alive(who)]
    for pid, _ in left:  # asked first: the sandbox then keeps its rows
        with suppress(psutil.Error):
            psutil.Process(pid).terminate()
    deadline = time.monotonic() + GRACE
    while any(map(is_alive, left)) and time.monotonic() < deadline:
        time.sleep(LOOK)
    for pid, _ in left:
        end_group(pid)
    if left:
        say(f"Ended {len(left)} processes that a killed demo had left behind.")
