"""Finding records by what people know of them: a phone in any spelling, a name, an address, a number.

The route: the text is read (`read`, no database) -> each way to a record that it could mean becomes one narrow
query of ids -> their union is fetched at once -> the caller's rows are narrowed to those ids.

Fetching the ids first is what makes a list of 100,000 customers quick: the page and its count then look rows up
by primary key, whatever order the list has. Every query goes by an index that begins with the tenant; parts of
words and the last digits of a phone read one narrow index from end to end, never the table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from portal.models import Tenant
from reconciliation.models import Contact, Customer, Invoice, Job, Link, Location, PaymentSplit
from reconciliation.reading import Asked, read

Row = TypeVar("Row", bound=Model)
Ids = QuerySet[Any, tuple[Any, ...]]

AT_ONCE = 1_000
"""So many ids are handed over as numbers; a text that means more records than that is left as a subquery."""


@dataclass(frozen=True)
class Ways:
    """How records of one model are found.

    `numbers` are columns compared from their beginning; `exact` are compared whole; `words` hold search keys;
    `text` is searched for the text as it stands. `customer`, `job` and `invoice` name the column that leads there.
    """

    entities: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    customer: str = ""
    job: str = ""
    invoice: str = ""


def search_customers(
    queryset: QuerySet[Customer], text: str, tenants: Iterable[Tenant] | None = None
) -> QuerySet[Customer]:
    """The customers among `queryset` that `text` may mean.

    Read as a phone (any spelling, or its last four digits and more), an e-mail address or its beginning, words
    of a name in any order, an address, a number of an invoice or job, or an id in a connected system.
    `tenants` are those that `queryset` may hold; all, where they are not given.
    """
    return _narrowed(queryset, _ids_of_customers(*_asked(text, tenants)), text)


def search_records(
    queryset: QuerySet[Row], text: str, ways: Ways, tenants: Iterable[Tenant] | None = None
) -> QuerySet[Row]:
    """The records among `queryset` that `text` may mean, by these ways."""
    asked, pks = _asked(text, tenants)
    return _narrowed(queryset, _ids_of_records(queryset.model, asked, pks, ways), text)


def _asked(text: str, tenants: Iterable[Tenant] | None) -> tuple[Asked, list[int]]:
    known = list(Tenant.objects.all() if tenants is None else tenants)
    return read(text, {tenant.phone_region for tenant in known}), [tenant.pk for tenant in known]


def _narrowed(queryset: QuerySet[Row], parts: Sequence[Ids], text: str) -> QuerySet[Row]:
    if not text.strip():
        return queryset
    return queryset.filter(pk__in=_together(parts)) if parts else queryset.none()


def _together(parts: Sequence[Ids]) -> Any:
    """The ids of all parts: as numbers, or as a subquery where there are too many."""
    union = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    ids = {row[0] for row in union[: AT_ONCE + 1]}
    return ids - {None} if len(ids) <= AT_ONCE else union


def _ids_of_customers(asked: Asked, tenants: Sequence[int]) -> list[Ids]:
    contacts = Contact.objects.filter(_matching_contacts(asked), tenant__in=tenants)
    customers = Customer.objects.filter(tenant__in=tenants)
    parts: list[Ids] = []
    if asked.is_contact:
        parts += [
            contacts.filter(customer__isnull=False).values_list("customer_id"),
            contacts.filter(location__isnull=False).values_list("location__customer_id"),
        ]
    if asked.words:
        places = Location.objects.filter(_has_words("address_key", asked), tenant__in=tenants)
        parts += [
            customers.filter(_has_words("name_key", asked)).values_list("pk"),
            customers.filter(_has_words("address_key", asked)).values_list("pk"),
            places.values_list("customer_id"),
        ]
    if asked.tokens:
        for model in (Invoice, Job):
            parts.append(
                model._default_manager.filter(tenant__in=tenants, number__in=asked.tokens).values_list(
                    "customer_id"
                )
            )
            by_id = _linked((model._meta.model_name or "",), asked, tenants)
            parts.append(model._default_manager.filter(pk__in=by_id).values_list("customer_id"))
        parts.append(_linked(("customer",), asked, tenants))
    return parts


def _ids_of_records(model: type[Model], asked: Asked, tenants: Sequence[int], ways: Ways) -> list[Ids]:
    rows = model._default_manager.filter(tenant__in=tenants)
    parts: list[Ids] = []
    if asked.tokens:
        parts.append(_linked(ways.entities, asked, tenants))
        parts += [
            rows.filter(
                Q(*((f"{name}__startswith", token) for token in asked.tokens), _connector=Q.OR)
            ).values_list("pk")
            for name in ways.numbers
        ]
        parts += [rows.filter(**{f"{name}__in": asked.tokens}).values_list("pk") for name in ways.exact]
        parts += [
            rows.filter(**{f"{column}__in": ids}).values_list("pk")
            for column, ids in _via(asked, tenants, ways)
        ]
    if asked.words:
        parts += [rows.filter(_has_words(name, asked)).values_list("pk") for name in ways.words]
    parts += [rows.filter(**{f"{name}__icontains": asked.text}).values_list("pk") for name in ways.text]
    if model is Contact and asked.is_contact:
        parts.append(rows.filter(_matching_contacts(asked)).values_list("pk"))
    if ways.customer and (customers := _ids_of_customers(asked, tenants)):
        parts.append(rows.filter(**{f"{ways.customer}__in": _together(customers)}).values_list("pk"))
    return parts


def _via(asked: Asked, tenants: Sequence[int], ways: Ways) -> Iterable[tuple[str, Ids]]:
    """Jobs and invoices of this number, for what hangs on one."""
    if ways.job:
        jobs = Job.objects.filter(tenant__in=tenants, number__in=asked.tokens)
        yield ways.job, jobs.values_list("pk")
    if ways.invoice:
        invoices = Invoice.objects.filter(tenant__in=tenants, number__in=asked.tokens)
        yield ways.invoice, PaymentSplit.objects.filter(invoice__in=invoices).values_list("payment_id")


def _linked(entities: Sequence[str], asked: Asked, tenants: Sequence[int]) -> Ids:
    """Records by their id in a connected system."""
    return Link.objects.filter(
        source__tenant__in=tenants, entity__in=entities, external_id__in=asked.tokens, record_id__isnull=False
    ).values_list("record_id")


def _matching_contacts(asked: Asked) -> Q:
    """Phones by number or last digits, those that could not be read by their digits; addresses by beginning."""
    if asked.email:
        lookup = "contains" if asked.email.startswith("@") else "startswith"
        return Q(**{f"email__{lookup}": asked.email})
    found = Q(e164__in=asked.phones)
    if asked.digits and not asked.phones:
        found |= Q(e164__endswith=asked.digits)
    if len(asked.digits) >= 7:
        found |= Q(usable=False, e164="", value__regex=r"\D*".join(asked.digits))
    return found


def _has_words(column: str, asked: Asked) -> Q:
    """Every word asked for begins a word of the key."""
    found = Q()
    for word in asked.words:
        found &= Q(**{f"{column}__startswith": word}) | Q(**{f"{column}__contains": f" {word}"})
    return found
