"""Where the shop buys and where it keeps what it bought: vendors and warehouses.

The vendors are those whom the sandbox of SYSPRO has as suppliers, called as a service office calls them: some with the
supplier's code in a custom field, some without, one that accounting does not know.
"""

from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import people
from integrations.sandbox.servicetitan.money_rows import postal
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
WAREHOUSES = (("Reno Main", True), ("Sparks Annex", True), ("Old Yard", False))


def build(store: Store, random: Random, start: int) -> None:
    """Write them. They were set up before the two years of history begin."""
    on = start - 800 * times.DAY
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
    for name, code, active in VENDORS:
        table = store["vendors"]
        body = vendor(
            id=table.new_id(), name=name, code=code, random=random, active=active, on=times.to_text(on)
        )
        table.add(body, created=on, modified=on, active=active)


def vendor(*, id: int, name: str, code: str, random: Random, active: bool, on: str) -> Body:
    word = name.split(maxsplit=1)[0].lower()
    return {
        "id": id, "name": name, "active": active, "isTruckReplenishment": False, "isMobileCreationRestricted": False,
        "memo": "", "deliveryOption": "EmailAsPdf", "defaultTaxRate": 0.08265,
        "contactInfo": {
            "firstName": random.choice(people.FIRST), "lastName": random.choice(people.LAST),
            "phone": f"775555{random.randrange(10_000):04d}", "email": f"counter@{word}.example", "fax": "",
        },
        "address": postal(people.address(random)), "createdOn": on, "modifiedOn": on, "externalData": [],
        "customFields": [{"typeId": 7100, "name": "Supplier code", "value": code}] if code else [],
    }  # fmt: skip


def warehouse(*, id: int, name: str, address: Body, active: bool, on: str) -> Body:
    return {
        "id": id, "name": name, "active": active, "address": address, "inventoryTemplateId": None,
        "createdOn": on, "modifiedOn": on, "externalData": [],
    }  # fmt: skip
