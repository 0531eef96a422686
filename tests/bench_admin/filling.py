"""Merchants of very different size with their customers, contacts, locations, jobs and links, written in bulk.

Names repeat as names do, so that a search finds several. The largest merchant has two fifths of all.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import connection, models
from django.db.models import NOT_PROVIDED
from django.utils import timezone

from portal.models import Partner, Role, RoleGrant, Tenant, User
from reconciliation import bulk
from reconciliation.models import Contact, Customer, Job, Link, Location, Source

TENANTS = 20
FIRST = ("Ana", "Ben", "Cora", "Dale", "Edna", "Finn", "Gail", "Hugo", "Ines", "Jack", "Kara", "Liam", "Mona")
LAST = ("Abbott", "Bell", "Castillo", "Dunn", "Ellis", "Ferrell", "Garner", "Hale", "Irwin", "Jensen", "Kerr")
STREETS = ("Maple", "Oak", "Cedar", "Pine", "Elm", "Walnut", "Chestnut", "Birch")
STATES = ("Scheduled", "InProgress", "Completed", "Completed", "Completed", "Canceled")
BATCH = 20_000
Values = dict[str, Any]


def fill(customers: int, jobs_each: int = 3) -> None:
    """Raises nothing; the database must be empty and migrated."""
    tenants, sources = _tenants()
    now = timezone.now()
    owner = [_owner(number) for number in range(customers)]
    same = {"created_at": now, "updated_at": now}

    def customer(number: int) -> Values:
        name = _name(number)
        return {
            "id": number + 1, "tenant_id": tenants[owner[number]].pk, "external_id": str(number + 1), "name": name,
            "name_key": name.casefold(), "kind": "Residential", "source_modified_at": now - timedelta(minutes=number),
            **_address(number), **same,
        }  # fmt: skip

    def location(number: int) -> Values:
        return customer(number) | {"customer_id": number + 1}

    def contact(number: int) -> Values:
        phone = f"+1512{number % 10_000_000:07}"
        return {
            "id": number + 1, "tenant_id": tenants[owner[number]].pk, "customer_id": number + 1, "kind": "mobile",
            "value": phone, "e164": phone, **same,
        }  # fmt: skip

    def job(number: int) -> Values:
        whose = number // jobs_each
        return {
            "id": number + 1, "tenant_id": tenants[owner[whose]].pk, "external_id": str(number + 1),
            "customer_id": whose + 1, "location_id": whose + 1, "number": str(100_000 + number),
            "status": STATES[number % len(STATES)], "summary": "No hot water", "completed_at": now,
            "source_modified_at": now - timedelta(seconds=number), **same,
        }  # fmt: skip

    def link(entity: str, whose: Callable[[int], int]) -> Callable[[int], Values]:
        return lambda number: {
            "source_id": sources[owner[whose(number)]].pk, "entity": entity, "external_id": str(number + 1),
            "record_id": number + 1, "state": "live", "fingerprint": number, "base": "{}", "payload": "{}", **same,
        }  # fmt: skip

    _write(Customer, customers, customer)
    _write(Location, customers, location)
    _write(Contact, customers, contact)
    _write(Job, customers * jobs_each, job)
    _write(Link, customers, link("customer", lambda number: number))
    _write(Link, customers * jobs_each, link("job", lambda number: number // jobs_each))
    _settle()


def _tenants() -> tuple[list[Tenant], list[Source]]:
    partner = Partner.objects.create(name="Bench Partners", slug="bench")
    tenants = [
        Tenant.objects.create(
            partner=partner, name=f"Merchant {number}", slug=f"merchant-{number}", status="live"
        )
        for number in range(TENANTS)
    ]
    for name, role, where in (
        ("admin", Role.PLATFORM_ADMIN, {}),
        ("staff", Role.PARTNER_STAFF, {"partner": partner}),
        ("support", Role.SUPPORT, {"tenant": tenants[0]}),
    ):
        RoleGrant.objects.create(user=User.objects.create_user(name), role=role, **where)
    return tenants, [
        Source.objects.create(tenant=tenant, system="servicetitan", name="ServiceTitan") for tenant in tenants
    ]


def _owner(number: int) -> int:
    """Two fifths belong to the first tenant, the rest to all others alike."""
    return 0 if number % 5 < 2 else 1 + number % (TENANTS - 1)


def _name(number: int) -> str:
    return f"{FIRST[number % 13]} {LAST[number // 13 % 11]} {number // 1_430}"


def _address(number: int) -> Values:
    street = f"{number % 9_000 + 1} {STREETS[number % 8]} St"
    return {
        "street": street, "city": "Austin", "state": "TX", "postal_code": f"787{number % 100:02}",
        "address_key": f"{street} austin tx".casefold(),
    }  # fmt: skip


def _write(model: type[models.Model], count: int, values: Callable[[int], Values]) -> None:
    fields = [field for field in model._meta.concrete_fields if model is not Link or field.attname != "id"]
    names = tuple(field.attname for field in fields)
    defaults = {field.attname: _default(field) for field in fields}

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(count):
            row = defaults | values(number)
            yield tuple(row[name] for name in names)

    found = rows()
    with bulk.quick_commits():
        while some := list(islice(found, BATCH)):
            bulk.insert(model, names, some)


def _default(field: Any) -> Any:
    if field.default is NOT_PROVIDED:
        return None if field.null else ""
    return field.default() if callable(field.default) else field.default


def _settle() -> None:
    """Sequences after the last id, statistics for the planner: as a portal has them that grew to this size."""
    with connection.cursor() as cursor:
        if bulk.is_postgres():
            for model in (Customer, Location, Contact, Job):
                table = model._meta.db_table
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
                )
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("ANALYZE")
