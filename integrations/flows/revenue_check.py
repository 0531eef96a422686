"""Whether Salesforce has the same money as the portal: totals in cents, their difference, and the records that differ.

The route: what the flow looks after (`FlowMade`) -> the portal's figure of each -> the same records asked for there
now, or, where they are many or nobody answers, what both sides last agreed on -> one table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils.html import format_html

from integrations.calls import connector_for
from integrations.connectors.errors import RemoteError
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.http import Policy
from integrations.flows.base import Settings, Table
from integrations.flows.invoiced import in_cents, revenue_of
from integrations.mappings import declaration
from integrations.models import FlowMade, SyncRule
from integrations.shared import Disconnected
from portal.models import Tenant
from portal.secrets import SecretUnreadable
from reconciliation.models import Invoice, Link, Opportunity

LIVE_MOST = 1000
"""More records than these are not asked for while somebody waits for a page."""
KEPT_SECONDS = 60
MOST_SHOWN = 20
_QUICK = Policy(attempts=1, budget=8.0)
_FAILURES = (RemoteError, Disconnected, AddressRefused, SecretUnreadable)
_PAGES = {
    "opportunity": "admin:reconciliation_opportunity_change",
    "invoice": "admin:reconciliation_invoice_change",
}
Amounts = Mapping[int, Decimal]
"""By record."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """What Salesforce has, by record, and where that is known from."""

    amounts: Amounts
    how: str


def table(tenant: Tenant, settings: Settings) -> Table:
    """The check of the revenue flow."""
    entity, field = ("invoice", "total") if settings["target"] == "object" else ("opportunity", "amount")
    title = f"{'Invoices' if entity == 'invoice' else 'Opportunities'}: portal and Salesforce"
    rule = SyncRule.objects.filter(
        connection__tenant=tenant, connection__system="salesforce", entity=entity
    ).select_related("connection__tenant", "connection__source").first()  # fmt: skip
    if rule is None:
        return Table(title, ("", tenant.currency), (), False, "Salesforce takes no such records yet.")
    ours = amounts_here(tenant, entity, str(settings["figure"]))
    theirs = amounts_there(rule, field, ours)
    return compared(title, tenant.currency, entity, ours, theirs)


def compared(title: str, currency: str, entity: str, ours: Amounts, theirs: Theirs) -> Table:
    """Totals, and each record that differs, the largest difference first."""
    total, there = sum(ours.values(), Decimal(0)), sum(theirs.amounts.values(), Decimal(0))
    different = {
        pk: (amount, theirs.amounts.get(pk))
        for pk, amount in ours.items()
        if theirs.amounts.get(pk) != amount and (amount or pk in theirs.amounts)
    }
    worst = sorted(different, key=lambda pk: (-abs(different[pk][0] - (different[pk][1] or 0)), pk))
    rows = [_row("Total", total, there)]
    rows += [_row(_link(entity, pk), *different[pk]) for pk in worst[:MOST_SHOWN]]
    words = f"{len(ours):,} records, {theirs.how}."
    if different:
        noun = "record differs" if len(different) == 1 else "records differ"
        words += (
            f" {len(different):,} {noun}: what is owed is under way; else look at the deliveries of each."
        )
    head = ("", f"Portal ({currency})", "Salesforce", "Difference")
    return Table(title, head, rows, not different, words)


def amounts_here(tenant: Tenant, entity: str, figure: str) -> Amounts:
    """What the portal holds of the records that the flow looks after."""
    made = FlowMade.objects.filter(
        item__flow__tenant=tenant, item__flow__name="revenue", entity=entity
    ).values("record_id")
    if entity == "invoice":
        totals = Invoice.objects.filter(pk__in=made, active=True).values_list("pk", "total")
        return {pk: in_cents(total or Decimal(0)) for pk, total in totals}
    deals = dict(
        Opportunity.objects.filter(pk__in=made, job__isnull=False, active=True).values_list("pk", "job_id")
    )
    revenues = revenue_of(tenant.pk, [job for job in deals.values() if job is not None], figure)
    return {pk: revenues[job] for pk, job in deals.items() if job is not None}


def amounts_there(rule: SyncRule, field: str, ours: Amounts) -> Theirs:
    """Asked for now, or as last agreed."""
    links = Link.objects.filter(
        source=rule.connection.source_id, entity=rule.entity, record_id__in=list(ours), state=Link.State.LIVE
    )
    if len(ours) <= LIVE_MOST and rule.connection.may_call:
        known = dict(links.values_list("external_id", "record_id"))
        found = _asked(rule, field, known)
        if found is not None:
            return Theirs(found, "as Salesforce has them now")
    agreed: dict[int, Decimal] = {}
    for record_id, base in links.values_list("record_id", "base").iterator():
        if record_id is not None and base.get(field) is not None and base.get("active", True):
            agreed[record_id] = _cents(base[field])
    return Theirs(agreed, "as Salesforce last agreed to them")


def _asked(rule: SyncRule, field: str, known: Mapping[str, int | None]) -> dict[int, Decimal] | None:
    """Read there, at most once a minute; None where it cannot be asked."""
    line = rule.mappings.filter(field=field, part="").exclude(direction="pull").first()
    if line is None:
        return None
    key = f"revenue-check:{rule.pk}:{hash(tuple(sorted(known)))}"
    if (kept := cache.get(key)) is not None:
        return {int(pk): Decimal(amount) for pk, amount in kept.items()}
    try:
        with connector_for(rule.connection, _QUICK) as (connector, _):
            rows = connector.fetch(declaration(rule), list(known))
    except _FAILURES:
        return None
    found = dict(_amounts(rows, line.remote, known))
    cache.set(key, {str(pk): str(amount) for pk, amount in found.items()}, KEPT_SECONDS)
    return found


def _amounts(
    rows: Iterable[Mapping[str, Any]], member: str, known: Mapping[str, int | None]
) -> Iterable[tuple[int, Decimal]]:
    for row in rows:
        record_id = known.get(str(row["Id"]))
        if record_id is not None and not row.get("IsDeleted") and row.get(member) is not None:
            yield record_id, _cents(row[member])


def _cents(value: Any) -> Decimal:
    return in_cents(Decimal(str(value)))


def _row(name: str, ours: Decimal, theirs: Decimal | None) -> Sequence[Any]:
    return name, _shown(ours), _shown(theirs), _shown(ours - (theirs or 0))


def _shown(amount: Decimal | None) -> str:
    return "nothing yet" if amount is None else f"{amount:,.2f}"


def _link(entity: str, pk: int) -> str:
    label = "Opportunity" if entity == "opportunity" else "Invoice"
    return format_html('<a href="{}">{} {}</a>', reverse(_PAGES[entity], args=[pk]), label, pk)
