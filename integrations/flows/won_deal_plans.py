"""A won deal as the job that it books, or what is missing for that. Pure: a deal and settings in, a plan out.

Everything that is missing is said at once. When somebody is to come is `integrations.booking.wishes`'.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.booking.asked import Asked, Person, Place, problems
from integrations.booking.making import job_values, visit_values
from integrations.booking.wishes import Usual, window
from integrations.flows.base import Made, Plan, Ref, Settings, Skip, Wait, Wanted
from reconciliation.normalise import search_key

MARK = "Salesforce opportunity "
"""What stands before a deal's id in the summary of its job."""
LOOK_AGAIN = timedelta(minutes=30)
"""For what is mended outside of the records, such as a lead source that is tied to its campaign."""
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Service:
    """A job type of ServiceTitan, with the business units that do it."""

    id: int
    name: str
    units: tuple[int, ...] = ()
    priority: str = "Normal"


@dataclass(frozen=True, slots=True)
class Shop:
    """What a job of this merchant can be booked with: only what ServiceTitan has."""

    services: tuple[Service, ...] = ()
    units: Mapping[int, str] = field(default_factory=dict)
    campaigns: frozenset[int] = frozenset()
    lead_sources: frozenset[str] = frozenset()
    zone: ZoneInfo = _UTC


@dataclass(frozen=True, slots=True)
class Spot:
    """A location of the customer."""

    id: int
    external_id: str
    name: str
    address_key: str


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal as far as a booking goes by it. `job_id` is the job it has; `is_ours` where this flow has booked it."""

    id: int
    name: str
    is_won: bool
    external_id: str = ""
    customer_id: int | None = None
    customer: str = ""
    address_key: str = ""
    do_not_service: bool = False
    in_servicetitan: bool = True
    spots: tuple[Spot, ...] = ()
    job_id: int | None = None
    is_ours: bool = False
    service_type: str = ""
    place: str = ""
    wanted_from: datetime | None = None
    wanted_until: datetime | None = None
    lead_source: str = ""
    description: str = ""
    shop: Shop = Shop()
    now: datetime = datetime.min


def plan(deal: Deal, settings: Settings) -> Plan:
    """What becomes of a deal."""
    if deal.is_ours:
        return _booked(deal)
    if deal.job_id is not None:
        return Skip("has_job", "The deal came from a job of ServiceTitan: there is nothing to book.")
    if not deal.is_won:
        return Skip("not_won", "The deal is not won, or no longer.")
    spot, lacking = _spot(deal)
    service = _service(deal, settings)
    unit = _unit(deal.shop, service, settings)
    campaign = _campaign(deal, settings)
    lacking += [] if service else [_no_service(deal)]
    lacking += [] if unit else [_no_unit(service)]
    lacking += [] if campaign is not None else [_no_campaign(deal)]
    if lacking or spot is None or service is None or unit is None or campaign is None:
        until = deal.now + LOOK_AGAIN
        return Wait(lacking[0][0], " ".join(words for _, words in lacking), until)
    return _book(deal, spot, replace(service, units=(unit,)), campaign, settings)


def _booked(deal: Deal) -> Plan:
    if deal.is_won:
        return Made(())
    return Skip("no_longer_won", "The deal is no longer won. Its job stays booked: call it off on its page if nobody "
                "is to go.")  # fmt: skip


Lack = tuple[str, str]
"""A reason, and words for a person."""


def _spot(deal: Deal) -> tuple[Spot | None, list[Lack]]:
    """Where the work is done, or what keeps us from knowing it."""
    if deal.customer_id is None:
        return None, [("no_customer", "The deal names no Account. Give it one in Salesforce.")]
    if deal.do_not_service:
        return None, [("do_not_service", f"{deal.customer} is marked “do not service” in ServiceTitan.")]
    if not deal.in_servicetitan:
        words = f"{deal.customer} is no customer of ServiceTitan: merge it with the one it is, or book a job there."
        return None, [("not_in_servicetitan", words)]
    if not deal.spots:
        return None, [
            ("no_location", f"{deal.customer} has no location. Add one in ServiceTitan or on its page here.")
        ]
    found = _named(deal)
    if len(found) == 1:
        return found[0], []
    words = (
        f"{deal.customer} has {len(deal.spots)} locations and the deal does not say which: write its address or its "
        "ServiceTitan id into the field of the deal that is mapped to “place”."
    )
    return None, [("which_location", words)]


def _named(deal: Deal) -> list[Spot]:
    """The locations that may be meant: the only one, the one that the deal names, or the customer's own address."""
    if len(deal.spots) == 1:
        return list(deal.spots)
    if deal.place:
        key = search_key(deal.place)
        same = [s for s in deal.spots if deal.place.strip() == s.external_id or key == search_key(s.name)]
        return same or [
            s for s in deal.spots if s.address_key.startswith(key) or key.startswith(s.address_key)
        ]
    return [spot for spot in deal.spots if deal.address_key and spot.address_key == deal.address_key]


def services_of(text: str) -> dict[str, tuple[str, str]]:
    """The list of the settings, `service type = job type / business unit; …`: (job type, unit) by service type."""
    found = {}
    for row in re.split(r"[;\n]", text):
        named, _, said = row.partition("=")
        job_type, _, unit = said.partition("/")
        if named.strip() and job_type.strip():
            found[search_key(named)] = (search_key(job_type), search_key(unit))
    return found


def _service(deal: Deal, settings: Settings) -> Service | None:
    """The job type that the list gives for the deal's service type, the one of that name, or the one for all else."""
    wanted = search_key(deal.service_type)
    named, unit = services_of(settings["services"]).get(wanted, (wanted, ""))
    for service in deal.shop.services:
        if named and search_key(service.name) == named:
            units = tuple(pk for pk, name in deal.shop.units.items() if unit and search_key(name) == unit)
            return replace(service, units=units or service.units)
    return next((service for service in deal.shop.services if service.id == settings["job_type"]), None)


def _unit(shop: Shop, service: Service | None, settings: Settings) -> int | None:
    """The business unit: the only one that does this, else the one of the settings, else the shop's only one."""
    can = [pk for pk in (service.units if service else ()) if pk in shop.units]
    chosen = settings["business_unit"]
    if chosen in shop.units and (not can or chosen in can):
        return int(chosen)
    if len(can) == 1:
        return can[0]
    return next(iter(shop.units)) if len(shop.units) == 1 else None


def _campaign(deal: Deal, settings: Settings) -> tuple[int | None, str] | None:
    """(campaign, lead source), of which one is given; None where the deal has neither."""
    if search_key(deal.lead_source) in deal.shop.lead_sources:
        return None, deal.lead_source
    return (settings["campaign"], "") if settings["campaign"] in deal.shop.campaigns else None


def _no_service(deal: Deal) -> Lack:
    said = (
        f"No job type of ServiceTitan goes with “{deal.service_type}”" if deal.service_type else "No job type"
    )
    return (
        "no_job_type",
        f"{said}: say which under Service types, or choose one for all else in the settings.",
    )


def _no_unit(service: Service | None) -> Lack:
    of = f" for {service.name}" if service else ""
    return "no_business_unit", f"No business unit{of}: choose one in the settings."


def _no_campaign(deal: Deal) -> Lack:
    choose = "choose a campaign in the settings."
    if not deal.lead_source:
        return "no_campaign", f"No campaign, which ServiceTitan wants of every job: {choose}"
    tie = f"The lead source “{deal.lead_source}” is tied to no campaign: tie it on the connection's page Lead sources"
    return "no_campaign", f"{tie}, or {choose}"


def _book(
    deal: Deal, spot: Spot, service: Service, campaign: tuple[int | None, str], settings: Settings
) -> Plan:
    usual = Usual(settings["days"], settings["from_hour"], settings["until_hour"])
    start, end, wish = window(deal.wanted_from, deal.wanted_until, usual, deal.now, deal.shop.zone)
    asked = Asked(
        customer=Person(id=deal.customer_id),
        location=Place(id=spot.id),
        job_type=service.id,
        business_unit=service.units[0],
        start=start,
        end=end,
        campaign=campaign[0],
        lead_source=campaign[1],
        priority=service.priority,
        summary="\n".join(_said(deal, wish)),
    )
    if found := problems(asked, deal.now):
        return Wait("not_bookable", " ".join(problem.message for problem in found))
    references: dict[str, int | None] = {
        "customer": deal.customer_id,
        "location": spot.id,
        "job_type": service.id,
        "business_unit": service.units[0],
        "campaign": campaign[0],
    }
    job = Wanted("job", references=references, at_first=job_values(asked))
    visit = Wanted("appointment", references={"job": Ref("job")}, at_first=visit_values(asked))
    won = Wanted("opportunity", references={"job": Ref("job")}, record_id=deal.id)
    return Made((job, visit, won))


def _said(deal: Deal, wish: str) -> Iterable[str]:
    """What the dispatcher reads."""
    service = f"Sold: {deal.service_type}" if deal.service_type else ""
    mark = f"{MARK}{deal.external_id}" if deal.external_id else ""
    return [line for line in (deal.name, service, deal.description.strip()[:2000], wish, mark) if line]
