"""Random edits on all sides of a customer at once: here, and in the office of each system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from integrations.torture.editing import HERE, Intent
from integrations.torture.offices import PLACE, CustomerOffice
from reconciliation.adding import add
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Link

CUSTOMER = ENTITIES["customer"]
MADE = "Made "
"""How the street of a customer begins who is made in a torture; it stays, as the mark by which they are told."""


@dataclass(slots=True)
class SidesEditor:
    """Makes edits by seed, and remembers each. `newness` is the share of new customers; `made` are their marks."""

    tenant_id: int
    offices: Sequence[CustomerOffice]
    sources: Mapping[str, int]
    random: Random
    newness: float = 0.12
    intents: list[Intent] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    _count: int = 0

    def one(self) -> None:
        """One edit, on one side: mostly of what there is, sometimes of something new."""
        self._count += 1
        office = self.random.choice([None, *self.offices])
        if self.random.random() < self.newness:
            self._make(office)
        elif found := self._customers():
            self._change(office, self.random.choice(found))

    def _customers(self) -> list[Any]:
        found = Customer.objects.filter(tenant_id=self.tenant_id, active=True, merged_into=None)
        return list(found.order_by("pk"))

    def _make(self, office: CustomerOffice | None) -> None:
        mark = f"{MADE}{self._count} Street"
        self.made.append(mark)
        values = {"name": f"N{self._count}", "street": mark}
        if office is None:
            add(CUSTOMER, self.tenant_id, {"kind": "Residential", **values, **PLACE})
        else:
            office.add(values)

    def _change(self, office: CustomerOffice | None, record: Any) -> None:
        column = "name" if self.random.random() < 0.6 or record.street.startswith(MADE) else "street"
        side = office.side if office else HERE
        value = f"{side[0].upper()}{self._count}"
        if office is None:
            self.intents.append(Intent(HERE, CUSTOMER.name, record.pk, column, value))
            edit(CUSTOMER, record.pk, {column: value})
            return
        own = Link.objects.filter(entity=CUSTOMER.name, record_id=record.pk, state=Link.State.LIVE)
        link = own.filter(source=self.sources[office.side]).first()
        if link is not None:
            self.intents.append(Intent(office.side, CUSTOMER.name, record.pk, column, value))
            office.change(link.external_id, {column: value})
