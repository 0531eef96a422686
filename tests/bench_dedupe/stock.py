"""What made-up customers are made of. Common names are as much more common as they are in the United States, roughly."""

from itertools import accumulate, product
from pathlib import Path
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")


def _sections() -> dict[str, list[str]]:
    """The lists of words in `stock.txt`; a bar stands for a blank."""
    found: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "stock.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), [])
        else:
            current += line.split()
    return found


_WORDS = _sections()

WOMEN = _WORDS["women"]
MEN = _WORDS["men"]
SURNAMES = _WORDS["surnames"]
_HEADS = _WORDS["heads"]
_TAILS = _WORDS["tails"]
RARE = [head + tail for head, tail in product(_HEADS, _TAILS)]
STREETS = _WORDS["streets"]
STREET_KINDS = (
    ("Street", "St", 28), ("Avenue", "Ave", 18), ("Road", "Rd", 14), ("Drive", "Dr", 16), ("Lane", "Ln", 9),
    ("Court", "Ct", 5), ("Boulevard", "Blvd", 3), ("Way", "Way", 3), ("Circle", "Cir", 2), ("Place", "Pl", 2),
    ("Trail", "Trl", 1), ("Parkway", "Pkwy", 1), ("Terrace", "Ter", 1),
)  # fmt: skip
DIRECTIONS = (("North", "N"), ("South", "S"), ("East", "E"), ("West", "W"))
TOWNS = _WORDS["towns"]
STATES = (
    ("Texas", "TX", ("214", "469", "972", "817"), 75_000),
    ("Arizona", "AZ", ("480", "602", "623"), 85_000),
    ("Georgia", "GA", ("404", "770", "678"), 30_000),
    ("Ohio", "OH", ("614", "740"), 43_000),
)
PROVIDERS = (
    ("gmail.com", 46), ("yahoo.com", 18), ("hotmail.com", 8), ("outlook.com", 6), ("aol.com", 7), ("icloud.com", 6),
    ("comcast.net", 5), ("att.net", 3), ("verizon.net", 1),
)  # fmt: skip
TRADES = _WORDS["trades"]
FORMS = (
    ("", 40), (" LLC", 25), (", LLC", 6), (" Inc", 10), (", Inc.", 8), (" Co.", 5), (" Corp", 3), (" Ltd", 3),
)  # fmt: skip
BRANDS = _WORDS["brands"]
MANAGERS = _WORDS["managers"]
PLACEHOLDER_PHONES = ("5555555555", "0000000000", "9999999999", "1234567890", "1111111111", "555-555-5555")
PLACEHOLDER_EMAILS = (
    "none@none.com",
    "noemail@noemail.com",
    "na@na.com",
    "noreply@gmail.com",
    "test@test.com",
)
NICKNAMES = {
    "Robert": ("Bob", "Rob", "Bobby"), "William": ("Bill", "Will", "Billy"), "James": ("Jim", "Jimmy", "Jamie"),
    "John": ("Jack", "Johnny", "Jon"), "Michael": ("Mike", "Mikey"), "Richard": ("Rick", "Dick", "Rich"),
    "Joseph": ("Joe", "Joey"), "Thomas": ("Tom", "Tommy"), "Christopher": ("Chris",), "Charles": ("Chuck", "Charlie"),
    "Daniel": ("Dan", "Danny"), "Matthew": ("Matt",), "Anthony": ("Tony",), "Donald": ("Don",), "Steven": ("Steve",),
    "Andrew": ("Andy", "Drew"), "Joshua": ("Josh",), "Kenneth": ("Ken", "Kenny"), "Timothy": ("Tim",),
    "Ronald": ("Ron",), "Edward": ("Ed", "Eddie", "Ted"), "Jeffrey": ("Jeff",), "Jacob": ("Jake",),
    "Nicholas": ("Nick",), "Jonathan": ("Jon",), "Stephen": ("Steve",), "Lawrence": ("Larry",), "Benjamin": ("Ben",),
    "Samuel": ("Sam",), "Gregory": ("Greg",), "Alexander": ("Alex",), "Patrick": ("Pat",), "Raymond": ("Ray",),
    "Gerald": ("Jerry",), "Zachary": ("Zach",), "Douglas": ("Doug",), "Peter": ("Pete",), "Walter": ("Walt",),
    "Arthur": ("Art",), "Albert": ("Al",), "Vincent": ("Vince",), "Francisco": ("Frank", "Paco"), "Russell": ("Russ",),
    "Patricia": ("Pat", "Patty", "Tricia"), "Jennifer": ("Jen", "Jenny"), "Barbara": ("Barb",),
    "Elizabeth": ("Liz", "Beth", "Betty"), "Susan": ("Sue", "Susie"), "Jessica": ("Jess",),
    "Margaret": ("Peggy", "Maggie", "Meg"),
    "Kimberly": ("Kim",), "Deborah": ("Debbie", "Deb"), "Stephanie": ("Steph",), "Rebecca": ("Becky",),
    "Cynthia": ("Cindy",), "Kathleen": ("Kathy",), "Pamela": ("Pam",), "Samantha": ("Sam",),
    "Katherine": ("Kate", "Kathy", "Katie"), "Christine": ("Chris", "Tina"), "Catherine": ("Cathy", "Kate"),
    "Victoria": ("Vicky",), "Jacqueline": ("Jackie",), "Teresa": ("Terry",), "Abigail": ("Abby",),
    "Judith": ("Judy",), "Kathryn": ("Kathy",), "Christina": ("Tina", "Chris"), "Michelle": ("Shelly",),
    "Sandra": ("Sandy",), "Amanda": ("Mandy",), "Dorothy": ("Dot",), "Theresa": ("Terry", "Tess"), "Amelia": ("Amy",),
}  # fmt: skip


class Weighted(Generic[Item]):
    """Choosing by weight."""

    def __init__(self, items: list[Item], weights: list[float]) -> None:
        self.items, self.sums = items, list(accumulate(weights))

    def choose(self, random: Random) -> Item:
        return random.choices(self.items, cum_weights=self.sums)[0]


def _by_rank(items: list[str], exponent: float) -> Weighted[str]:
    return Weighted(items, [1 / (rank + 8) ** exponent for rank in range(len(items))])


GIVEN = {"f": _by_rank(WOMEN, 1.0), "m": _by_rank(MEN, 1.1)}
SURNAME = _by_rank(SURNAMES, 0.9)
KIND = Weighted([kind[:2] for kind in STREET_KINDS], [float(kind[2]) for kind in STREET_KINDS])
PROVIDER = Weighted([name for name, _ in PROVIDERS], [float(weight) for _, weight in PROVIDERS])
FORM = Weighted([name for name, _ in FORMS], [float(weight) for _, weight in FORMS])


def words(text: str) -> str:
    return text.replace("|", " ")


def surname(random: Random) -> str:
    """Six in ten have one of the common surnames; one in thirty has two."""
    one = SURNAME.choose(random) if random.random() < 0.6 else random.choice(RARE)
    if random.random() < 0.03:
        one += random.choice((" ", "-")) + SURNAME.choose(random)
    return one
