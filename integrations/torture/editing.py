"""Random edits on both sides, each with a value of its own, so that whatever turns up can be traced to its edit."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from django.urls import reverse

from integrations.torture.visiting import Visitor
from reconciliation.adding import add
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Conflict, Customer, Job, Link, Location, ReferenceItem

HERE, THERE = "portal", "office"
DAY = datetime(2027, 3, 4, 8, tzinfo=UTC)
SKEWS = (-300.0, 0.0, 300.0)
"""How far the office's clock may be from ours, in seconds."""
STUBBORN = 2
"""So many customers get values that the other side refuses, and nothing else."""


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
    `noted` are the marks of those made; `refused` are customers whose edits cannot go out. With a `visitor` half of the
    jobs are booked through the API, and conflicts are settled on their pages.
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
    refused: set[int] = field(default_factory=set)
    visitor: Visitor | None = None
    _stubborn: list[int] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        if self.visitor is not None:
            self._stubborn = list(self._customers().order_by("pk").values_list("pk", flat=True)[:STUBBORN])

    def one(self) -> None:
        """One edit: mostly of what there is, on either side, sometimes of something new."""
        self._count += 1
        chance = self.random.random()
        if self.visitor is not None and self.random.random() < 0.12:
            self.disturb(self.visitor)
        elif chance < self.newness:
            self.make()
        elif chance < self.newness + self.bookings:
            self.book(self.random.random())
        elif chance < self.newness + self.bookings + self.notes:
            self._note()
        elif chance < 0.60:
            self._here()
        elif chance < 0.95:
            self._there()
        else:
            self._import()

    def disturb(self, visitor: Visitor) -> None:
        """What makes the day harder: a clock that is set, tokens that end, a value refused, a person who decides."""
        what = self.random.choice(["clock", "tokens", "refused", "settle", "settle"])
        if what == "clock":
            self.control.clock.ahead = self.random.choice(SKEWS)
        elif what == "tokens":
            self.control.expire_tokens()
        elif what == "settle":
            self.settle(visitor)
        else:
            pk = self.random.choice(self._stubborn)
            self.refused.add(pk)
            edit(ENTITIES["customer"], pk, {"kind": f"Martian {self._count}"})

    def settle(self, visitor: Visitor) -> int:
        """Have a person decide on what waits, for either side. Returns how much that is."""
        waiting = Conflict.objects.filter(tenant_id=self.tenant_id, state=Conflict.State.PENDING)
        found = list(waiting.order_by("pk").values_list("pk", flat=True)[:20])
        for pk in found:
            path = reverse("admin:reconciliation_conflict_change", args=[pk])
            visitor.settle(path, self.random.choice(["approve", "reject"]))
        return len(found)

    def make(self) -> None:
        """A customer with a location and a phone number, none of which the other side has."""
        mark = f"Made {self._count} Street"
        self.made.append(mark)
        place = {"street": mark, "city": "Lynchburg", "state": "VA", "postal_code": "24501", "country": "USA"}
        named = {"name": f"N{self._count}", "kind": "Residential", **place}
        person = add(ENTITIES["customer"], self.tenant_id, named)
        add(ENTITIES["location"], self.tenant_id, {"name": mark, **place}, {"customer": person})
        phone = {"kind": "phone", "value": f"434-555-{self._count % 10000:04d}"}
        add(ENTITIES["customer_contact"], self.tenant_id, phone, {"customer": person})

    def book(self, way: float = 0.0) -> None:
        """A job with a visit, at a home that the other side may not even have yet. `way` below a half is the API's."""
        self._count += 1  # its mark is its own, whoever asks for it
        homes = Location.objects.filter(tenant_id=self.tenant_id, active=True, merged_into=None)
        home = self.random.choice(list(homes.select_related("customer").order_by("pk")))
        mark = f"Booked {self._count}"
        self.booked.append(mark)
        references = {name: self._item(name) for name in ("business_unit", "job_type", "campaign")}
        if self.visitor is not None and way < 0.5:
            self.visitor.book(mark, self._asked(home, mark, references))
            return
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

    def _asked(self, home: Any, mark: str, references: dict[str, Any]) -> dict[str, Any]:
        """The same as a website's booking form asks for it."""
        start = DAY + timedelta(hours=self._count)
        return {
            "customer": {"id": home.customer_id},
            "location": {"id": home.pk},
            "arrival_window": {
                "start": start.isoformat(),
                "end": (start + timedelta(hours=1)).isoformat(),
            },
            "summary": mark,
            **{name: item.pk for name, item in references.items()},
        }

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

    def _import(self) -> None:
        """Many customers changed there in one moment, more than fit on a page: all bear the same time."""
        links = Link.objects.filter(entity="customer", state=Link.State.LIVE, record_id__isnull=False)
        links = links.filter(source__tenant_id=self.tenant_id, source__system="servicetitan")
        found = list(links.exclude(record_id__in=self._stubborn).order_by("pk"))
        changes = {}
        for place, link in enumerate(self.random.sample(found, min(8, len(found)))):
            value = f"T{self._count}.{place}"
            self.intents.append(Intent(THERE, "customer", link.record_id or 0, "name", value))
            changes[int(link.external_id)] = {"name": value}
        self.control.change_together("customers", changes)

    def _customers(self) -> Any:
        rows = Customer.objects.filter(tenant_id=self.tenant_id, active=True, merged_into=None)
        return rows.exclude(pk__in=self._stubborn)

    def _some(self) -> tuple[str, Any]:
        """One of a few records, so that edits meet."""
        if self.random.random() < 0.5:
            rows, name = self._customers(), "customer"
        else:
            rows, name = Location.objects.filter(active=True, merged_into=None), "location"
        found = list(rows.order_by("pk"))
        return name, self.random.choice(found)
