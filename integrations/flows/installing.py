"""Putting a flow on a merchant: what must be there first, what it would do, and the rules and lines that it needs.

The route: `needs` (met or not, and where it is seen to) -> `dry_run` (plans of the newest records; nothing is written) ->
`install`: rules switched on where no person has set them otherwise, mapping lines added where nothing fills
that field, work owed for what concerns it. What a person changed is left alone, now and at every later install.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.flows import owing
from integrations.flows.base import FlowSpec
from integrations.flows.lines import add_line
from integrations.flows.readiness import setup_of
from integrations.models import Flow, SyncRule
from portal import audit
from portal.models import Tenant, User


class NotReady(Exception):
    """A precondition is not met: its words say which."""


@transaction.atomic
def install(
    tenant: Tenant,
    spec: FlowSpec,
    stored: Mapping[str, Any] | None = None,
    *,
    since: datetime | None = None,
    user: User | None = None,
) -> Flow:
    """Install it and switch it on; once more does no harm. Raises NotReady."""
    if stored is None:  # as somebody chose before, if ever
        stored = Flow.objects.filter(tenant=tenant, name=spec.name).values_list("settings", flat=True).first()
    found = setup_of(tenant, spec, stored)
    if missing := [need.words for need in found.needs if not need.met]:
        raise NotReady(f"Not yet: {'; '.join(missing)}.")
    for rule, values in found.changes:
        _change(rule, values, spec, user)
    for line in spec.lines:
        add_line(tenant, line, spec, user)
    begins = {"installed_by": user, "since": start_of(tenant, timezone.now())}
    flow, is_new = Flow.objects.get_or_create(tenant=tenant, name=spec.name, defaults=begins)
    flow.settings = dict(stored) if stored is not None else flow.settings
    flow.since, flow.enabled = since or flow.since, True
    flow.save(update_fields=["settings", "since", "enabled"])
    audit.record("flow.installed" if is_new else "flow.switched_on", flow, actor=user, tenant=tenant)
    owing.owe_all(flow, spec)
    return flow


def start_of(tenant: Tenant, moment: datetime) -> datetime:
    """When the day began, where the merchant is: from then on records concern a new flow."""
    return moment.astimezone(tenant.zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _change(rule: SyncRule, values: Mapping[str, Any], spec: FlowSpec, user: User | None) -> None:
    diff = {name: [getattr(rule, name), value] for name, value in values.items()}
    if values.get("enabled") and rule.connection.synced_at:
        values = {**values, "due_at": timezone.now()}
    for name, value in values.items():
        setattr(rule, name, value)
    rule.save(update_fields=list(values))
    audit.record("sync_rule.changed", rule, actor=user, diff=diff, note=spec.title)


@transaction.atomic
def switch(flow: Flow, spec: FlowSpec, on: bool, *, user: User | None = None) -> None:
    """On or off. What changed while it was off is looked at when it comes on. Raises NotReady."""
    if on:
        install(flow.tenant, spec, user=user)
        return
    Flow.objects.filter(pk=flow.pk).update(enabled=False)
    audit.record("flow.switched_off", flow, actor=user, tenant=flow.tenant)


@transaction.atomic
def configure(
    flow: Flow, spec: FlowSpec, stored: Mapping[str, Any], since: datetime, *, user: User | None = None
) -> None:
    """Other settings: everything that concerns the flow is looked at once more."""
    before = {**spec.chosen(flow.settings), "since": flow.since}
    after = {**spec.chosen(stored), "since": since}
    diff = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    flow.settings, flow.since = dict(stored), since
    flow.save(update_fields=["settings", "since"])
    for rule, values in setup_of(flow.tenant, spec, stored).changes if flow.enabled else ():
        _change(rule, values, spec, user)
    audit.record("flow.changed", flow, actor=user, tenant=flow.tenant, diff=diff)
    if flow.enabled:
        owing.owe_all(flow, spec)


def retry(flow: Flow, item_ids: Sequence[int] | None = None, *, user: User | None = None) -> int:
    """Look again at what waits or failed: all of it, or these. Returns how many."""
    from integrations import waking
    from integrations.models import FlowItem

    items = flow.items.filter(state__in=(FlowItem.State.WAITING, FlowItem.State.FAILED))
    if item_ids is not None:
        items = items.filter(pk__in=item_ids)
    with transaction.atomic():
        count = owing.reopen(items)
        waking.for_flows_at_commit(flow.tenant_id)
        if count:
            audit.record("flow.retried", flow, actor=user, tenant=flow.tenant, note=f"{count} records")
    return count
