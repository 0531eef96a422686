"""Rows of webhooks, for the walk."""

from django.utils import timezone

from integrations.models import Hook, Notice, Subscription
from tests.admin.objects import makes, planted
from tests.admin.objects_integrations import connection


@makes("integrations.hook")
def hook(tenant) -> Hook:
    now = timezone.now()
    found, _ = Hook.objects.get_or_create(
        connection=connection(tenant),
        body_hash="0" * 64,
        event=planted(tenant),
        defaults={"body": planted(tenant), "received_at": now, "last_at": now, "outcome": planted(tenant)},
    )
    return found


@makes("integrations.subscription")
def subscription(tenant) -> Subscription:
    found, _ = Subscription.objects.get_or_create(
        tenant=tenant,
        url=f"https://{planted(tenant)}.example/hooks",
        defaults={"events": ["sync.failed"], "secret": "x" * 40, "paused_because": planted(tenant)},
    )
    return found


@makes("integrations.notice")
def notice(tenant) -> Notice:
    return Notice.objects.create(
        subscription=subscription(tenant),
        event="sync.failed",
        payload={"words": planted(tenant)},
        problem=planted(tenant),
        created_at=timezone.now(),
    )
