"""Customers with all that tells which Account they are: many together, in a constant number of queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone

from integrations.flows.base import Settings
from integrations.flows.counterparts import Met
from integrations.flows.new_customer_plans import Client, Number, Someone
from integrations.flows.person_names import are_one, commercial
from integrations.models import FlowItem, FlowMade, Run, SyncRule
from portal.models import Tenant
from reconciliation.forms import ADDRESS
from reconciliation.matching import refusals
from reconciliation.matching.reach import is_placeholder, read_email
from reconciliation.models import Contact, Customer, Link, Person
from reconciliation.phones import national_form, read_phone
from reconciliation.reaching import Reached, reached_by

NAME, SYSTEM = "new_customers", "salesforce"
_HELD = ("phone", "mobile", "email", *ADDRESS)


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Client]:
    tenant = Tenant.objects.get(pk=tenant_id)
    rows = list(Customer.objects.filter(tenant=tenant, pk__in=list(ids), merged_into=None))
    contacts = _contacts(tenant, [row.pk for row in rows])
    emails = {pk: _emails(found) for pk, found in contacts.items()}
    numbers = {pk: _numbers(tenant, found) for pk, found in contacts.items()}
    reached = reached_by(
        tenant,
        {email.casefold() for found in emails.values() for email in found},
        {number.e164 for phones, mobiles in numbers.values() for number in (*phones, *mobiles)},
    )
    everyone = {*(row.pk for row in rows), *(one.customer_id for one in reached)}
    names = dict(Customer.objects.filter(pk__in=everyone).values_list("pk", "name"))
    people = _people(tenant, everyone)
    there, here = _standing(tenant, SYSTEM, everyone), _standing(tenant, "servicetitan", everyone)
    refused, ties, fresh = _refused(tenant), _ties(tenant, ids), _fresh(tenant, ids)
    found, now = {}, timezone.now()
    for row in rows:
        phones, mobiles = numbers.get(row.pk, ((), ()))
        mine = {email.casefold() for email in emails.get(row.pk, ())} | {n.e164 for n in (*phones, *mobiles)}
        met = tuple(
            _met(row, one, names, people, there, here)
            for one in reached
            if one.by in mine and one.customer_id != row.pk
        )
        near = {row.pk, *(one.customer_id for one in met)}
        tie = ties.get(row.pk)
        found[row.pk] = Client(
            id=row.pk,
            name=row.name,
            kind=row.kind,
            active=row.active,
            address={name: getattr(row, name) for name in ADDRESS},
            emails=emails.get(row.pk, ()),
            phones=phones,
            mobiles=mobiles,
            has_account=row.pk in there,
            is_fresh=row.pk in fresh,
            met=met,
            refused=frozenset(refused.get(row.pk, ())),
            people=tuple(one for pk in sorted(near) for one in people.get(pk, ())),
            tied_id=tie.record_id if tie else None,
            is_own=tie.is_new if tie else True,
            now=now,
        )
    return found


def _contacts(tenant: Tenant, ids: Collection[int]) -> dict[int, list[Contact]]:
    rows = Contact.objects.filter(tenant=tenant, customer__in=list(ids), active=True, usable=True)
    found: dict[int, list[Contact]] = {}
    for row in rows.order_by("pk"):
        found.setdefault(int(row.customer_id or 0), []).append(row)
    return found


def _emails(contacts: Iterable[Contact]) -> tuple[str, ...]:
    """Addresses that are somebody's: not what was typed for “none”."""
    return tuple(
        row.value.strip() for row in contacts if row.kind == Contact.Kind.EMAIL and read_email(row.value)
    )


def _numbers(tenant: Tenant, contacts: Iterable[Contact]) -> tuple[tuple[Number, ...], tuple[Number, ...]]:
    """(phones, mobile phones), without those that were typed to fill the box."""
    found: dict[str, list[Number]] = {Contact.Kind.PHONE: [], Contact.Kind.MOBILE: []}
    for row in contacts:
        if row.kind in found and row.e164 and not is_placeholder(row.e164[1:]):
            shown = national_form(row.e164, tenant.phone_region) or row.value
            more = f" x{row.extension}" if row.extension else ""
            found[row.kind].append(Number(f"{shown}{more}", row.e164))
    return tuple(found[Contact.Kind.PHONE]), tuple(found[Contact.Kind.MOBILE])


def _people(tenant: Tenant, customer_ids: Collection[int]) -> dict[int, list[Someone]]:
    rows = Person.objects.filter(tenant=tenant, customer__in=list(customer_ids), active=True)
    found: dict[int, list[Someone]] = {}
    for row in rows.order_by("pk"):
        numbers = {read_phone(text, tenant.phone_region).e164 for text in (row.phone, row.mobile) if text}
        someone = Someone(
            row.pk,
            int(row.customer_id or 0),
            f"{row.first_name} {row.last_name}".strip(),
            row.email_key,
            frozenset(numbers - {""}),
            {name: getattr(row, name) for name in _HELD},
        )
        found.setdefault(someone.customer_id, []).append(someone)
    return found


def _met(
    customer: Customer,
    one: Reached,
    names: Mapping[int, str],
    people: Mapping[int, Sequence[Someone]],
    there: Collection[int],
    here: Collection[int],
) -> Met:
    """Somebody with the same number or address; the name agrees if the Account's does or that of the person reached."""
    called = [names[one.customer_id]]
    called += [someone.name for someone in people.get(one.customer_id, ()) if someone.id == one.person_id]
    kind = commercial(customer.kind)
    return Met(
        customer_id=one.customer_id,
        name=names[one.customer_id],
        by=one.by,
        by_email="@" in one.by,
        has_account=one.customer_id in there,
        in_servicetitan=one.customer_id in here,
        agrees=any(are_one(customer.name, name, kind) for name in called),
    )


def _standing(tenant: Tenant, system: str, ids: Collection[int]) -> set[int]:
    """Those of these customers that the system has."""
    links = Link.objects.filter(
        source__tenant=tenant,
        source__system=system,
        entity="customer",
        state=Link.State.LIVE,
        record_id__in=list(ids),
    )
    return {pk for pk in links.values_list("record_id", flat=True) if pk is not None}


def _refused(tenant: Tenant) -> dict[int, set[int]]:
    """Of whom a person said that they are others, by customer."""
    found: dict[int, set[int]] = {}
    for left, right in refusals.refused_pairs(tenant):
        found.setdefault(left, set()).add(right)
        found.setdefault(right, set()).add(left)
    return found


def _items(tenant: Tenant, ids: Collection[int]) -> Any:
    return FlowItem.objects.filter(flow__tenant=tenant, flow__name=NAME, record_id__in=list(ids))


def _ties(tenant: Tenant, ids: Collection[int]) -> dict[int, FlowMade]:
    """The person that was made or found for each customer before."""
    rows = FlowMade.objects.filter(item__in=_items(tenant, ids), role="person").select_related("item")
    return {row.item.record_id: row for row in rows}


def _fresh(tenant: Tenant, ids: Collection[int]) -> set[int]:
    """Customers that came to this flow before the last reading of Salesforce began; a dry run has none that did."""
    rules = SyncRule.objects.filter(
        connection__tenant=tenant, connection__system=SYSTEM, entity__in=("customer", "person"), enabled=True
    )
    done = (Run.State.COMPLETED, Run.State.WITH_ERRORS)
    read_at = [
        rule.read_at
        for rule in rules.annotate(read_at=Max("runs__started_at", filter=Q(runs__state__in=done)))
    ]
    owed = dict(_items(tenant, ids).values_list("record_id", "created_at"))
    return {pk for pk in ids if pk not in owed or all(at is not None and at >= owed[pk] for at in read_at)}
