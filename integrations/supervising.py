"""A worker cluster that proves to be at work, and somebody who starts another when it does not.

The route: every few seconds the cluster's guard puts a task of its own into its own queue -> a worker takes it and
touches a file, as each does while it is at a task -> the supervisor, a process of its own, looks at the file's age.
django-q2 can freeze without dying (an idle worker that is killed takes the queue's lock with it), and its guard
notices nothing: only work counts. A task that hangs is ended by django-q2's own time limit.
"""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from queue import Full
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from django.utils import timezone
from django_q import cluster
from django_q.signals import post_execute_in_worker, pre_execute

from integrations import schedule
from integrations.models import Heartbeat

log = logging.getLogger(__name__)

SIGN, OFTEN = "CLUSTER_SIGN", "CLUSTER_SIGN_SECONDS"
"""Environment variables: the file, and how often it is to be touched."""
EVERY = 15.0
SILENT_SECONDS = schedule.LATE.total_seconds()
LOOK_SECONDS = 5.0
GRACE_SECONDS = 60.0
"""As long as a cluster may take to end its slices of work."""
_TASK = "integrations.supervising.show_life"


def show_life() -> None:
    """A worker did this: what feeds it is at work too. Seldom written to the database, where people see it."""
    if file := os.environ.get(SIGN):
        Path(file).touch()
    now = timezone.now()
    lately = now - timedelta(seconds=2 * EVERY)
    if not Heartbeat.objects.filter(name=schedule.WORKER, at__gt=lately).exists():
        schedule.beat(now, schedule.WORKER)


class AtWork:
    """Signs of life while a worker is at a task: some take many minutes, and all workers may be at such ones."""

    def __init__(self) -> None:
        self._over = Event()

    def begin(self, **kwargs: Any) -> None:
        self._over = Event()
        Thread(target=self._touch, args=(self._over,), daemon=True).start()

    def end(self, **kwargs: Any) -> None:
        self._over.set()

    def _touch(self, over: Event) -> None:
        file = os.environ.get(SIGN)
        while file and not over.wait(float(os.environ.get(OFTEN, EVERY))):
            Path(file).touch()


class BeatingSentinel(cluster.Sentinel):
    """django-q2's guard, which gives its own workers something to show. A queue that is full has work enough; if none of
    it is done, no sign is given either."""

    def guard(self) -> None:
        Thread(target=self._beat, daemon=True).start()
        super().guard()

    def _beat(self) -> None:
        while not self.stop_event.is_set():
            with suppress(Full):
                self.task_queue.put(_task(), block=False)
            self.stop_event.wait(float(os.environ.get(OFTEN, EVERY)))


def _task() -> dict[str, Any]:
    """As the pusher hands it to a worker; nobody keeps its result."""
    return {
        "id": uuid4().hex,
        "name": "sign of life",
        "func": _TASK,
        "args": (),
        "kwargs": {},
        "started": timezone.now(),
        "save": False,
    }


def run_cluster() -> None:
    """The cluster, in this process, until it is told to stop."""
    at_work = AtWork()
    pre_execute.connect(at_work.begin, weak=False)
    post_execute_in_worker.connect(at_work.end, weak=False)
    cluster.Sentinel = BeatingSentinel
    cluster.Cluster().start()


@dataclass(slots=True)
class Supervisor:
    """Keeps one cluster at work. `silent` is how long it may show nothing."""

    command: Sequence[str]
    sign: Path
    silent: float = SILENT_SECONDS
    look: float = LOOK_SECONDS
    restarts: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _stopping: bool = field(default=False)

    def stop(self, *args: object) -> None:
        """To be called by a signal: the cluster ends its slices, then all is over."""
        self._stopping = True
        if self._process is not None:
            self._process.terminate()

    def run(self) -> int:
        """Until it is stopped. Returns the exit code."""
        self._start()
        while not self._stopping:
            ended = self._waited(self.look)
            if not self._stopping and (ended or self.age() > self.silent):
                why = "ended" if ended else f"has done nothing for {self.age():.0f} s"
                log.error("The worker cluster %s; another is started", why)
                self._end()
                self.restarts += 1
                self._start()
        self._waited(GRACE_SECONDS)
        self._end()
        return 0

    def _waited(self, seconds: float) -> bool:
        """Whether the cluster has come to its end by then."""
        assert self._process is not None  # noqa: S101  # it was started
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None

    def age(self) -> float:
        """Seconds since the last sign of life."""
        return time.time() - self.sign.stat().st_mtime

    def _start(self) -> None:
        self.sign.parent.mkdir(parents=True, exist_ok=True)
        self.sign.touch()  # it has as long to begin as to show that it goes on
        environment = {**os.environ, SIGN: str(self.sign)}
        self._process = subprocess.Popen(self.command, env=environment, start_new_session=True)

    def _end(self) -> None:
        """All of its processes: a frozen one hears no gentler word."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
