"""Customers that are new or have changed are noted, to be compared later: one statement in the writer's transaction.

Whoever writes records announces it (`reconciliation.changes`); a contact, a person or a location stands for its
customer. The comparing itself happens after the page (`passes.bring_up_to_date`), so that a pull does not wait for it.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import connection

from reconciliation import bulk
from reconciliation.models import Contact, Location, Person, Unmatched


def on_changed(sender: object, *, entity: str, tenant_id: int, record_ids: list[int], **rest: Any) -> None:
    """Receiver of `reconciliation.changes.changed`."""
    note = _NOTES.get(entity)
    if note is not None and record_ids:
        note(tenant_id, record_ids)


def note_customers(tenant_id: int, ids: Collection[int]) -> None:
    """Note these customers."""
    bulk.insert(Unmatched, ("tenant_id", "customer"), [(tenant_id, number) for number in ids])


def _note_owners(table: str) -> Callable[[int, Collection[int]], None]:
    """Note the customers that rows of `table` belong to."""

    def note(tenant_id: int, ids: Collection[int]) -> None:
        condition, values = bulk.among("id", list(ids))
        _insert_select(f"SELECT DISTINCT %s, customer_id FROM {table} WHERE customer_id IS NOT NULL AND {condition}",  # noqa: S608
                       [tenant_id, *values])  # fmt: skip

    return note


def _note_owners_of_places(tenant_id: int, ids: Collection[int]) -> None:
    condition, values = bulk.among("c.id", list(ids))
    _insert_select(
        f"SELECT DISTINCT %s, l.customer_id FROM {Contact._meta.db_table} c"  # noqa: S608 - own names
        f" JOIN {Location._meta.db_table} l ON l.id = c.location_id WHERE {condition}",
        [tenant_id, *values],
    )


def _insert_select(select: str, params: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {Unmatched._meta.db_table} (tenant_id, customer) {select}", params)


_NOTES: Mapping[str, Callable[[int, Collection[int]], None]] = {
    "customer": note_customers,
    "customer_contact": _note_owners(Contact._meta.db_table),
    "person": _note_owners(Person._meta.db_table),
    "location": _note_owners(Location._meta.db_table),
    "location_contact": _note_owners_of_places,
}
