"""The demo's flows: all of the gallery installed, and something for each to do.

The route: `install_all` -> customers of the last weeks become accounts, their jobs deals, their invoices AP invoices ->
at the sandboxes a deal is won, a membership bought, a job rated low, stock counted -> all are read -> what the flows made
of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from integrations.demo import ordering, payables
from integrations.demo.asking import ask
from integrations.flows.adjustments_plans import UNREAD
from integrations.flows.base import FlowSpec
from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import NotReady, install
from integrations.flows.new_customer_plans import READING
from integrations.models import Connection, Delivery, Flow, FlowItem
from portal.models import Tenant, User
from reconciliation.models import Appointment, Job, Link, ReferenceItem

LATELY = timedelta(days=10)
"""How far back the flows look when they are installed: enough to see, not everything the shop ever did."""
BACK = {"invoice_to_ap": timedelta(days=30)}
"""Accounting looks back over a month."""
WON = "Water heater for the guest house"


@dataclass(frozen=True)
class Progress:
    """What the flows have still to do, and what they did, by flow's title."""

    open: int
    done: dict[str, str]


def install_all(tenant: Tenant, user: User | None) -> list[str]:
    """Install each flow that is not there yet. Returns why some were not."""
    refused = []
    there = set(Flow.objects.filter(tenant=tenant).values_list("name", flat=True))
    for spec in FLOWS.values():
        if spec.name in there:
            continue
        try:
            _install(tenant, spec, user)
        except NotReady as error:
            refused.append(f"{spec.title}: {error}")
    return refused


@transaction.atomic
def _install(tenant: Tenant, spec: FlowSpec, user: User | None) -> None:
    """With what a person would choose on its page, and fill in before: all of it, or none. Raises NotReady."""
    chosen = CHOSEN[spec.name](tenant) if spec.name in CHOSEN else {}
    install(tenant, spec, chosen, since=timezone.now() - BACK.get(spec.name, LATELY), user=user)


def _lists(tenant: Tenant) -> dict[str, Any]:
    """What a won deal is booked as."""
    chosen = {"job_type": "Water heater", "business_unit": "Plumbing", "campaign": "Repeat customer"}
    items = ReferenceItem.objects.filter(tenant=tenant, active=True)
    return {kind: items.get(kind=kind, name=named).pk for kind, named in chosen.items()}


CHOSEN: Mapping[str, Callable[[Tenant], dict[str, Any]]] = {
    "won_deals": _lists,
    "invoice_to_ap": payables.prepare,
    "purchase_orders": ordering.prepare,
}
"""The settings of flows that need some."""


def set_off(tenant: Tenant, shop: Connection, org: Connection, accounting: Connection) -> bool:
    """Have a deal won, a membership bought, a job rated low and stock counted at the sandboxes. False where that was done
    already."""
    job = _job_in_both(tenant, shop, org)
    if (
        job is None
        or Link.objects.filter(source=org.source, entity="opportunity", payload__contains=WON).exists()
    ):
        return False
    customer, account = _ids(job.customer_id, shop, org)
    today = timezone.now().date().isoformat()
    deal = {"Name": WON, "AccountId": account, "StageName": "Closed Won", "CloseDate": today, "Amount": 2480.0,
            "Type": "Water heater"}  # fmt: skip
    ask(org, "add", object="Opportunity", members=deal)
    kind = (
        ReferenceItem.objects.filter(tenant=tenant, kind="membership_type", active=True)
        .order_by("pk")
        .first()
    )
    if kind is not None:
        ask(shop, "buy", customer=int(customer), type=kind.name)
    ask(shop, "rate", job=int(job.external_id), rating=2)
    ordering.count_stock(shop, accounting)
    return True


def _job_in_both(tenant: Tenant, shop: Connection, org: Connection) -> Job | None:
    """The newest completed job of a customer whom both systems know."""
    accounts = Link.objects.filter(source=org.source, entity="customer", state=Link.State.LIVE)
    customers = Link.objects.filter(source=shop.source, entity="customer", state=Link.State.LIVE)
    jobs = Job.objects.filter(tenant=tenant, status__iexact="completed", active=True).exclude(external_id="")
    both = jobs.filter(
        customer__in=accounts.filter(record_id__in=customers.values("record_id")).values("record_id")
    )
    return both.order_by("-completed_at").first()


def _ids(customer_id: int, *connections: Connection) -> list[str]:
    """A customer's id at each of them."""
    links = Link.objects.filter(entity="customer", record_id=customer_id, state=Link.State.LIVE)
    return [links.filter(source=one.source).values_list("external_id", flat=True)[0] for one in connections]


def progress(tenant: Tenant, connections: Iterable[Connection]) -> Progress:
    """How far the flows and what they owe are; the visit of a job that waits for a person is not waited for."""
    moving = Q(state=FlowItem.State.OWED) | Q(state=FlowItem.State.WAITING, reason__in=(READING, UNREAD))
    items = FlowItem.objects.filter(moving, flow__tenant=tenant)
    deliveries = Delivery.objects.filter(connection__in=list(connections))
    held = deliveries.filter(entity="job", state=Delivery.State.NEEDS_PERSON)
    visits = Appointment.objects.filter(tenant=tenant, job__in=held.values("record_id"))
    owed = deliveries.filter(state__in=Delivery.MOVING).exclude(
        entity="appointment", record_id__in=visits.values("pk")
    )
    done = {}
    for flow in Flow.objects.filter(tenant=tenant):
        counts = dict(flow.items.order_by().values_list("state").annotate(count=Count("pk")))
        done[flow.title] = ", ".join(
            f"{counts[state]} {state.label.lower()}" for state in FlowItem.State if counts.get(state)
        )
    return Progress(items.count() + owed.count(), done)
