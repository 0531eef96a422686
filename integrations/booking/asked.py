"""What somebody asks for when a job is booked, and what can be said against it without looking anything up. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciliation.forms import ADDRESS

PRIORITIES = ("Low", "Normal", "High", "Urgent")
KINDS = ("Residential", "Commercial")
LONGEST_WINDOW = timedelta(hours=24)
FARTHEST = timedelta(days=2 * 365)

Named = int | str
"""An item of a reference list: the portal's id, or its name or its id at its source as a text."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field, by its dotted name, in words for whoever filled it in."""

    field: str
    message: str


class Refused(Exception):
    """The booking cannot be made as asked for; nothing was made."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as people write it."""

    street: str = ""
    unit: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = "USA"

    @property
    def values(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ADDRESS}

    def is_same(self, record: object) -> bool:
        """Whether a record has this address, in whatever form."""
        return all(form(getattr(self, name)) == form(getattr(record, name)) for name, form in ADDRESS.items()
                   if name not in {"country", "state"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """The customer: one that is known by id, or one found by phone or e-mail and made where there is none.

    `new` makes another one even where the phone or the e-mail address is known.
    """

    id: int | None = None
    name: str = ""
    phone: str = ""
    email: str = ""
    kind: str = "Residential"
    new: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The location: one that is known by id, or an address; neither where the customer has only one."""

    id: int | None = None
    address: Address | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A booking. Times are aware; the window is when the technician arrives.

    It names a campaign, or a lead source, for which each connection has a campaign of its own.
    """

    customer: Person
    location: Place
    job_type: Named
    business_unit: Named
    start: datetime
    end: datetime
    campaign: Named | None = None
    lead_source: str = ""
    priority: str = "Normal"
    summary: str = ""
    customer_po: str = field(default="")


def problems(asked: Asked, now: datetime) -> list[Problem]:
    """What is wrong with it as it stands."""
    return [*_of_customer(asked.customer), *_of_place(asked), *_of_window(asked, now), *_of_words(asked)]


def _of_customer(person: Person) -> Iterable[Problem]:
    if person.id is None and not (person.phone or person.email):
        yield Problem("customer", "Give the customer's id, phone or e-mail address.")
    if person.kind not in KINDS:
        yield Problem("customer.kind", f"Choose one of {', '.join(KINDS)}.")


def _of_place(asked: Asked) -> Iterable[Problem]:
    address = asked.location.address
    if address is None:
        return
    if asked.location.id is not None:
        yield Problem("location", "Give a location's id or an address, not both.")
    for name in ("street", "city", "state", "postal_code", "country"):
        if not getattr(address, name):
            yield Problem(f"location.address.{name}", f"The address needs a {name.replace('_', ' ')}.")


def _of_window(asked: Asked, now: datetime) -> Iterable[Problem]:
    if asked.end <= asked.start:
        yield Problem("arrival_window.end", "The arrival window must end after it starts.")
    elif asked.end - asked.start > LONGEST_WINDOW:
        yield Problem("arrival_window.end", "An arrival window is at most 24 hours long.")
    if asked.end <= now:
        yield Problem("arrival_window.start", "The arrival window is over already.")
    elif asked.start - now > FARTHEST:
        yield Problem("arrival_window.start", "The arrival window is more than two years ahead.")


def _of_words(asked: Asked) -> Iterable[Problem]:
    if (asked.campaign is None) == (not asked.lead_source):
        yield Problem("campaign", "Give a campaign, or the lead source that stands for one.")
    if asked.priority not in PRIORITIES:
        yield Problem("priority", f"Choose one of {', '.join(PRIORITIES)}.")
