"""Comparing everybody: the button on the Dedupe page, and the page that shows how far it is."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from portal.access import Action, access_of
from portal.models import User
from portal.numbers import number
from portal.own_pages import OwnPages, list_view
from reconciliation import full_passes
from reconciliation.background import OPEN
from reconciliation.models import MatchPass, MatchSettings

PATIENCE = 20
"""Seconds in the queue after which the page asks whether any worker is there."""


class PassPages(OwnPages):
    """Mixed into the admin of match candidates."""

    def comparing(self, request: HttpRequest, tenant: str) -> dict[str, Any]:
        """For the list: whose customers this person may have compared, what runs now, and the settings."""
        access = access_of(request.user)
        seen = list(access.tenants().order_by("name"))
        chosen = [found for found in seen if tenant == str(found.pk)] or (seen if len(seen) == 1 else [])
        return {
            "comparable": list(access.tenants(Action.RUN).order_by("name")),
            "chosen": chosen[0] if chosen else None,
            "limits": MatchSettings.objects.filter(tenant__in=chosen).first(),
            "may_configure": bool(chosen) and access.may(Action.CONFIGURE, chosen[0]),
            "passes": MatchPass.objects.filter(tenant__in=access.tenant_ids(), state__in=OPEN).select_related(
                "tenant"
            )[:5],
        }

    @list_view("compare/", action=Action.RUN, methods=("POST",))
    def compare(self, request: HttpRequest) -> HttpResponse:
        """Have everybody of the tenant compared, or show the pass that does so already."""
        tenants = access_of(request.user).tenants(Action.RUN)
        tenant = tenants.filter(pk=number(request.POST.get("tenant", ""))).first()
        if tenant is None or not isinstance(request.user, User):
            raise Http404
        return redirect(_page(full_passes.start(tenant, request.user)))

    @list_view("pass/", methods=("GET",))
    def full_pass(self, request: HttpRequest) -> HttpResponse:
        context = _about(request)
        title = f"Comparing all customers of {context['row'].tenant}"
        return self.page(request, "admin/reconciliation/match_pass.html", title=title, **context)

    @list_view("pass/live/", methods=("GET",))
    def full_pass_live(self, request: HttpRequest) -> HttpResponse:
        """The part of the page that moves."""
        context = _about(request)
        reply = render(request, "admin/reconciliation/match_pass_live.html", context)
        if not context["row"].is_open:
            reply["X-Refresh"] = "done"
        return reply


def _about(request: HttpRequest) -> dict[str, Any]:
    rows = access_of(request.user).scope(MatchPass.objects.select_related("tenant", "actor"), "tenant")
    row = rows.filter(pk=number(request.GET.get("id", ""))).first()
    if row is None:
        raise Http404
    waited = (timezone.now() - row.created_at).total_seconds()
    return {"row": row, "no_worker": row.state == MatchPass.State.QUEUED and waited > PATIENCE}


def _page(row: MatchPass) -> str:
    return f"{reverse('admin:reconciliation_matchcandidate_full_pass')}?id={row.pk}"
