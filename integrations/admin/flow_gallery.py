"""The gallery of flows: what each does, what it needs of this merchant, a dry run on its records, and installing it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from integrations.admin import flow_rows
from integrations.admin.flow_forms import FlowForm
from integrations.flows import installing, lines, readiness, trying
from integrations.flows.base import FlowSpec, Need
from integrations.flows.catalogue import FLOWS
from integrations.models import Flow
from portal.access import Action, access_of
from portal.models import Tenant, User
from portal.numbers import number
from portal.own_pages import OwnPages, list_view


class GalleryPages(OwnPages):
    """Everyone who sees a merchant sees its flows; who configures it installs them."""

    @list_view("gallery/", methods=("GET",))
    def gallery(self, request: HttpRequest) -> HttpResponse:
        tenant = tenant_of(request)
        if tenant is None:
            return self._choose(request)
        return self.page(
            request,
            "admin/integrations/flows.html",
            title="Flows",
            tenant=tenant,
            cards=cards_of(tenant),
            may_configure=access_of(request.user).may(Action.CONFIGURE, tenant),
        )

    @list_view("install/", action=Action.RUN)
    def install(self, request: HttpRequest) -> HttpResponse:
        """One flow before it is installed: its needs, its settings, a dry run; or the install itself."""
        tenant, spec = tenant_of(request, Action.RUN), FLOWS.get(request.GET.get("flow", ""))
        if tenant is None or spec is None:
            return self.gallery(request)
        if flow := Flow.objects.filter(tenant=tenant, name=spec.name).first():
            return redirect("admin:integrations_flow_change", flow.pk)
        given = (
            request.POST if "flow-since" in request.POST else None
        )  # the gallery's button sends no settings
        form = FlowForm(tenant, spec, {}, timezone.now(), given)
        if request.method == "POST" and (given is None or form.is_valid()):
            return self._act(request, tenant, spec, form)
        return self._install_page(request, tenant, spec, form)

    def _act(self, request: HttpRequest, tenant: Tenant, spec: FlowSpec, form: FlowForm) -> HttpResponse:
        """Try it, or install it, with valid settings."""
        stored = form.stored if form.is_bound else {}
        if "try" in request.POST:
            tried = flow_rows.tried_rows(trying.dry_run(tenant, spec, stored))
            return self._install_page(request, tenant, spec, form, tried)
        if not access_of(request.user).may(Action.CONFIGURE, tenant):
            raise PermissionDenied
        since = form.since_moment if form.is_bound else None
        lines.read_fields_for(tenant, spec)
        try:
            flow = installing.install(tenant, spec, stored, since=since, user=person(request))
        except installing.NotReady as error:
            messages.error(request, str(error))
            return self._install_page(request, tenant, spec, form)
        messages.success(request, f"{spec.title} is installed and on.")
        return redirect("admin:integrations_flow_change", flow.pk)

    def _install_page(
        self, request: HttpRequest, tenant: Tenant, spec: FlowSpec, form: FlowForm, tried: Any = None
    ) -> HttpResponse:
        setup = readiness.setup_of(tenant, spec)
        return self.page(
            request,
            "admin/integrations/flow_install.html",
            title=spec.title,
            tenant=tenant,
            spec=spec,
            setup=setup,
            needs=needs_of(setup.needs),
            effects=[readiness.words_of(change) for change in setup.changes],
            form=form,
            tried=tried,
            most=trying.NEWEST,
            gallery=gallery_of(tenant),
            may_configure=access_of(request.user).may(Action.CONFIGURE, tenant),
        )

    def _choose(self, request: HttpRequest) -> HttpResponse:
        tenants = access_of(request.user).tenants().order_by("name")[:200]
        return self.page(
            request,
            "admin/integrations/flows_choose.html",
            title="Flows",
            tenants=[(one, gallery_of(one)) for one in tenants],
        )


def tenant_of(request: HttpRequest, action: Action = Action.VIEW) -> Tenant | None:
    """The tenant that the address names, or the only one there is; None where it has to be chosen. Raises Http404."""
    tenants = access_of(request.user).tenants()
    wanted = request.GET.get("tenant", "")
    if not wanted:
        found = list(tenants[:2])
        return found[0] if len(found) == 1 else None
    tenant = tenants.filter(pk=number(wanted)).first()
    if tenant is None:
        raise Http404("There is no such tenant.")
    if not access_of(request.user).may(action, tenant):
        raise PermissionDenied
    return tenant


def gallery_of(tenant: Tenant) -> str:
    return f"{reverse('admin:integrations_flow_gallery')}?tenant={tenant.pk}"


def install_of(tenant: Tenant, spec: FlowSpec) -> str:
    return f"{reverse('admin:integrations_flow_install')}?tenant={tenant.pk}&flow={spec.name}"


def cards_of(tenant: Tenant) -> list[dict[str, Any]]:
    """Each flow of the catalogue: installed or not, and what is still missing."""
    installed = {flow.name: flow for flow in tenant.flows.all()}
    return [
        {
            "spec": spec,
            "flow": (flow := installed.get(spec.name)),
            "setup": (setup := readiness.setup_of(tenant, spec, flow.settings if flow else None)),
            "missing": [need for need in needs_of(setup.needs) if not need["met"]],
            "install": install_of(tenant, spec),
        }
        for spec in FLOWS.values()
    ]


def needs_of(needs: list[Need]) -> list[dict[str, Any]]:
    """Preconditions with the address where each is seen to."""
    return [
        {"words": need.words, "met": need.met, "todo": need.todo, "url": flow_rows.address(need.where)}
        for need in needs
    ]


def person(request: HttpRequest) -> User | None:
    """Who asks, for the audit trail."""
    return request.user if isinstance(request.user, User) else None


def panel(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    """The card of a tenant's page: which flows are on."""
    installed = {flow.name: flow for flow in tenant.flows.all()}
    return {
        "flows": [(spec, installed.get(spec.name)) for spec in FLOWS.values()],
        "gallery": gallery_of(tenant),
    }
