"""Trying failed records again, because a person asked: marked, a run for each rule, workers woken, audited."""

from collections import Counter
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from integrations import runs
from integrations.models import Connection, Run, RunFailure, SyncRule
from integrations.syncing import NothingToSync, check_ready
from integrations.tasks import call_workers
from portal import audit
from portal.models import User


def retry(failures: QuerySet[RunFailure], *, user: User | None) -> tuple[UUID, int]:
    """Queue open failures for another try; returns the batch of runs and how many records.

    All or nothing. Raises NothingToSync where none is open, or a connection or rule of theirs is off.
    """
    wanted = RunFailure.objects.filter(
        pk__in=failures.order_by().values("pk"), state=RunFailure.State.OPEN
    ).order_by()
    count = Counter(wanted.values_list("rule_id", flat=True))
    if not count:
        raise NothingToSync("None of these failures is open any more: nothing has to be retried.")
    rules = list(SyncRule.objects.filter(pk__in=count).select_related("connection__tenant"))
    for rule in rules:
        check_ready(rule.connection)
        if not rule.enabled:
            raise NothingToSync(f"{rule} is switched off. Switch the sync rule on first.")
    batch = uuid4()
    with transaction.atomic():
        wanted.update(state=RunFailure.State.RETRYING)
        for rule in rules:
            runs.ask(rule, Run.Trigger.PERSON, user=user, batch=batch)
        for connection, number in _by_connection(rules, count).items():
            words = f"{number} failed record{'s' if number > 1 else ''}"
            audit.record("failures.retried", connection, actor=user, tenant=connection.tenant, note=words)
    call_workers(len(rules))
    return batch, count.total()


def _by_connection(rules: list[SyncRule], count: Counter[int]) -> Counter[Connection]:
    found: Counter[Connection] = Counter()
    for rule in rules:
        found[rule.connection] += count[rule.pk]
    return found
