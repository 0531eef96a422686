"""A record that its rule sends as another one: a lead that becomes a customer.

The route: the rule's `becomes` -> a customer that is known by that phone or e-mail, else a new one with its location
and contacts -> the lead says so, and is closed here. All of it is one transaction without a call; the customer owes
a delivery of its own, which is written once like any other.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import transaction

from integrations.models import Delivery, SyncRule
from integrations.push.owing import pushes
from reconciliation.adding import add
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Contact
from reconciliation.phones import read_phone

if TYPE_CHECKING:
    from integrations.push.sending import Sender

State = Delivery.State
ADDRESS = ("street", "unit", "city", "state", "postal_code", "country")
CONVERTED = "Converted"


def convert(sender: "Sender", delivery: Delivery, record: Any) -> None:
    """Make of the record what the rule says, once."""
    target = sender.rule.becomes
    if record.status == CONVERTED:
        return sender.outcomes.close(delivery, State.NOT_NEEDED, f"It has become a {target}.", reason="same")
    rule = SyncRule.objects.select_related("connection").get(
        connection_id=sender.rule.connection_id, entity=target
    )
    if not pushes(rule):
        message = f"It is to become a {target}, but the rule of {target}s does not write. Let it, then retry."
        return sender.outcomes.needs_person(delivery, "becomes", message)
    if sender.dry:
        return sender.outcomes.close(delivery, State.DONE, f"It would become a {target}.")
    with transaction.atomic():
        sender.renew()
        made = CONVERSIONS[target](record)
        delivery.refresh_from_db(fields=["changes"])
        sender.outcomes.close(delivery, State.DONE, f"It has become the {target} {made}.")
    return None


def as_customer(lead: Any) -> Any:
    """The lead's customer: the one it names, one known by its phone or e-mail, or a new one."""
    customer = lead.customer or _known(lead) or _new(lead)
    edit(
        ENTITIES["lead"],
        lead.pk,
        {"status": CONVERTED, "customer_id": customer.pk},
        note=f"Became {customer}",
    )
    return customer


CONVERSIONS: dict[str, Callable[[Any], Any]] = {"customer": as_customer}


def _known(lead: Any) -> Any:
    contacts = Contact.objects.filter(
        tenant_id=lead.tenant_id, active=True, customer__active=True, customer__merged_into=None
    )
    phone = _e164(lead)
    found = contacts.filter(e164=phone) if phone else contacts.none()
    if lead.email:
        found = found | contacts.filter(email=lead.email.strip().casefold())
    contact = found.select_related("customer").order_by("pk").first()
    return contact.customer if contact else None


def _e164(lead: Any) -> str:
    return read_phone(lead.phone, lead.tenant.phone_region).e164 if lead.phone else ""


def _new(lead: Any) -> Any:
    place = {name: getattr(lead, name) for name in ADDRESS}
    values = {"name": lead.name, "kind": "Residential", **place}
    customer = add(ENTITIES["customer"], lead.tenant_id, values, note=f"From the lead {lead}")
    home = {"name": lead.street or lead.name, **place}
    add(ENTITIES["location"], lead.tenant_id, home, {"customer": customer})
    for kind, value, more in (("phone", lead.phone, {"e164": _e164(lead)}), ("email", lead.email, {})):
        if value:
            contact = {"kind": kind, "value": value, **more}
            add(ENTITIES["customer_contact"], lead.tenant_id, contact, {"customer": customer})
    return customer
