"""What matching reads from the database and keeps in it: customers as raw text, blocking keys, counts of names.

Reading is by ranges of ids, so that memory does not grow with the tenant; nothing here builds model objects.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction
from django.db.models import Max, Min

from portal.models import Tenant
from reconciliation import bulk
from reconciliation.matching.columns import Columns, Ints, Longs
from reconciliation.matching.context import FEW, NAMED, Frequencies
from reconciliation.matching.profile import Raw
from reconciliation.models import (
    BlockingKey,
    Contact,
    Customer,
    Location,
    MatchSettings,
    NameCount,
    Person,
)

AT_ONCE = 20_000
_CUSTOMER = "id, main_phone, name, kind, street, unit, city, state, postal_code"


def settings_of(tenant: Tenant) -> MatchSettings:
    """The tenant's settings, the defaults where it has none yet."""
    return MatchSettings.objects.filter(tenant=tenant).first() or MatchSettings(tenant=tenant)


def learned_of(tenant: Tenant) -> tuple[int, Sequence[Any]]:
    """(customers counted, values of `fitting.Fitted`) of the last full pass; (0, ()) before the first."""
    rows = bulk.select(
        f"SELECT customers_counted, fitted FROM {_table(MatchSettings)} WHERE tenant_id = %s",  # noqa: S608 - own names
        [tenant.pk],
    )
    return (rows[0][0], orjson.loads(rows[0][1])) if rows else (0, ())


def settings_by_tenant(tenant_ids: Collection[int]) -> dict[int, MatchSettings]:
    """The same for several tenants in one query."""
    found = {row.tenant_id: row for row in MatchSettings.objects.filter(tenant__in=tenant_ids)}
    return {number: found.get(number) or MatchSettings(tenant_id=number) for number in tenant_ids}


def everyone(tenant: Tenant) -> Iterator[list[tuple[int, Raw]]]:
    """All customers that are not merged into another, block by block, by id."""
    ends = Customer.objects.filter(tenant=tenant).aggregate(first=Min("id"), last=Max("id"))
    if ends["first"] is None:
        return
    for start in range(ends["first"], ends["last"] + 1, AT_ONCE):
        found = _raws(tenant, "BETWEEN %s AND %s", [start, start + AT_ONCE - 1])
        if found:
            yield found


def some(tenant: Tenant, ids: Sequence[int]) -> list[tuple[int, Raw]]:
    """These customers, without those that are merged into another."""
    if not ids:
        return []
    condition, values = bulk.among("", ids)
    return _raws(tenant, condition, values)


def _raws(tenant: Tenant, which: str, values: list[Any]) -> list[tuple[int, Raw]]:
    """Customers whose id fulfils `which`, with the phones and e-mails of themselves, their people and their locations.

    The plus signs keep SQLite from reading all of the tenant's customers by another index.
    """
    rows = bulk.select(
        f"SELECT {_CUSTOMER} FROM {_table(Customer)}"  # noqa: S608 - own names
        f" WHERE +tenant_id = %s AND id {which} AND +merged_into_id IS NULL ORDER BY id",
        [tenant.pk, *values],
    )
    reached = _reached(which, values)
    homeless = {row[0] for row in rows if not row[4]}
    places = _places(which, values, homeless) if homeless else {}
    found = []
    for customer_id, main_phone, name, kind, *address in rows:
        phones, emails = reached.get(customer_id, _NOWHERE)
        phones = [*phones, main_phone] if main_phone else phones
        found.append((customer_id, Raw(name, kind, phones, emails, *places.get(customer_id, address))))
    return found


_NOWHERE: tuple[list[str], list[str]] = ([], [])


def _reached(which: str, values: list[Any]) -> dict[int, tuple[list[str], list[str]]]:
    """Phones and e-mails by customer: its own first, its people's, then its locations'. Fax numbers are left out.

    Found by the customers alone: given the tenant too, SQLite would read all of its contacts.
    """
    own = bulk.select(
        "SELECT customer_id, kind, e164, value, email, id"  # noqa: S608 - own names
        f" FROM {_table(Contact)} WHERE customer_id {which} AND active ORDER BY id",
        values,
    )
    of_people = bulk.select(
        "SELECT customer_id, phone, mobile, email"  # noqa: S608 - own names
        f" FROM {_table(Person)} WHERE customer_id {which} AND active ORDER BY id",
        values,
    )
    of_places = bulk.select(
        "SELECT l.customer_id, c.kind, c.e164, c.value, c.email, c.id"  # noqa: S608 - own names
        f" FROM {_table(Location)} l JOIN {_table(Contact)} c ON c.location_id = l.id"
        f" WHERE l.customer_id {which} AND c.active ORDER BY c.id",
        values,
    )
    found: dict[int, tuple[list[str], list[str]]] = {}
    _add_contacts(found, own)
    for customer_id, phone, mobile, email in of_people:
        phones, emails = found.setdefault(customer_id, ([], []))
        phones += filter(None, (phone, mobile))
        emails += filter(None, (email,))
    _add_contacts(found, of_places)
    return found


def _add_contacts(found: dict[int, tuple[list[str], list[str]]], rows: Iterable[Sequence[Any]]) -> None:
    for customer_id, kind, e164, value, email, _ in rows:
        phones, emails = found.setdefault(customer_id, ([], []))
        if kind == Contact.Kind.EMAIL:
            emails.append(email or value)
        elif kind != Contact.Kind.FAX:
            phones.append(e164 or value)


def _places(which: str, values: list[Any], homeless: set[int]) -> dict[int, list[str]]:
    """The first location's address of those customers who have none of their own."""
    rows = bulk.select(
        "SELECT customer_id, street, unit, city, state, postal_code"  # noqa: S608 - own names
        f" FROM {_table(Location)} WHERE customer_id {which} AND street <> '' ORDER BY id DESC",
        values,
    )
    return {row[0]: list(row[1:]) for row in rows if row[0] in homeless}


def _table(
    model: type[Customer | Contact | Person | Location | BlockingKey | NameCount | MatchSettings],
) -> str:
    return connection.ops.quote_name(model._meta.db_table)


# --- blocking keys


def write_keys(tenant: Tenant, ids: Longs, made: Longs) -> None:
    """Make these customers' keys what they should be (`made`: a row a key, a column a customer)."""
    with transaction.atomic():
        _forget(*bulk.among("customer", ids.tolist()))
        _insert_keys(tenant, ids, made)


def rewrite_keys(tenant: Tenant, ids: Longs, made: Longs) -> None:
    """The same for a whole tenant at once: emptied, then filled in the order of the index."""
    with transaction.atomic():
        _forget("tenant_id = %s", [tenant.pk])
        _insert_keys(tenant, ids, made)


def _forget(condition: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_table(BlockingKey)} WHERE {condition}", values)  # noqa: S608 - own names


def _insert_keys(tenant: Tenant, ids: Longs, made: Longs) -> None:
    flat = made.ravel()
    kept = np.flatnonzero(flat)
    order = kept[np.argsort(flat[kept], kind="stable")]
    owners = ids[order % len(ids)]
    values = flat[order]
    fresh = (
        np.r_[True, (values[1:] != values[:-1]) | (owners[1:] != owners[:-1])]
        if len(values)
        else np.zeros(0, bool)
    )
    values, owners = values[fresh], owners[fresh]
    for start in range(0, len(values), 200_000):
        part = zip(
            values[start : start + 200_000].tolist(), owners[start : start + 200_000].tolist(), strict=True
        )
        bulk.insert(
            BlockingKey, ("tenant_id", "key", "customer"), [(tenant.pk, key, owner) for key, owner in part]
        )


def sharing(tenant: Tenant, keys: Sequence[int], limit: Sequence[int]) -> list[tuple[int, int]]:
    """(key, customer) for each of these keys, at most `limit` customers each: one query, whatever the keys."""
    one = (
        f"SELECT * FROM (SELECT key, customer FROM {_table(BlockingKey)}"  # noqa: S608 - own names
        " WHERE tenant_id = %s AND key = %s LIMIT %s) AS k"
    )
    if not keys:
        return []
    params = [value for key, most in zip(keys, limit, strict=True) for value in (tenant.pk, key, most)]
    return [(row[0], row[1]) for row in bulk.select(" UNION ALL ".join([one] * len(keys)), params)]


# --- counts of names


def write_counts(tenant: Tenant, found: Columns, common: Frequencies) -> None:
    """Keep the counts of a full pass for the scoring of single customers."""
    hashes = found.hashes.view(np.int64)
    rows = []
    for kind, name in enumerate(NAMED):
        counts = common.counts[name]
        for word in np.flatnonzero(counts >= FEW).tolist():
            if word:
                rows.append((tenant.pk, kind, int(hashes[word]), int(counts[word])))
    with transaction.atomic():
        NameCount.objects.filter(tenant=tenant).delete()
        bulk.insert(NameCount, ("tenant_id", "kind", "name", "count"), rows)


def counts_of(tenant: Tenant, total: int, found: Columns) -> Frequencies:
    """The counts that the last full pass kept, for the words of these customers."""
    hashes = found.hashes.view(np.int64)
    counts: dict[str, Ints] = {name: np.ones(len(found.words), dtype=np.int32) for name in NAMED}
    words: dict[int, int] = {}
    selects, params = [], []
    for kind, name in enumerate(NAMED):
        borne = {int(hashes[number]): number for number in set(found.text(name).tolist()) if number}
        words |= borne
        if borne:
            condition, values = bulk.among("name", list(borne))
            selects.append(_COUNTS_OF_KIND.format(table=_table(NameCount), condition=condition))
            params += [tenant.pk, kind, *values]
    for kind, name_hash, count in bulk.select(" UNION ALL ".join(selects), params) if selects else ():
        counts[NAMED[kind]][words[name_hash]] = count
    return Frequencies(total, counts)


_COUNTS_OF_KIND = "SELECT kind, name, count FROM {table} WHERE tenant_id = %s AND kind = %s AND {condition}"
