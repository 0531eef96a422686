"""The daily digest: what is open, and what the last day brought, for each tenant or for the platform.

The route: rules whose hour has come -> the figures of all of them, in a fixed number of queries -> a message for each
channel, under a key with the day in it, in the transaction that moves the rule on to tomorrow.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.urls import reverse

from integrations.alerts import noticing, owing
from integrations.alerts.troubles import AT_WORK
from integrations.models import Alert, AlertMessage, AlertRule, Delivery, Run
from portal.models import Tenant

DAY = timedelta(days=1)


@dataclass(slots=True)
class Figures:
    """A tenant's day, or that of all."""

    runs: int = 0
    failed: int = 0
    read: int = 0
    written: int = 0
    waiting: int = 0

    def add(self, other: "Figures") -> None:
        self.runs += other.runs
        self.failed += other.failed
        self.read += other.read
        self.written += other.written
        self.waiting += other.waiting

    @property
    def words(self) -> str:
        return (
            f"In the last 24 hours {self.runs:,} syncs ended, {self.failed:,} of them failed; {self.read:,} records were "
            f"read and {self.written:,} written. {self.waiting:,} wait for a person."
        )


def next_time(hour: int, zone: tzinfo, after: datetime) -> datetime:
    """The next moment at which it is that hour there. Pure."""
    local = after.astimezone(zone)
    at = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (at if at > local else at + DAY).astimezone(UTC)


def owe_due(now: datetime) -> None:
    """Owe the digests whose hour has come. A rule that is new only learns its hour."""
    rules = noticing.enabled_rules().filter(kind=AlertRule.Kind.DIGEST)
    new = list(rules.filter(next_digest_at=None).select_related("tenant"))
    for rule in new:
        rule.next_digest_at = next_time(rule.hour, _zone(rule), now)
    AlertRule.objects.bulk_update(new, ["next_digest_at"], batch_size=500)
    due = list(rules.filter(next_digest_at__lte=now).select_related("tenant").prefetch_related("channels"))
    if due:
        _owe(due, now)


@transaction.atomic
def _owe(due: Sequence[AlertRule], now: datetime) -> None:
    figures = figures_of(now)
    standing = _standing(due)
    total = Figures()
    for one in figures.values():
        total.add(one)
    messages = []
    for rule in due:
        own = total if rule.tenant_id is None else figures.get(rule.tenant_id, Figures())
        messages += [
            _message(rule, channel, own, standing.get(rule.tenant_id, []), now)
            for channel in rule.channels.all()
            if channel.enabled
        ]
        rule.next_digest_at = next_time(rule.hour, _zone(rule), now)
    owing.owe(messages)
    AlertRule.objects.bulk_update(due, ["next_digest_at"], batch_size=500)


def _message(
    rule: AlertRule, channel: Any, own: Figures, alerts: Sequence[Alert], now: datetime
) -> AlertMessage:
    whom = rule.tenant.name if rule.tenant else "All tenants"
    state = f"{len(alerts)} open alert{'' if len(alerts) == 1 else 's'}" if alerts else "all is well"
    subject = f"{whom}: {state}"
    page = reverse("admin:index")
    first = {
        "about": subject,
        "words": own.words,
        "who": "",
        "path": reverse("admin:portal_tenant_change", args=[rule.tenant_id]) if rule.tenant_id else page,
        "tenant": rule.tenant.slug if rule.tenant else None,
    }
    items = [first, *owing.items_of(alerts)]
    day = now.astimezone(_zone(rule)).date()
    key = f"digest:{rule.pk}:{day}"
    return owing.build(channel, AlertMessage.Event.DIGEST, key, subject, items, now)


def figures_of(now: datetime) -> Mapping[int, Figures]:
    """The last day of every tenant at work."""
    figures: dict[int, Figures] = defaultdict(Figures)
    since = now - DAY
    ended = Run.objects.exclude(state__in=Run.OPEN).filter(
        finished_at__gte=since, rule__connection__tenant__status__in=AT_WORK
    )
    rows = ended.order_by().values_list("rule__connection__tenant", "state")
    for tenant, state, count, read in rows.annotate(Count("pk"), Sum("read")):
        figures[tenant].runs += count
        figures[tenant].failed += count if state == Run.State.FAILED else 0
        figures[tenant].read += read
    owed = Delivery.objects.filter(connection__tenant__status__in=AT_WORK).order_by()
    done = owed.filter(state=Delivery.State.DONE, closed_at__gte=since)
    for tenant, count in done.values_list("connection__tenant").annotate(Count("pk")):
        figures[tenant].written += count
    stuck = owed.filter(state=Delivery.State.NEEDS_PERSON)
    for tenant, count in stuck.values_list("connection__tenant").annotate(Count("pk")):
        figures[tenant].waiting += count
    return figures


def _standing(due: Sequence[AlertRule]) -> Mapping[int | None, list[Alert]]:
    """Open alerts by the tenant of their rule, each thing once; the platform's digest tells those of its own rules."""
    owners = {rule.tenant_id for rule in due}
    alerts = Alert.objects.filter(closed_at=None).select_related("tenant", "rule").order_by("pk")
    found: dict[int | None, dict[str, Alert]] = defaultdict(dict)
    for alert in alerts:
        if alert.rule.tenant_id in owners:
            found[alert.rule.tenant_id].setdefault(alert.key, alert)
    return {owner: list(alerts.values()) for owner, alerts in found.items()}


def _zone(rule: AlertRule) -> tzinfo:
    tenant: Tenant | None = rule.tenant
    return tenant.zone if tenant else UTC
