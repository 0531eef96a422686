"""What this floor hangs into the hooks of the floors below: words of the audit trail, deep links, health."""

from functools import partial
from urllib.parse import quote

from django.utils import timezone

from integrations.connectors.registry import CONNECTORS
from portal import audit, backups, health

_PHRASES = {
    "connection.begun": "began {target}, without credentials",
    "connection.added": "stored credentials of {target}",
    "connection.linked": "linked {target} by logging in there",
    "connection.changed": "changed credentials or address of {target}",
    "connection.disconnected": "disconnected {target}: {note}",
    "connection.wiped": "wiped what came through {target}: {note}",
    "connection.frozen": "froze what came through {target}: {note}",
    "connection.keys_made": "made external-id fields at {target}: {note}",
    "sync_rule.added": "added a sync rule, {target}",
    "connection.tested": "tested {target}: {note}",
    "scope.changed": "changed the scope of {target}: {note}",
    "webhook.paused": "paused the webhooks to {target}: {note}",
    "webhook.replayed": "replayed the webhook {target}",
    "webhook.resent": "sent the webhook {target} again",
    "webhook.tested": "tested the webhooks to {target}: {note}",
    "webhook.resumed": "resumed the webhooks to {target}",
    "webhook_address.changed": "changed {target}",
    "webhook_address.renewed": "gave a new address to {target}",
    "alert_channel.tested": "tested the alert channel {target}: {note}",
    "alert_message.sent_again": "sent the alert {target} again",
    "drift.seen": "has seen the drift {target}",
    "sync.started": "started a {note} for {target}",
    "sync.cancelled": "cancelled {target}",
    "failures.retried": "asked to retry {note} of {target}",
    "deliveries.retried": "asked to retry {note} to {target}",
    "deliveries.given_up": "gave up {note} to {target}",
    "record.created": "made {target}",
    "api_client.added": "made the API client {target}",
    "api_client.revoked": "revoked the API client {target}",
    "lead_source.mapped": "tied a lead source to a campaign of {target}: {note}",
    "lead_source.unmapped": "untied a lead source from a campaign of {target}: {note}",
}


def connect() -> None:
    """Called once, when Django is ready."""
    from integrations.always import remember
    from integrations.models import AccessToken, WebhookAddress
    from integrations.push import carrying, owing, waiting
    from portal.access import TENANT_PATHS
    from reconciliation.changes import changed
    from reconciliation.links import register_deep_link
    from reconciliation.reviewing import always_chosen

    for model in (AccessToken, WebhookAddress):  # no admin of their own says it
        TENANT_PATHS[model] = "connection__tenant"
    changed.connect(owing.on_change, dispatch_uid="integrations.push")
    changed.connect(carrying.on_change, dispatch_uid="integrations.push.carrying")
    changed.connect(waiting.on_change, dispatch_uid="integrations.push.waiting")
    from integrations.flows import adjustments, invoice_to_ap, new_customers, purchase_orders
    from integrations.flows import owing as flows_owing
    from integrations.push import holding
    from reconciliation.matching.refusals import settled

    changed.connect(flows_owing.on_change, dispatch_uid="integrations.flows")
    settled.connect(new_customers.on_settled, dispatch_uid="integrations.flows.new_customers")
    holding.register(new_customers.held_back)
    holding.register(invoice_to_ap.held_back)
    holding.register(purchase_orders.held_back)
    holding.register(adjustments.held_back)
    from integrations import metrics, restoring, retention, review_requests
    from integrations.webhooks import events

    events.connect()
    review_requests.connect()
    for action, phrase in _PHRASES.items():
        audit.register_action(action, phrase)
    health.register_check("worker", worker_problem)
    metrics.register()
    retention.register()
    backups.register_settling(restoring.settle)
    always_chosen.connect(remember)
    for system in CONNECTORS:
        register_deep_link(system, partial(deep_link, system))


def deep_link(system: str, entity: str, external_id: str) -> str | None:
    """Where a record is opened in its system, from the connector's declaration; None where it has no page."""
    declared = CONNECTORS[system].entities.get(entity)
    if declared is None or declared.deep_link is None:
        return None
    return declared.deep_link.format(id=quote(external_id, safe=""))


def worker_problem() -> str | None:
    """What is wrong with the worker cluster, as a sentence; None where it beats."""
    from integrations.schedule import is_alive

    if is_alive(timezone.now()) is False:
        return "The worker cluster has not given a sign of life for three minutes. Start `manage.py worker`."
    return None
