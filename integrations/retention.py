"""How long this floor's rows are kept: runs and what failed in them, deliveries, webhooks, answers for idempotency keys.

What still waits stays however old it is, and so does every delivery that made, retired or took away a row: they are asked
whether a record was ever sent.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_q.models import Task

from integrations import idempotency
from integrations.models import (
    Alert,
    AlertMessage,
    Delivery,
    Drift,
    FlowRun,
    Hook,
    KeptAnswer,
    Notice,
    Run,
    RunFailure,
)
from portal.retention import Kept, register_retention
from reconciliation.models import Link


def old_failures(before: datetime) -> "QuerySet[RunFailure]":
    return RunFailure.objects.filter(state=RunFailure.State.RESOLVED, resolved_at__lt=before)


def old_runs(before: datetime) -> "QuerySet[Run]":
    """Those without a failure that waits."""
    unsolved = RunFailure.objects.exclude(state=RunFailure.State.RESOLVED)
    ended = Run.objects.exclude(state__in=Run.OPEN).filter(finished_at__lt=before)
    return ended.exclude(pk__in=unsolved.values("run"))


def idle_runs(before: datetime) -> "QuerySet[Run]":
    """What the schedule began and found nothing new in, but for the last one of each rule.

    A merchant's rules ask some five thousand times a day, mostly for nothing: that would be the largest table of all.
    """
    nothing = dict.fromkeys(("created", "updated", "waiting", "failed", "out_of_scope", "joined"), 0)
    later = Run.objects.filter(rule=OuterRef("rule"), pk__gt=OuterRef("pk"))
    by_schedule = old_runs(before).filter(state=Run.State.COMPLETED, trigger=Run.Trigger.SCHEDULE, full=False)
    return by_schedule.filter(Exists(later), **nothing)


def old_deliveries(before: datetime) -> "QuerySet[Delivery]":
    """Updates that arrived, or that were not needed because both sides were the same, of records that are still there."""
    arrived = Q(state=Delivery.State.DONE, operation=Delivery.Operation.UPDATE)
    same = Q(state=Delivery.State.NOT_NEEDED, reason="same", operation__in=("", Delivery.Operation.UPDATE))
    there = Link.objects.filter(
        source=OuterRef("connection__source"), entity=OuterRef("entity"), record_id=OuterRef("record_id")
    )
    return Delivery.objects.filter(arrived | same, Exists(there), closed_at__lt=before)


def old_hooks(before: datetime) -> "QuerySet[Hook]":
    return Hook.objects.exclude(state=Hook.State.RECEIVED).filter(last_at__lt=before)


def register() -> None:
    """Called once the apps are ready."""
    register_retention(
        Kept(RunFailure, 90, "failed records that are solved", old_failures),
        Kept(Run, 90, "runs that are over, without failures that wait", old_runs),
        Kept(Run, 2, "runs by schedule in which nothing was new", idle_runs, part="idle"),
        Kept(FlowRun, 90, "stretches of work on flows", lambda at: FlowRun.objects.filter(began_at__lt=at)),
        Kept(Delivery, 180, "updates that were delivered, or not needed", old_deliveries),
        Kept(Hook, 30, "webhooks that came in and were followed", old_hooks),
        Kept(Notice, 30, "webhooks that were sent", lambda at: Notice.objects.filter(closed_at__lt=at)),
        Kept(Alert, 180, "alerts that are over", lambda at: Alert.objects.filter(closed_at__lt=at)),
        Kept(Drift, 365, "drift that is over or was seen", lambda at: Drift.objects.filter(closed_at__lt=at)),
        Kept(
            AlertMessage,
            90,
            "messages of alerts that were sent or given up",
            lambda at: AlertMessage.objects.filter(closed_at__lt=at),
            least=2,
        ),
        Kept(
            KeptAnswer,
            idempotency.KEPT.days,
            "answers for idempotency keys",
            lambda at: KeptAnswer.objects.filter(at__lt=at),
            least=idempotency.KEPT.days,
        ),
        Kept(Task, 30, "what the queue notes of its tasks", lambda at: Task.objects.filter(stopped__lt=at)),
    )
