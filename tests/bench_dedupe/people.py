"""Who the customers really are: people and businesses, and what ties them together without making them one.

Each maker gives a group of parties that share something: a home, a number, a landlord, a name. A party is one
customer; whatever else looks like it is somebody else.
"""

from dataclasses import dataclass, field, replace
from random import Random

from tests.bench_dedupe import stock


@dataclass
class Home:
    """An address as it should be written."""

    house: str
    direction: tuple[str, str] | None
    street: str
    kind: tuple[str, str]
    unit: str
    city: str
    state: tuple[str, str]
    zip: str
    areas: tuple[str, ...]


@dataclass
class Party:
    """One real customer. `homes[0]` is where it is now; the others are earlier or other places it is known under."""

    first: str
    last: str
    company: str
    homes: list[Home]
    phones: list[str]
    emails: list[str]
    middle: str = ""
    suffix: str = ""
    says_suffix: float = 0.0
    spouse: str = ""
    maiden: str = ""
    records: int = 0
    """How many records it has at least; 0 leaves it to chance."""
    extra: dict[str, float] = field(default_factory=dict)


class World:
    """Makes parties for a shop of a given size."""

    def __init__(self, random: Random, customers: int) -> None:
        """Customers live in one region: a few towns, each with some ZIPs, and its area codes."""
        self.random = random
        self.taken: set[str] = set()
        self.region = random.choice(stock.STATES)
        towns = random.sample(stock.TOWNS, max(4, min(24, customers // 4000)))
        zips = max(6, min(160, customers // 1500))
        self.places = [self._area(number, stock.words(towns[number % len(towns)])) for number in range(zips)]

    def _area(self, number: int, city: str) -> tuple[str, tuple[str, str], str, tuple[str, ...]]:
        long, short, areas, first = self.region
        return city, (long, short), f"{first + number * 3 + 1:05d}", areas

    # --- parts

    def home(self, *, unit: float = 0.14) -> Home:
        random = self.random
        city, state, postcode, areas = random.choice(self.places)
        street, kind = stock.words(random.choice(stock.STREETS)), stock.KIND.choose(random)
        if random.random() < 0.12:
            number = random.randrange(1, 120)
            ending = (
                "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
            )
            street = f"{number}{ending}"
        direction = random.choice(stock.DIRECTIONS) if random.random() < 0.15 else None
        house = str(random.randrange(1, 120) if random.random() < 0.1 else random.randrange(100, 9990))
        return Home(
            house,
            direction,
            street,
            kind,
            self.unit() if random.random() < unit else "",
            city,
            state,
            postcode,
            areas,
        )

    def unit(self) -> str:
        random = self.random
        return random.choice((str(random.randrange(1, 40)), str(random.randrange(101, 430)), random.choice("ABCD"),
                              f"{random.randrange(1, 9)}{random.choice('ABCD')}"))  # fmt: skip

    def phone(self, home: Home) -> str:
        random = self.random
        area = (
            random.choice(home.areas)
            if random.random() < 0.88
            else random.choice(random.choice(stock.STATES)[2])
        )
        return f"{area}{random.randrange(200, 990)}{random.randrange(10_000):04d}"

    def email(self, first: str, last: str) -> str:
        random = self.random
        first, last = _plain(first), _plain(last)
        year = str(random.randrange(40, 99)) if random.random() < 0.5 else str(random.randrange(1, 999))
        local = random.choice((
            f"{first}.{last}", f"{first}{last}", f"{first[:1]}{last}", f"{first}_{last}{year}", f"{first}{last}{year}",
            f"{first[:1]}{last}{year}", f"{last}{first[:1]}{year}", f"{first}{year}", f"{last}family{year}",
            f"{random.choice(('golf', 'happy', 'big', 'sunny', 'blue'))}{first}{year}",
        ))  # fmt: skip
        address = f"{local}@{stock.PROVIDER.choose(random)}"
        while address in self.taken:  # no two people have one mailbox unless they share it
            local, at, host = address.rpartition("@")
            address = f"{local}{random.randrange(1, 9999)}{at}{host}"
        self.taken.add(address)
        return address

    def person(self, home: Home, *, last: str = "", sex: str = "") -> Party:
        random = self.random
        sex = sex or random.choice("mf")
        first, last = stock.GIVEN[sex].choose(random), last or stock.surname(random)
        phones = [self.phone(home) for _ in range(random.choice((1, 1, 2)))]
        emails = [self.email(first, last) for _ in range(random.choice((1, 1, 1, 2)))]
        maiden = stock.surname(random) if sex == "f" and random.random() < 0.06 else ""
        party = Party(
            first, last, "", [home], phones, emails, random.choice("ABCDEFGHJKLMNPRSTW"), maiden=maiden
        )
        if sex == "m" and random.random() < 0.02:
            party.suffix, party.says_suffix = (
                random.choice(("Jr", "Jr", "Sr", "III")),
                0.75,
            )  # the other is no customer
        if random.random() < 0.1:
            party.homes.append(self.home())  # moved
        return party

    def business(self, home: Home, name: str = "") -> Party:
        random = self.random
        trade = stock.words(random.choice(stock.TRADES))
        name = name or random.choice((
            f"{stock.surname(random)} {trade}", f"{stock.surname(random)} & Sons {trade}",
            f"{stock.words(random.choice(stock.STREETS))} {trade}",
            f"{stock.words(random.choice(stock.TOWNS))} {trade}",
            f"{stock.GIVEN['m'].choose(random)}'s {trade}", f"{random.choice(stock.RARE)} {trade}",
        ))  # fmt: skip
        host = _plain(name)[:18] + random.choice((".com", ".com", ".net", ".biz"))
        local = random.choice(
            ("info", "office", "billing", stock.GIVEN["f"].choose(random).lower(), "accounts", "service")
        )
        emails = [f"{local}@{host}", self.email(name.split()[0], "office")]
        phones = [self.phone(home) for _ in range(random.choice((1, 2)))]
        return Party("", "", name + stock.FORM.choose(random), [home], phones, emails)

    # --- groups

    def single(self) -> list[Party]:
        return [self.person(self.home())]

    def company(self) -> list[Party]:
        return [self.business(self.home(unit=0.3))]

    def couple(self) -> list[Party]:
        """Two customers of one household: one address, often one line and one mailbox."""
        random, home = self.random, self.home()
        one = self.person(home, sex="m")
        other = self.person(home, sex="f", last=one.last if random.random() < 0.85 else "")
        one.spouse, other.spouse = other.first, one.first
        if random.random() < 0.6:
            other.phones = [one.phones[0], *other.phones[:1]]
        if random.random() < 0.25:
            other.emails = [one.emails[0]]
        return [one, other]

    def grown_child(self) -> list[Party]:
        """An adult child on the parents' line, at home or at a place of its own."""
        random, home = self.random, self.home()
        parent = self.person(home)
        child = self.person(home if random.random() < 0.4 else self.home(), last=parent.last)
        child.phones = [parent.phones[0], *child.phones[:1]] if random.random() < 0.8 else child.phones
        if random.random() < 0.15:
            child.emails = [parent.emails[0]]
        return [parent, child]

    def namesakes(self) -> list[Party]:
        """Father and son of one name: Sr and Jr, mostly under one roof; the generation is not always written."""
        random, home = self.random, self.home()
        father = self.person(home, sex="m")
        son = replace(self.person(home if random.random() < 0.55 else self.home(), last=father.last, sex="m"))
        son.first = father.first
        son.middle = father.middle
        father.suffix, father.says_suffix = "Sr", 0.75
        son.suffix, son.says_suffix = random.choice(("Jr", "Jr", "Jr", "III", "II")), 0.97
        if random.random() < 0.6:
            son.phones = [father.phones[0], *son.phones[:1]]
        if random.random() < 0.12:
            son.emails = [father.emails[0]]
        return [father, son]

    def occupants(self) -> list[Party]:
        """The previous and the next people at one address."""
        home = self.home()
        found = [self.person(home) for _ in range(self.random.choice((2, 2, 3)))]
        for before in found[:-1]:
            before.homes.insert(0, self.home()) if self.random.random() < 0.3 else None
        return found

    def landlord(self) -> list[Party]:
        """A landlord known under several of the houses; the tenants give the landlord's number, or their own."""
        random = self.random
        owner = self.person(self.home())
        houses = [self.home(unit=0.3) for _ in range(random.randrange(2, 9))]
        owner.homes = [owner.homes[0], *houses]
        owner.records = random.choice((1, 2, 2, 3, 4))
        owner.extra = {"elsewhere": 0.5}
        return [owner, *(self._tenant(house, owner, 0.55) for house in houses if random.random() < 0.7)]

    def property_manager(self) -> list[Party]:
        """A company that manages a building and single houses; tenants of the same building, number and mailbox."""
        random = self.random
        base = self.home(unit=0.3)
        name = f"{random.choice(stock.RARE)} {stock.words(random.choice(stock.MANAGERS))}"
        manager = self.business(base, name)
        building = self.home(unit=0)
        units = [replace(building, unit=self.unit()) for _ in range(random.randrange(3, 18))]
        houses = units + [self.home(unit=0.1) for _ in range(random.randrange(1, 8))]
        manager.homes = [base, *houses]
        manager.records = random.choice((1, 2, 3, 5))
        manager.extra = {"elsewhere": 0.35}
        return [manager, *(self._tenant(house, manager, 0.65) for house in houses if random.random() < 0.75)]

    def _tenant(self, house: Home, owner: Party, with_number: float) -> Party:
        random = self.random
        tenant = self.person(house)
        if random.random() < with_number:
            tenant.phones = [owner.phones[0], *(tenant.phones[:1] if random.random() < 0.5 else [])]
        if random.random() < 0.2:
            tenant.emails = [owner.emails[0]]
        return tenant

    def owner_and_firm(self) -> list[Party]:
        """One person, two customers: at home, and at the firm, which often bears the name."""
        random = self.random
        person = self.person(self.home())
        trade = stock.words(random.choice(stock.TRADES))
        name = f"{person.last} {trade}" if random.random() < 0.5 else f"{person.first} {person.last} {trade}"
        firm = self.business(person.homes[0] if random.random() < 0.3 else self.home(unit=0.3),
                             name if random.random() < 0.7 else "")  # fmt: skip
        if random.random() < 0.65:
            firm.phones = [person.phones[0], *firm.phones[:1]]
        if random.random() < 0.45:
            firm.emails = [person.emails[0], *firm.emails[:1]]
        return [person, firm]

    def chain(self) -> list[Party]:
        """Stores of one brand: each is a customer; bills and calls go to one head office."""
        random = self.random
        brand = f"{random.choice(stock.RARE)} {stock.words(random.choice(stock.BRANDS))}"
        head = self.business(self.home(), brand)
        style = random.choice(("number", "number", "number", "town", "plain"))
        stores = []
        for number in random.sample(range(1, 900), random.randrange(3, 13)):
            store = self.business(self.home(unit=0.2), brand)
            store.company = {
                "number": f"{brand} #{number}",
                "town": f"{brand} {store.homes[0].city}",
                "plain": brand,
            }[style]
            store.phones = [head.phones[0], *store.phones[:1]] if random.random() < 0.8 else store.phones
            store.emails = [head.emails[0]] if random.random() < 0.5 else store.emails
            stores.append(store)
        return stores

    def brothers(self) -> list[Party]:
        """Relatives of one surname on one street of one town, each with a number of their own; initials may agree."""
        home = self.home()
        one = self.person(home)
        near = replace(home, house=str(int(home.house) + self.random.choice((2, 4, 10))))
        return [one, self.person(near, last=one.last)]


GROUPS = (
    (World.single, 38), (World.company, 9), (World.couple, 17), (World.grown_child, 5), (World.namesakes, 2.2),
    (World.occupants, 7), (World.landlord, 3), (World.property_manager, 1.0), (World.owner_and_firm, 5),
    (World.chain, 0.4), (World.brothers, 2),
)  # fmt: skip
GROUP = stock.Weighted([maker for maker, _ in GROUPS], [float(weight) for _, weight in GROUPS])


def _plain(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())
