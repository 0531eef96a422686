"""An installed flow: its switch and settings, what it made, what it skipped and why, what waits or failed, its runs."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from integrations.admin import flow_rows
from integrations.admin.flow_forms import FlowForm
from integrations.admin.flow_gallery import GalleryPages, gallery_of, needs_of, person
from integrations.admin.flow_reconciliation import ReconciliationPages
from integrations.admin.flow_ways import WayPages
from integrations.flows import installing, readiness, trying
from integrations.flows.base import FlowSpec
from integrations.flows.catalogue import FLOWS
from integrations.models import Flow, FlowItem
from portal.access import Action
from portal.look import badge
from portal.numbers import numbers
from portal.tenant_admin import ReadOnlyTenantAdmin, object_view

State = FlowItem.State
SHOWN = 25
GROUPS = {
    "made": ("Made or up to date", (State.MADE, State.UPDATED, State.UNCHANGED)),
    "skipped": ("Skipped", (State.SKIPPED,)),
    "stuck": ("Waiting or failed", (State.WAITING, State.FAILED)),
    "owed": ("To do", (State.OWED,)),
}
"""The page's views of the items: label, states."""


@admin.register(Flow)
class FlowAdmin(GalleryPages, WayPages, ReconciliationPages, ReadOnlyTenantAdmin):
    """Flows are installed from the gallery, and stay: switched off they do nothing."""

    menu_order = 46
    list_display = ["name_shown", "tenant", "switched_on", "open_items", "installed_at"]
    list_filter = ["enabled", "tenant"]
    list_select_related = ["tenant"]
    empty_words = "Open a merchant's page and choose one from its gallery of flows."

    class Media:
        css = {"all": ["integrations/integrations.css"]}

    def get_queryset(self, request: HttpRequest) -> Any:
        """The list counts what is stuck; a flow's own page counts for itself."""
        rows, match = super().get_queryset(request), request.resolver_match
        if match is None or "changelist" not in str(match.url_name):
            return rows
        stuck = Count("items", filter=Q(items__state__in=(State.WAITING, State.FAILED)))
        return rows.annotate(stuck=stuck)

    @admin.display(description="flow", ordering="name")
    def name_shown(self, flow: Flow) -> str:
        return flow.title

    @admin.display(description="on", ordering="enabled")
    def switched_on(self, flow: Flow) -> str:
        return badge("On", "ok") if flow.enabled else badge("Off")

    @admin.display(description="waiting or failed")
    def open_items(self, flow: Flow) -> str:
        return f"{flow.stuck:,}"  # type: ignore[attr-defined]  # annotated

    row_posts = True

    def row_page(self, request: HttpRequest, flow: Flow) -> HttpResponse:
        if request.method == "POST":
            return self._store(request, flow)
        return self._show(request, flow)

    def _store(self, request: HttpRequest, flow: Flow) -> HttpResponse:
        """Other settings."""
        if not self.may(request, Action.CONFIGURE, flow):
            raise PermissionDenied
        spec = FLOWS.get(flow.name)
        if spec is None:
            return self._show(request, flow)
        form = FlowForm(flow.tenant, spec, flow.settings, flow.since, request.POST)
        if not form.is_valid():
            return self._show(request, flow, form)
        installing.configure(flow, spec, form.stored, form.since_moment, user=person(request))
        messages.success(request, "Stored. What concerns the flow is looked at once more.")
        return redirect("admin:integrations_flow_change", flow.pk)

    def _show(self, request: HttpRequest, flow: Flow, form: FlowForm | None = None) -> HttpResponse:
        spec = FLOWS.get(flow.name)
        context = self._of_spec(request, flow, spec, form) if spec else {}
        return self.page(
            request,
            "admin/integrations/flow.html",
            flow,
            title=flow.title,
            flow=flow,
            spec=spec,
            reconciles=spec is not None and spec.traces is not None,
            tenant=flow.tenant,
            runs=flow.runs.all()[:10],
            gallery=gallery_of(flow.tenant),
            may_configure=self.may(request, Action.CONFIGURE, flow),
            may_run=self.may(request, Action.RUN, flow),
            may_export=self.may(request, Action.EXPORT, flow),
            **context,
        )

    def _of_spec(
        self, request: HttpRequest, flow: Flow, spec: FlowSpec, form: FlowForm | None
    ) -> dict[str, Any]:
        """What the page shows of a flow that is still in the catalogue."""
        counts = dict(flow.items.order_by().values_list("state").annotate(Count("pk")))
        view = request.GET.get("show", "")
        items = flow.items.filter(state__in=GROUPS[view][1]) if view in GROUPS else flow.items.all()
        pages = Paginator(items.order_by("-closed_at", "-pk"), SHOWN)
        page = pages.get_page(request.GET.get("page"))
        page_items = list(page.object_list)
        for item in page_items:
            item.flow = flow
        return {
            "form": form or FlowForm(flow.tenant, spec, flow.settings, flow.since),
            "needs": [
                need
                for need in needs_of(readiness.setup_of(flow.tenant, spec, flow.settings).needs)
                if not need["met"]
            ],
            "groups": [
                (name, label, sum(counts.get(state, 0) for state in states))
                for name, (label, states) in GROUPS.items()
            ],
            "view": view,
            "items": page,
            "rows": flow_rows.rows_of(spec, page_items),
            "stuck": counts.get(State.WAITING, 0) + counts.get(State.FAILED, 0),
            "undelivered": flow_rows.undelivered(flow),
            "check": spec.check(flow.tenant, spec.chosen(flow.settings)) if spec.check else None,
        }

    @object_view("switch/", action=Action.CONFIGURE, methods=("POST",))
    def switch(self, request: HttpRequest, flow: Flow) -> HttpResponseBase:
        """On or off."""
        on, spec = request.POST.get("on") == "1", FLOWS.get(flow.name)
        try:
            if spec is not None:
                installing.switch(flow, spec, on, user=person(request))
                messages.success(request, f"{spec.title} is {'on' if on else 'off'}.")
        except installing.NotReady as error:
            messages.error(request, str(error))
        return redirect("admin:integrations_flow_change", flow.pk)

    @object_view("retry/", action=Action.RUN, methods=("POST",))
    def retry(self, request: HttpRequest, flow: Flow) -> HttpResponseBase:
        """One item, or all that wait or failed."""
        wanted = request.POST.get("item", "")
        ids = None if not wanted else numbers([wanted])
        count = installing.retry(flow, ids, user=person(request))
        if count:
            messages.success(request, f"{count:,} record{'s are' if count > 1 else ' is'} looked at again.")
        else:
            messages.warning(request, "Nothing waits or failed any more.")
        return redirect("admin:integrations_flow_change", flow.pk)

    @object_view("dry-run/", action=Action.RUN, methods=("GET",))
    def dry_run(self, request: HttpRequest, flow: Flow) -> HttpResponse:
        """What it would make of the newest records now."""
        spec = FLOWS.get(flow.name)
        if spec is None:
            return redirect("admin:integrations_flow_change", flow.pk)
        return self.page(
            request,
            "admin/integrations/flow_dry_run.html",
            flow,
            title=f"Dry run of {spec.title}",
            flow=flow,
            spec=spec,
            tenant=flow.tenant,
            tried=flow_rows.tried_rows(trying.dry_run(flow.tenant, spec)),
            most=trying.NEWEST,
            gallery=gallery_of(flow.tenant),
        )
