"""Workers that are born fast: a process that has loaded everything once, and forks one for each line it is sent.

`python -m integrations.torture.nursery HOSTS PROTECTED` (hosts with commas); answers each line with the worker's
process id.
"""

import os
import signal
import sys
import time
from datetime import timedelta


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from integrations.torture.hurry import hurry

    hurry(sys.argv[1].split(","), protected=sys.argv[2] == "protected")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    import integrations.tasks  # noqa: F401  # so that no worker has to load it

    print("ready", flush=True)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work()
        print(pid, flush=True)


def work() -> None:
    """A worker's life: what flows owe, and the rule that is next, again and again, until it is killed."""
    from django.db.models import Q
    from django.utils import timezone

    from integrations import schedule
    from integrations.flows import working as flows
    from integrations.models import SyncRule
    from integrations.work import take_turn

    while True:
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
        turn = schedule.next_turn()
        if turn is None:
            time.sleep(0.02)
        else:
            take_turn(turn.lease, seconds=1.0)


if __name__ == "__main__":
    main()
