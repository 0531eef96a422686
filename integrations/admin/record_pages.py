"""What deliveries and bookings add to the pages of records: how it stands, what was sent, and the way to book."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from integrations.admin.flow_ways import address_of_way
from integrations.models import Delivery, FlowMade
from portal.access import Action, access_of
from reconciliation.admin.extensions import Button, Happened, Notice

State = Delivery.State
_SHOWN = 20
_BOOKED_FROM = frozenset({"job", "customer"})


def buttons(request: HttpRequest, entity: str, record: Any) -> Iterable[Button]:
    """“Book a job” for those who may: on the list of jobs, of customers, and on a customer's page. And how an AP invoice
    came to be, on its page."""
    if entity == "ap_invoice" and record is not None:
        yield from _ways(record)
    if entity not in _BOOKED_FROM or (entity == "job" and record is not None):
        return
    access = access_of(request.user)
    address = reverse("admin:integrations_connection_book")
    if record is None and access.may_somewhere(Action.BOOK):
        yield Button("Book a job", address)
    elif record is not None and record.active and access.may(Action.BOOK, record.tenant):
        yield Button("Book a job", f"{address}?customer={record.pk}")


def _ways(record: Any) -> Iterable[Button]:
    ties = FlowMade.objects.filter(entity="ap_invoice", record_id=record.pk, item__flow__tenant=record.tenant)
    if tie := ties.select_related("item").first():
        yield Button("Its whole way", address_of_way(tie.item))


def notices(entity: str, record: Any) -> Iterable[Notice]:
    """What is on its way to a connected system, or cannot get there."""
    for delivery in _deliveries(entity, record).filter(state__in=Delivery.OPEN):
        label = delivery.connection.label
        if delivery.state == State.NEEDS_PERSON:
            yield Notice("bad", f"Not sent to {label}", delivery.message, _address(delivery))
        else:
            words = delivery.message or "It is sent within a minute."
            yield Notice("busy", f"Waiting to be sent to {label}", words, _address(delivery))


def events(entity: str, record: Any) -> Iterable[Happened]:
    """What was sent, what was refused, and which flow made it."""
    for tie in FlowMade.objects.filter(entity=entity, record_id=record.pk).select_related("item__flow"):
        done = "made it" if tie.is_new else "took it up"
        page = reverse("admin:integrations_flow_change", args=[tie.item.flow_id])
        yield Happened(tie.made_at, "Trunkline", f"{done} by the flow {tie.item.flow.title}", page)
    for delivery in _deliveries(entity, record)[:_SHOWN]:
        label = delivery.connection.label
        if delivery.state == State.DONE and delivery.closed_at:
            yield Happened(delivery.closed_at, "Trunkline", _sent(delivery, label), _address(delivery))
        elif delivery.state == State.GIVEN_UP and delivery.closed_at:
            yield Happened(
                delivery.closed_at, "Trunkline", f"gave up sending it to {label}", _address(delivery)
            )
        elif delivery.state == State.NEEDS_PERSON:
            at = delivery.sent_at or delivery.created_at
            yield Happened(
                at, "Trunkline", f"could not send it to {label}: {delivery.message}", _address(delivery)
            )


def _sent(delivery: Delivery, label: str) -> str:
    if delivery.operation == Delivery.Operation.CREATE:
        return f"sent it to {label}, which knows it as {delivery.external_id}"
    names = ", ".join(sorted(delivery.values)).replace("_", " ")
    return f"sent the change of {names} to {label}" if names else f"sent a change to {label}"


def _deliveries(entity: str, record: Any) -> Any:
    rows = Delivery.objects.filter(entity=entity, record_id=record.pk).select_related("connection__tenant")
    return rows.defer("request", "reply", "parts").order_by("-pk")


def _address(delivery: Delivery) -> str:
    return reverse("admin:integrations_delivery_change", args=[delivery.pk])
