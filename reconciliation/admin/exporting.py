"""Export buttons: the list as it is filtered, as a file, to those who may.

The whole is counted and written into the audit trail before the first byte leaves.
"""

from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal import audit
from portal.access import Action, access_of
from portal.models import Tenant
from portal.tenant_admin import TenantAdmin, list_view
from reconciliation.entities import ENTITIES
from reconciliation.exports import FORMATS, Export, plan_of_model
from reconciliation.exports.formats import Format

audit.register_action("records.exported", "exported {note}")


class ExportingAdmin(TenantAdmin):
    """An admin whose list can be taken out as a file; the export page has dates, totals and more beside."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        named = next((name for name, entity in ENTITIES.items() if entity.model is self.model), "")
        address = f"{reverse('admin:reconciliation_exportfile_mine')}?what={named}"
        return super().changelist_view(request, {"export_page": address, **(extra_context or {})})

    @list_view("export/csv/", action=Action.EXPORT, methods=("GET",), confirm=True)
    def export_csv(self, request: HttpRequest) -> HttpResponseBase:
        return self._export(request, FORMATS["csv"])

    @list_view("export/xlsx/", action=Action.EXPORT, methods=("GET",), confirm=True)
    def export_xlsx(self, request: HttpRequest) -> HttpResponseBase:
        return self._export(request, FORMATS["xlsx"])

    @list_view("export/json/", action=Action.EXPORT, methods=("GET",), confirm=True)
    def export_json(self, request: HttpRequest) -> HttpResponseBase:
        return self._export(request, FORMATS["json"])

    def _export(self, request: HttpRequest, form: Format) -> HttpResponseBase:
        try:
            listed = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            messages.warning(request, "That filter means nothing here, so nothing was exported.")
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        rows = self.where_may(request, listed.get_queryset(request), Action.EXPORT).order_by()
        self._note(rows, form, listed)
        plan = plan_of_model(self.model)
        tenants = list(access_of(request.user).tenants(Action.EXPORT)[:2])
        if len(tenants) > 1:
            plan = plan.naming_tenants()
        name = "-".join(
            [tenants[0].slug if len(tenants) == 1 else "all", plan.name, f"{timezone.now():%Y-%m-%d}"]
        )
        return StreamingHttpResponse(
            Export(plan, form, rows),
            content_type=form.content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}.{form.name}"'},
        )

    def _note(self, rows: QuerySet[Any], form: Format, listed: ChangeList) -> None:
        counts = dict(rows.values_list("tenant").annotate(count=Count("pk")))
        tenants = Tenant.objects.in_bulk(counts)
        narrowed = _narrowing(listed)
        for pk, count in counts.items():
            words = f"{count:,} {self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural}"
            audit.record("records.exported", tenants[pk], note=f"{words} as {form.label}, {narrowed}")


def _narrowing(listed: ChangeList) -> str:
    """What the list was narrowed to, in words: search “ana”, status Completed."""
    parts = [f"search “{listed.query}”"] if listed.query else []
    for name, values in sorted(listed.get_filters_params().items()):
        parts.append(f"{name.replace('__id__exact', '').replace('_', ' ')} {', '.join(values)}")
    return ", ".join(parts) or "all"
