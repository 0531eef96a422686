"""What the shop's work cost: an invoice for each job, payments and their splits, estimates.

Amounts are cents; an invoice's total is the sum of its items and their tax, and its balance what is unpaid.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import money_rows
from integrations.sandbox.servicetitan.customers import Home
from integrations.sandbox.servicetitan.money_rows import named
from integrations.sandbox.servicetitan.reference_lists import PRICES, Lists
from integrations.sandbox.servicetitan.store import Body, Store


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


class Billing:
    def __init__(self, store: Store, random: Random, lists: Lists) -> None:
        self.store, self.random, self.lists = store, random, lists
        self.owed: dict[int, int] = defaultdict(int)
        self.open: dict[int, tuple[int, str, int]] = {}

    def settle_customers(self) -> None:
        """Write each customer's balance: what its invoices leave unpaid."""
        for customer, cents in self.owed.items():
            if cents:
                self.store["customers"].write(customer, {"balance": cents / 100}, None)

    def invoice(self, home: Home, visit: Visit, *, plain: bool) -> Body:
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

    def estimates(self, visit: Visit, job: Body) -> None:
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


def amounts(items: Sequence[Body]) -> tuple[int, int]:
    """(subtotal, tax) of invoice items in cents; tax is rounded once, on the taxable sum."""
    cents = [round(float(item["total"]) * 100) for item in items]
    taxable = sum(amount for amount, item in zip(cents, items, strict=True) if item["taxable"])
    return sum(cents), money_rows.tax_on(taxable)
