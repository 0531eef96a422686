"""A customer of ServiceTitan becomes an Account with a Contact, on the first booking or inquiry.

The route: a job, a booking or a lead names a customer -> it waits until Salesforce has been read once more -> looked for
there by link, e-mail and phone (`counterparts`) -> the one that is found is merged with it, so that its Account is
written from then on; of several a person decides under Dedupe; else Account and Contact are made. Later changes of
the customer and of how it is reached follow.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from integrations import runs, waking
from integrations.connectors.entity import FieldMap
from integrations.flows.base import FlowSpec, Line, NeededRule, Place, Plan, Wait, Way, itself
from integrations.flows.counterparts import Met, Same, Several
from integrations.flows.new_customer_plans import READING, SEVERAL, Client, plan
from integrations.flows.new_customers_read import NAME, SYSTEM, read
from integrations.models import Flow, FlowItem, Run, SyncRule
from portal.models import Tenant
from reconciliation.entities import ENTITIES
from reconciliation.matching import asking, refusals
from reconciliation.merging import CannotMerge, merge
from reconciliation.models import Booking, Contact, Customer, Job, Lead

CUSTOMER = ENTITIES["customer"]
_EMPTY: tuple[Any, ...] = (None, "", [], False)


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Customers with a job, a booking or a lead (since then)."""
    asked = Q()
    for model, owner in ((Job, "customer"), (Lead, "customer"), (Booking, "job__customer")):
        rows = model._default_manager.filter(**{owner: OuterRef("pk")})
        if since is not None:
            rows = rows.annotate(at=Coalesce("source_created_at", "created_at")).filter(at__gte=since)
        asked |= Q(Exists(rows))
    return Customer.objects.filter(asked, tenant=tenant_id, merged_into=None)


def _owners(model: Any, column: str) -> Any:
    """The trigger of records that belong to a customer."""

    def trigger(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
        rows = model._default_manager.filter(tenant=tenant_id, pk__in=list(record_ids))
        return {pk for pk in rows.values_list(column, flat=True) if pk is not None}

    return trigger


def also(tenant_id: int, planned: Sequence[tuple[Client, Plan]]) -> None:
    """What is no record: reading Salesforce again, joining what is one, asking a person about the rest."""
    if any(isinstance(result, Wait) and result.reason == READING for _, result in planned):
        _read_again(tenant_id)
    for client, result in planned:
        if isinstance(result, Wait) and result.reason == READING:
            continue
        if client.active and isinstance(verdict := client.verdict, Same):
            _join(tenant_id, client, verdict)
        elif client.active and isinstance(verdict, Several):
            _ask(tenant_id, client, verdict.met)


def _read_again(tenant_id: int) -> None:
    """Once for all that wait: a read that is asked for already is joined."""
    rules = SyncRule.objects.filter(
        connection__tenant=tenant_id,
        connection__system=SYSTEM,
        entity__in=("customer", "person"),
        enabled=True,
    )
    for rule in rules:
        runs.ask(rule, Run.Trigger.SCHEDULE)
        waking.at_commit(rule.connection_id)


def _join(tenant_id: int, client: Client, found: Same) -> None:
    """The two become one record, which takes from the Account what the shop does not know. Raises CannotMerge."""
    rows = Customer.objects.select_for_update().filter(pk__in=(client.id, found.customer_id)).order_by("pk")
    both = {row.pk: row for row in rows}
    if refusals.is_any_refused(Tenant(pk=tenant_id), list(both)):
        raise CannotMerge("Somebody has just said that the two are different.")
    ours, theirs = both[client.id], both[found.customer_id]
    values = {
        name: getattr(theirs, name)
        for name in CUSTOMER.fields
        if getattr(ours, name) in _EMPTY and getattr(theirs, name) not in _EMPTY
    }
    merge(CUSTOMER, ours.pk, [theirs.pk], values, note=f"{FLOW.title}: the same {found.by}")


def _ask(tenant_id: int, client: Client, met: Sequence[Met]) -> None:
    tenant = Tenant.objects.get(pk=tenant_id)
    said = {one.customer_id: f"the same {one.by}" for one in met}
    for customer_id, why in said.items():
        asking.ask(tenant, client.id, [customer_id], why)


def held_back(rule: SyncRule, record_ids: Sequence[int]) -> dict[int, str]:
    """A `push.holding.Holder`: whose Account is still looked for is not made one for the sake of a deal or a case."""
    if rule.entity != CUSTOMER.name or rule.connection.system != SYSTEM:
        return {}
    items = FlowItem.objects.filter(
        flow__tenant=rule.connection.tenant_id, flow__name=NAME, flow__enabled=True, record_id__among=list(record_ids),
        state__in=(FlowItem.State.OWED, FlowItem.State.WAITING),
    )  # fmt: skip
    why = "Waits until it is known whether Salesforce has this customer already: see the flow that looks for it."
    return dict.fromkeys(items.values_list("record_id", flat=True), why)


def on_settled(sender: object, *, tenant_id: int, customer_ids: Collection[int], **_: Any) -> None:
    """Receives `refusals.settled`: what waited for that answer goes on."""
    from integrations.flows import owing

    for flow in Flow.objects.filter(tenant=tenant_id, name=NAME, enabled=True):
        waiting = flow.items.filter(state=FlowItem.State.WAITING, record_id__in=list(customer_ids))
        owing.owe(flow, FLOW, list(waiting.values_list("record_id", flat=True)))


FLOW = FlowSpec(
    name=NAME,
    title="New ServiceTitan customer → Account + Contact",
    does="On the first booking or inquiry the customer becomes an Account with a Contact. One that is there is found by "
    "external id, e-mail or phone and brought up to date; where several may be meant, a person decides under Dedupe. "
    "Later changes of the customer follow.",
    systems=("servicetitan", "salesforce"),
    subject="customer",
    triggers={
        "customer": itself,
        "customer_contact": _owners(Contact, "customer_id"),
        "job": _owners(Job, "customer_id"),
        "lead": _owners(Lead, "customer_id"),
        "booking": _owners(Booking, "job__customer_id"),
    },
    subjects=subjects,
    read=read,
    plan=plan,
    also=also,
    rules=(
        NeededRule("servicetitan", "customer"),
        NeededRule("servicetitan", "customer_contact"),
        NeededRule("servicetitan", "job"),
        NeededRule("salesforce", "customer", pushes=True),
        NeededRule("salesforce", "person", pushes=True),
    ),
    lines=(Line(SYSTEM, "customer", FieldMap("Phone", "main_phone")),),
    ways={SEVERAL: Way("Decide under Dedupe", Place("admin:reconciliation_matchcandidate_changelist"))},
)
