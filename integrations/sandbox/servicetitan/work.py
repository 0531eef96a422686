"""What the shop did at a home: jobs with appointments, an invoice each, payments, estimates, equipment, memberships.

Amounts are cents; an invoice's total is the sum of its items and their tax, and its balance what is unpaid.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import crm_rows, money_rows, work_rows
from integrations.sandbox.servicetitan.customers import SETTLED, Home
from integrations.sandbox.servicetitan.money_rows import named
from integrations.sandbox.servicetitan.reference_lists import JOB_TYPES, PRICES, Lists
from integrations.sandbox.servicetitan.store import Body, Store

HOUR = 3600 * times.SECOND
MAKERS = (
    ("Rheem", "XG50T12", "Water heater"),
    ("Carrier", "24SCA5", "Condenser"),
    ("Trane", "S9V2", "Furnace"),
)
REMARKS = (
    "Replaced part, tested, customer happy",
    "Waiting for part",
    "Left a voicemail",
    "Took photos before/after",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One job in the making: ids, times in ticks, and who does it."""

    id: int
    number: str
    unit: Body
    status: str
    created: int
    begin: int
    end: int
    modified: int


class Work:
    def __init__(self, store: Store, random: Random, start: int, lists: Lists) -> None:
        self.store, self.random, self.start, self.lists = store, random, start, lists
        self.owed: dict[int, int] = defaultdict(int)
        self.open: dict[int, tuple[int, str, int]] = {}
        self.last_change = start - SETTLED

    def at(self, home: Home) -> None:
        """Everything at one home, as often as its age makes likely."""
        share = (self.start - home.created) / (730 * times.DAY)
        for _ in range(
            min(6, int(self.random.expovariate(0.7 / (0.3 + share))) + (self.random.random() < 0.7))
        ):
            self.job(home)
        if self.random.random() < 0.35:
            self.equipment(home)
        if home.active and self.random.random() < 0.18:
            self.membership(home)

    def settle_customers(self) -> None:
        """Write each customer's balance: what its invoices leave unpaid."""
        for customer, cents in self.owed.items():
            if cents:
                self.store["customers"].write(customer, {"balance": cents / 100}, None)

    def job(self, home: Home, *, plain: bool = False) -> None:
        """A job with its appointments and invoice; a plain one has just the (settled) invoice."""
        visit = self._visit(home)
        count = 0 if plain else self.random.choice((1, 1, 1, 1, 2))
        appointments = [self._appointment(home, visit, place) for place in range(count)] or [visit.id]
        invoice = self._invoice(home, visit, plain=plain)
        total = round(float(invoice["total"]), 2)
        done = visit.status == "Completed" or (visit.status == "Canceled" and self.random.random() < 0.3)
        place = self.lists.job_types[visit.unit["id"]].index(job_type := self._job_type(visit.unit))
        body = work_rows.job(
            id=visit.id, number=visit.number, customer=home.customer["id"], location=home.location["id"],
            status=visit.status, completed=times.to_text(visit.end) if done else None,
            business_unit=visit.unit["id"], job_type=job_type, campaign=self.random.choice(self.lists.campaigns),
            priority=self.random.choice(("Normal", "Normal", "Normal", "High", "Urgent", "Low")),
            appointments=appointments, invoice=invoice["id"], total=total,
            summary=JOB_TYPES[visit.unit["name"]][place] if self.random.random() < 0.85 else None,
            created=times.to_text(visit.created), modified=times.to_text(visit.modified),
            tags=self.random.sample(self.lists.tags, self.random.choice((0, 0, 0, 1))),
        )  # fmt: skip
        self.store["jobs"].add(body, created=visit.created, modified=visit.modified)
        if not plain and self.random.random() < 0.3:
            self._note(visit)
        if not plain and self.random.random() < 0.35:
            self._estimates(visit, body)

    def _visit(self, home: Home) -> Visit:
        random, table = self.random, self.store["jobs"]
        created = home.created + random.randrange(max(1, self.last_change - home.created))
        begin = created + random.randrange(2 * HOUR, 12 * times.DAY)
        begin -= begin % (HOUR // 2)
        end = begin + random.randrange(1, 5) * HOUR
        status = self._status(begin, end)
        modified = min(
            self.last_change - random.randrange(times.SECOND), max(created, end + random.randrange(HOUR))
        )
        return Visit(
            id=table.new_id(), number=str(self.store.next_number("job", 31001)), unit=random.choice(self.lists.units),
            status=status, created=created, begin=begin, end=end, modified=max(created, modified),
        )  # fmt: skip

    def _status(self, begin: int, end: int) -> str:
        if end > self.last_change:
            return (
                "InProgress" if begin <= self.last_change else self.random.choice(("Scheduled", "Dispatched"))
            )
        return self.random.choices(("Completed", "Canceled", "Hold"), (90, 8, 2))[0]

    def _job_type(self, unit: Body) -> int:
        return self.random.choice(self.lists.job_types[unit["id"]])

    def _appointment(self, home: Home, visit: Visit, place: int) -> int:
        table = self.store["appointments"]
        status = {"Completed": "Done", "InProgress": "Working"}.get(visit.status, visit.status)
        shift = place * times.DAY
        window = (times.to_text(visit.begin + shift), times.to_text(visit.begin + shift + 4 * HOUR))
        body = work_rows.appointment(
            id=table.new_id(), job=visit.id, number=f"{visit.number}-{place + 1}", status=status,
            start=times.to_text(visit.begin + shift), end=times.to_text(visit.end + shift),
            customer=home.customer["id"], created=times.to_text(visit.created),
            modified=times.to_text(visit.modified), window=window if self.random.random() < 0.6 else (None, None),
        )  # fmt: skip
        table.add(body, created=visit.created, modified=visit.modified)
        for technician, name in self.random.sample(self.lists.technicians[visit.unit["id"]], 1):
            self._assign(visit, body["id"], technician, name, status)
        return body["id"]

    def _assign(self, visit: Visit, appointment: int, technician: int, name: str, status: str) -> None:
        table, active = self.store["appointment-assignments"], self.random.random() > 0.05
        body = work_rows.assignment(
            id=table.new_id(), technician=technician, technician_name=name, job=visit.id, appointment=appointment,
            status=status if status in {"Dispatched", "Working", "Done"} else "Scheduled", active=active,
            created=times.to_text(visit.created), modified=times.to_text(visit.modified),
        )  # fmt: skip
        table.add(body, created=visit.created, modified=visit.modified, active=active)

    def _items(self, visit: Visit) -> list[Body]:
        """What was sold; nothing yet where the work is not done."""
        if visit.status in {"Scheduled", "Dispatched", "Canceled"}:
            return []
        count = self.random.choice((1, 2, 2, 3, 4))
        chosen = [0, *self.random.choices(range(1, len(PRICES)), (30, 20, 12, 10, 10, 3, 1), k=count - 1)]
        return [self._item(visit, order + 1, sku) for order, sku in enumerate(chosen)]

    def _item(self, visit: Visit, order: int, place: int) -> Body:
        sku, description, price, cost, taxable = PRICES[place]
        kind = {"SVC": "Service", "MAT": "Material"}.get(sku[:3], "Equipment")
        return money_rows.item(
            id=self.store.next_number("item", 990_000_001), order=order, kind=kind, sku=70_000 + place, sku_name=sku,
            description=description, quantity=1 if kind == "Equipment" else self.random.choice((1, 1, 2, 3)),
            price=price, cost=cost, taxable=taxable, business_unit=visit.unit,
            created=times.to_text(visit.created), modified=times.to_text(visit.modified),
        )  # fmt: skip

    def _invoice(self, home: Home, visit: Visit, *, plain: bool) -> Body:
        table, items = self.store["invoices"], self._items(visit)
        subtotal, tax = amounts(items)
        row_id, number = table.new_id(), str(self.store.next_number("invoice", 20417))
        total = subtotal + tax
        paid = total if plain else self._pay(home, visit, row_id, number, total)
        balance = total - paid
        self.owed[home.customer["id"]] += balance
        on, modified = times.to_text(times.midnight(visit.begin)), times.to_text(visit.modified)
        body = money_rows.invoice(
            id=row_id, number=number, date=on, due=on, subtotal=subtotal, tax=tax, balance=balance,
            customer=named(home.customer["id"], home.customer["name"]), customer_address=home.customer["address"],
            location=named(home.location["id"], home.location["name"]), location_address=home.location["address"],
            business_unit=visit.unit, job={"id": visit.id, "number": visit.number, "type": None}, items=items,
            created=times.to_text(visit.created), modified=modified,
            paid=modified if items and not balance else None,
            sync_status=self.random.choice(("Pending", "Posted", "Exported")) if items else "Pending",
            sent="Sent" if items else "NotSent",
        )  # fmt: skip
        table.add(body, created=visit.created, modified=visit.modified)
        return body

    def _pay(self, home: Home, visit: Visit, invoice: int, number: str, total: int) -> int:
        """Pay all, a part or nothing; the next full payment also settles what an earlier invoice left open."""
        chance, customer = self.random.random(), home.customer["id"]
        if total <= 0 or visit.status != "Completed" or chance < 0.15:
            return 0
        if chance > 0.9:
            self._payment(home, visit, [(invoice, number, total // 3)], extra=0)
            self.open[customer] = (invoice, number, total - total // 3)
            return total // 3
        parts = [(invoice, number, total)]
        if earlier := self.open.pop(customer, None):
            parts.append(earlier)
            self._settle(customer, earlier, visit.modified)
        self._payment(home, visit, parts, extra=5000 if chance > 0.88 else 0)
        return total

    def _settle(self, customer: int, earlier: tuple[int, str, int], on: int) -> None:
        invoice, _, cents = earlier
        self.owed[customer] -= cents
        later = max(on, self.store["invoices"].rows[invoice].modified)
        self.store["invoices"].write(invoice, {"balance": "0.00", "paidOn": times.to_text(on)}, later)

    def _payment(self, home: Home, visit: Visit, parts: Sequence[tuple[int, str, int]], extra: int) -> None:
        table = self.store["payments"]
        type_id, type_name = self.random.choice(self.lists.payment_types)
        on = times.to_text(visit.modified)
        splits = [
            money_rows.applied(
                id=self.store.next_number("split", 660_000_001),
                invoice=invoice,
                number=number,
                cents=cents,
                on=on,
            )
            for invoice, number, cents in parts
        ]
        body = money_rows.payment(
            id=table.new_id(), splits=splits, customer=named(home.customer["id"], home.customer["name"]),
            business_unit=visit.unit, date=times.to_text(times.midnight(visit.modified)),
            total=sum(cents for *_, cents in parts) + extra, unapplied=extra, type_id=type_id, type_name=type_name,
            created=on, modified=on, sync_status=self.random.choice(("Pending", "Posted", "Exported")),
            check=str(self.random.randrange(100, 9999)) if type_name == "Check" else None,
        )  # fmt: skip
        table.add(body, created=visit.modified, modified=visit.modified)

    def _note(self, visit: Visit) -> None:
        table, on = self.store["job-notes"], times.to_text(visit.modified)
        body = crm_rows.note(id=None, text=self.random.choice(REMARKS), pinned=False, created=on, modified=on)
        table.add(
            body, created=visit.modified, modified=visit.modified, parent=visit.id, row_id=table.new_id()
        )

    def _estimates(self, visit: Visit, job: Body) -> None:
        table, on, made = self.store["estimates"], times.to_text(visit.modified), times.to_text(visit.created)
        for option in ("Good", "Better", "Best")[: self.random.choice((1, 1, 2, 3))]:
            place = self.random.randrange(3, len(PRICES))
            sku, name, price, cost, _ = PRICES[place]
            item = money_rows.estimate_item(
                id=self.store.next_number("estimate item", 880_000_001), sku=70_000 + place, name=sku,
                kind="Material" if sku.startswith("MAT") else "Equipment", description=name, quantity=1, price=price,
                cost=cost, created=made, modified=made,
            )  # fmt: skip
            status = self.random.choice(("Open", "Sold", "Dismissed"))
            seller = self.lists.technicians[visit.unit["id"]][0][0]
            body = money_rows.estimate(
                id=table.new_id(), job=job, name=option, status=status, items=[item], subtotal=price,
                tax=money_rows.tax_on(price), created=made, modified=on, sold=on if status == "Sold" else None,
                sold_by=seller if status == "Sold" else None, business_unit=visit.unit,
            )  # fmt: skip
            table.add(body, created=visit.created, modified=visit.modified)

    def equipment(self, home: Home) -> None:
        table, random = self.store["installed-equipment"], self.random
        place = random.randrange(len(MAKERS))
        maker, model, name = MAKERS[place]
        on = home.created + random.randrange(max(1, self.last_change - home.created))
        text = times.to_text(on)
        body = work_rows.equipment(
            id=table.new_id(), customer=home.customer["id"], location=home.location["id"], name=name, maker=maker,
            model=model, serial=f"{maker[:2].upper()}{random.randrange(10**8):08d}", installed=text,
            type_id=9100 + place, type_name=name, created=text, modified=text, replaced=random.random() < 0.08,
            warranty_end=times.to_text(on + 3650 * times.DAY) if random.random() < 0.7 else None,
        )  # fmt: skip
        table.add(body, created=on, modified=on, active=body["active"])

    def membership(self, home: Home) -> None:
        table, random = self.store["memberships"], self.random
        on = home.created + random.randrange(max(1, self.last_change - home.created))
        end = on + 365 * times.DAY
        status = "Expired" if end < self.start else random.choice(("Active", "Active", "Active", "Canceled"))
        active = status == "Active"
        body = work_rows.membership(
            id=table.new_id(), customer=home.customer["id"], location=home.location["id"], status=status,
            type_id=random.choice(self.lists.membership_types[:2]), business_unit=random.choice(self.lists.units)["id"],
            begin=times.to_text(times.midnight(on)), end=times.to_text(times.midnight(end)),
            next_bill=times.to_text(times.midnight(self.start + 20 * times.DAY)) if active else None, active=active,
            created=times.to_text(on), modified=times.to_text(on),
            cancelled=times.to_text(on) if status == "Canceled" else None,
        )  # fmt: skip
        table.add(body, created=on, modified=on, active=active)


def amounts(items: Sequence[Body]) -> tuple[int, int]:
    """(subtotal, tax) of invoice items in cents; tax is rounded once, on the taxable sum."""
    cents = [round(float(item["total"]) * 100) for item in items]
    taxable = sum(amount for amount, item in zip(cents, items, strict=True) if item["taxable"])
    return sum(cents), money_rows.tax_on(taxable)
