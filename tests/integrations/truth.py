"""What the sandbox holds, field by field, beside what the portal made of it."""

from typing import Any

import orjson

from integrations.connectors.servicetitan.entities import ENTITIES as DECLARED
from integrations.connectors.servicetitan.inside import shaped
from integrations.mapping import compile_entity
from integrations.models import Connection
from integrations.sandbox.servicetitan import views
from integrations.sandbox.servicetitan.resources import BY_NAME
from reconciliation.creating import filled
from reconciliation.entities import ENTITIES
from reconciliation.models import Link
from reconciliation.normalise import normal_form

TABLES = {
    "business_unit": "business-units",
    "technician": "technicians",
    "tag_type": "tag-types",
    "job_type": "job-types",
    "campaign": "campaigns",
    "payment_type": "payment-types",
    "membership_type": "membership-types",
    "customer": "customers",
    "location": "locations",
    "customer_contact": "customer-contacts",
    "location_contact": "location-contacts",
    "lead": "leads",
    "job": "jobs",
    "booking": "bookings",
    "note": "job-notes",
    "cancellation": "job-canceled-logs",
    "cancel_reason": "job-cancel-reasons",
    "appointment": "appointments",
    "assignment": "appointment-assignments",
    "invoice": "invoices",
    "payment": "payments",
    "estimate": "estimates",
    "membership": "memberships",
    "equipment": "installed-equipment",
    "technician_rating": "technician-ratings",
    "review": "reviews",
    "vendor": "vendors",
    "ap_bill": "ap-bills",
    "purchase_bill": "ap-bills",
    "adjustment": "adjustments",
    "warehouse": "warehouses",
    "purchase_order": "purchase-orders",
    "purchase_order_line": "purchase-orders",
    "purchase_order_type": "purchase-order-types",
    "material": "materials",
}


def differences(connection: Connection, control: Any, *entities: str) -> list[str]:
    """Every difference between the source and the portal's records of these entities (of all): empty if none."""
    found: list[str] = []
    for name in entities or DECLARED:
        found += _of_entity(connection, control, name)
    return found


def raw_rows(control: Any, entity: str) -> dict[str, dict[str, Any]]:
    """The source's rows as it sends them, by id."""
    resource = BY_NAME[TABLES[entity]]
    with control.store.lock:
        table = control.store[resource.name]
        show = views.feed_row if resource.feed else lambda *args: views.list_row(*args, {})
        rows = [orjson.loads(show(table, resource, row_id)) for row_id in table.rows]
    if kind := DECLARED[entity].params.get("billType"):
        rows = [row for row in rows if row["billType"] == kind]
    return {DECLARED[entity].id_of(row): row for row in shaped(DECLARED[entity], rows)}


def _of_entity(connection: Connection, control: Any, name: str) -> list[str]:
    entity, rows = ENTITIES[name], raw_rows(control, name)
    read = compile_entity(DECLARED[name])
    links = {link.external_id: link for link in Link.objects.filter(source=connection.source, entity=name)}
    records = _records(connection, name)
    found = [f"{name} {key}: not in the source" for key in links.keys() - rows.keys()]
    owned = {link.record_id for link in links.values()}
    found += [f"{name}: record {pk} belongs to no row" for pk in records.keys() - owned]
    for key, raw in rows.items():
        mapped, link = read(raw), links.get(key)
        if link is None or link.record_id is None:
            if BY_NAME[TABLES[name]].active is not None or mapped.active:
                found.append(f"{name} {key}: missing ({link and link.state} {link and link.waiting_for_id})")
            continue
        if link.state == Link.State.LIVE:
            record = records[link.record_id]
            found += [f"{name} {key}: {what}" for what in _of_record(connection, entity, mapped, record)]
    return found


def _records(connection: Connection, name: str) -> dict[int, Any]:
    entity = ENTITIES[name]
    mine = entity.model.objects.filter(tenant=connection.tenant, **entity.constants)
    if name.endswith("_contact"):
        mine = mine.exclude(**{name.removesuffix("_contact"): None})
    return {record.pk: record for record in mine if getattr(record, "merged_into_id", None) is None}


def _of_record(connection: Connection, entity: Any, mapped: Any, record: Any) -> list[str]:
    theirs = normal_form(
        filled({n: entity.defaults[n] for n in mapped.fields if n in entity.fields}, mapped.fields)
    )
    theirs = {name: value for name, value in theirs.items() if name in entity.fields}
    ours = normal_form({name: getattr(record, name) for name in theirs})
    found = [f"{n} is {ours[n]!r}, not {theirs[n]!r}" for n in theirs if ours[n] != theirs[n]]
    if record.active != mapped.active:
        found.append(f"active is {record.active}")
    if record.source_modified_at != mapped.modified_at:
        found.append(f"modified is {record.source_modified_at}, not {mapped.modified_at}")
    for name, target in entity.references.items():
        wanted = _record_id(connection, target, mapped.references.get(name))
        if getattr(record, f"{name}_id") != wanted:
            found.append(f"{name} is {getattr(record, f'{name}_id')}, not {wanted}")
    if entity.children:
        found += _of_children(entity, mapped, record)
    return found


def _record_id(connection: Connection, entity: str, external_id: str | None) -> int | None:
    if external_id is None:
        return None
    link = Link.objects.filter(source=connection.source, entity=entity, external_id=external_id).first()
    return link.record_id if link else None


def _of_children(entity: Any, mapped: Any, record: Any) -> list[str]:
    rows = getattr(record, entity.children.name).order_by("pk")
    ours = [
        (row.external_id, normal_form({n: getattr(row, n) for n in child.fields}))
        for row, child in zip(rows, mapped.children, strict=False)
    ]
    defaults = entity.children.defaults
    theirs = [
        (child.external_id, normal_form(filled({n: defaults[n] for n in child.fields}, child.fields)))
        for child in mapped.children
    ]
    return (
        []
        if ours == theirs and len(rows) == len(theirs)
        else [f"{entity.children.name}: {ours} not {theirs}"]
    )
