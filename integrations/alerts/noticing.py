"""From what is wrong to what is told: alerts are opened and closed, and messages owed for them.

The route: enabled rules -> `troubles` (all tenants at once) -> `decide` (pure) -> alerts opened and closed -> one message
for each rule and channel, in the transaction that marks its alerts as told. Two workers may do this at the same time:
a unique constraint keeps one open alert for each thing, and whoever marks it as told owes its message.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from integrations.alerts import owing
from integrations.alerts.troubles import AT_WORK, FINDERS, NEVER_MIND_THE_LIMIT, Trouble
from integrations.models import Alert, AlertMessage, AlertRule

QUIET = timedelta(hours=1)
"""The same thing is told at most once in this time, however often it comes and goes."""
Finding = tuple[str, int]  # a kind and its window
Troubles = Mapping[Finding, Sequence[Trouble]]


@dataclass(frozen=True, slots=True)
class Open:
    """An alert that is open, as `decide` needs to know it."""

    pk: int
    rule_id: int
    key: str


@dataclass(slots=True)
class Decided:
    """What to open (with its rule), and what to close: because it is over, or without a word."""

    opens: list[tuple[AlertRule, Trouble]] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    quietly: list[int] = field(default_factory=list)


def decide(
    rules: Iterable[AlertRule], troubles: Troubles, open_alerts: Iterable[Open], asleep: Collection[int]
) -> Decided:
    """What the troubles mean to each rule. `asleep` are open alerts whose tenant is not at work any more."""
    decided = Decided()
    standing: dict[int, dict[str, int]] = defaultdict(dict)
    for alert in open_alerts:
        standing[alert.rule_id][alert.key] = alert.pk
    by_tenant = {finding: _by_tenant(found) for finding, found in troubles.items()}
    for rule in rules:
        known = standing.pop(rule.pk, {})
        found = by_tenant.get((rule.kind, rule.window), {}).get(rule.tenant_id, ())
        wanted = {trouble.key: trouble for trouble in found if _matters(rule, trouble)}
        decided.opens += [(rule, trouble) for key, trouble in wanted.items() if key not in known]
        for key, pk in known.items():
            if pk in asleep:
                decided.quietly.append(pk)
            elif key not in wanted:
                decided.over.append(pk)
    for known in standing.values():  # of rules that are off
        decided.quietly += known.values()
    return decided


def _by_tenant(found: Sequence[Trouble]) -> Mapping[int | None, Sequence[Trouble]]:
    """By tenant; under None, for the platform's rules, all of them."""
    sorted_out: dict[int | None, list[Trouble]] = defaultdict(list)
    for trouble in found:
        if trouble.tenant_id is not None:
            sorted_out[trouble.tenant_id].append(trouble)
    sorted_out[None] = list(found)
    return sorted_out


def _matters(rule: AlertRule, trouble: Trouble) -> bool:
    return rule.kind in NEVER_MIND_THE_LIMIT or trouble.measure >= rule.limit


def notice(now: datetime) -> None:
    """Bring the alerts up to date, and owe what is to be told."""
    rules = list(
        enabled_rules()
        .exclude(kind=AlertRule.Kind.DIGEST)
        .select_related("tenant")
        .prefetch_related("channels")
    )
    still_open = Alert.objects.filter(closed_at=None)
    known = [Open(*row) for row in still_open.values_list("pk", "rule_id", "key")]
    if not rules and not known:
        return
    asleep = still_open.exclude(Q(tenant=None) | Q(tenant__status__in=AT_WORK)).values_list("pk", flat=True)
    decided = decide(rules, find(rules, now), known, set(asleep))
    _open(decided.opens, now)
    Alert.objects.filter(pk__in=decided.quietly, closed_at=None).update(closed_at=now)
    by_pk = {rule.pk: rule for rule in rules}
    _tell_recovered(decided.over, by_pk, now)
    _tell_opened(by_pk, now)


def enabled_rules() -> "QuerySet[AlertRule]":
    """Rules that are on, of tenants at work or of the platform."""
    return AlertRule.objects.filter(Q(tenant=None) | Q(tenant__status__in=AT_WORK), enabled=True)


def find(rules: Iterable[AlertRule], now: datetime) -> Troubles:
    """Each kind that some rule asks for, once for each window."""
    wanted = {(rule.kind, rule.window) for rule in rules}
    found: dict[Finding, Sequence[Trouble]] = {}
    by_kind: dict[str, Sequence[Trouble]] = {}
    for kind, window in sorted(wanted):
        if kind == AlertRule.Kind.FAILURES:
            found[kind, window] = FINDERS[kind](now, window)
        else:  # the window means nothing to it
            if kind not in by_kind:
                by_kind[kind] = FINDERS[kind](now, window)
            found[kind, window] = by_kind[kind]
    return found


def _open(opens: Sequence[tuple[AlertRule, Trouble]], now: datetime) -> None:
    """One that was told within the hour is told later, if it is still there then."""
    if not opens:
        return
    told = {
        (rule, key): at
        for rule, key, at in Alert.objects.filter(told_at__gt=now - QUIET)
        .order_by()
        .values_list("rule_id", "key")
        .annotate(Max("told_at"))
    }
    alerts = [
        Alert(
            rule=rule,
            tenant_id=trouble.tenant_id,
            key=trouble.key,
            about=trouble.about[:300],
            words=trouble.words,
            who=trouble.who,
            path=trouble.path,
            opened_at=now,
            tells_from=told[rule.pk, trouble.key] + QUIET if (rule.pk, trouble.key) in told else now,
        )
        for rule, trouble in opens
    ]
    Alert.objects.bulk_create(alerts, ignore_conflicts=True, batch_size=500)


@transaction.atomic
def _tell_opened(rules: Mapping[int, AlertRule], now: datetime) -> None:
    due = Alert.objects.filter(closed_at=None, told_at=None, tells_from__lte=now, rule__in=rules)
    alerts = list(due.select_for_update(of=("self",)).select_related("tenant").order_by("pk"))
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(told_at=now)
    _owe(alerts, rules, AlertMessage.Event.OPENED, now)


@transaction.atomic
def _tell_recovered(pks: Sequence[int], rules: Mapping[int, AlertRule], now: datetime) -> None:
    ends = Alert.objects.filter(pk__in=pks, closed_at=None)
    alerts = list(ends.select_for_update(of=("self",)).select_related("tenant").order_by("pk"))
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(closed_at=now)
    told = [alert for alert in alerts if alert.told_at is not None and rules[alert.rule_id].tells_recovery]
    _owe(told, rules, AlertMessage.Event.RECOVERED, now)


def _owe(
    alerts: Sequence[Alert], rules: Mapping[int, AlertRule], event: AlertMessage.Event, now: datetime
) -> None:
    """One message for each rule and channel, whatever the number of alerts."""
    by_rule: dict[int, list[Alert]] = defaultdict(list)
    for alert in alerts:
        by_rule[alert.rule_id].append(alert)
    owing.owe(
        [
            owing.message(channel, event, f"{event}:{found[0].pk}", found, now)
            for pk, found in by_rule.items()
            for channel in rules[pk].channels.all()
            if channel.enabled
        ]
    )
