"""What accounts payable has of an invoice by now: the AP invoice as it was sent, and its corrections.

The route: AP invoices -> their corrections with lines, and how far each is -> one sum by account.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.flows import posted_once
from integrations.flows.ap_corrections import by_account
from integrations.flows.ap_facts import Entered
from integrations.flows.invoiced import in_cents
from reconciliation.models import ApCorrection, ApCorrectionLine, Link

TOLD = ("supplier", "number", "branch", "invoiced_on", "total", "tax", "tax_code")
"""What of an AP invoice is looked at again once it is posted."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction with its lines. `is_fixed` is whether it is posted or may be; `is_posted`, whether SYSPRO has it."""

    record: ApCorrection
    lines: tuple[dict[str, Any], ...]
    is_fixed: bool
    is_posted: bool

    @property
    def sign(self) -> int:
        return -1 if self.record.kind == ApCorrection.Kind.CREDIT_NOTE else 1


def corrections_of(tenant_id: int, bill_ids: Collection[int]) -> dict[int, list[Correction]]:
    """By AP invoice, in the order in which they were made."""
    rows = ApCorrection.objects.filter(tenant=tenant_id, ap_invoice__in=list(bill_ids), active=True)
    records = list(rows.order_by("pk"))
    if not records:
        return {}
    ids = [record.pk for record in records]
    lines: dict[int, list[dict[str, Any]]] = {}
    for line in ApCorrectionLine.objects.filter(ap_correction__in=ids):
        lines.setdefault(line.ap_correction_id, []).append(
            {"ledger_code": line.ledger_code, "amount": line.amount}
        )
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system=posted_once.SYSTEM, entity="ap_correction", record_id__in=ids
    )
    there = set(links.values_list("record_id", flat=True))
    fixed = there.union(posted_once.sent(tenant_id, "ap_correction", ids))
    found: dict[int, list[Correction]] = {}
    for record in records:
        one = Correction(record, tuple(lines.get(record.pk, ())), record.pk in fixed, record.pk in there)
        found.setdefault(int(record.ap_invoice_id or 0), []).append(one)
    return found


def entered(
    values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], corrections: Sequence[Correction]
) -> Entered:
    """`values` and `lines` are the AP invoice's."""
    fixed = [one for one in corrections if one.is_fixed]
    accounts = by_account(lines)
    for one in fixed:
        for account, amount in by_account(one.lines).items():
            accounts[account] = accounts.get(account, Decimal(0)) + one.sign * amount
    return Entered(
        supplier=str(values["supplier"]),
        number=str(values["number"]),
        branch=str(values["branch"]),
        total=_amount(values["total"]) + sum((one.record.change for one in fixed), Decimal(0)),
        tax=_amount(values["tax"]) + sum((one.sign * _amount(one.record.tax) for one in fixed), Decimal(0)),
        tax_code=str(values["tax_code"]),
        lines={account: in_cents(amount) for account, amount in accounts.items()},
        fixed=len(fixed),
        open_id=next((one.record.pk for one in corrections if not one.is_fixed), None),
    )


def _amount(value: Any) -> Decimal:
    return in_cents(Decimal(str(value or 0)))
