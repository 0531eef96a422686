"""Workers that are born fast: a process that has loaded everything once, and forks one for each line it is sent.

`python -m integrations.torture.nursery ORDERS` (`Orders` as JSON). Its first line is the web server's port; each line
`worker` or `web` is answered with the process id of one that was born. A web server that dies leaves its socket
with the nursery, so that who calls meanwhile waits for the next, as behind gunicorn.
"""

import faulthandler
import json
import logging
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

log = logging.getLogger(__name__)
MINUTES, HUNTED = 0.03, 0.3
"""The share of turns before which a minute's other work is done; and where all of it is to be come to."""


@dataclass(frozen=True, slots=True)
class Orders:
    """`hunting`: the folder of a `boundaries.Hunt`, whose `times` it is for each boundary; empty: nobody hunts."""

    hosts: tuple[str, ...]
    protected: bool = True
    hunting: str = ""
    times: int = 0

    def text(self) -> str:
        return json.dumps(asdict(self))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from integrations.torture.hurry import hurry, hurry_more

    orders = Orders(**json.loads(sys.argv[1]))
    hurry(orders.hosts, protected=orders.protected)
    hurry_more()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    import integrations.tasks  # noqa: F401  # so that no worker has to load it
    from integrations.torture.serving import application, serve

    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    app = application()
    print(listening.getsockname()[1], flush=True)
    lives: dict[str, Callable[[], None]] = {
        "worker": lambda: work(HUNTED if orders.hunting else MINUTES),
        "web": lambda: serve(app, listening),
    }
    for count, line in enumerate(sys.stdin):
        pid = os.fork()
        if pid == 0:
            faulthandler.register(signal.SIGUSR1)
            _hunt(orders, count)
            lives[line.strip()]()
        print(pid, flush=True)


def _hunt(orders: Orders, seed: int) -> None:
    if orders.hunting:
        from integrations.torture.boundaries import Hunt, install

        install(Hunt(Path(orders.hunting), orders.times, seed))


def work(minutes: float = MINUTES) -> None:
    """A worker's life until it is killed. What a turn raises ends that turn and no more, as in the queue."""
    from django.db import connections

    while True:
        try:
            if not turn(minutes):
                time.sleep(0.02)
        except Exception:
            log.warning("A turn failed", exc_info=True)
            with suppress(Exception):
                for connection in connections.all(initialized_only=True):
                    connection.close_if_unusable_or_obsolete()
            time.sleep(0.02)


def turn(minutes: float) -> bool:
    """What flows owe, and the rule that is next. Whether there was one."""
    from django.db.models import Q
    from django.utils import timezone

    from integrations import schedule
    from integrations.flows import working as flows
    from integrations.models import SyncRule
    from integrations.work import take_turn

    now = timezone.now()
    tired = now - timedelta(seconds=0.3)  # a minute's schedule, in a hurry
    free = Q(lease_until=None) | Q(lease_until__lte=now)  # the dead hold nothing
    stale = SyncRule.objects.filter(free, enabled=True, synced_at__lt=tired)
    oldest = stale.exclude(due_at__lte=now).order_by("synced_at")[
        :1
    ]  # or the first of all come again and again
    SyncRule.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).update(due_at=now)
    for pk in flows.waiting_flows(now):
        flows.work(pk, seconds=1.0)
    if random.random() < minutes:  # noqa: S311  # nothing hangs on it
        minute()
    found = schedule.next_turn()
    if found is not None:
        take_turn(found.lease, seconds=1.0)
    return found is not None


def minute() -> None:
    """Of what the tick has done: the audit trail sealed, customers compared."""
    from portal import sealing
    from portal.models import Tenant
    from reconciliation.matching import passes
    from reconciliation.models import Unmatched

    sealing.each_minute()
    for tenant in Tenant.objects.filter(pk__in=Unmatched.objects.values("tenant")):
        passes.bring_up_to_date(tenant)


if __name__ == "__main__":
    main()
