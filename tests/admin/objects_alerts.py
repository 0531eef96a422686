"""Rows of alerts, for the walk."""

from django.utils import timezone

from integrations.models import Alert, AlertChannel, AlertMessage, AlertRule
from tests.admin.objects import makes, planted


@makes("integrations.alertchannel")
def channel(tenant) -> AlertChannel:
    found, _ = AlertChannel.objects.get_or_create(
        tenant=tenant, name=planted(tenant), defaults={"recipients": f"{planted(tenant)}@example.com"}
    )
    return found


@makes("integrations.alertrule")
def rule(tenant) -> AlertRule:
    found, _ = AlertRule.objects.get_or_create(tenant=tenant, kind=AlertRule.Kind.RELINK)
    found.channels.add(channel(tenant))
    return found


@makes("integrations.alert")
def alert(tenant) -> Alert:
    now = timezone.now()
    found, _ = Alert.objects.get_or_create(
        rule=rule(tenant),
        key="relink:1",
        closed_at=None,
        defaults={
            "tenant": tenant, "about": planted(tenant), "words": planted(tenant), "path": "/",
            "opened_at": now, "tells_from": now,
        },
    )  # fmt: skip
    return found


@makes("integrations.alertmessage")
def message(tenant) -> AlertMessage:
    found, _ = AlertMessage.objects.get_or_create(
        key=f"{planted(tenant)}:opened:1",
        defaults={
            "channel": channel(tenant), "event": "opened", "subject": planted(tenant),
            "items": [
                {"about": planted(tenant), "words": "", "who": "", "path": "/", "tenant": tenant.slug}
            ],
            "created_at": timezone.now(),
        },
    )  # fmt: skip
    return found
