"""Random edits on both sides, each with a value of its own, so that whatever turns up can be traced to its edit."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from reconciliation.adding import add
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Job, Link, Location, ReferenceItem

HERE, THERE = "portal", "office"
DAY = datetime(2027, 3, 4, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Intent:
    """One edit of one field: where, of which record, to what."""

    side: str
    entity: str
    record_id: int
    field: str
    value: str


@dataclass(slots=True)
class Editor:
    """Makes edits by seed, and remembers each.

    `newness`, `bookings` and `notes` are the shares of new customers, jobs and notes among them; `made`, `booked` and
    `noted` are the marks of those made.
    """

    tenant_id: int
    control: Any
    random: Random
    newness: float = 0.15
    bookings: float = 0.09
    notes: float = 0.09
    intents: list[Intent] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    booked: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    _count: int = 0

    def one(self) -> None:
        """One edit: mostly of what there is, on either side, sometimes of something new."""
        self._count += 1
        chance = self.random.random()
        if chance < self.newness:
            self._make()
        elif chance < self.newness + self.bookings:
            self._book()
        elif chance < self.newness + self.bookings + self.notes:
            self._note()
        elif chance < 0.60:
            self._here()
        else:
            self._there()

    def _make(self) -> None:
        """A customer with a location and a phone number, none of which the other side has."""
        mark = f"Made {self._count} Street"
        self.made.append(mark)
        place = {"street": mark, "city": "Lynchburg", "state": "VA", "postal_code": "24501", "country": "USA"}
        named = {"name": f"N{self._count}", "kind": "Residential", **place}
        person = add(ENTITIES["customer"], self.tenant_id, named)
        add(ENTITIES["location"], self.tenant_id, {"name": mark, **place}, {"customer": person})
        phone = {"kind": "phone", "value": f"434-555-{self._count % 10000:04d}"}
        add(ENTITIES["customer_contact"], self.tenant_id, phone, {"customer": person})

    def _book(self) -> None:
        """A job with a visit, at a home that the other side may not even have yet."""
        homes = Location.objects.filter(tenant_id=self.tenant_id, active=True, merged_into=None)
        home = self.random.choice(list(homes.select_related("customer").order_by("pk")))
        mark = f"Booked {self._count}"
        self.booked.append(mark)
        references = {name: self._item(name) for name in ("business_unit", "job_type", "campaign")}
        job = add(
            ENTITIES["job"],
            self.tenant_id,
            {"priority": "Normal", "summary": mark},
            {"customer": home.customer, "location": home, **references},
        )
        times = {
            "starts_at": DAY + timedelta(hours=self._count),
            "ends_at": DAY + timedelta(hours=self._count + 1),
        }
        add(ENTITIES["appointment"], self.tenant_id, times, {"job": job})

    def _note(self) -> None:
        """A note on some job, which may still be on its way itself."""
        jobs = list(Job.objects.filter(tenant_id=self.tenant_id).order_by("pk"))
        mark = f"Noted {self._count}"
        self.noted.append(mark)
        add(ENTITIES["note"], self.tenant_id, {"text": mark}, {"job": self.random.choice(jobs)})

    def _item(self, kind: str) -> Any:
        items = ReferenceItem.objects.filter(tenant_id=self.tenant_id, kind=kind, active=True)
        return self.random.choice(list(items.order_by("pk")))

    def _here(self) -> None:
        name, record = self._some()
        column = "name" if self.random.random() < 0.6 else "street"
        if column == "street" and record.street.startswith("Made "):
            column = "name"  # the mark by which a made record is told
        value = f"H{self._count}"
        self.intents.append(Intent(HERE, name, record.pk, column, value))
        edit(ENTITIES[name], record.pk, {column: value})

    def _there(self) -> None:
        name, record = self._some()
        link = Link.objects.filter(entity=name, record_id=record.pk, state=Link.State.LIVE).first()
        if link is None:
            return
        value = f"T{self._count}"
        row_id = int(link.external_id)
        self.intents.append(Intent(THERE, name, record.pk, "name", value))
        self.control.change(f"{name}s", row_id, name=value)

    def _some(self) -> tuple[str, Any]:
        """One of a few records, so that edits meet."""
        if self.random.random() < 0.5:
            rows: Any = Customer.objects.filter(active=True, merged_into=None)
            name = "customer"
        else:
            rows, name = Location.objects.filter(active=True, merged_into=None), "location"
        found = list(rows.order_by("pk"))
        return name, self.random.choice(found)
