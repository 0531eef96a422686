"""What this floor shows on the home page: what needs a person, what runs now, what came, what the APIs were asked.

Every builder narrows to the tenants of the person who looks, in a fixed number of queries.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from integrations.admin import needs, words
from integrations.connectors.registry import CONNECTORS
from integrations.models import CallBudget, Connection, Run
from portal.access import Access, Action, access_of
from portal.look import bars
from portal.models import Tenant
from portal.panels import Health

DAYS = 14
IN_FLIGHT_SHOWN = 8
BUDGETS_SHOWN = 6
_CHART_SECONDS = 60


def needs_a_person(request: HttpRequest) -> dict[str, Any]:
    """The list of `needs`, or that there is none."""
    access = access_of(request.user)
    return {"needs": needs.found(access), "may_act": access.may_somewhere(Action.RUN)}


def in_flight(request: HttpRequest) -> dict[str, Any]:
    """Runs at work, then those that wait, and what the APIs were asked meanwhile."""
    runs = access_of(request.user).scope(Run.objects.filter(state__in=Run.OPEN))
    found = list(
        runs.select_related("rule__connection__tenant").order_by("-state", "pk")[: IN_FLIGHT_SHOWN + 1]
    )
    return {"runs": found[:IN_FLIGHT_SHOWN], "more": len(found) > IN_FLIGHT_SHOWN, **calls(request)}


def records_per_day(request: HttpRequest) -> dict[str, Any]:
    """Records created and updated on each of the last days, in UTC; summed anew once a minute."""
    access = access_of(request.user)
    key = f"records-per-day:{request.user.pk}"
    points = cache.get(key)
    if points is None:
        points = _per_day(access)
        cache.set(key, points, _CHART_SECONDS)
    total = sum(value for _, value in points)
    return {
        "chart": bars(points, f"Records synced on each of the last {DAYS} days", unit="records"),
        "total": total,
        "days": DAYS,
    }


def _per_day(access: Access) -> list[tuple[str, int]]:
    today = timezone.now().date()
    first = today - timedelta(days=DAYS - 1)
    wrote = Run.objects.filter(Q(created__gt=0) | Q(updated__gt=0), started_at__date__gte=first)
    counted = (
        access.scope(wrote)
        .order_by()
        .annotate(day=TruncDate("started_at"))
        .values_list("day")
        .annotate(wrote=Sum(F("created") + F("updated")))
    )
    by_day: dict[Any, int] = dict(counted)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [(f"{day:%-d %b}", by_day.get(day, 0)) for day in days]


def calls(request: HttpRequest) -> dict[str, Any]:
    """Calls of the last full minute by budget, the busiest first; and those of the day, where a system counts them."""
    now = timezone.now()
    connections: dict[str, list[Connection]] = {}
    for connection in access_of(request.user).scope(
        Connection.objects.exclude(budget_key="").select_related("tenant")
    ):
        connections.setdefault(connection.budget_key, []).append(connection)
    budgets = list(CallBudget.objects.filter(key__in=connections))
    used = [(connections[budget.key], budget.used_last_minute(now)) for budget in budgets]
    used.sort(key=lambda pair: -pair[1])
    busy = [(owners, count, _a_minute(owners[0])) for owners, count in used if count]
    days = [(connections[budget.key], budget) for budget in budgets if budget.day_allowed]
    days.sort(key=lambda pair: -pair[1].day_used / pair[1].day_allowed)
    return {
        "busy": [found for found in busy if found[2]][:BUDGETS_SHOWN],
        "days": days[:BUDGETS_SHOWN],
        "allowed": [(spec.label, spec.calls_a_minute) for spec in CONNECTORS.values() if spec.calls_a_minute],
        "connections": sum(map(len, connections.values())),
    }


def _a_minute(connection: Connection) -> int:
    return CONNECTORS[connection.system].calls_a_minute


def health_of(tenants: Iterable[Tenant]) -> dict[int, Health]:
    """How each tenant's worst connection fares, and where to act on it."""
    found: dict[int, Health] = {}
    for connection in Connection.objects.filter(tenant__in=[tenant.pk for tenant in tenants]):
        health = _health(connection)
        if health is not None and (connection.tenant_id not in found or health.tone == "bad"):
            found[connection.tenant_id] = health
    return found


def _health(connection: Connection) -> Health | None:
    page = reverse("admin:integrations_connection_test", args=[connection.pk])
    if connection.status == Connection.Status.RELINK:
        return Health("bad", f"{connection.label} needs re-link", page)
    if connection.status == Connection.Status.PAUSED:
        return Health("warn", f"{connection.label} is paused", page)
    if connection.status != Connection.Status.CONNECTED or connection.health == Connection.Health.UNKNOWN:
        return None
    overview = reverse("admin:integrations_connection_change", args=[connection.pk])
    tone = words.HEALTH_TONES[connection.health]
    return Health(tone, connection.get_health_display(), page if connection.problem else overview)


def open_count(rows: Any) -> int:
    """How many, counting no further than people read."""
    return int(rows.order_by()[:10_000].aggregate(count=Count("pk"))["count"])
