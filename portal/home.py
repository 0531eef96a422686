"""The ground floor's own panels of the home page: tenants by health, and what was done last."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest

from portal import verifying
from portal.access import Action, access_of
from portal.models import AuditEntry, Tenant
from portal.panels import health_of, register_panel

SHOWN = 12
LOOKED_AT = 200
"""Tenants whose health is asked for: the worst dozen of them are shown."""

_WORST_FIRST = ["bad", "warn", "busy", "ok", "idle"]


def tenants(request: HttpRequest) -> dict[str, Any]:
    """Counts by status, and the tenants that fare worst."""
    access = access_of(request.user)
    own = access.tenants()
    counts = dict(own.order_by().values_list("status").annotate(Count("pk")))
    looked_at = list(own.select_related("partner")[:LOOKED_AT])
    health = health_of(looked_at)
    looked_at.sort(key=lambda tenant: _WORST_FIRST.index(health[tenant.pk].tone))
    total = sum(counts.values())
    return {
        "rows": [(tenant, health[tenant.pk]) for tenant in looked_at[:SHOWN]],
        "tally": [
            (status.value, counts[status.value], status.label.lower())
            for status in Tenant.Status
            if counts.get(status.value)
        ],
        "total": total,
        "more": total > SHOWN,
        "several_partners": len({tenant.partner_id for tenant in looked_at}) > 1,
        "may_add": access.may_whole_partner(Action.CONFIGURE),
    }


def recent(request: HttpRequest) -> dict[str, Any] | None:
    """The last entries of the audit trail, but for log-ins: on a busy morning they would be all there is."""
    access = access_of(request.user)
    if not access.may_somewhere(Action.AUDIT):
        return None
    outcome = verifying.last_outcome() if access.is_platform_admin else None
    return {
        "broken": outcome if outcome and outcome.action == verifying.BROKEN else None,
        "entries": access.trail(AuditEntry.objects.select_related("tenant")).exclude(
            action__startswith="log_in"
        )[:8],
    }


def register_panels() -> None:
    """Called once the apps are ready."""
    register_panel("Tenants", 10, tenants, "portal/panels/tenants.html")
    register_panel("Lately", 90, recent, "portal/panels/audit.html", wide=True)
