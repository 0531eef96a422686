"""Writes of customers, locations, contacts, notes and tags. Each takes a checked body and answers as the API does."""

from collections.abc import Mapping
from typing import Any

import orjson
from werkzeug.wrappers import Response

from integrations.sandbox import times
from integrations.sandbox.servicetitan import crm_rows, views
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.replies import Refused, as_json, empty, invalid
from integrations.sandbox.servicetitan.resources import BY_NAME
from integrations.sandbox.servicetitan.store import Body, Store

CONTACTS_OF = {"customers": "customer-contacts", "locations": "location-contacts"}
NOTES_OF = {
    "customers": "customer-notes",
    "locations": "location-notes",
    "leads": "lead-notes",
    "jobs": "job-notes",
}
OWN = ("locations", "contacts", "externalData", "customFields", "appointments")
"""Members of a body that are not written into the row as they stand."""


def plain(body: Body) -> Body:
    """The members that go into the row as they are; null means that the writer said nothing."""
    return {name: value for name, value in body.items() if name not in OWN and value is not None}


def custom_fields(body: Body) -> Body:
    """`customFields` replaces the whole set; absent or null leaves it alone."""
    wanted = body.get("customFields")
    if wanted is None:
        return {}
    fields = [
        {"typeId": field["typeId"], "name": f"Field {field['typeId']}", "value": field.get("value") or ""}
        for field in wanted
    ]
    return {"customFields": fields}


def keep_external(store: Store, entity: str, row_id: int, given: Mapping[str, Any] | None) -> str:
    """Replace or merge an application's pairs; returns its guid, for the reply."""
    if not given:
        return ""
    guid = given["applicationGuid"].lower()
    of_row = store[entity].external.setdefault(row_id, {})
    pairs = of_row.setdefault(guid, {}) if given.get("patchMode") == "Merge" else {}
    for pair in given["externalData"]:
        pairs.pop(pair["key"], None)
        if pair.get("value") is not None:
            pairs[pair["key"]] = pair["value"]
    of_row[guid] = pairs
    store[entity].version += 1
    return guid


def shown(store: Store, entity: str, row_id: int, guid: str) -> Body:
    """The row as the API answers a write of it."""
    return orjson.loads(views.single(store[entity], BY_NAME[entity], row_id, {views.GUID: guid}))


def must_exist(store: Store, entity: str, row_id: int) -> None:
    if row_id not in store[entity].rows:
        raise Refused(404)


def create_customer(control: Control, body: Body) -> Response:
    store, now = control.store, control.now_ticks()
    if not body["locations"]:
        raise invalid(locations="A customer needs at least one location.")
    table, text = store["customers"], times.to_text(now)
    row = crm_rows.customer(
        id=table.new_id(), name=body["name"], kind=body.get("type") or "Residential",
        address=whole_address(body["address"]), created=text, modified=text,
    )  # fmt: skip
    row.update({**plain(body), "address": row["address"], "type": row["type"]})
    row.update(custom_fields(body))
    table.add(row, created=now, modified=now)
    guid = keep_external(store, "customers", row["id"], body.get("externalData"))
    contacts = [
        new_contact(store, "customers", row["id"], entry, now) for entry in body.get("contacts") or []
    ]
    locations = [_new_location(store, {**entry, "customerId": row["id"]}, now) for entry in body["locations"]]
    reply = {**shown(store, "customers", row["id"], guid), "locations": locations}
    return as_json({**reply, "contacts": [brief(contact) for contact in contacts]})


def create_location(control: Control, body: Body) -> Response:
    if body["customerId"] not in control.store["customers"].rows:
        raise invalid(customerId="The customer was not found.")
    return as_json(_new_location(control.store, body, control.now_ticks()))


def _new_location(store: Store, body: Body, now: int) -> Body:
    table, text = store["locations"], times.to_text(now)
    row = crm_rows.location(
        id=table.new_id(), customer=body["customerId"], name=body["name"], address=whole_address(body["address"]),
        created=text, modified=text, tags=body.get("tagTypeIds") or (),
    )  # fmt: skip
    row.update(custom_fields(body))
    table.add(row, created=now, modified=now)
    guid = keep_external(store, "locations", row["id"], body.get("externalData"))
    contacts = [_location_contact(store, row["id"], entry, now) for entry in body.get("contacts") or []]
    return {
        **shown(store, "locations", row["id"], guid),
        "contacts": [brief(contact) for contact in contacts],
    }


def patch(control: Control, body: Body, entity: str, row_id: int) -> Response:
    """PATCH of a customer, a location or a job: what is not sent stays; sets are replaced whole."""
    store = control.store
    must_exist(store, entity, row_id)
    changes = plain(body)
    if "address" in changes:
        changes["address"] = whole_address(changes["address"])
    changes.update(custom_fields(body))
    store[entity].write(row_id, changes, control.now_ticks())
    guid = keep_external(store, entity, row_id, body.get("externalData"))
    return as_json(shown(store, entity, row_id, guid))


def whole_address(address: Body) -> Body:
    return {"unit": None, "latitude": None, "longitude": None, **address}


def brief(contact: Body) -> Body:
    return {name: contact[name] for name in ("id", "type", "value", "memo")}


def new_contact(store: Store, parent: str, parent_id: int, body: Body, now: int) -> Body:
    table, text = store[CONTACTS_OF[parent]], times.to_text(now)
    row = crm_rows.contact(
        id=table.new_id(),
        kind=body["type"],
        value=body["value"],
        memo=body.get("memo"),
        created=text,
        modified=text,
    )
    table.add(row, created=now, modified=now, parent=parent_id)
    return row


def _location_contact(store: Store, location: int, body: Body, now: int) -> Body:
    """A contact of a location is copied to its customer."""
    new_contact(store, "customers", store["locations"].read(location)["customerId"], body, now)
    return new_contact(store, "locations", location, body, now)


def create_contact(control: Control, body: Body, parent: str, parent_id: int) -> Response:
    must_exist(control.store, parent, parent_id)
    now = control.now_ticks()
    if parent == "locations":
        return as_json(_location_contact(control.store, parent_id, body, now))
    return as_json(new_contact(control.store, parent, parent_id, body, now))


def patch_contact(control: Control, body: Body, parent: str, parent_id: int, row_id: int) -> Response:
    table = control.store[CONTACTS_OF[parent]]
    _must_be_child(control.store, CONTACTS_OF[parent], parent_id, row_id)
    row = {**table.read(row_id), **body}
    fresh = crm_rows.contact(
        id=row_id,
        kind=row["type"],
        value=row["value"],
        memo=row["memo"],
        created=row["createdOn"],
        modified="",
    )
    changes = {**body, "phoneSettings": fresh["phoneSettings"]}
    return as_json(table.write(row_id, changes, control.now_ticks()))


def delete_child(control: Control, table: str, parent_id: int, row_id: int) -> Response:
    """Delete a contact or a note."""
    _must_be_child(control.store, table, parent_id, row_id)
    control.store[table].remove(row_id, control.now_ticks())
    return empty()


def _must_be_child(store: Store, table: str, parent_id: int, row_id: int) -> None:
    row = store[table].rows.get(row_id)
    if row is None or row.parent != parent_id or not row.active:
        raise Refused(404)


def create_note(control: Control, body: Body, parent: str, parent_id: int) -> Response:
    must_exist(control.store, parent, parent_id)
    table, now = control.store[NOTES_OF[parent]], control.now_ticks()
    row_id, text = table.new_id(), times.to_text(now)
    row = crm_rows.note(
        id=None if parent == "jobs" else row_id, text=body["text"], pinned=bool(body.get("pinToTop")), created=text,
        modified=text,
    )  # fmt: skip
    table.add(row, created=now, modified=now, parent=parent_id, row_id=row_id)
    return as_json(row)


def add_tag(control: Control, entity: str, row_id: int, tag: int) -> Response:
    must_exist(control.store, entity, row_id)
    must_exist(control.store, "tag-types", tag)
    tags = control.store[entity].read(row_id)["tagTypeIds"]
    if tag in tags:
        raise Refused(409, "The tag is there already.")
    control.store[entity].write(row_id, {"tagTypeIds": [*tags, tag]}, control.now_ticks())
    name = {"customers": "customerId", "locations": "locationId"}[entity]
    return as_json({name: row_id, "tagTypeIds": [*tags, tag]})


def remove_tag(control: Control, entity: str, row_id: int, tag: int) -> Response:
    must_exist(control.store, entity, row_id)
    tags = control.store[entity].read(row_id)["tagTypeIds"]
    if tag not in tags:
        raise Refused(404)
    changes = {"tagTypeIds": [other for other in tags if other != tag]}
    control.store[entity].write(row_id, changes, control.now_ticks())
    return empty()


def bulk_tags(control: Control, body: Body, *, add: bool) -> Response:
    """PUT or DELETE of tags on many customers; all are known or nothing happens."""
    table = control.store["customers"]
    if any(row_id not in table.rows for row_id in body["customerIds"]):
        raise invalid(customerIds="A customer was not found.")
    for row_id in body["customerIds"]:
        tags = table.read(row_id)["tagTypeIds"]
        rest = [tag for tag in tags if tag not in body["tagTypeIds"]]
        table.write(
            row_id, {"tagTypeIds": [*rest, *body["tagTypeIds"]] if add else rest}, control.now_ticks()
        )
    return empty()
