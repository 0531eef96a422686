"""What needs a person now: each need with what it is about, what to do, and the page where it is done."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.text import capfirst

from integrations.admin import words
from integrations.connectors.errors import Who
from integrations.models import (
    AlertChannel,
    Connection,
    Delivery,
    Flow,
    FlowItem,
    Run,
    RunFailure,
    Subscription,
    SyncRule,
)
from integrations.wiring import worker_problem
from portal.access import Access, Action
from portal.models import Tenant
from reconciliation.models import Conflict, MatchCandidate

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Need:
    """One line: `about` whom, `what` is wrong, who or `how`, and the link that leads there."""

    tone: str
    about: str
    what: str
    how: str
    url: str
    link: str


def found(access: Access) -> list[Need]:
    """The most pressing first, for one person."""
    return [
        *_workers(access),
        *_connections(access),
        *_failed_runs(access),
        *_records(access),
        *_deliveries(access),
        *_flows(access),
        *_inboxes(access),
        *_webhooks(access),
        *_alert_channels(access),
    ]


def _workers(access: Access) -> list[Need]:
    problem = worker_problem() if access.may_somewhere(Action.RUN) else None
    if problem is None:
        return []
    how = "Whoever runs this portal starts the cluster; nothing is lost meanwhile."
    problem = problem.replace("`", "")
    return [Need("bad", "Workers", problem, how, reverse("admin:integrations_run_changelist"), "Runs")]


def _connections(access: Access) -> list[Need]:
    troubled = Connection.objects.exclude(problem="").exclude(problem_who=Who.RETRY_LATER)
    rows = access.scope(troubled).select_related("tenant").order_by("problem_at")[:SHOWN]
    return [
        Need(
            "bad",
            row.tenant.name,
            row.problem,
            words.WHO_ACTS.get(row.problem_who, ""),
            reverse("admin:integrations_connection_test", args=[row.pk]),
            "Link again" if row.status == Connection.Status.RELINK else "See what to do",
        )
        for row in rows
    ]


def _failed_runs(access: Access) -> list[Need]:
    """Rules whose last run failed, where waiting will not help and the connection does not say so already."""
    last = (
        Run.objects.filter(rule=OuterRef("pk")).exclude(state__in=Run.OPEN).order_by("-id").values("pk")[:1]
    )
    rules = SyncRule.objects.filter(enabled=True, failures__gt=0, connection__problem="")
    ids = access.scope(rules).annotate(last=Subquery(last)).values_list("last", flat=True)[: SHOWN * 4]
    runs = Run.objects.filter(pk__in=[pk for pk in ids if pk], state=Run.State.FAILED)
    runs = runs.exclude(error_who=Who.RETRY_LATER).select_related("rule__connection__tenant")[:SHOWN]
    return [
        Need(
            "bad",
            run.rule.connection.tenant.name,
            f"{capfirst(run.rule.label)}: {run.error}",
            words.WHO_ACTS.get(run.error_who, ""),
            reverse("admin:integrations_run_change", args=[run.pk]),
            "See the run",
        )
        for run in runs
    ]


def _records(access: Access) -> list[Need]:
    rows = access.scope(RunFailure.objects.filter(state=RunFailure.State.OPEN)).order_by()
    by_tenant = Counter(rows.values_list("rule__connection__tenant_id", flat=True)[:10_000])
    names = dict(Tenant.objects.filter(pk__in=by_tenant).values_list("pk", "name"))
    page = reverse("admin:integrations_runfailure_changelist")
    return [
        Need(
            "warn",
            names[tenant],
            f"{_counted(count, 'record')} failed.",
            "Look why, correct at the source or in the mapping, retry.",
            f"{page}?rule__connection__tenant__id__exact={tenant}&state__exact=open",
            "Look at them",
        )
        for tenant, count in by_tenant.most_common(SHOWN)
    ]


def _deliveries(access: Access) -> list[Need]:
    rows = access.scope(Delivery.objects.filter(state=Delivery.State.NEEDS_PERSON)).order_by()
    by_tenant = Counter(rows.values_list("connection__tenant_id", flat=True)[:10_000])
    names = dict(Tenant.objects.filter(pk__in=by_tenant).values_list("pk", "name"))
    page = reverse("admin:integrations_delivery_changelist")
    return [
        Need(
            "warn",
            names[tenant],
            f"{_counted(count, 'record')} could not be written back.",
            "Look why, correct the record here, retry.",
            f"{page}?connection__tenant__id__exact={tenant}&state__exact=needs_person",
            "Look at them",
        )
        for tenant, count in by_tenant.most_common(SHOWN)
    ]


def _flows(access: Access) -> list[Need]:
    stuck = FlowItem.objects.filter(
        state__in=(FlowItem.State.WAITING, FlowItem.State.FAILED), flow__enabled=True
    )
    rows = access.scope(stuck, "flow__tenant").order_by()
    by_flow = Counter(rows.values_list("flow_id", flat=True)[:10_000])
    flows = Flow.objects.select_related("tenant").in_bulk(list(by_flow))
    return [
        Need(
            "warn",
            flows[pk].tenant.name,
            f"{flows[pk].title}: {_counted(count, 'record')} wait{'s' if count == 1 else ''} or failed.",
            "See what each lacks, give it, retry.",
            f"{reverse('admin:integrations_flow_change', args=[pk])}?show=stuck",
            "Look at them",
        )
        for pk, count in by_flow.most_common(SHOWN)
    ]


def _inboxes(access: Access) -> list[Need]:
    conflicts = access.scope(Conflict.objects.filter(state=Conflict.State.PENDING), "tenant").order_by()
    doubles = access.scope(
        MatchCandidate.objects.filter(state=MatchCandidate.State.OPEN), "tenant"
    ).order_by()
    pending, open_pairs = conflicts[:10_000].count(), doubles[:10_000].count()
    lines = []
    if pending:
        page = reverse("admin:reconciliation_conflict_changelist")
        what = f"{_counted(pending, 'field')} changed on both sides."
        lines.append(
            Need("warn", "Pending review", what, "A person decides which value holds.", page, "Look at them")
        )
    if open_pairs:
        page = reverse("admin:reconciliation_matchcandidate_changelist")
        what = f"{_counted(open_pairs, 'pair')} may be the same."
        lines.append(
            Need("warn", "Dedupe", what, "A person decides whether they are one.", page, "Look at them")
        )
    return lines


def _webhooks(access: Access) -> list[Need]:
    rows = access.scope(Subscription.objects.exclude(paused_because="").filter(enabled=True))
    return [
        Need(
            "warn",
            row.tenant.name,
            f"Webhooks to {row.url} are paused. {row.paused_because}",
            "Mend the endpoint, send a test, resume.",
            reverse("admin:integrations_subscription_change", args=[row.pk]),
            "Look at it",
        )
        for row in rows.select_related("tenant")[:SHOWN]
    ]


def _alert_channels(access: Access) -> list[Need]:
    rows = access.scope(AlertChannel.objects.exclude(down_since=None).filter(enabled=True))
    return [
        Need(
            "warn",
            row.tenant.name if row.tenant else "Platform",
            f"Alerts do not reach {row.name}. {row.problem}",
            "Correct the channel, send a test.",
            reverse("admin:integrations_alertchannel_change", args=[row.pk]),
            "Look at it",
        )
        for row in rows.select_related("tenant")[:SHOWN]
    ]


def _counted(number: int, noun: str) -> str:
    return f"{number:,}{'+' if number >= 10_000 else ''} {noun}{'' if number == 1 else 's'}"
