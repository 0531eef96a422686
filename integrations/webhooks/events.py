"""What happens here that others are told: each written down in the transaction in which it happens.

The route: records change (`reconciliation.changes`), a merge is made, a run fails -> `outbox.emit`. Nothing is looked
up where nobody subscribed.
"""

from datetime import timedelta
from typing import Any

from django.db.models.signals import post_save
from django.utils import timezone

from integrations.models import Run, Subscription
from integrations.webhooks import outbox
from reconciliation.changes import changed
from reconciliation.models import Change, Job, Merge

Event = Subscription.Event
JUST_NOW = timedelta(minutes=1)


def connect() -> None:
    """Called once, when Django is ready."""
    changed.connect(job_changed, dispatch_uid="webhooks: jobs")
    post_save.connect(merged, sender=Merge, dispatch_uid="webhooks: merges")


def job_changed(*, entity: str, tenant_id: int, record_ids: list[int], **rest: Any) -> None:
    """A job's status moved: each with its status before and after, from the changes just written."""
    if entity != "job" or not record_ids or not outbox.is_wanted(tenant_id, Event.JOB_STATUS):
        return
    just_now = timezone.now() - JUST_NOW
    rows = Change.objects.filter(entity="job", record_id__in=record_ids, at__gte=just_now).order_by("pk")
    newest = {change.record_id: change for change in rows}
    moved = {pk: change for pk, change in newest.items() if "status" in change.fields}
    jobs = Job.objects.in_bulk(moved)
    outbox.emit(tenant_id, Event.JOB_STATUS, *(_moved(jobs[pk], change) for pk, change in moved.items()))


def _moved(job: Job, change: Change) -> dict[str, Any]:
    """`change` numbers the change: one that is told twice has the same number."""
    before, after = change.fields["status"]
    return {
        "job": job.pk,
        "number": job.number,
        "external_id": job.external_id,
        "before": before,
        "after": after,
        "change": change.pk,
    }


def merged(*, instance: Merge, created: bool, **rest: Any) -> None:
    """Customers became one."""
    if not created or instance.entity != "customer":
        return
    losers = [int(pk) for pk in instance.before if int(pk) != instance.survivor_id]
    data = {"merge": instance.pk, "survivor": instance.survivor_id, "merged": losers}
    outbox.emit(instance.tenant_id, Event.CUSTOMER_MERGED, data)


def sync_failed(run: Run) -> None:
    """The first failure of a row of them; the caller holds the transaction that closes the run."""
    connection = run.rule.connection
    data = {
        "run": run.pk,
        "system": connection.system,
        "entity": run.rule.entity,
        "reason": run.error_reason,
        "words": run.error,
        "who": run.error_who,
    }
    outbox.emit(connection.tenant_id, Event.SYNC_FAILED, data)
