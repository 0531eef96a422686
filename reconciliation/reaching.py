"""Whom a phone number or an e-mail address reaches, in whatever spelling: many at once, in a constant number of queries.

The route: addresses and numbers in normal form -> contacts of customers, people at them, main phones -> customers that
stand. A number is found by its key, and is the same one only if its E.164 is.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from portal.models import Tenant
from reconciliation.models import Contact, Customer, Person
from reconciliation.phones import phone_key, read_phone


@dataclass(frozen=True, slots=True)
class Reached:
    """A customer reached by `by` (an e-mail address or an E.164 number), through one of its people where `person_id`."""

    by: str
    customer_id: int
    person_id: int | None = None


def reached_by(tenant: Tenant, emails: Collection[str], phones: Collection[str]) -> list[Reached]:
    """Customers that stand, and are active, with one of these e-mail addresses (casefolded) or numbers (E.164)."""
    found = set(chain(_by_email(tenant, emails), _by_phone(tenant, phones)))
    ids = {one.customer_id for one in found}
    standing = set(
        Customer.objects.filter(pk__in=ids, active=True, merged_into=None).values_list("pk", flat=True)
    )
    kept = [one for one in found if one.customer_id in standing]
    return sorted(kept, key=lambda one: (one.customer_id, one.person_id or 0, one.by))


def _by_email(tenant: Tenant, emails: Collection[str]) -> Iterator[Reached]:
    if not emails:
        return
    contacts = Contact.objects.filter(tenant=tenant, email__in=emails, active=True, customer__isnull=False)
    for by, customer_id in contacts.values_list("email", "customer_id"):
        yield Reached(by, customer_id or 0)
    people = Person.objects.filter(tenant=tenant, email_key__in=emails, active=True, customer__isnull=False)
    for by, customer_id, person_id in people.values_list("email_key", "customer_id", "pk"):
        yield Reached(by, customer_id or 0, person_id)


def _by_phone(tenant: Tenant, phones: Collection[str]) -> Iterator[Reached]:
    if not phones:
        return
    contacts = Contact.objects.filter(tenant=tenant, e164__in=phones, active=True, customer__isnull=False)
    for by, customer_id in contacts.exclude(kind=Contact.Kind.FAX).values_list("e164", "customer_id"):
        yield Reached(by, customer_id or 0)
    for text, customer_id, person_id in _spelled(tenant, {phone_key(number) for number in phones}):
        number = read_phone(text, tenant.phone_region).e164
        if number in phones:
            yield Reached(number, customer_id, person_id)


def _spelled(tenant: Tenant, keys: Collection[str]) -> Iterable[tuple[str, int, int | None]]:
    """Numbers with these keys as they are written: (text, customer, person)."""
    people = Person.objects.filter(tenant=tenant, active=True, customer__isnull=False)
    by_phone = people.filter(phone_key__in=keys).values_list("phone", "customer_id", "pk")
    by_mobile = people.filter(mobile_key__in=keys).values_list("mobile", "customer_id", "pk")
    main = Customer.objects.filter(tenant=tenant, phone_key__in=keys).exclude(phone_key="")
    for text, customer_id, person_id in chain(by_phone, by_mobile):
        yield text, customer_id or 0, person_id
    for text, customer_id in main.values_list("main_phone", "pk"):
        yield text, customer_id, None
