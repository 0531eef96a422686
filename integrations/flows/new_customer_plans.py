"""A customer of ServiceTitan as the Account and Contact that it shall be. Pure: a customer in, a plan out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.flows.base import Made, Plan, Settings, Skip, Wait, Wanted
from integrations.flows.counterparts import Met, Same, Several, Verdict, decide
from integrations.flows.person_names import are_one, commercial, person_name

SOON, LATER = timedelta(minutes=1), timedelta(minutes=30)
READING, SEVERAL = "reading", "several"


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number: as it is called, and in normal form."""

    shown: str
    e164: str


@dataclass(frozen=True, slots=True)
class Someone:
    """A person at the customer, or at the Account that it may be."""

    id: int
    customer_id: int
    name: str
    email_key: str
    numbers: frozenset[str] = frozenset()
    held: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Client:
    """A customer with how it is reached, and what has been found of it in Salesforce.

    `tied_id` is the person that this flow has made for it before, or found (`is_own` False).
    """

    id: int
    name: str
    kind: str = ""
    active: bool = True
    address: dict[str, str] = field(default_factory=dict)
    emails: tuple[str, ...] = ()
    phones: tuple[Number, ...] = ()
    mobiles: tuple[Number, ...] = ()
    has_account: bool = False
    is_fresh: bool = True
    met: tuple[Met, ...] = ()
    refused: frozenset[int] = frozenset()
    people: tuple[Someone, ...] = ()
    tied_id: int | None = None
    is_own: bool = True
    now: datetime = datetime.min

    @property
    def verdict(self) -> Verdict:
        """Which Account it is; by the external id first: one that it has already needs no search."""
        return None if self.has_account else decide(self.met, self.refused)

    @property
    def numbers(self) -> tuple[Number, ...]:
        return (*self.phones, *self.mobiles)


def plan(client: Client, settings: Settings) -> Plan:
    """What becomes of a customer that has booked or asked."""
    if not client.active:
        return Skip("inactive", "The customer is inactive.")
    if not client.has_account and not client.is_fresh:
        words = "Waits until Salesforce's Accounts and Contacts have been read, so that nobody is made twice."
        return Wait(READING, words, client.now + SOON)
    verdict = client.verdict
    if isinstance(verdict, Several):
        return Wait(SEVERAL, verdict.words, client.now + LATER)
    return Made((_account(client), _contact(client, verdict)))


def _account(client: Client) -> Wanted:
    """The customer itself, which is asked for at Salesforce; its Account is called at its first number."""
    values = {"main_phone": client.numbers[0].shown} if client.numbers else {}
    return Wanted("customer", values, record_id=client.id)


def _contact(client: Client, verdict: Verdict) -> Wanted:
    """Its person: the one that is there, with what the shop knows now, or a new one."""
    known = found_person(client, verdict.customer_id if isinstance(verdict, Same) else client.id)
    values = _reach(client)
    if client.is_own and (known is None or known.id == client.tied_id):
        values |= _called(client)  # whom the flow has made is called as the customer is
    elif known is not None and commercial(client.kind):
        # Somebody at a business has a number and a desk of their own: only what they lack is filled in.
        values = {name: value for name, value in values.items() if not known.held.get(name)}
    return Wanted("person", values, record_id=known.id if known else None, at_first={"customer": client.id})


def _called(client: Client) -> dict[str, Any]:
    name = person_name(client.name, client.kind)
    return {"salutation": name.salutation, "first_name": name.first, "last_name": name.last}


def found_person(client: Client, account_id: int) -> Someone | None:
    """The person that the customer is, among those of the customer and of its Account.

    By the tie of before, then by e-mail, by a number and the name, by the name alone.
    """
    there = [one for one in client.people if one.customer_id in {client.id, account_id}]
    emails, numbers = {email.casefold() for email in client.emails}, {n.e164 for n in client.numbers}
    tests: tuple[Callable[[Someone], bool], ...] = (
        lambda one: one.id == client.tied_id,
        lambda one: one.email_key in emails and are_one(one.name, client.name),
        lambda one: one.email_key in emails,
        lambda one: bool(one.numbers & numbers) and are_one(one.name, client.name),
        lambda one: one.name.casefold() == client.name.casefold(),
    )
    return next((one for test in tests for one in there if test(one)), None)


def _reach(client: Client) -> dict[str, Any]:
    """How to reach them, as far as the shop knows."""
    wanted: dict[str, Any] = {}
    for name, numbers in (("phone", client.phones), ("mobile", client.mobiles)):
        if numbers:
            wanted[name] = numbers[0].shown
    if client.emails:
        wanted["email"] = client.emails[0]
    return wanted | client.address if client.address.get("street") else wanted
