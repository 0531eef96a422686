"""What is measured of a fleet. Each returns figures as a dictionary; `__main__` prints and judges them.

`throughput`: the same pulls are due with 1, 2 and 4 clusters, and the pulls a second are counted. `limit`: one merchant's
60 calls a second, while workers of several clusters share it. `cycles`: how far apart the pulls of a rule that is due
each minute are, without and with a merchant of a million records that is being read; and how long the admin's lists
take meanwhile.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psutil
from django.utils import timezone

from integrations import runs, tasks
from integrations.models import Connection, Run, SyncRule
from tests.bench_fleet.fleet import Remote, clusters, wait_for
from tests.bench_fleet.looking import looked_at

_SECONDS = 1_800
"""The longest that anything here may take."""


def first_syncs(workers: int) -> None:
    """Everybody's first pulls, which are not measured."""
    with clusters(2, workers):
        work_off(SyncRule.objects.filter(enabled=True))


def work_off(rules: Any) -> float:
    """Let these rules be due now. Returns the seconds until the last of them has been pulled."""
    rules.update(due_at=timezone.now(), interval=600)
    began, since = time.monotonic(), timezone.now()
    tasks.call_workers(1)
    waiting = rules.filter(due_at__lte=since)
    wait_for(lambda: not waiting.exists(), _SECONDS, "end of the pulls")
    return time.monotonic() - began


def throughput(
    connections: Sequence[Connection], counts: Sequence[int], workers: int
) -> list[dict[str, Any]]:
    rules = SyncRule.objects.filter(enabled=True, connection__in=[one.pk for one in connections[:-1]])
    pulls, found = rules.count(), []
    for count in counts:
        with clusters(count, workers):
            work_off(rules.filter(entity="customer"))  # each worker has begun once
            used, began = psutil.cpu_times(), time.monotonic()
            took = work_off(rules)
            busy = _busy(psutil.cpu_times()) - _busy(used)
        found.append(
            {"clusters": count, "pulls": pulls, "seconds": took, "pulls_a_second": pulls / took,
             "cores_used": busy / (time.monotonic() - began)}
        )  # fmt: skip
    for row in found:
        row["times_one"] = row["pulls_a_second"] / found[0]["pulls_a_second"]
    return found


def _busy(times: Any) -> float:
    """Processor seconds of the whole machine."""
    return float(times.user + times.system + times.nice)


def limit(connection: Connection, remote: Remote, customers: int, count: int, workers: int) -> dict[str, Any]:
    """The large merchant's customers and locations, in pages of a two-hundredth, with workers of all clusters at them."""
    rules = SyncRule.objects.filter(connection=connection, enabled=True, entity__in=("customer", "location"))
    rules.update(page_size=min(5_000, max(1, customers // 200)))
    with clusters(count, workers):
        remote.sandbox.reset()
        for rule in rules:
            runs.ask(rule, Run.Trigger.COMMAND, full=True)
        took = work_off(rules)
        stats = remote.sandbox.stats()
    rules.update(page_size=1000)
    return {
        "clusters": count, "calls": stats["calls"], "calls_a_second": stats["calls"] / took,
        "most_in_one_second": stats["peak_calls_in_one_second"], "refused": stats["rate_limited"],
    }  # fmt: skip


def cycles(
    connections: Sequence[Connection], count: int, workers: int, minutes: float, pages: int
) -> list[dict[str, Any]]:
    """The others' cycles, alone and then beside the large merchant's full pull, for as long as that takes (at most)."""
    *others, large = connections
    found = []
    with clusters(count, workers), looked_at() as seconds:
        SyncRule.objects.filter(connection__in=[one.pk for one in others], enabled=True).update(
            interval=1, due_at=timezone.now()
        )
        found.append({"beside": "nothing", **_watched(others, minutes), **_admin(seconds)})
        rules = SyncRule.objects.filter(connection=large, enabled=True)
        rules.update(page_size=pages, due_at=timezone.now() + timedelta(days=1))
        before = sum(Run.objects.filter(rule__in=rules).values_list("read", flat=True))
        for rule in rules:
            runs.ask(rule, Run.Trigger.COMMAND, full=True)
        found.append({"beside": "a large pull", **_watched(others, minutes), **_admin(seconds)})
        found[-1]["records_read_beside"] = (
            sum(Run.objects.filter(rule__in=rules).values_list("read", flat=True)) - before
        )
    found[-1]["longer_by"] = found[-1]["cycle_mean"] / found[0]["cycle_mean"] - 1
    return found


def _admin(seconds: list[float]) -> dict[str, Any]:
    """What opening a page took since the last time this was asked."""
    taken, seconds[:] = list(seconds), []
    return {
        "pages_opened": len(taken), "page_median": statistics.median(taken),
        "page_p95": statistics.quantiles(taken, n=20)[-1],
    }  # fmt: skip


def _watched(others: Sequence[Connection], minutes: float) -> dict[str, Any]:
    """Cycles that ended within so many minutes from now; the first minute, in which all are due at once, is left out."""
    since = timezone.now() + timedelta(minutes=1)
    time.sleep(60 * (minutes + 1))
    begun = Run.objects.filter(rule__connection__in=[one.pk for one in others], started_at__gte=since)
    by_rule: dict[int, list[Any]] = defaultdict(list)
    for rule_id, started_at, finished_at in begun.order_by("started_at").values_list(
        "rule_id", "started_at", "finished_at"
    ):
        by_rule[rule_id].append((started_at, finished_at))
    lengths, late = [], []
    for times in by_rule.values():
        for (began, ended), (again, _) in pairwise(times):
            lengths.append((again - began).total_seconds())
            late.append((again - ended).total_seconds() - 60)
    return {
        "pulls": sum(map(len, by_rule.values())), "cycle_mean": statistics.fmean(lengths),
        "late_p95": statistics.quantiles(late, n=20)[-1], "late_worst": max(late),
    }  # fmt: skip
