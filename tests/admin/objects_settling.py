"""What agents settle, for the walk: a conflict, a pair that may be one, a merge with its settings."""

from django.utils import timezone

from reconciliation.entities import ENTITIES
from reconciliation.merging import merge
from reconciliation.models import Conflict, Link, MatchCandidate, MatchSettings, Merge, MergeSettings
from tests.admin.objects import makes, planted
from tests.reconciliation import shop


@makes("reconciliation.conflict")
def conflict(tenant) -> Conflict:
    """A name changed on both sides, of a customer with a job and a bill."""
    known = Conflict.objects.filter(tenant=tenant).first()
    if known:
        return known
    customer = shop.customer(tenant, planted(tenant))
    shop.job(tenant, customer, number=planted(tenant))
    shop.invoice(tenant, customer, number=planted(tenant))
    return Conflict.objects.create(
        tenant=tenant,
        link=shop.link(customer, "customer"),
        entity="customer",
        record_id=customer.pk,
        field="name",
        base="x",
        portal_value=planted(tenant),
        remote_value=f"{planted(tenant)} there",
        policy="ask",
        created_at=timezone.now(),
    )


@makes("reconciliation.matchcandidate")
def candidate(tenant) -> MatchCandidate:
    known = MatchCandidate.objects.filter(tenant=tenant).first()
    if known:
        return known
    left, right = (shop.customer(tenant, f"{planted(tenant)} {number}") for number in (1, 2))
    return MatchCandidate.objects.create(
        tenant=tenant,
        entity="customer",
        left_id=left.pk,
        right_id=right.pk,
        score=0.9,
        reasons=[{"field": "phone", "words": planted(tenant), "weight": 3.0}],
    )


@makes("reconciliation.merge")
def a_merge(tenant) -> Merge:
    """With a task left at the source."""
    left, right = (shop.customer(tenant, f"{planted(tenant)} {number}") for number in (1, 2))
    for customer in (left, right):
        shop.link(customer, "customer", state=Link.State.LIVE)
    shop.job(tenant, right)
    return merge(ENTITIES["customer"], left.pk, [right.pk], {"name": planted(tenant)})


@makes("reconciliation.mergesettings")
def merge_settings(tenant) -> MergeSettings:
    return MergeSettings.objects.get_or_create(tenant=tenant, defaults={"rules": {"name": "newest"}})[0]


@makes("reconciliation.matchsettings")
def match_settings(tenant) -> MatchSettings:
    """With a pair in the band, whose names its page shows."""
    left, right = (shop.customer(tenant, f"{planted(tenant)} {number}") for number in (3, 4))
    MatchCandidate.objects.create(
        tenant=tenant, entity="customer", left_id=left.pk, right_id=right.pk, score=0.9999, reasons=[]
    )
    return MatchSettings.objects.get_or_create(tenant=tenant)[0]
