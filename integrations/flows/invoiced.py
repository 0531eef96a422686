"""What the invoices of jobs come to, in cents: adjustments count with the job of the invoice that they adjust."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from reconciliation.models import Invoice

CENT = Decimal("0.01")


def jobs_of(tenant_id: int, invoices: Iterable[Invoice]) -> dict[int, int]:
    """Each invoice's job; an adjustment without one belongs to that of the invoice it adjusts."""
    found = {invoice.pk: invoice.job_id for invoice in invoices if invoice.job_id}
    loose = {i.pk: i.adjustment_of for i in invoices if not i.job_id and i.adjustment_of}
    adjusted = Invoice.objects.filter(
        tenant=tenant_id, external_id__in=set(loose.values()), job__isnull=False
    )
    homes = dict(adjusted.values_list("external_id", "job_id"))
    return found | {pk: homes[external_id] for pk, external_id in loose.items() if external_id in homes}


def revenue_of(tenant_id: int, job_ids: Iterable[int], figure: str) -> dict[int, Decimal]:
    """What the invoices of each job come to, in cents: what was billed, or what of it is paid."""
    wanted = set(job_ids)
    own = Invoice.objects.filter(tenant=tenant_id, job__in=wanted)
    adjusting = Invoice.objects.filter(
        tenant=tenant_id, job=None, adjustment_of__in=own.exclude(external_id="").values("external_id")
    )
    invoices = [*own, *adjusting]
    found = dict.fromkeys(wanted, Decimal(0))
    jobs = jobs_of(tenant_id, invoices)
    for invoice in invoices:
        if invoice.active and jobs.get(invoice.pk) in found:
            found[jobs[invoice.pk]] += in_cents(worth(invoice, figure))
    return found


def worth(invoice: Invoice, figure: str) -> Decimal:
    if figure == "paid":
        return (invoice.total or Decimal(0)) - (invoice.balance or Decimal(0))
    return (invoice.subtotal if figure == "subtotal" else invoice.total) or Decimal(0)


def in_cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
