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
from django.db.models.functions import Coalesce

from portal.models import Tenant
from reconciliation.bulk import is_postgres
from reconciliation.models import Contact, Customer, Invoice, Job, Link, Location, PaymentSplit, Source
from reconciliation.reading import Asked, read

Row = TypeVar("Row", bound=Model)
Ids = QuerySet[Any, tuple[Any, ...]]

AT_ONCE = 10_000
"""So many ids are handed over as numbers; a text that means more records than that is left as a subquery."""
_WHOLE_PHONE = 7


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
    of a name and an address in any order, a number of an invoice or job, or an id in a connected system.
    `tenants` are those that `queryset` may hold; all, where they are not given.
    """
    if not text.strip():
        return queryset
    return queryset.filter(pk__in=_ids_of_customers(*_asked(text, tenants)))


def search_records(
    queryset: QuerySet[Row], text: str, ways: Ways, tenants: Iterable[Tenant] | None = None
) -> QuerySet[Row]:
    """The records among `queryset` that `text` may mean, by these ways."""
    if not text.strip():
        return queryset
    return queryset.filter(pk__in=_ids_of_records(queryset.model, *_asked(text, tenants), ways))


def _asked(text: str, tenants: Iterable[Tenant] | None) -> tuple[Asked, list[int]]:
    known = list(Tenant.objects.all() if tenants is None else tenants)
    return read(text, {tenant.phone_region for tenant in known}), [tenant.pk for tenant in known]


def _together(parts: Sequence[Ids]) -> Any:
    """The ids of all parts: as numbers, or as a subquery where there are too many."""
    if not parts:
        return set()
    union = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    ids = {row[0] for row in union[: AT_ONCE + 1]}
    return ids - {None} if len(ids) <= AT_ONCE else union


def _ids_of_customers(asked: Asked, tenants: Sequence[int]) -> Any:
    """Whole phones and addresses by their index; only where they lead nowhere by parts of them."""
    parts = [*_customers_by_number(asked, tenants), *_customers_by_words(asked, tenants)]
    if asked.phones or asked.email:
        parts.append(_customers_of(_contacts(asked, tenants)))
        return _together(parts) or _together(_customers_by_part(asked, tenants))
    return _together([*parts, *_customers_by_part(asked, tenants)])


def _customers_by_words(asked: Asked, tenants: Sequence[int]) -> list[Ids]:
    if not asked.words:
        return []
    customers = Customer.objects.filter(_has_words(asked, "name_key", "address_key"), tenant__in=tenants)
    places = Location.objects.filter(_has_words(asked, "address_key"), tenant__in=tenants)
    return [customers.values_list("pk"), places.values_list("customer_id")]


def _customers_by_number(asked: Asked, tenants: Sequence[int]) -> list[Ids]:
    if not asked.tokens:
        return []
    parts = [_linked(("customer",), asked, tenants)]
    for model in (Invoice, Job):
        rows: QuerySet[Any] = model._default_manager.all()
        linked = _linked((str(model._meta.model_name),), asked, tenants)
        parts += [
            rows.filter(tenant__in=tenants, number__in=asked.tokens).values_list("customer_id"),
            rows.filter(pk__in=linked).values_list("customer_id"),
        ]
    return parts


def _contacts(asked: Asked, tenants: Sequence[int]) -> QuerySet[Contact]:
    """Contacts with this very phone or address."""
    whole = Q(email=asked.email) if asked.email else Q(e164__in=asked.phones)
    return Contact.objects.filter(whole, tenant__in=tenants)


def _customers_by_part(asked: Asked, tenants: Sequence[int]) -> list[Ids]:
    """By a part of an address, by the last digits of a phone, by all digits of one that could not be read."""
    contacts = Contact.objects.filter(tenant__in=tenants)
    if asked.email:
        lookup = "contains" if asked.email.startswith("@") else "startswith"
        return [_customers_of(contacts.filter(**{f"email__{lookup}": asked.email}))]
    if not asked.digits:
        return []
    found = [_customers_of(contacts.filter(e164__gt="", e164__endswith=asked.digits))]
    if len(asked.digits) >= _WHOLE_PHONE:
        spelling = r"\D*".join(asked.digits)
        found.append(_customers_of(contacts.filter(usable=False, e164="", value__regex=spelling)))
    return found


def _customers_of(contacts: QuerySet[Contact]) -> Ids:
    """Their customers, or the customers of their locations."""
    return contacts.values_list(Coalesce("customer_id", "location__customer_id"))


def _ids_of_records(model: type[Model], asked: Asked, tenants: Sequence[int], ways: Ways) -> Any:
    rows: QuerySet[Any] = model._default_manager.filter(tenant__in=tenants)
    conditions = list(_conditions(asked, tenants, ways))
    parts = [rows.filter(condition).values_list("pk") for condition in conditions]
    if asked.tokens:
        parts.append(_linked(ways.entities, asked, tenants))
    return _together(parts)


def _conditions(asked: Asked, tenants: Sequence[int], ways: Ways) -> Iterable[Q]:
    for name in ways.numbers if asked.tokens else ():
        yield Q(*(_begins(name, token) for token in asked.tokens), _connector=Q.OR)
    for name in ways.exact if asked.tokens else ():
        yield Q(**{f"{name}__in": asked.tokens})
    for name in ways.words if asked.words else ():
        yield _has_words(asked, name)
    for name in ways.text:
        yield Q(**{f"{name}__icontains": asked.text})
    if ways.customer and (customers := _ids_of_customers(asked, tenants)):
        yield Q(**{f"{ways.customer}__in": customers})
    if ways.job and asked.tokens:
        yield Q(**{f"{ways.job}__in": Job.objects.filter(tenant__in=tenants, number__in=asked.tokens)})
    if ways.invoice and asked.tokens:
        bills = Invoice.objects.filter(tenant__in=tenants, number__in=asked.tokens)
        yield Q(pk__in=PaymentSplit.objects.filter(invoice__in=bills).values("payment_id"))


def _linked(entities: Sequence[str], asked: Asked, tenants: Sequence[int]) -> Ids:
    """Records by their id in a connected system; None among them stands for links that wait."""
    sources = Source.objects.filter(tenant__in=tenants)
    links = Link.objects.filter(source__in=sources, entity__in=entities, external_id__in=asked.tokens)
    return links.values_list("record_id")


def _begins(column: str, token: str) -> Q:
    """SQLite's LIKE knows no case and therefore no index: the range says the same, and goes by one."""
    if is_postgres():
        return Q(**{f"{column}__startswith": token})
    return Q(**{f"{column}__gte": token, f"{column}__lt": f"{token}\U0010ffff"})


def _has_words(asked: Asked, *columns: str) -> Q:
    """Every word asked for begins a word of one of the keys."""
    found = Q()
    for word in asked.words:
        begins = ((f"{column}__startswith", word) for column in columns)
        follows = ((f"{column}__contains", f" {word}") for column in columns)
        found &= Q(*begins, *follows, _connector=Q.OR)
    return found
