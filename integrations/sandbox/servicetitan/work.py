"""What the shop did at a home: jobs with appointments, notes and bills, equipment, memberships."""

from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import crm_rows, work_rows
from integrations.sandbox.servicetitan.billing import Billing, Visit
from integrations.sandbox.servicetitan.customers import SETTLED, Home
from integrations.sandbox.servicetitan.opinions import Opinions
from integrations.sandbox.servicetitan.reference_lists import JOB_TYPES, Lists
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


class Work:
    def __init__(self, store: Store, random: Random, start: int, lists: Lists, seed: int) -> None:
        self.store, self.random, self.start, self.lists = store, random, start, lists
        self.billing = Billing(store, random, lists)
        self.opinions = Opinions(store, seed, lists)
        self.sent = 0
        """The technician of the last visit."""
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

    def job(self, home: Home, *, plain: bool = False) -> None:
        """A job with its appointments and invoice; a plain one has just the (settled) invoice."""
        visit = self._visit(home)
        count = 0 if plain else self.random.choice((1, 1, 1, 1, 2))
        appointments = [self._appointment(home, visit, place) for place in range(count)] or [visit.id]
        invoice = self.billing.invoice(home, visit, plain=plain)
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
        if visit.status == "Canceled" and not plain:
            self._cancellation(visit)
        if visit.status == "Completed" and not plain:
            self.opinions.after(visit, body, home.customer, self.sent)
        if not plain and self.random.random() < 0.3:
            self._note(visit)
        if not plain and self.random.random() < 0.35:
            self.billing.estimates(visit, body)

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
        self.sent = technician
        body = work_rows.assignment(
            id=table.new_id(), technician=technician, technician_name=name, job=visit.id, appointment=appointment,
            status=status if status in {"Dispatched", "Working", "Done"} else "Scheduled", active=active,
            created=times.to_text(visit.created), modified=times.to_text(visit.modified),
        )  # fmt: skip
        table.add(body, created=visit.created, modified=visit.modified, active=active)

    def _cancellation(self, visit: Visit) -> None:
        table, reasons = self.store["job-canceled-logs"], self.lists.cancel_reasons
        body = work_rows.cancellation(
            id=table.new_id(), job=visit.id, reason=reasons[visit.id // 3 % len(reasons)], memo="Called the office",
            created=times.to_text(visit.modified),
        )  # fmt: skip
        table.add(body, created=visit.modified, modified=visit.modified, parent=visit.id)

    def _note(self, visit: Visit) -> None:
        table, on = self.store["job-notes"], times.to_text(visit.modified)
        body = crm_rows.note(id=None, text=self.random.choice(REMARKS), pinned=False, created=on, modified=on)
        table.add(
            body, created=visit.modified, modified=visit.modified, parent=visit.id, row_id=table.new_id()
        )

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
