"""`manage.py tick`: what happens once a minute, by a process that does nothing else.

Alerts are the workers' task; silent workers cannot tell of themselves, so this process tells of them.
"""

import logging
import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from integrations import tasks
from integrations.alerts import stepping
from integrations.wiring import worker_problem

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Wake the workers for what is due, once a minute. Run it on as many hosts as wanted: each minute one of them, or "
        "of the worker clusters, does it. Without it the clusters do it by themselves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="this minute's, and no more")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            took = tick()
            self.stdout.write("Done." if took else "This minute's was done before.")
            return
        over = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *args: over.set())
        while not over.wait(LOOK_SECONDS):
            try:
                tick()
            except Exception:  # a database that is away for a while: the next minute comes
                log.exception("The tick failed")
                connections.close_all()


def tick() -> bool:
    """This minute's tick, if nobody had it; whether it was ours."""
    took = tasks.tick_if_due()
    if took and worker_problem():
        stepping.step()
    return took
