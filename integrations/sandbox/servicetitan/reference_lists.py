"""The lists every shop sets up first: business units, technicians, job types, tags, campaigns, price book."""

from dataclasses import dataclass
from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import list_rows as rows
from integrations.sandbox.servicetitan import people
from integrations.sandbox.servicetitan.money_rows import named
from integrations.sandbox.servicetitan.store import Body, Store

UNITS = (
    ("Plumbing", True),
    ("HVAC", True),
    ("Electrical", True),
    ("Drains", True),
    ("Water Treatment", False),
)
TAGS = (
    ("VIP", "#d4a017"), ("Landlord", "#3a6ea5"), ("Do not text", "#a33"), ("Military discount", "#456b3c"),
    ("Senior", "#777777"), ("Warranty", "#2f7f7f"), ("Old system import", "#999999"),
)  # fmt: skip
CAMPAIGNS = ("Repeat customer", "Google Ads", "Yard signs", "Referral", "Radio KUNR", "Spring mailer 2019")
CANCEL_REASONS = ("Customer canceled", "No access", "Booked twice", "Weather", "Old reason")
PAYMENT_TYPES = ("Cash", "Check", "Credit Card", "ACH", "Financing")
MEMBERSHIPS = (
    ("Comfort Club", 19.0, True),
    ("Comfort Club Plus", 29.0, True),
    ("Founders Plan", 12.5, False),
)
JOB_TYPES: dict[str, tuple[str, ...]] = {
    "Plumbing": ("Leak repair", "Water heater", "Fixture install"),
    "HVAC": ("AC no cool", "Furnace no heat", "Seasonal tune-up"),
    "Electrical": ("Panel upgrade", "Outlet repair", "EV charger"),
    "Drains": ("Drain clearing", "Camera inspection"),
    "Water Treatment": ("Softener service",),
}
PRICES: tuple[tuple[str, str, int, int, bool], ...] = (
    ("SVC-DIAG", "Diagnostic visit", 8900, 2500, False),
    ("SVC-HOUR", "Labor, one hour", 14500, 5200, False),
    ("SVC-TUNE", "Seasonal tune-up", 12900, 4100, False),
    ("MAT-VALVE", "Ball valve 3/4 in", 3875, 1249, True),
    ("MAT-CAP", "Run capacitor 45/5", 18750, 2130, True),
    ("MAT-BRKR", "Breaker, 20 A", 4225, 1105, True),
    ("EQ-WH50", "Water heater, 50 gal", 189900, 81250, True),
    ("EQ-COND3", "Condenser, 3 ton", 412500, 198875, True),
)
"""Sku, name, cents for one, cost in cents, taxable."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Ids of the reference rows, as the rest of the shop needs them."""

    units: tuple[Body, ...]
    job_types: dict[int, tuple[int, ...]]
    technicians: dict[int, tuple[tuple[int, str], ...]]
    tags: tuple[int, ...]
    campaigns: tuple[int, ...]
    payment_types: tuple[tuple[int, str], ...]
    membership_types: tuple[int, ...]
    cancel_reasons: tuple[int, ...]


def build(store: Store, random: Random, start: int, tenant: int) -> Lists:
    """Write the reference lists. They were set up before the two years of history begin."""
    on = start - 800 * times.DAY
    units = [_unit(store, random, on, tenant, name, active) for name, active in UNITS]
    technicians = {unit["id"]: _technicians(store, random, on, unit) for unit in units}
    return Lists(
        units=tuple(unit for unit, (_, active) in zip(units, UNITS, strict=True) if active),
        job_types={unit["id"]: _job_types(store, on, unit) for unit in units},
        technicians=technicians,
        tags=tuple(_tag(store, on, name, color) for name, color in TAGS),
        campaigns=tuple(_campaign(store, on, name) for name in CAMPAIGNS),
        payment_types=tuple((_payment_type(store, on, name), name) for name in PAYMENT_TYPES),
        membership_types=tuple(_membership_type(store, on, *entry) for entry in MEMBERSHIPS),
        cancel_reasons=tuple(_cancel_reason(store, on, name) for name in CANCEL_REASONS),
    )


def _unit(store: Store, random: Random, on: int, tenant: int, name: str, active: bool) -> Body:
    table, text = store["business-units"], times.to_text(on)
    code = f"BU_{name.upper().replace(' ', '_')}"
    body = rows.business_unit(
        id=table.new_id(),
        name=name,
        code=code,
        address=people.address(random),
        tenant=tenant,
        active=active,
        on=text,
    )
    table.add(body, created=on, modified=on, active=active)
    return named(body["id"], name)


def _technicians(store: Store, random: Random, on: int, unit: Body) -> tuple[tuple[int, str], ...]:
    table, found = store["technicians"], []
    for place in range(4):
        name = f"{random.choice(people.FIRST)} {random.choice(people.LAST)}"
        active = place < 3
        body = rows.technician(
            id=table.new_id(), name=name, business_unit=unit["id"], phone=f"77555502{place:02d}",
            team=unit["name"], active=active, on=times.to_text(on),
        )  # fmt: skip
        table.add(body, created=on, modified=on, active=active)
        found.append((body["id"], name))
    return tuple(found)


def _job_types(store: Store, on: int, unit: Body) -> tuple[int, ...]:
    table, found = store["job-types"], []
    for name in JOB_TYPES[unit["name"]]:
        body = rows.job_type(
            id=table.new_id(),
            name=name,
            business_units=[unit["id"]],
            seconds=7200,
            active=True,
            on=times.to_text(on),
        )
        table.add(body, created=on, modified=on)
        found.append(body["id"])
    return tuple(found)


def _tag(store: Store, on: int, name: str, color: str) -> int:
    table, active = store["tag-types"], not name.startswith("Old")
    body = rows.tag_type(id=table.new_id(), name=name, color=color, active=active, on=times.to_text(on))
    return table.add(body, created=on, modified=on, active=active).id


def _campaign(store: Store, on: int, name: str) -> int:
    table, active = store["campaigns"], "2019" not in name
    body = rows.campaign(
        id=table.new_id(), name=name, category="Marketing", active=active, on=times.to_text(on)
    )
    return table.add(body, created=on, modified=on, active=active).id


def _payment_type(store: Store, on: int, name: str) -> int:
    table = store["payment-types"]
    body = rows.payment_type(id=table.new_id(), name=name, on=times.to_text(on))
    return table.add(body, created=on, modified=on).id


def _cancel_reason(store: Store, on: int, name: str) -> int:
    table, active = store["job-cancel-reasons"], not name.startswith("Old")
    body = rows.cancel_reason(id=table.new_id(), name=name, active=active, on=times.to_text(on))
    return table.add(body, created=on, modified=on, active=active).id


def _membership_type(store: Store, on: int, name: str, price: float, active: bool) -> int:
    table = store["membership-types"]
    body = rows.membership_type(
        id=table.new_id(), name=name, price=price, on=times.to_text(on), active=active
    )
    return table.add(body, created=on, modified=on, active=active).id
