"""The shop's customers with their locations, contacts, notes, leads and bookings."""

from dataclasses import dataclass
from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import crm_rows as rows
from integrations.sandbox.servicetitan import people
from integrations.sandbox.servicetitan.people import Party
from integrations.sandbox.servicetitan.reference_lists import Lists
from integrations.sandbox.servicetitan.store import Body, Store

YEARS = 730 * times.DAY
SETTLED = 1_200 * times.SECOND
"""The shop's last change lies this long before the start, so that a feed with its usual lag shows all of it."""
NOTES = (
    "Gate code 4417", "Dog in the yard, call first", "Prefers mornings", "Key under the blue pot",
    "Asked for the same technician as last time", "Park on the street, not in the driveway",
)  # fmt: skip
WISHES = (
    "Drain is slow again",
    "AC blows warm air",
    "Wants a quote for a water heater",
    "Lights flicker upstairs",
)


@dataclass(frozen=True, slots=True)
class Home:
    """A customer at one location, as the work done there needs it."""

    customer: Body
    location: Body
    created: int
    active: bool


class Customers:
    def __init__(self, store: Store, random: Random, start: int, lists: Lists) -> None:
        self.store, self.random, self.start, self.lists = store, random, start, lists
        self.earlier: list[tuple[Party, int]] = []

    def add(self, number: int, *, plain: bool = False) -> list[Home]:
        """One more customer; about one in twenty is an earlier one entered again, and some of those are merged.

        A plain one is active, has one location and nothing else.
        """
        if plain:
            return [self._plain(number)]
        twin = self.random.choice(self.earlier) if self.earlier and self.random.random() < 0.05 else None
        party = people.misspelt(self.random, twin[0]) if twin else people.party(self.random, number)
        merged_to = twin[1] if twin and self.random.random() < 0.4 else None
        created = self.start - SETTLED - self.random.randrange(2 * times.DAY, YEARS)
        active = merged_to is None and self.random.random() > 0.03
        body = self._customer(party, created, active, merged_to)
        if active and not twin and len(self.earlier) < 5000:
            self.earlier.append((party, body["id"]))
        homes = [
            self._location(body, party, created, place, active) for place in range(self._locations(party))
        ]
        self._contacts(body, party, created, homes)
        self._extras(body, party, created, homes[0], first=number == 1)
        return homes

    def _plain(self, number: int) -> Home:
        party = people.party(self.random, number)
        created = self.start - SETTLED - self.random.randrange(2 * times.DAY, YEARS)
        return self._location(self._customer(party, created, True, None), party, created, 0, True)

    def later(self, created: int) -> int:
        """A moment after `created` and before the shop's last change."""
        return created + self.random.randrange(max(1, self.start - SETTLED - created))

    def _locations(self, party: Party) -> int:
        chance = self.random.random()
        if chance < 0.01:
            return self.random.randrange(6, 30)  # a landlord
        return (
            self.random.randrange(2, 5)
            if chance < 0.06 or (party.kind == "Commercial" and chance < 0.2)
            else 1
        )

    def _customer(self, party: Party, created: int, active: bool, merged_to: int | None) -> Body:
        table, modified = self.store["customers"], self.later(created)
        body = rows.customer(
            id=table.new_id(), name=party.name, kind=party.kind, address=party.address, active=active,
            created=times.to_text(created), modified=times.to_text(modified), merged_to=merged_to,
            tags=self.random.sample(self.lists.tags, self.random.choice((0, 0, 0, 1, 2))),
            do_not_service=self.random.random() < 0.01,
        )  # fmt: skip
        table.add(body, created=created, modified=modified, active=active)
        return body

    def _location(self, customer: Body, party: Party, created: int, place: int, active: bool) -> Home:
        table, modified = self.store["locations"], self.later(created)
        address = party.address if place == 0 else people.address(self.random)
        body = rows.location(
            id=table.new_id(), customer=customer["id"], name=customer["name"] if place == 0 else address["street"],
            address=address, created=times.to_text(created), modified=times.to_text(modified), active=active,
        )  # fmt: skip
        table.add(body, created=created, modified=modified, active=active)
        return Home(customer, body, created, active)

    def _contacts(self, customer: Body, party: Party, created: int, homes: list[Home]) -> None:
        random = self.random
        phone = people.written(random, party.phone)
        kind = random.choice(("Phone", "MobilePhone"))
        self.contact(
            "customer-contacts", customer["id"], kind, phone, created, random.choice((None, "Home", "Cell"))
        )
        if random.random() < 0.75:
            self.contact("customer-contacts", customer["id"], "Email", party.email, created, None)
        if random.random() < 0.2:
            second = people.written(random, f"{party.phone[:6]}{random.randrange(10000):04d}")
            self.contact(
                "customer-contacts", customer["id"], "Phone", second, created, "Work", random.random() > 0.1
            )
        for home in homes:
            if random.random() < 0.5:
                same = people.written(random, party.phone)
                self.contact("location-contacts", home.location["id"], kind, same, created, None)

    def contact(
        self,
        table: str,
        parent: int,
        kind: str,
        value: str,
        created: int,
        memo: str | None,
        active: bool = True,
    ) -> int:
        modified = self.later(created)
        body = rows.contact(
            id=self.store[table].new_id(), kind=kind, value=value, memo=memo, created=times.to_text(created),
            modified=times.to_text(modified),
        )  # fmt: skip
        return (
            self.store[table].add(body, created=created, modified=modified, active=active, parent=parent).id
        )

    def _extras(self, customer: Body, party: Party, created: int, home: Home, *, first: bool) -> None:
        chance = self.random.random()
        if chance < 0.2:
            self._note("customer-notes", customer["id"], created)
        if chance < 0.1:
            self._note("location-notes", home.location["id"], created)
        if first or 0.2 < chance < 0.26:
            self._lead(customer, home, party, created)
        if first or 0.3 < chance < 0.35:
            self._booking(party, created)

    def _note(self, table: str, parent: int, created: int) -> None:
        on = self.later(created)
        body = rows.note(
            id=self.store[table].new_id(), text=self.random.choice(NOTES), pinned=self.random.random() < 0.2,
            created=times.to_text(on), modified=times.to_text(on),
        )  # fmt: skip
        self.store[table].add(body, created=on, modified=on, parent=parent)

    def _lead(self, customer: Body, home: Home, party: Party, created: int) -> None:
        table, on = self.store["leads"], self.later(created)
        known = self.random.random() < 0.6
        body = rows.lead(
            id=table.new_id(), status=self.random.choice(("Open", "Open", "Dismissed", "Converted")),
            campaign=self.random.choice(self.lists.campaigns), created=times.to_text(on), modified=times.to_text(on),
            customer=customer["id"] if known else None, location=home.location["id"] if known else None,
            business_unit=self.random.choice(self.lists.units)["id"], summary=self.random.choice(WISHES),
            leadCustomerName=None if known else party.name,
            leadPhone=None if known else people.written(self.random, party.phone),
        )  # fmt: skip
        table.add(body, created=on, modified=on)

    def _booking(self, party: Party, created: int) -> None:
        table, on = self.store["bookings"], self.later(created)
        address = {
            part: party.address[part] for part in ("street", "unit", "city", "state", "zip", "country")
        }
        row_id = table.new_id()
        body = rows.booking(
            id=row_id, source="Website", name=party.name, address=address, summary=self.random.choice(WISHES),
            status=self.random.choice(("New", "Accepted", "Dismissed")), start=times.to_text(on + times.DAY),
            external_id=f"web-{row_id}", created=times.to_text(on), modified=times.to_text(on),
            campaign=self.random.choice(self.lists.campaigns),
            business_unit=self.random.choice(self.lists.units)["id"],
        )  # fmt: skip
        table.add(body, created=on, modified=on)
