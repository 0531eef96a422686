"""People, businesses, addresses, phones and e-mails of a made-up shop near Reno, written as people write them."""

from dataclasses import dataclass
from random import Random

from integrations.sandbox.servicetitan.store import Body

FIRST = (
    "Ada", "Alan", "Alma", "Andre", "Anita", "Arjun", "Ben", "Bianca", "Boris", "Carla", "Carmen",
    "Chen", "Chidi", "Clara", "Cora", "Dana", "Darius", "Deb", "Diego", "Dora", "Earl", "Edith",
    "Elena", "Emeka", "Esther", "Fatima", "Felix", "Fiona", "Frank", "Gail", "George", "Grace", "Hana",
    "Harold", "Hector", "Helen", "Ian", "Ines", "Iris", "Ivan", "Jack", "Jade", "James", "Janet",
    "Jorge", "José", "Joyce", "Karl", "Katya", "Keiko", "Lars", "Leah", "Leon", "Linda", "Lucía",
    "Luis", "Mae", "Marcus", "Maria", "Marta", "Maya", "Miguel", "Mina", "Nadia", "Ned", "Nina",
    "Nora", "Noor", "Olga", "Omar", "Oscar", "Otto", "Pablo", "Pam", "Paul", "Petra", "Priya",
    "Quinn", "Rachel", "Ramón", "Ray", "Renée", "Rita", "Rosa", "Ruth", "Sam", "Sara", "Sean",
    "Sofia", "Stan", "Tariq", "Tess", "Theo", "Tom", "Uma", "Vera", "Victor", "Walt", "Wen",
    "Yusuf", "Zoë",
)  # fmt: skip
LAST = (
    "Abbott", "Aguilar", "Ahmed", "Allen", "Baker", "Barnes", "Begay", "Bell", "Boyd", "Brandt", "Brooks",
    "Carter", "Castillo", "Chan", "Cho", "Clark", "Cole", "Cruz", "Dalton", "Davis", "Diaz", "Dixon",
    "Duarte", "Dunn", "Ellis", "Engel", "Estrada", "Evans", "Farrow", "Fischer", "Flores", "Ford", "Foster",
    "Garza", "Gibson", "Gomez", "Grant", "Greene", "Gupta", "Hall", "Haas", "Hart", "Hayes", "Hoang",
    "Holt", "Hughes", "Ibarra", "Ito", "Jensen", "Johnson", "Jones", "Kaplan", "Keller", "Khan", "Kim",
    "King", "Klein", "Lam", "Larsen", "Lee", "Lewis", "Lopez", "Lowe", "Lund", "Marsh", "Martin",
    "Mason", "McBride", "McCoy", "Meyer", "Miller", "Moore", "Morales", "Murphy", "Nash", "Nelson", "Nguyen",
    "Nolan", "Novak", "Núñez", "O'Brien", "O'Neill", "Okafor", "Ortiz", "Osei", "Owens", "Park", "Patel",
    "Perez", "Pham", "Price", "Quist", "Ramos", "Reed", "Reyes", "Rivera", "Ross", "Russo", "Salas",
    "Santos", "Schmidt", "Shaw", "Silva", "Singh", "Smith", "Stone", "Sutton", "Tanaka", "Taylor", "Torres",
    "Tran", "Underwood", "Vance", "Vargas", "Vega", "Wagner", "Walsh", "Ward", "Webb", "White", "Wood",
    "Wright", "Yang", "Young", "Zhu",
)  # fmt: skip
TRADES = (
    "Bakery",
    "Dental",
    "Motors",
    "Cafe",
    "Realty",
    "Storage",
    "Fitness",
    "Books",
    "Brewing",
    "Catering",
)
STREETS = (
    "Elm", "Oak", "Sierra", "Juniper", "Mayberry", "Plumb", "Virginia", "Wells", "Lakeside", "Skyline", "Kietzke",
    "Longley", "McCarran", "Moana", "Peckham", "Rock", "Silverada", "Sutro", "Vassar", "Wedekind", "Arlington", "Holcomb",
    "Keystone", "Ralston", "Taylor", "Yori", "Zolezzi", "Sparks", "Prater",
)  # fmt: skip
KINDS = ("St", "Street", "Ave", "Avenue", "Ln", "Dr", "Blvd", "Way", "Ct")
TOWNS = (
    ("Reno", "89501"), ("Reno", "89502"), ("Reno", "89509"), ("Reno", "89511"), ("Sparks", "89431"),
    ("Sparks", "89434"), ("Carson City", "89701"), ("Fernley", "89408"), ("Sun Valley", "89433"),
    ("Incline Village", "89451"),
)  # fmt: skip
AREAS = ("775", "775", "775", "775", "530", "916", "702")
UNUSABLE = ("call the office", "N/A", "555-01", "same as above", "000", "no phone!", "775-555-01xx")
PHONE_WORDS = ("PIPE", "HEAT", "COOL", "FLOW", "HOME")


@dataclass(frozen=True, slots=True)
class Party:
    """A household or a business: what it is called and how it is reached."""

    name: str
    kind: str
    first: str
    last: str
    phone: str
    email: str
    address: Body


def party(random: Random, number: int) -> Party:
    """One customer's identity; `number` keeps phones and e-mails apart."""
    first, last = random.choice(FIRST), random.choice(LAST)
    business = random.random() < 0.15
    name = f"{last} {random.choice(TRADES)}" if business else f"{first} {last}"
    host = f"{plain(last)}{random.choice(TRADES).lower()}.example" if business else mailbox(random)
    return Party(
        name=name + random.choice((" LLC", " Inc.", "", "")) if business else name,
        kind="Commercial" if business else "Residential",
        first=first,
        last=last,
        phone=f"{random.choice(AREAS)}{random.choice(('322', '329', '348', '786', '825', '851'))}{number % 10000:04d}",
        email=f"{plain(first)}.{plain(last)}{number}@{host}",
        address=address(random),
    )


def mailbox(random: Random) -> str:
    return random.choice(("mail.example", "post.example", "inbox.example"))


def plain(name: str) -> str:
    """ASCII letters of a name, lower case."""
    table = str.maketrans("áéíóúñëèüö", "aeiouneeuo")
    return "".join(
        letter for letter in name.lower().translate(table) if letter.isascii() and letter.isalpha()
    )


def address(random: Random) -> Body:
    city, postcode = random.choice(TOWNS)
    unit = random.choice(("Apt 2", "#5", "Suite 110", "Unit B")) if random.random() < 0.12 else None
    return {
        "street": f"{random.randrange(10, 9900)} {random.choice(STREETS)} {random.choice(KINDS)}",
        "unit": unit,
        "city": city,
        "state": "NV",
        "zip": postcode if random.random() < 0.9 else f"{postcode}-{random.randrange(1000, 9999)}",
        "country": "USA",
        "latitude": round(39.4 + random.random() / 4, 6) if random.random() < 0.8 else None,
        "longitude": round(-119.9 + random.random() / 4, 6),
    }


def written(random: Random, digits: str) -> str:
    """A ten-digit number the way somebody typed it; now and then nothing that can be dialled."""
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    forms = (
        f"({area}) {exchange}-{line}",
        f"({area}) {exchange}-{line}",
        f"{area}-{exchange}-{line}",
        f"{area}-{exchange}-{line}",
        digits,
        f"{area}.{exchange}.{line}",
        f"+1 {area} {exchange} {line}",
        f"+1{digits}",
        f"1-{area}-{exchange}-{line}",
        f"{area} {exchange}{line}",
        f"({area}){exchange}-{line} ext. {random.randrange(10, 999)}",
        f"{area}-{exchange}-{line} x{random.randrange(2, 99)}",
        f" {area}-{exchange}-{line} ",
        f"{area}/{exchange}-{line} (cell)",
    )
    chance = random.random()
    if chance < 0.015:
        return random.choice(UNUSABLE)
    if chance < 0.025:
        return f"{area}-{exchange}-{random.choice(PHONE_WORDS)}"
    return random.choice(forms)


def misspelt(random: Random, party: Party) -> Party:
    """The same people entered a second time, in a hurry."""
    names = (
        party.name.upper(),
        party.name.lower(),
        f"{party.last}, {party.first}" if party.kind == "Residential" else party.name.replace(" LLC", ""),
        f"{party.first[0]}. {party.last}" if party.kind == "Residential" else f"The {party.name}",
        f"{party.name} ",
    )
    street = party.address["street"].replace("Street", "St.").replace("Avenue", "Ave.").upper()
    return Party(
        name=random.choice(names),
        kind=party.kind,
        first=party.first,
        last=party.last,
        phone=party.phone,
        email=party.email.upper() if random.random() < 0.3 else party.email,
        address={**party.address, "street": street},
    )
