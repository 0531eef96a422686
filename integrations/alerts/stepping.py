"""What is done each minute: notice, owe the digests, send. `manage.py alerts` does the same without a worker."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from integrations.alerts import digest, noticing, sending
from integrations.models import AlertChannel, AlertRule

FROM_SETTING = "ALERT_EMAILS"
Kind = AlertRule.Kind
AT_FIRST: dict[str, int] = {Kind.WORKERS: 10, Kind.LATE: 30, Kind.RELINK: 1, Kind.DRIFT: 1, Kind.SECRETS: 1}
"""What those in ALERT_EMAILS hear of, and from which limit on, until somebody changes the rules."""
SECONDS = 30.0


def is_wanted(now: datetime) -> bool:
    """Whether anybody is to be told anything, or was."""
    return (
        bool(settings.ALERT_EMAILS)
        or AlertRule.objects.filter(enabled=True).exists()
        or sending.is_anything_due(now)
    )


def step(seconds: float = SECONDS) -> int:
    """Returns how many messages were sent."""
    now = timezone.now()
    heed_the_setting()
    noticing.notice(now)
    digest.owe_due(now)
    return sending.send_due(seconds)


def heed_the_setting() -> None:
    """The platform's channel of ALERT_EMAILS; its rules are made once, with it, and belong to people from then on."""
    if not settings.ALERT_EMAILS:
        return
    recipients = ", ".join(settings.ALERT_EMAILS)[:500]
    channel, is_new = AlertChannel.objects.get_or_create(
        tenant=None, name=FROM_SETTING, defaults={"kind": AlertChannel.Kind.EMAIL, "recipients": recipients}
    )
    if is_new:
        for kind, limit in AT_FIRST.items():
            AlertRule.objects.create(kind=kind, limit=limit).channels.add(channel)
    elif channel.recipients != recipients:
        AlertChannel.objects.filter(pk=channel.pk).update(recipients=recipients)
