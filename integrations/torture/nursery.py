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
    """A worker's life: the rule that is next, again and again, until it is killed."""
    from django.utils import timezone

    from integrations import schedule
    from integrations.models import SyncRule
    from integrations.work import take_turn

    while True:
        now = timezone.now()
        tired = now - timedelta(seconds=0.3)  # a minute's schedule, in a hurry
        SyncRule.objects.filter(enabled=True, synced_at__lt=tired, lease_until=None).update(due_at=now)
        lease = schedule.next_lease()
        if lease is None:
            time.sleep(0.02)
        else:
            take_turn(lease, seconds=1.0)


if __name__ == "__main__":
    main()
