"""Whom a booking is for and where: found by what people know of them, made where there is none."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from integrations.booking.asked import Address, Person, Place, Problem, Refused
from portal.models import Tenant, User
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Contact, Customer, Location, Source
from reconciliation.normalise import search_key
from reconciliation.phones import Phone, read_phone


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes records of one tenant in somebody's name."""

    tenant: Tenant
    actor: User | None = None
    source: Source | None = None
    note: str = ""

    def make(self, entity: str, values: dict[str, Any], **references: Any) -> Any:
        return add(
            ENTITIES[entity], self.tenant.pk, values, references,
            actor=self.actor, source=self.source, note=self.note,
        )  # fmt: skip


def customer_for(maker: Maker, person: Person, address: Address | None) -> Customer:
    """The customer that is meant, or a new one with its phone and e-mail address. Raises Refused."""
    if person.id is not None:
        return _by_id(maker.tenant, person.id)
    phone = _phone(maker.tenant, person)
    if not person.new and (found := find(maker.tenant, phone.e164, person.email, person.name, address)):
        return _served(found)
    return _made(maker, person, phone, address)


def find(
    tenant: Tenant, e164: str, email: str, name: str = "", address: Address | None = None
) -> Customer | None:
    """The customer with this phone, else with this e-mail address.

    Of several that share it the one with this name, else with this address, else the one known longest.
    """
    for contact in (Q(e164=e164) if e164 else None, Q(email=email.strip().casefold()) if email else None):
        if contact is not None and (sharing := list(_reached_by(tenant, contact))):
            named = [one for one in sharing if one.name_key == search_key(name)]
            near = [one for one in sharing if address is not None and address.is_same(one)]
            return (named or near or sharing)[0]
    return None


def _reached_by(tenant: Tenant, contact: Q) -> QuerySet[Customer]:
    contacts = Contact.objects.filter(contact, tenant=tenant, active=True)
    owners = contacts.values_list(Coalesce("customer_id", "location__customer_id"))
    return Customer.objects.filter(pk__in=owners, tenant=tenant, active=True, merged_into=None).order_by("pk")


def _by_id(tenant: Tenant, pk: int) -> Customer:
    found = Customer.objects.filter(tenant=tenant, pk=pk).select_related("merged_into").first()
    if found is None:
        raise Refused([Problem("customer.id", "There is no such customer.")])
    while found.merged_into is not None:  # whoever kept the number of a duplicate means the one that is left
        found = found.merged_into
    if not found.active:
        raise Refused([Problem("customer.id", "This customer is inactive.")])
    return _served(found)


def _served(customer: Customer) -> Customer:
    if customer.do_not_service:
        raise Refused([Problem("customer", f"{customer} is marked “do not service”.")])
    return customer


def _phone(tenant: Tenant, person: Person) -> Phone:
    if not person.phone:
        return Phone()
    phone = read_phone(person.phone, tenant.phone_region)
    if not phone.usable:
        raise Refused([Problem("customer.phone", "This cannot be read as a phone number.")])
    return phone


def _made(maker: Maker, person: Person, phone: Phone, address: Address | None) -> Customer:
    problems = []
    if not person.name:
        problems.append(Problem("customer.name", "Nobody is known by this phone or e-mail: give a name too."))
    if address is None:
        problems.append(Problem("location.address", "A new customer needs an address."))
    if problems or address is None:
        raise Refused(problems)
    customer: Customer = maker.make("customer", {"name": person.name, "kind": person.kind, **address.values})
    if person.phone:
        numbers = {"e164": phone.e164, "extension": phone.extension, "usable": True}
        maker.make("customer_contact", {"kind": "phone", "value": person.phone, **numbers}, customer=customer)
    if person.email:
        maker.make("customer_contact", {"kind": "email", "value": person.email}, customer=customer)
    return customer


def location_for(maker: Maker, customer: Customer, place: Place) -> Location:
    """The location that is meant, or a new one. Raises Refused."""
    known = Location.objects.filter(customer=customer, active=True, merged_into=None).order_by("pk")
    if place.id is not None:
        found = known.filter(pk=place.id).first()
        if found is None:
            raise Refused([Problem("location.id", f"{customer} has no such location.")])
        return found
    if place.address is None:
        return _only(customer, list(known[:2]))
    for one in known:
        if place.address.is_same(one):
            return one
    name = place.name or customer.name
    made: Location = maker.make("location", {"name": name, **place.address.values}, customer=customer)
    return made


def _only(customer: Customer, known: list[Location]) -> Location:
    if len(known) == 1:
        return known[0]
    words = f"{customer} has several locations: say which." if known else f"{customer} has no location yet."
    raise Refused([Problem("location", f"{words} Give its id or an address.")])
