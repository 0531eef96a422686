"""The demo's processes: started each in a session of its own, watched, and stopped with all that they started."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import BinaryIO

GRACE = 10.0
LOOK = 0.1
ROOT = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """A person (or a supervisor) asked the demo to end."""


class ChildDied(Exception):
    """A process that should have gone on has ended; the text says which and what it said last."""


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


@dataclass(slots=True)
class Children:
    """Every process of one demo. `stop` ends them all, and nothing else."""

    log_dir: Path
    environment: Mapping[str, str]
    started: Callable[[int], None] = lambda pid: None
    """Told of every process id, so that it can be written down."""
    running: list[Child] = field(default_factory=list)
    asked: int = 0

    def listen(self) -> None:
        """From now on Ctrl-C, a termination or a closed terminal only leave a note, which `watch` finds."""
        for name in SIGNALS:
            signal.signal(name, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1

    def start(self, name: str, *command: str) -> None:
        """Start a long-lived process; what it says goes to `<name>.log`."""
        log = self.log_dir / f"{name}.log"
        with log.open("ab") as output:
            process = self._popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.running.append(Child(name, process, log))

    def call(self, *command: str, said: str = "", quiet: bool = False) -> int:
        """Run a command to its end in the foreground, `said` on its standard input; gives its exit code."""
        output = subprocess.DEVNULL if quiet else None
        # What a command says is for a person: each wake it queues is no news to one.
        process = self._popen(command, stdin=subprocess.PIPE, stdout=output, LOG_LEVEL="WARNING")
        child = Child(command[0], process, Path(os.devnull))
        self.running.append(child)
        if process.stdin:
            process.stdin.write(said.encode())
            process.stdin.close()
        while process.poll() is None:
            self.watch(besides=child)
            time.sleep(LOOK)
        self.running.remove(child)
        return process.returncode

    def _popen(
        self,
        command: tuple[str, ...],
        stdin: int,
        stdout: BinaryIO | int | None,
        stderr: BinaryIO | None = None,
        **more: str,
    ) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in the terminal reaches this program alone, which then ends them in order.
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**self.environment, **more},
            start_new_session=True,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )
        self.started(process.pid)
        return process

    def watch(self, besides: Child | None = None) -> None:
        """Raises Stopped or ChildDied."""
        if self.asked:
            raise Stopped
        for child in self.running:
            if child is not besides and (code := child.process.poll()) is not None:
                raise ChildDied(f"The {child.name} ended (exit code {code}).\n{last_words(child.log)}")

    def stop(self) -> None:
        """Ask the processes to end, the last started first; what is left after the grace is killed."""
        for child in reversed(self.running):
            if child.process.poll() is None:
                child.process.terminate()
        for child in reversed(self.running):
            self._await(child.process, time.monotonic() + GRACE)
        for child in self.running:
            end_group(child.process.pid)
            child.process.wait()
        self.running.clear()

    def _await(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        """Until it ended, its time is over, or the person has pressed Ctrl-C once more."""
        patience = self.asked
        while process.poll() is None and time.monotonic() < deadline and self.asked <= max(patience, 1):
            time.sleep(LOOK / 2)


def end_group(leader: int) -> None:
    """Kill what is left of the process group that this process leads or led."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS answers "not permitted" for a group of zombies
        return


def last_words(log: Path, lines: int = 8) -> str:
    """The end of a log, with where the rest is."""
    if not log.is_file():
        return ""
    with log.open(errors="replace") as file:
        return "".join(f"  | {line}" for line in deque(file, lines)) + f"  The whole log: {log}"
