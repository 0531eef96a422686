"""The deal that a record belongs to by way of its job: what an invoice's copy in a sales system names."""

from typing import Any

from integrations.models import SyncRule
from reconciliation.models import Link, Opportunity


def opportunity_of(rule: SyncRule, record: Any) -> str:
    """The external id of the deal of the record's job; empty where there is none, or none there yet."""
    job_id = getattr(record, "job_id", None)
    if job_id is None:
        return ""
    deals = Opportunity.objects.filter(tenant=rule.connection.tenant_id, job=job_id, active=True)
    links = Link.objects.filter(
        source=rule.connection.source_id,
        entity="opportunity",
        record_id__in=deals.values("pk"),
        state=Link.State.LIVE,
    )
    return links.values_list("external_id", flat=True).first() or ""
