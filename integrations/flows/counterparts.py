"""Which Account a customer of ServiceTitan is, if any: by e-mail, then by phone. Pure.

What an agent would expect: one e-mail address is one customer, whatever the name is written like. One phone number is
one customer only where the name can be the same, for a household shares its phone and a landlord's or an office's
stands with all of its tenants; where the name says otherwise a person is asked, unless so many share the number that it
says nothing. Several that fit, or one that is another customer of ServiceTitan already, are for a person to decide.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

MANY = 3
"""So many others under one number or address, and it is nobody's in particular."""


@dataclass(frozen=True, slots=True)
class Met:
    """A customer met by an e-mail address (`by_email`) or a number (`by`) that both have.

    `has_account` and `in_servicetitan` are where it stands; `agrees` is whether one name can be the other's.
    """

    customer_id: int
    name: str
    by: str
    by_email: bool
    has_account: bool
    in_servicetitan: bool
    agrees: bool


@dataclass(frozen=True, slots=True)
class Same:
    """It is this one: the two become one record, and its Account is theirs."""

    customer_id: int
    by: str


@dataclass(frozen=True, slots=True)
class Several:
    """A person decides which of these it is, if any."""

    met: tuple[Met, ...]

    @property
    def words(self) -> str:
        """The question, for whoever answers it."""
        told = {one.customer_id: f"{one.name} ({_reason(one)})" for one in self.met}
        return (
            f"May be {' or '.join(told.values())}. Say under Dedupe whether it is: merge the two, or “not a duplicate”; "
            "this then goes by itself."
        )


Verdict = Same | Several | None


def decide(met: Sequence[Met], refused: Collection[int] = ()) -> Verdict:
    """Of those met, without those of which a person said that they are others."""
    found = [one for one in met if one.customer_id not in refused]
    return _by_email(found) or _by_phone(found)


def _by_email(found: Sequence[Met]) -> Verdict:
    return _of([one for one in found if one.by_email and _says_something(one, found)])


def _by_phone(found: Sequence[Met]) -> Verdict:
    by_phone = [one for one in found if not one.by_email]
    verdict = _of([one for one in by_phone if one.agrees])
    if verdict is not None:
        return verdict
    # Two customers of ServiceTitan in one household have an Account each: nothing to ask here.
    others = [
        one
        for one in by_phone
        if one.has_account and not one.in_servicetitan and _says_something(one, by_phone)
    ]
    return Several(_once(others)) if others else None


def _of(found: Sequence[Met]) -> Verdict:
    """The one Account among these, or those that a person must look at."""
    there = _once([one for one in found if one.has_account])
    if len(there) == 1 and not there[0].in_servicetitan:
        return Same(there[0].customer_id, there[0].by)
    return Several(there) if there else None


def _once(found: Sequence[Met]) -> tuple[Met, ...]:
    return tuple({one.customer_id: one for one in reversed(found)}.values())[::-1]


def _says_something(one: Met, found: Sequence[Met]) -> bool:
    return one.agrees or len({other.customer_id for other in found if other.by == one.by}) < MANY


def _reason(one: Met) -> str:
    said = f"the same {'e-mail address' if one.by_email else 'phone number'} {one.by}"
    return f"{said}, and a customer of ServiceTitan itself" if one.in_servicetitan else said
