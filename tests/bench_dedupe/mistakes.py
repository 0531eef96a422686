"""How a customer comes to be written down: by another person, on another day, in a hurry."""

from random import Random

from tests.bench_dedupe import stock
from tests.bench_dedupe.people import Home, Party, World

Row = dict[str, str]
_NEIGHBOURS = {
    "a": "sqz", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry", "u": "yi",
    "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


def slip(random: Random, text: str) -> str:
    """One slip of the keys: a letter or digit changed, dropped, doubled or swapped with the next."""
    if len(text) < 3:
        return text
    at = random.randrange(1, len(text) - 1)
    kind, char = random.random(), text[at]
    if kind < 0.3:
        return text[:at] + text[at + 1] + char + text[at + 2 :]
    if kind < 0.55:
        return text[:at] + text[at + 1 :]
    if kind < 0.75:
        return text[:at] + char + text[at:]
    other = str(random.randrange(10)) if char.isdigit() else random.choice(_NEIGHBOURS.get(char.lower(), "e"))
    return text[:at] + other + text[at + 1 :]


class Clerk:
    """Writes records of parties."""

    def __init__(self, random: Random, world: World) -> None:
        self.random, self.world = random, world

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def record(self, party: Party) -> Row:
        row: Row = {"type": "Commercial" if party.company else "Residential"}
        row |= self._company(party) if party.company else self._person(party)
        home = self._home(party)
        row |= self._address(home)
        row |= self._phones(party, home)
        row["email"] = self._email(party)
        if not row["phone"] and not row["email"] and (home is not party.homes[0] or not row["street"]):
            row["phone"] = self._written(party.phones[0])  # nobody enters a customer who cannot be reached
        if self.chance(0.015):
            row["type"] = "Residential" if party.company else "Commercial"
        if self.chance(0.05):
            case = str.upper if self.chance(0.6) else str.lower
            row |= {name: case(row[name]) for name in ("first_name", "last_name", "name", "street", "city")}
        return row

    def _person(self, party: Party) -> Row:
        random = self.random
        first, last = party.first, party.last
        if first in stock.NICKNAMES and self.chance(0.2):
            first = random.choice(stock.NICKNAMES[first])
        elif self.chance(0.035):
            first = first[0] + random.choice(("", "."))
        elif self.chance(0.035):
            first = slip(random, first)
        if party.maiden and self.chance(0.35):
            last = party.maiden
        elif self.chance(0.04):
            last = slip(random, last)
        elif " " in last.replace("-", " ") and self.chance(0.3):
            last = last.replace("-", " ").split()[0]
        if party.spouse and self.chance(0.05):
            first = f"{first} {random.choice(('&', 'and'))} {party.spouse}"
        elif self.chance(0.09):
            first = f"{first} {party.middle}{random.choice(('', '.'))}"
        elif self.chance(0.02):
            first = f"{random.choice(('Mr.', 'Mrs.', 'Dr.'))} {first}"
        if party.suffix and self.chance(party.says_suffix):
            last = f"{last}{random.choice((' ', ', '))}{party.suffix}{random.choice(('', '.'))}"
        if self.chance(0.015):
            first, last = last, first
        elif self.chance(0.012):
            first = ""
        return self._columns(first, last)

    def _columns(self, first: str, last: str) -> Row:
        """Two columns, one column, or all three."""
        whole, way = f"{first} {last}".strip(), self.random.random()
        if way < 0.72:
            return {"first_name": first, "last_name": last, "name": ""}
        if way < 0.84:
            return {"first_name": first, "last_name": last, "name": whole}
        if way < 0.94 or not first or "," in last:
            return {"first_name": "", "last_name": "", "name": whole}
        return {"first_name": "", "last_name": "", "name": f"{last}, {first}"}

    def _company(self, party: Party) -> Row:
        random, name = self.random, party.company
        bare = name
        for form in (" LLC", ", LLC", " Inc", ", Inc.", " Co.", " Corp", " Ltd"):
            bare = bare.removesuffix(form)
        if self.chance(0.3):
            name = bare + stock.FORM.choose(random)
        if self.chance(0.07):
            name = slip(random, name)
        if self.chance(0.06):
            name = name.replace("&", "and") if "&" in name else f"The {name}"
        if self.chance(0.05) and len(bare.split()) > 2:
            name = " ".join(bare.split()[:-1])
        return {"first_name": "", "last_name": "", "name": name}

    def _home(self, party: Party) -> Home:
        """Mostly where it is now; an earlier or another place for some."""
        elsewhere = party.extra.get("elsewhere", 0.45)
        return (
            self.random.choice(party.homes[1:])
            if len(party.homes) > 1 and self.chance(elsewhere)
            else party.homes[0]
        )

    def _address(self, home: Home) -> Row:
        random = self.random
        if self.chance(0.025):
            return {
                "street": "",
                "unit": "",
                "city": home.city if self.chance(0.5) else "",
                "state": "",
                "zip": "",
            }
        long = self.chance(0.3)
        kind, direction = home.kind[0 if long else 1], home.direction
        street = slip(random, home.street) if self.chance(0.04) else home.street
        if self.chance(0.06):
            kind = ""
        parts = [slip(random, home.house) if self.chance(0.015) else home.house]
        if direction and not self.chance(0.15):
            parts.append(direction[0 if self.chance(0.3) else 1])
        street = " ".join(
            [*parts, street, kind + ("." if kind and not long and self.chance(0.25) else "")]
        ).strip()
        unit = "" if self.chance(0.15) else home.unit
        written = (
            random.choice(("Apt {}", "#{}", "Unit {}", "{}", "Ste {}", "apt. {}")).format(unit)
            if unit
            else ""
        )
        if written and written != unit and self.chance(0.4):
            street, written = f"{street}{random.choice((' ', ', '))}{written}", ""
        city = slip(random, home.city) if self.chance(0.015) else home.city
        postcode = home.zip
        if self.chance(0.02):
            postcode = slip(random, postcode)
        elif self.chance(0.04):
            postcode = ""
        elif self.chance(0.06):
            postcode += f"-{random.randrange(1000, 9999)}"
        state = home.state[0] if self.chance(0.05) else home.state[1]
        return {"street": street, "unit": written, "city": city, "state": state, "zip": postcode}

    def _phones(self, party: Party, home: Home) -> Row:
        random, way = self.random, self.random.random()
        number, second = party.phones[0], ""
        if home is not party.homes[0] and self.chance(0.6):
            way = 1.0  # whoever gives another address is asked for the number once more
        if way < 0.06:
            number = ""
        elif way < 0.08:
            return {"phone": random.choice(stock.PLACEHOLDER_PHONES), "phone2": ""}
        elif way < 0.115:
            number = self.world.phone(home)
        elif way < 0.14:
            number = slip(random, number)
        elif way < 0.25 and len(party.phones) > 1:
            number = party.phones[1]
        if len(party.phones) > 1 and number and self.chance(0.35):
            second = party.phones[1] if number != party.phones[1] else party.phones[0]
        return {"phone": self._written(number), "phone2": self._written(second)}

    def _written(self, digits: str) -> str:
        if len(digits) != 10:
            return digits
        area, exchange, line = digits[:3], digits[3:6], digits[6:]
        return self.random.choice((
            f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", digits, f"{area}.{exchange}.{line}",
            f"+1{digits}", f"1-{area}-{exchange}-{line}", f"{area} {exchange} {line}",
        ))  # fmt: skip

    def _email(self, party: Party) -> str:
        random, way = self.random, self.random.random()
        if way < 0.25:
            return ""
        if way < 0.27:
            return random.choice(stock.PLACEHOLDER_EMAILS)
        email = random.choice(party.emails) if self.chance(0.3) else party.emails[0]
        if way < 0.3:
            email = slip(random, email)
        elif way < 0.32:
            email = f"{email.partition('@')[0]}@{stock.PROVIDER.choose(random)}"
        elif way < 0.36 and not party.company:
            email = self.world.email(party.first, party.last)
        return email.title() if self.chance(0.03) else email
