"""What the flow of memberships reads: each with its customer's others, their person, and the place in the campaign.

A constant number of queries, whatever the number of memberships.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.flows.people import first_people
from integrations.models import FlowMade
from reconciliation.models import CampaignMember, Link, Membership, ReferenceItem

HOLDS, MEMBER = "active", "campaign_member"


@dataclass(frozen=True, slots=True)
class Holding:
    """A membership as it stands, without what is around it. Times are days, as YYYY-MM-DD."""

    id: int
    customer_id: int
    tier_id: int | None
    tier: str
    status: str
    holds: bool
    starts_on: str = ""
    ends_on: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A person's place in a campaign: the record of it, and how many were given up before."""

    member_id: int | None = None
    left: int = 0


@dataclass(frozen=True, slots=True)
class Bought:
    """A membership, and what decides over its place in the campaign of its tier.

    `best` is what the person shows. `stays` is whether this one, or another that leads to the same campaign, holds. Of
    those looked at together `makes_campaign` is the one that makes it where there is none, `makes_place` the one
    that makes the person's place. `former` are places that it led to before, under another tier or for another person.
    """

    own: Holding
    best: Holding
    stays: bool
    person_id: int | None = None
    campaign_id: int | None = None
    makes_campaign: bool = True
    makes_place: bool = True
    place: Place = field(default_factory=Place)
    former: tuple[tuple[str, int], ...] = ()
    at: datetime | None = None


def read(tenant_id: int, flow: str, ids: Sequence[int], campaigns: Mapping[str, Any]) -> dict[int, Bought]:
    """`campaigns` are those that a person chose, by the id of the tier."""
    found = _Together(tenant_id, flow, ids, campaigns)
    return {one.id: found.bought(one) for one in found.asked}


class _Together:
    """The memberships of all customers that are asked about, and what they lead to: read once, asked of each."""

    def __init__(self, tenant_id: int, flow: str, ids: Sequence[int], campaigns: Mapping[str, Any]) -> None:
        rows = Membership.objects.filter(tenant=tenant_id, pk__in=list(ids))
        self.by_customer = _by_customer(set(rows.values_list("customer_id", flat=True)))
        known = [one for holdings in self.by_customer.values() for one in holdings]
        self.people = first_people(self.by_customer)
        self.campaigns = _campaigns(tenant_id, known, campaigns)
        self.places = _places(self.campaigns.values(), self.people.values())
        self.former = _former(tenant_id, flow, ids)
        self.held = {self._spot(one) for one in known if one.holds}
        wanted = set(ids)
        self.asked = sorted((one for one in known if one.id in wanted), key=lambda one: one.id)
        self.makers = self._makers()
        self.now = timezone.now()

    def _spot(self, one: Holding) -> tuple[Any, ...]:
        """Where a membership leads: the customer and the campaign, or the name of one that is not there yet."""
        return one.customer_id, self.campaigns.get(one.tier_id) or _name(one.tier)

    def _makers(self) -> dict[Any, int]:
        """Which of those asked about is first to need a campaign, and a place in it."""
        found: dict[Any, int] = {}
        for one in self.asked:
            if one.customer_id in self.people and self._spot(one) in self.held:
                found.setdefault(_name(one.tier), one.id)
                found.setdefault(self._spot(one), one.id)
        return found

    def bought(self, one: Holding) -> Bought:
        person, campaign = self.people.get(one.customer_id), self.campaigns.get(one.tier_id)
        place = self.places.get((campaign, person), Place())
        others = self.by_customer[one.customer_id]
        kept = {place.member_id, *self._kept(others, person)}
        return Bought(
            own=one,
            best=max(others, key=lambda other: (other.holds, other.starts_on, other.id)),
            stays=self._spot(one) in self.held,
            person_id=person,
            campaign_id=campaign,
            makes_campaign=self.makers.get(_name(one.tier)) == one.id,
            makes_place=self.makers.get(self._spot(one)) == one.id,
            place=place,
            former=tuple((role, pk) for role, pk in self.former.get(one.id, ()) if pk not in kept),
            at=self.now,
        )

    def _kept(self, others: Iterable[Holding], person: int | None) -> Iterable[int | None]:
        """The person's places that one of the customer's memberships still leads to."""
        for other in others:
            spot = self.campaigns.get(other.tier_id), person
            if other.holds and spot in self.places:
                yield self.places[spot].member_id


def _name(tier: str) -> str:
    return tier.strip().casefold()


def _by_customer(customer_ids: Collection[int]) -> dict[int, list[Holding]]:
    rows = Membership.objects.filter(customer__in=customer_ids).select_related("membership_type", "tenant")
    found: dict[int, list[Holding]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append(
            Holding(
                id=row.pk,
                customer_id=row.customer_id,
                tier_id=row.membership_type_id,
                tier=row.membership_type.name if row.membership_type else "",
                status=row.status,
                holds=row.active and row.status.casefold() == HOLDS,
                starts_on=_day(row.starts_at),
                ends_on=_day(row.ends_at),
            )
        )
    return found


def _day(moment: datetime | None) -> str:
    """ServiceTitan means days and writes midnight in UTC."""
    return moment.date().isoformat() if moment else ""


def _campaigns(
    tenant_id: int, holdings: Iterable[Holding], chosen: Mapping[str, Any]
) -> dict[int | None, int]:
    """The campaign of each tier: the one that a person chose, else one of the same name, Salesforce's own first."""
    campaigns = ReferenceItem.objects.filter(tenant=tenant_id, kind=ReferenceItem.Kind.CAMPAIGN, active=True)
    links = Link.objects.filter(source__tenant=tenant_id, source__system="salesforce", entity="campaign")
    there = set(links.values_list("record_id", flat=True))
    by_name: dict[str, int] = {}
    known = set()
    rows = campaigns.values_list("pk", "name")
    for campaign_id, name in sorted(rows, key=lambda row: (row[0] not in there, row[0])):
        by_name.setdefault(_name(name), campaign_id)
        known.add(campaign_id)
    found: dict[int | None, int] = {}
    for one in holdings:
        wanted = chosen.get(str(one.tier_id))
        pk: int | None = wanted if wanted in known else by_name.get(_name(one.tier))
        if pk is not None:
            found[one.tier_id] = pk
    return found


def _places(
    campaign_ids: Iterable[int], person_ids: Iterable[int]
) -> dict[tuple[int | None, int | None], Place]:
    rows = CampaignMember.objects.filter(campaign__in=set(campaign_ids), person__in=set(person_ids))
    found: dict[tuple[int | None, int | None], Place] = {}
    for pk, campaign, person, active in rows.order_by("-pk").values_list(
        "pk", "campaign", "person", "active"
    ):
        before = found.get((campaign, person), Place())
        found[campaign, person] = (
            Place(pk, before.left) if active else Place(before.member_id, before.left + 1)
        )
    return found


def _former(tenant_id: int, flow: str, ids: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """The places that there still are of those that each membership has led to, with their roles."""
    ties = FlowMade.objects.filter(
        item__flow__tenant=tenant_id, item__flow__name=flow, item__record_id__in=list(ids), entity=MEMBER
    ).order_by("pk")
    rows = list(ties.values_list("item__record_id", "role", "record_id"))
    alive = CampaignMember.objects.filter(pk__in={pk for _, _, pk in rows}, active=True)
    there = set(alive.values_list("pk", flat=True))
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for subject, role, pk in rows:
        if pk in there and pk not in {known for _, known in found[subject]}:
            found[subject].append((role, pk))
    return found
