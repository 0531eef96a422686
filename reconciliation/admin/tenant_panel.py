"""What this floor shows on a tenant's page: duplicates, and where they are set up."""

from typing import Any

from django.http import HttpRequest

from portal.access import Action, access_of
from portal.models import Tenant
from portal.panels import register_tenant_panel
from reconciliation import duplicates
from reconciliation.models import MatchSettings, MergeSettings

COUNTED = 10_000


def duplicates_of(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    """Pairs that wait, what becomes of certain ones, and the ways there."""
    limits = MatchSettings.objects.filter(tenant=tenant).first()
    return {
        "pairs": duplicates.waiting([tenant.pk]).order_by()[:COUNTED].count(),
        "limits": limits or MatchSettings(tenant=tenant),
        "known": limits is not None,
        "merging": MergeSettings.objects.filter(tenant=tenant).first(),
        "may_configure": access_of(request.user).may(Action.CONFIGURE, tenant),
    }


register_tenant_panel(50, "admin/reconciliation/tenant_panel.html", duplicates_of)
