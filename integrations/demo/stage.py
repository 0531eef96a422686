"""What each step of the demo works with: its processes, and somebody who is told how it goes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import requests

from integrations.demo.children import LOOK, Children
from integrations.demo.earlier import DemoFailed

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Every wait looks after the processes meanwhile: it raises Stopped or ChildDied."""

    say: Callable[[str], None]
    children: Children

    def manage(self, *command: str, why: str, said: str = "", quiet: bool = False) -> None:
        """Run a management command to its end. Raises DemoFailed, with `why`."""
        if self.children.call("manage.py", *command, said=said, quiet=quiet):
            raise DemoFailed(f"{why} The reason stands above.")

    def until(self, done: Callable[[], bool], look: float = LOOK) -> bool:
        """Wait until it is done, or patience ends: whether it is."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.children.watch()
            if done():
                return True
            time.sleep(look)
        return False

    def until_it_answers(self, url: str, what: str) -> None:
        """Raises DemoFailed."""
        if not self.until(lambda: _answers(url)):
            raise DemoFailed(
                f"The {what} did not answer on {url} within {PATIENCE:.0f} seconds: see its log."
            )


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
