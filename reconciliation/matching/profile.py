"""One customer in the parts that are compared. Pure: text in, parts out."""

from collections.abc import Sequence
from typing import NamedTuple

from reconciliation.matching.addresses import Place, read_place
from reconciliation.matching.names import Name, read_name
from reconciliation.matching.reach import read_email, read_number

PHONES = 4
EMAILS = 2


class Raw(NamedTuple):
    """A customer as its sources write it."""

    name: str = ""
    kind: str = ""
    phones: Sequence[str] = ()
    emails: Sequence[str] = ()
    street: str = ""
    unit: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


class Profile(NamedTuple):
    """A customer in its parts: at most `PHONES` numbers and `EMAILS` addresses, the first ones."""

    name: Name
    place: Place
    phones: tuple[int, ...]
    emails: tuple[str, ...]
    commercial: bool | None


def profile(raw: Raw) -> Profile:
    """Read a customer."""
    kind = raw.kind[:1].lower()
    commercial = True if kind == "c" else False if kind == "r" else None
    numbers = dict.fromkeys(number for text in raw.phones if text and (number := read_number(text)))
    emails = dict.fromkeys(email for text in raw.emails if text and (email := read_email(text)))
    return Profile(
        read_name(raw.name, commercial),
        read_place(raw.street, raw.unit, raw.city, raw.state, raw.postal_code),
        tuple(numbers)[:PHONES],
        tuple(emails)[:EMAILS],
        commercial,
    )
