"""The person at a customer with whom a flow ties what it makes: the one that the sales system has had longest."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q, QuerySet

from integrations.flows.base import Place, Wait, Way
from integrations.models import FlowItem
from reconciliation.models import Person

NOBODY = Wait(
    "no_person",
    "Nobody is known at this customer yet. The flow for new customers makes a Contact; or add one in Salesforce.",
)
WAYS = {NOBODY.reason: Way("See the flow for new customers", Place("admin:integrations_flow_gallery"))}


def first_people(customer_ids: Iterable[int]) -> dict[int, int]:
    """The first active person of each customer that has one, in one query."""
    people = Person.objects.filter(customer__in=set(customer_ids), active=True).order_by("-pk")
    return {int(customer_id or 0): pk for customer_id, pk in people.values_list("customer_id", "pk")}


def customers_of(tenant_id: int, person_ids: Collection[int]) -> "QuerySet[Any, Any]":
    """The customers of whom these are the people."""
    people = Person.objects.filter(tenant=tenant_id, pk__in=list(person_ids), customer__isnull=False)
    return people.values("customer_id")


def waiting_for_somebody(tenant_id: int, flow: str) -> "QuerySet[Any, Any]":
    """The subjects of a flow that wait for a person, or may begin to at this moment."""
    items = FlowItem.objects.filter(flow__tenant=tenant_id, flow__name=flow)
    return items.filter(Q(reason=NOBODY.reason) | Q(state=FlowItem.State.OWED)).values("record_id")
