"""A record names where it came from; the system wants one of its campaigns. The connection's table ties the two.

The route: a lead source on a job or a lead -> the connection's `LeadSource` -> the campaign's id there. Where none is
mapped the delivery waits, and goes by itself once a person has mapped it (`mapped`).
"""

from typing import Any

from django.db import transaction

from integrations.models import Connection, LeadSource, SyncRule
from integrations.models.lead_sources import key_of
from integrations.push import waiting
from portal import audit
from portal.models import User
from reconciliation.models import Job, Lead, Link, ReferenceItem

REASON = "lead_source"


def campaign_of(rule: SyncRule, record: Any) -> str:
    """The id there of the campaign that stands for the record's lead source; empty where none does."""
    name = getattr(record, "lead_source", "")
    found = LeadSource.objects.filter(connection_id=rule.connection_id, key=key_of(name)) if name else None
    campaign = found.values_list("campaign_id", flat=True).first() if found is not None else None
    if campaign is None:
        return ""
    links = Link.objects.filter(
        source_id=rule.connection.source_id, entity="campaign", record_id=campaign, state=Link.State.LIVE
    )
    return links.values_list("external_id", flat=True).first() or ""


def unmapped(rule: SyncRule, record: Any) -> str:
    """Why a record with a lead source has no campaign, in words; empty for one without a lead source."""
    name = getattr(record, "lead_source", "")
    if not name or record.campaign_id is not None:
        return ""
    return (
        f"The lead source “{name}” is tied to no campaign of {rule.connection.label}. Choose its campaign on the "
        "connection's page Lead sources; this then goes by itself."
    )


def names_without_campaign(connection: Connection) -> list[str]:
    """Lead sources that records of this tenant name and that no campaign stands for, in order, each once."""
    known = set(connection.lead_sources.values_list("key", flat=True))
    found: dict[str, str] = {}
    for model in (Job, Lead):
        rows = model.objects.filter(tenant_id=connection.tenant_id).exclude(lead_source="")
        for name in rows.values_list("lead_source", flat=True).distinct():
            found.setdefault(key_of(name), name)
    return [found[key] for key in sorted(found) if key not in known]


@transaction.atomic
def assign(connection: Connection, name: str, campaign: ReferenceItem, *, user: User | None) -> LeadSource:
    """Tie the two. Raises IntegrityError where either is tied to another. What waited for it goes."""
    row = LeadSource.objects.create(connection=connection, name=name, campaign=campaign)
    note = f"{row.name} is {campaign}"
    audit.record("lead_source.mapped", connection, actor=user, tenant=connection.tenant, note=note)
    waiting.release(connection, REASON)
    return row


@transaction.atomic
def release(row: LeadSource, *, user: User | None) -> None:
    """Untie the two."""
    connection, note = row.connection, f"{row.name} is {row.campaign}"
    row.delete()
    audit.record("lead_source.unmapped", connection, actor=user, tenant=connection.tenant, note=note)
