"""Comparing all customers of a tenant because a person asked for it, in the background.

The route: `start` -> one `MatchPass` row -> a worker (`work`) compares, telling how far it is -> what is certain is
merged where the tenant wants that -> done.
"""

from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction
from django_q.tasks import async_task

from portal import audit
from portal.models import Tenant, User
from reconciliation import background
from reconciliation.background import OPEN, Pace, TakenOver
from reconciliation.matching.passes import dedupe_tenant
from reconciliation.merging_by_itself import merge_certain
from reconciliation.models import MatchPass


def start(tenant: Tenant, actor: User) -> MatchPass:
    """Have everybody compared by a worker; the pass that is under way already, where there is one."""
    try:
        with transaction.atomic():
            found = MatchPass.objects.create(tenant=tenant, actor=actor)
    except IntegrityError:
        under_way = MatchPass.objects.filter(tenant=tenant, state__in=OPEN).first()
        return under_way or start(tenant, actor)
    transaction.on_commit(partial(call_worker, found.pk))
    return found


def call_worker(pk: int) -> None:
    async_task("reconciliation.full_passes.work", pk, save=False, timeout=background.TASK_SECONDS)


def resume(now: datetime) -> int:
    """Called each minute by the tick of the floor above."""
    return background.resume(MatchPass, now, call_worker)


def work(pk: int) -> bool:
    """One pass. False where another worker holds it, or it is over."""
    row = background.take(MatchPass, pk)
    if row is None:
        return False
    pace = Pace()

    def progress(what: str, done: int, total: int) -> None:
        if what != row.what or pace.is_time():
            background.keep(row, what=what, done=done, total=total)

    try:
        passed = dedupe_tenant(row.tenant, progress)
        background.keep(row, what="merging what is certain")
        merged = merge_certain(row.tenant)
        background.finish(row, customers=passed.customers, candidates=passed.candidates, merged=merged)
    except TakenOver:
        return False
    note = f"{passed.candidates:,} pairs among {passed.customers:,}"
    audit.record("duplicates.looked_for", row.tenant, actor=row.actor, note=note)
    return True
