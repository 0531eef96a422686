"""Where the shop buys, where it keeps what it bought, and what it put right about that: vendors, warehouses, adjustments.

The vendors are those whom the sandbox of SYSPRO has as suppliers, called as a service office calls them: some with the
supplier's code in a custom field, some without, one that accounting does not know.
"""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import people
from integrations.sandbox.servicetitan.money_rows import postal
from integrations.sandbox.servicetitan.reference_lists import PRICES
from integrations.sandbox.servicetitan.store import Body, Store

VENDORS = (
    ("Ferguson Supply", "1", True),
    ("Winsupply of Reno", "2", True),
    ("Johnstone Parts", "", True),
    ("Sierra Pipe & Supply", "4", True),
    ("Carrier West", "", True),
    ("Corner Hardware", "", True),
    ("Old Mill Plumbing Supply", "", False),
)
"""Name, the supplier's code, whether it is still bought from."""
CODE = {"typeId": 7100, "name": "Supplier code"}
"""The custom field of vendors that the shop has set up."""
WAREHOUSES = (("Reno Main", True), ("Sparks Annex", True), ("Old Yard", False))


def build(store: Store, random: Random, start: int) -> None:
    """Write them. They were set up before the two years of history begin."""
    on, homes = start - 800 * times.DAY, []
    for name, active in WAREHOUSES:
        table = store["warehouses"]
        body = warehouse(
            id=table.new_id(),
            name=name,
            address=postal(people.address(random)),
            active=active,
            on=times.to_text(on),
        )
        table.add(body, created=on, modified=on, active=active)
        homes.append(body["id"])
    _adjust(store, random, homes[0], start)
    for name, code, active in VENDORS:
        table = store["vendors"]
        body = vendor(
            id=table.new_id(), name=name, code=code, random=random, active=active, on=times.to_text(on)
        )
        table.add(body, created=on, modified=on, active=active)


def vendor(*, id: int, name: str, code: str, random: Random, active: bool, on: str) -> Body:
    word = name.split(maxsplit=1)[0].lower()
    contact = {
        "firstName": random.choice(people.FIRST), "lastName": random.choice(people.LAST),
        "phone": f"775555{random.randrange(10_000):04d}", "email": f"counter@{word}.example", "fax": "",
    }  # fmt: skip
    return {
        **blank_vendor(id=id, name=name, on=on),
        "active": active,
        "defaultTaxRate": 0.08265,
        "contactInfo": contact,
        "address": postal(people.address(random)),
        "customFields": [{**CODE, "value": code}] if code else [],
    }


def blank_vendor(*, id: int, name: str, on: str) -> Body:
    """A vendor of whom nothing but the name is known."""
    return {
        "id": id, "name": name, "active": True, "isTruckReplenishment": False, "isMobileCreationRestricted": False,
        "memo": "", "deliveryOption": "EmailAsPdf", "defaultTaxRate": 0,
        "contactInfo": {"firstName": "", "lastName": "", "phone": "", "email": "", "fax": ""},
        "address": dict.fromkeys(("street", "unit", "city", "state", "zip", "country"), ""),
        "createdOn": on, "modifiedOn": on, "externalData": [], "customFields": [],
    }  # fmt: skip


def warehouse(*, id: int, name: str, address: Body, active: bool, on: str) -> Body:
    return {
        "id": id, "name": name, "active": active, "address": address, "inventoryTemplateId": None,
        "createdOn": on, "modifiedOn": on, "externalData": [],
    }  # fmt: skip


def _adjust(store: Store, random: Random, location: int, start: int) -> None:
    """Some counts of earlier months."""
    for days in (120, 60, 45):
        sku, name, _, cost, _ = random.choice(PRICES[3:6])
        new_adjustment(
            store,
            start - days * times.DAY,
            location=location,
            items=[(sku, name, Decimal(random.choice((-2, -1, 3))), Decimal(cost) / 100)],
            memo="Cycle count",
        )


Item = tuple[str, str, Decimal, Decimal]
"""Code, name, signed quantity, unit cost."""


def new_adjustment(
    store: Store, on: int, *, location: int, items: Sequence[Item], memo: str = "", reference: str = ""
) -> Body:
    """What an office does in its inventory pages: the API makes none."""
    table, text = store["adjustments"], times.to_text(on)
    body = {
        "id": table.new_id(), "active": True, "number": str(store.next_number("adjustment", 301)),
        "referenceNumber": reference, "type": "Cycle count", "inventoryLocationId": location, "businessUnitId": None,
        "projectId": None, "invoiceId": None, "createdById": None, "memo": memo, "date": text, "createdOn": text,
        "modifiedOn": text, "batchId": None, "batch": None, "syncStatus": "Pending", "canceledReason": None,
        "canceledById": None, "dateCanceled": None, "externalData": [],
        "items": [_item(table.new_id(), *item, text) for item in items], "customFields": [],
    }  # fmt: skip
    table.add(body, created=on, modified=on)
    return body


def _item(id: int, code: str, name: str, quantity: Decimal, cost: Decimal, on: str) -> Body:
    return {
        "id": id, "skuId": id + 1, "description": name, "createdOn": on, "modifiedOn": on, "name": name, "code": code,
        "quantity": float(quantity), "cost": float(cost), "totalCost": float(quantity * cost), "createdById": None,
        "active": True, "budgetCodeId": None, "serialNumbers": None,
    }  # fmt: skip
