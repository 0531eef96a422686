"""Deliveries: what is owed to other systems, what was sent, what waits for a person; retry, correct, give up, dry run."""

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.text import Truncator, capfirst

from integrations.admin import words
from integrations.admin.filters import EntityFilter
from integrations.connectors.errors import RemoteError
from integrations.models import Delivery, SyncRule
from integrations.push import planning, retrying
from portal.access import Action
from portal.look import badge
from portal.models import User
from portal.secrets import SecretUnreadable
from portal.tenant_admin import ReadOnlyTenantAdmin, object_view
from reconciliation.editing import BadValue
from reconciliation.entities import ENTITIES
from reconciliation.links import deep_link

TONES: dict[str, str] = {
    Delivery.State.OWED: "idle",
    Delivery.State.SENDING: "busy",
    Delivery.State.UNKNOWN: "warn",
    Delivery.State.NEEDS_PERSON: "bad",
    Delivery.State.DONE: "ok",
    Delivery.State.NOT_NEEDED: "idle",
    Delivery.State.GIVEN_UP: "warn",
}


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyTenantAdmin):
    """One row per outward write."""

    tenant_path = "connection__tenant"
    menu_order = 45
    list_display = ["what", "merchant", "state_badge", "operation", "why", "next_try_at", "since"]
    list_filter = ["state", "operation", "reason", EntityFilter, "connection__tenant"]
    list_select_related = ["connection__tenant", "rule"]
    search_fields = ["external_id", "message"]
    search_help_text = "By the record's id at the other system, or by words of the message."
    actions = ["retry_selected", "replay_selected", "give_up_selected"]
    empty_words = "Nothing is owed to another system. Sync rules say what is written back."

    class Media:
        css = {"all": ["integrations/integrations.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Bodies are read on the page of one delivery alone."""
        rows = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and "changelist" in str(match.url_name)
        return rows.defer("request", "reply", "values", "parts") if is_list else rows

    @admin.display(description="record", ordering="record_id")
    def what(self, delivery: Delivery) -> str:
        return capfirst(f"{delivery.rule.label} {delivery.external_id or delivery.record_id}")

    @admin.display(description="tenant")
    def merchant(self, delivery: Delivery) -> str:
        return delivery.connection.tenant.name

    @admin.display(description="state", ordering="state")
    def state_badge(self, delivery: Delivery) -> str:
        return badge(delivery.get_state_display(), TONES[delivery.state])

    @admin.display(description="why")
    def why(self, delivery: Delivery) -> str:
        return Truncator(delivery.message).chars(130)

    @admin.display(description="since", ordering="created_at")
    def since(self, delivery: Delivery) -> str:
        return str(naturaltime(delivery.created_at))

    @admin.action(description="Retry the selected deliveries", permissions=["run"])
    def retry_selected(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        """Selected ones, or all that match the filter: the list's own “select all” decides."""
        count = retrying.retry(self.where_may(request, rows, Action.RUN), user=_user(request))
        _say(self, request, count, "tried again")

    @admin.action(description="Send the selected again, delivered ones too", permissions=["run"])
    def replay_selected(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        """What is there already is recognised there: nothing is written twice."""
        count = retrying.replay(self.where_may(request, rows, Action.RUN), user=_user(request))
        _say(self, request, count, "sent again; what is there already is recognised")

    @admin.action(description="Give the selected deliveries up", permissions=["run"])
    def give_up_selected(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        count = retrying.give_up(self.where_may(request, rows, Action.RUN), user=_user(request))
        _say(self, request, count, "given up: the two sides stay different until the record is edited again")

    def row_page(self, request: HttpRequest, delivery: Delivery) -> HttpResponse:
        return self._show(request, delivery)

    def _show(self, request: HttpRequest, delivery: Delivery, **more: Any) -> HttpResponse:
        connection = delivery.connection
        records = ENTITIES[delivery.entity].objects.filter(tenant=connection.tenant_id)
        record = records.filter(pk=delivery.record_id).first()
        return self.page(
            request,
            "admin/integrations/delivery.html",
            delivery,
            title=f"{capfirst(delivery.rule.label)} {record or delivery.record_id}",
            delivery=delivery,
            state_badge=self.state_badge(delivery),
            who_acts=words.WHO_ACTS.get(delivery.who, ""),
            record=record,
            record_page=address_of(record),
            rule=delivery.rule,
            connection=connection,
            tenant=connection.tenant,
            deep_link=deep_link(connection.system, delivery.entity, delivery.external_id)
            if delivery.external_id
            else None,
            sent=_pretty(delivery.request),
            answered=_pretty(delivery.reply),
            fields=[
                (name, name.replace("_", " ").capitalize(), value)
                for name, value in (more.pop("fields", None) or retrying.editable(delivery)).items()
            ],
            may_run=self.may(request, Action.RUN, delivery),
            tab="deliveries",
            **more,
        )

    @object_view("retry/", action=Action.RUN, methods=("POST",))
    def retry(self, request: HttpRequest, delivery: Delivery) -> HttpResponseBase:
        """As it is, or with the fields that the person corrected."""
        names = retrying.editable(delivery)
        texts = {name: request.POST[f"field-{name}"] for name in names if f"field-{name}" in request.POST}
        try:
            if texts:
                retrying.edit_and_retry(delivery, texts, user=_user(request))
            else:
                retrying.retry(Delivery.objects.filter(pk=delivery.pk), user=_user(request))
        except BadValue as error:
            return self._show(request, delivery, problem=str(error), fields=texts)
        messages.success(request, "It is tried again within a minute.")
        return redirect("admin:integrations_delivery_change", delivery.pk)

    @object_view("give-up/", action=Action.RUN, methods=("POST",))
    def give_up(self, request: HttpRequest, delivery: Delivery) -> HttpResponseBase:
        retrying.give_up(Delivery.objects.filter(pk=delivery.pk), user=_user(request))
        messages.success(request, "Given up. The two sides stay different until the record is edited again.")
        return redirect("admin:integrations_delivery_change", delivery.pk)

    @object_view("dry-run/", action=Action.RUN)
    def dry_run(self, request: HttpRequest, delivery: Delivery) -> HttpResponse:
        """What trying it now would write."""
        return dry_run_page(self, request, delivery.rule, [delivery.record_id])


def dry_run_page(
    page_of: Any, request: HttpRequest, rule: SyncRule, record_ids: list[int] | None = None
) -> HttpResponse:
    """What would be created and changed there, field by field; nothing is written on either side."""
    plans: list[planning.Planning] = []
    problem = ""
    try:
        plans = planning.plan(rule, record_ids)
    except (RemoteError, ValueError, SecretUnreadable) as error:
        problem = str(error)
    response: HttpResponse = page_of.page(
        request,
        "admin/integrations/dry_run.html",
        rule,
        title=f"Dry run of {rule.label}",
        rule=rule,
        connection=rule.connection,
        tenant=rule.connection.tenant,
        plans=[(item, address_of(item.record)) for item in plans],
        counts={
            "create": sum(item.plan.operation == "create" for item in plans),
            "change": sum(item.plan.operation in ("update", "revive") for item in plans),
            "blocked": sum(not item.plan.operation for item in plans),
        },
        most=planning.MOST,
        is_cut=record_ids is None and len(plans) >= planning.MOST,
        problem=problem,
        tab="rules",
    )
    return response


def address_of(record: Model | None) -> str:
    """Where a record is shown here; "" where it has no page."""
    if record is None:
        return ""
    try:
        return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])
    except NoReverseMatch:
        return ""


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) if value else ""


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _say(page_of: Any, request: HttpRequest, count: int, what: str) -> None:
    if count:
        noun = "delivery is" if count == 1 else "deliveries are"
        messages.success(request, f"{count:,} {noun} {what}.")
    else:
        messages.warning(request, "None of these waits for a person: they are on their way or closed.")
