"""What was billed, entered and posted, day by day: sums of all sides, each difference with its cause, and both as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from integrations.flows.base import FlowSpec
from integrations.flows.catalogue import FLOWS
from integrations.models import Flow
from portal import audit
from portal.access import Action
from portal.own_pages import OwnPages, object_view
from reconciliation.exports.formats import guarded
from reconciliation.three_way import Difference, Report, Sum, compared

DAYS, MOST_DAYS = 31, 370
SHOWN = 500
audit.register_action("reconciliation.exported", "exported the reconciliation of {target}: {note}")


class DaysForm(forms.Form):
    """From one day to another, both included."""

    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            raise forms.ValidationError("The first day lies behind the last.")
        if since and until and (until - since).days > MOST_DAYS:
            raise forms.ValidationError(f"At most {MOST_DAYS} days at once. Choose a shorter time.")
        return given


class ReconciliationPages(OwnPages):
    """Everyone who sees the merchant sees it; who exports takes it out."""

    @object_view("reconciliation/", methods=("GET",))
    def reconciliation(self, request: HttpRequest, flow: Flow) -> HttpResponse:
        spec = _spec(flow)
        form = _form(request, flow)
        report = _report(flow, spec, form)
        query = request.GET.urlencode() if form.data else ""
        return self.page(
            request,
            "admin/integrations/flow_reconciliation.html",
            flow,
            title="Reconciliation",
            flow=flow,
            spec=spec,
            tenant=flow.tenant,
            form=form,
            report=report,
            differences=_linked(report.differences[:SHOWN]) if report else [],
            may_export=self.may(request, Action.EXPORT, flow),
            query=f"{query}&" if query else "",
        )

    @object_view("reconciliation.csv", action=Action.EXPORT, methods=("GET",))
    def reconciliation_csv(self, request: HttpRequest, flow: Flow) -> HttpResponse:
        """`what` is sums, or the differences."""
        form = _form(request, flow)
        report = _report(flow, _spec(flow), form)
        if report is None:
            return HttpResponse("Choose valid days.", status=400, content_type="text/plain")
        what = "sums" if request.GET.get("what") == "sums" else "differences"
        rows = sum_rows(report) if what == "sums" else difference_rows(report.differences)
        since, until = form.cleaned_data["since"], form.cleaned_data["until"]
        audit.record(
            "reconciliation.exported", flow, tenant=flow.tenant, note=f"{what} of {since} to {until}"
        )
        return _file(f"{flow.tenant.slug}-{flow.name}-{what}-{since}-{until}.csv", rows)

    @object_view("check.csv", action=Action.EXPORT, methods=("GET",))
    def check_csv(self, request: HttpRequest, flow: Flow) -> HttpResponse:
        """The flow's check of figures, all of its rows."""
        spec = FLOWS.get(flow.name)
        table = spec.check(flow.tenant, spec.chosen(flow.settings)) if spec and spec.check else None
        if table is None or not table.file:
            raise Http404("This flow has no figures to take out.")
        audit.record("reconciliation.exported", flow, tenant=flow.tenant, note=table.title)
        today = timezone.now().astimezone(flow.tenant.zone).date()
        rows = [table.head, *([str(cell) for cell in row] for row in table.rows)]
        return _file(f"{flow.tenant.slug}-{table.file}-{today}.csv", rows)


def _file(name: str, rows: "Cells") -> HttpResponse:
    reply = HttpResponse(written(rows), content_type="text/csv; charset=utf-8")
    reply["Content-Disposition"] = f'attachment; filename="{name}"'
    return reply


def _spec(flow: Flow) -> FlowSpec:
    spec = FLOWS.get(flow.name)
    if spec is None or spec.traces is None:
        raise Http404("This flow posts nothing that could be reconciled.")
    return spec


def _form(request: HttpRequest, flow: Flow) -> DaysForm:
    """The days in the address; without any, the last month, from the flow's first day on."""
    today = timezone.now().astimezone(flow.tenant.zone).date()
    first = max(flow.since.astimezone(flow.tenant.zone).date(), today - timedelta(days=DAYS - 1))
    given = (
        request.GET if "since" in request.GET else {"since": first.isoformat(), "until": today.isoformat()}
    )
    return DaysForm(given)


def _report(flow: Flow, spec: FlowSpec, form: DaysForm) -> Report | None:
    if not form.is_valid() or spec.traces is None:
        return None
    since: date = form.cleaned_data["since"]
    return compared(spec.traces(flow, since, form.cleaned_data["until"]))


def _linked(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    """Each difference with the pages of its invoice and its AP invoice."""
    return [
        {
            "one": one,
            "invoice": _page("invoice", one.trace.record_id),
            "bill": _page("apinvoice", one.trace.bill_id),
        }
        for one in differences
    ]


def _page(model: str, pk: int | None) -> str:
    return reverse(f"admin:reconciliation_{model}_change", args=[pk]) if pk else ""


Cells = Iterable[Sequence[str]]
_SIDES = ("billed", "entered", "posted")


def sum_rows(report: Report) -> Cells:
    yield ("by", "name", *(f"{side}_{what}" for side in _SIDES for what in ("count", "total")), "difference")
    for heading, sums in (*report.groups, ("all", (report.total,))):
        for one in sums:
            yield (heading.lower(), one.name, *_figures(one), _amount(one.difference))


def _figures(one: Sum) -> Iterable[str]:
    for side in (one.billed, one.entered, one.posted):
        yield from (str(side.count), _amount(side.total))


def difference_rows(differences: Iterable[Difference]) -> Cells:
    yield ("number", "day", "branch", "vendor", *_SIDES, "difference", "cause")
    for one in differences:
        trace = one.trace
        amounts = (trace.counted, trace.entered, trace.posted)
        yield (
            trace.number, trace.day, trace.branch, trace.vendor,
            *("" if amount is None else _amount(amount) for amount in amounts), _amount(one.amount), one.cause,
        )  # fmt: skip


def written(rows: Cells) -> bytes:
    """As a file that a spreadsheet opens, with nothing in it that it would take for a formula."""
    out = io.StringIO()
    csv.writer(out).writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _amount(value: Decimal) -> str:
    return f"{value:.2f}"
