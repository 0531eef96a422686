"""A membership puts its customer's person into the campaign of its tier; one that lapses takes them out, or says so.

Two memberships of one tier are one place in the campaign, which is left with the last of them. The person shows the
customer's best membership: one that holds before one that has lapsed, and the newest of those. Which one that is changes
with any of them, so these are fields of the person's own and no line through a reference.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from integrations.connectors.entity import FieldMap
from integrations.flows import holdings
from integrations.flows.base import (
    FlowSpec,
    Line,
    Made,
    NeededRule,
    Plan,
    Ref,
    Setting,
    Settings,
    Skip,
    Table,
    Wait,
    Wanted,
    itself,
)
from integrations.flows.holdings import MEMBER, Bought
from integrations.flows.people import NOBODY, WAYS, customers_of, waiting_for_somebody
from integrations.models import FieldMapping, FlowItem
from portal.models import Tenant
from reconciliation.models import Membership

NAME = "memberships"
NO_CAMPAIGN = "no_campaign"
FIELDS = {
    "Membership_Tier__c": "membership_tier",
    "Membership_Status__c": "membership_status",
    "Membership_From__c": "membership_from",
    "Membership_To__c": "membership_to",
}
"""Fields of Salesforce's Contact, filled where the org has them."""
SAID = ("all filled", "not all filled")


def subjects(tenant_id: int, since: datetime | None) -> "QuerySet[Any]":
    """Memberships that had not ended by then."""
    found = Membership.objects.filter(tenant=tenant_id)
    return found.filter(Q(ends_at=None) | Q(ends_at__gte=since)) if since else found


def of_people(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """The memberships that have waited for somebody at the customers of whom these are the people."""
    found = Membership.objects.filter(tenant=tenant_id, pk__in=waiting_for_somebody(tenant_id, NAME))
    return found.filter(customer__in=customers_of(tenant_id, record_ids)).values_list("pk", flat=True)


def of_campaigns(tenant_id: int, record_ids: Collection[int]) -> Iterable[int]:
    """All that wait for a campaign: it may be one of these."""
    items = FlowItem.objects.filter(flow__tenant=tenant_id, flow__name=NAME, reason=NO_CAMPAIGN)
    return items.values_list("record_id", flat=True)


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Bought]:
    return holdings.read(tenant_id, NAME, ids, settings["campaigns"])


def plan(bought: Bought, settings: Settings) -> Plan:
    own = bought.own
    if not own.tier:
        return Skip("no_type", "The membership has no type.")
    if not bought.stays:
        return _lapsed(bought, settings)
    if bought.person_id is None:
        return NOBODY
    if bought.campaign_id is None and not settings["make_campaigns"]:
        words = f"No campaign is called “{own.tier}”. Choose one in the settings, or make one of that name in Salesforce."
        return Wait(NO_CAMPAIGN, words)
    if _is_being_made(bought):
        return Wait(
            "together", f"Another membership is about to make the place in “{own.tier}”.", until=bought.at
        )
    return Made((*_joined(bought, settings), _shown(bought), *_left(bought.former, settings)))


def _is_being_made(bought: Bought) -> bool:
    """Whether another one that is looked at with this makes what both need: then this one has it the next time."""
    if bought.campaign_id is None and not bought.makes_campaign:
        return True
    return bought.place.member_id is None and not bought.makes_place


def _joined(bought: Bought, settings: Settings) -> list[Wanted]:
    new = Wanted(
        "campaign", at_first={"name": bought.own.tier}, role=f"campaign of tier {bought.own.tier_id}"
    )
    member = Wanted(
        MEMBER,
        {"status": settings["status"]},
        {"campaign": bought.campaign_id or Ref(new.key), "person": bought.person_id},
        role=_role(bought),
        record_id=bought.place.member_id,
    )
    return [member] if bought.campaign_id else [new, member]


def _role(bought: Bought) -> str:
    """A place is one person's in one campaign; one that was given up is gone in Salesforce for good."""
    where = bought.campaign_id or f"of tier {bought.own.tier_id}"
    return f"{MEMBER} {where} {bought.person_id} {bought.place.left}"


def _left(places: Iterable[tuple[str, int]], settings: Settings) -> list[Wanted]:
    """Places that are given up, or kept under another status."""
    leaves = settings["lapsed"] == "leave"
    values = {"active": False} if leaves else {"status": settings["lapsed_status"]}
    return [Wanted(MEMBER, values, role=role, record_id=member_id) for role, member_id in places]


def _shown(bought: Bought) -> Wanted:
    best = bought.best
    shown = (best.tier, best.status, best.starts_on, best.ends_on)
    return Wanted("person", dict(zip(FIELDS.values(), shown, strict=True)), record_id=bought.person_id)


def _lapsed(bought: Bought, settings: Settings) -> Plan:
    places = dict(bought.former)
    if bought.place.member_id is not None:
        places[_role(bought)] = bought.place.member_id
    shown = [_shown(bought)] if bought.person_id is not None else []
    if not shown and not places:
        return Skip(
            "lapsed", f"It is {bought.own.status or 'inactive'}, and nobody is known at this customer."
        )
    return Made((*shown, *_left(places.items(), settings)))


def check(tenant: Tenant, settings: Settings) -> Table:
    """Which of the Contact's fields for memberships are filled: an org may lack some."""
    lines = FieldMapping.objects.filter(
        rule__connection__tenant=tenant, rule__connection__system="salesforce", rule__entity="person"
    ).exclude(direction="pull")
    filled = dict(lines.values_list("remote", "field"))
    by_field = {name: remote for remote, name in filled.items()}
    rows = [(name.replace("_", " "), by_field.get(name, "—")) for name in FIELDS.values()]
    missing = [remote for remote, name in FIELDS.items() if name not in by_field]
    words = "Contacts show tier, status, from and to."
    if missing:
        words = (
            f"Salesforce's Contact has no {', '.join(missing)}, or nobody has read its fields since it has. Make them "
            "under Setup > Object Manager > Contact, press Read the fields in the mapping of people, and switch the flow "
            "off and on; or map other fields there. The campaign does without."
        )
    return Table("Fields of the Contact", ("Of the person", "In Salesforce"), rows, not missing, words, SAID)


FLOW = FlowSpec(
    name=NAME,
    title="Membership bought or renewed → Campaign",
    does="Puts the Contact of each member into the Campaign of their tier and sets their membership fields; those whose "
    "membership lapses leave it or change status, as you choose.",
    systems=("servicetitan", "salesforce"),
    subject="membership",
    triggers={"membership": itself, "person": of_people, "campaign": of_campaigns},
    subjects=subjects,
    read=read,
    plan=plan,
    ways=WAYS,
    check=check,
    rules=(
        NeededRule("servicetitan", "membership_type"),
        NeededRule("servicetitan", "membership"),
        NeededRule("salesforce", "customer"),
        NeededRule("salesforce", "campaign", pushes=True),
        NeededRule("salesforce", "person", pushes=True),
        NeededRule("salesforce", "campaign_member", pushes=True),
    ),
    lines=tuple(
        Line("salesforce", "person", FieldMap(remote, name, direction="push"))
        for remote, name in FIELDS.items()
    ),
    settings=(
        Setting(
            "campaigns",
            "Campaign of each tier",
            "pairs",
            default={},
            each="membership_type",
            refers_to="campaign",
            help="Nothing chosen: the campaign that is called as the tier is.",
        ),
        Setting(
            "make_campaigns",
            "Make campaigns that are missing",
            "boolean",
            default=True,
            help="Where none is called as the tier is, one is made in Salesforce. Else the membership waits.",
        ),
        Setting(
            "status",
            "Status of members",
            default="Responded",
            required=True,
            help="As the campaign's member statuses in Salesforce have it.",
        ),
        Setting(
            "lapsed",
            "Who lapses",
            "choice",
            default="leave",
            choices=(("leave", "Leaves the campaign"), ("status", "Stays, with another status")),
        ),
        Setting(
            "lapsed_status",
            "Status of those who lapsed",
            default="Lapsed",
            required=True,
            help="Only where they stay.",
        ),
    ),
)
