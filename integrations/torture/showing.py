"""Whether a person sees what did not go well: each failure that is left, looked for in its list as a person opens it.

The route: open deliveries, failures of rows, conflicts -> the list of each, page by page, over HTTP -> those that stand
in none.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.urls import reverse

from integrations.models import Delivery, RunFailure
from integrations.torture.visiting import Visitor
from portal.models import Partner, Role, RoleGrant, Tenant, User
from reconciliation.models import Conflict

State = Delivery.State
MOST_PAGES = 30
PAGES = {"integrations_delivery": "p", "integrations_runfailure": "p", "reconciliation_conflict": "page"}
"""What each list calls the number of its page."""


def hidden(visitor: Visitor, tenant: Tenant, refused: Collection[int]) -> list[str]:
    """What nobody is told. `refused` are customers of whom the other side took not everything."""
    stuck = Delivery.objects.filter(
        connection__tenant=tenant, state__in=(State.NEEDS_PERSON, State.GIVEN_UP)
    ).order_by("pk")
    told = set(stuck.filter(entity="customer").values_list("record_id", flat=True))
    failures = RunFailure.objects.filter(rule__connection__tenant=tenant, state=RunFailure.State.OPEN)
    waiting = Conflict.objects.filter(tenant=tenant, state=Conflict.State.PENDING)
    return [
        *(f"customer {pk} was refused, and nothing says so" for pk in sorted(set(refused) - told)),
        *_unseen(visitor, "integrations_delivery", stuck),
        *_unseen(visitor, "integrations_runfailure", failures),
        *_unseen(visitor, "reconciliation_conflict", waiting),
    ]


def _unseen(visitor: Visitor, admin: str, rows: Iterable[Any]) -> list[str]:
    missing = {reverse(f"admin:{admin}_change", args=[row.pk]): row for row in rows}
    for page in range(MOST_PAGES):
        if not missing:
            break
        words = visitor.page(f"{reverse(f'admin:{admin}_changelist')}?{PAGES[admin]}={page + 1}")
        missing = {address: row for address, row in missing.items() if address not in words}
    return [f"{row} stands in no list ({address})" for address, row in missing.items()]


def agent(tenant: Tenant) -> User:
    """Who looks: staff of the merchant's partner."""
    user, _ = User.objects.get_or_create(
        username="torture", defaults={"first_name": "Tora", "is_staff": True}
    )
    partner: Partner = tenant.partner
    RoleGrant.objects.get_or_create(user=user, role=Role.PARTNER_STAFF, partner=partner)
    return user
