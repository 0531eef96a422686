"""Starting a sync by hand, looking over the first one, and setting the merchant live."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from integrations import syncing
from integrations.admin.checklist import next_of, standing
from integrations.models import Connection, RunFailure
from portal import audit
from portal.access import Action
from portal.models import Tenant, User
from portal.own_pages import OwnPages, object_view
from reconciliation.entities import ENTITIES
from reconciliation.models import Link


class SyncPages(OwnPages):
    """“Sync now”, and the review that ends an onboarding."""

    @object_view("sync/", action=Action.RUN)
    def sync(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        """POST starts it: everything, or each `entity` given; `full` reads all once more."""
        if request.method == "POST":
            return start(request, connection, request.POST)
        rules = connection.rules.filter(enabled=True)
        return self.page(
            request,
            "admin/integrations/sync.html",
            connection,
            title="Sync now",
            connection=connection,
            tenant=connection.tenant,
            rules=rules,
            first=not any(rule.is_first_pull_done for rule in rules),
            tab="runs",
            **next_of(connection),
        )

    @object_view("review/")
    def review(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        may_configure = self.may(request, Action.CONFIGURE, connection)
        at = standing(connection.tenant, connection)
        if request.method == "POST":
            if not may_configure:
                raise PermissionDenied
            return go_live(request, connection, ready=at.is_first_sync_done)
        return self.page(
            request,
            "admin/integrations/review.html",
            connection,
            title="Review",
            connection=connection,
            tenant=connection.tenant,
            rows=review_rows(connection),
            standing=at,
            may_configure=may_configure,
            may_run=self.may(request, Action.RUN, connection),
            tab="review",
        )


def start(request: HttpRequest, connection: Connection, wanted: QueryDict) -> HttpResponse:
    """Queue the runs and go and watch them; where nothing can start, say why and where to go."""
    user = request.user
    try:
        batch = syncing.start(
            connection,
            user=user if isinstance(user, User) else None,
            entities=wanted.getlist("entity"),
            full="full" in wanted,
        )
    except syncing.NothingToSync as error:
        messages.error(request, str(error))
        page = "rules" if connection.may_call else "test"
        return redirect(f"admin:integrations_connection_{page}", connection.pk)
    return redirect(f"{reverse('admin:integrations_run_batch')}?batch={batch}")


@transaction.atomic
def go_live(request: HttpRequest, connection: Connection, *, ready: bool) -> HttpResponse:
    """The merchant is live: a person says so, once everything has come."""
    tenant = connection.tenant
    if not ready:
        messages.error(
            request, "Not yet: the first sync of everything that is switched on must come through first."
        )
        return redirect("admin:integrations_connection_review", connection.pk)
    if tenant.status == Tenant.Status.ONBOARDING:
        before = tenant.get_status_display()
        tenant.status = Tenant.Status.LIVE
        tenant.save(update_fields=["status"])
        audit.record("tenant.live", tenant, diff={"status": [before, tenant.get_status_display()]})
        messages.success(request, f"{tenant} is live. Changes arrive by themselves from now on.")
    return redirect("admin:portal_tenant_change", tenant.pk)


def review_rows(connection: Connection) -> list[dict[str, Any]]:
    """Per rule: records in step, merged, waiting, left out, failing. Three queries."""
    links = Link.objects.filter(source=connection.source_id).values_list("entity", "state")
    counts: dict[tuple[str, str], int] = {
        (entity, state): number for entity, state, number in links.annotate(Count("pk")).order_by()
    }
    open_failures = RunFailure.objects.filter(rule__connection=connection).exclude(
        state=RunFailure.State.RESOLVED
    )
    failing = dict(open_failures.values_list("rule").annotate(Count("pk")).order_by())
    return [
        {
            "rule": rule,
            "label": ENTITIES[rule.entity].plural,
            "live": counts.get((rule.entity, Link.State.LIVE), 0),
            "waiting": counts.get((rule.entity, Link.State.WAITING), 0),
            "merged": counts.get((rule.entity, Link.State.MERGED), 0),
            "left_out": counts.get((rule.entity, Link.State.OUT_OF_SCOPE), 0)
            + counts.get((rule.entity, Link.State.FROZEN), 0),
            "failing": failing.get(rule.pk, 0),
        }
        for rule in connection.rules.all()
    ]
