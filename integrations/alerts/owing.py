"""Messages that are owed: written with what they tell, each under a key that there is once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from integrations.models import Alert, AlertChannel, AlertMessage, AlertRule

Item = dict[str, Any]
"""One line of a message: `about`, `words`, `who` must act, `path` of the page where it is mended, `tenant`."""
MOST_ITEMS = 25

SUBJECTS: dict[str, str] = {
    AlertRule.Kind.FIRST_FAILURE: "connections cannot be read",
    AlertRule.Kind.FAILURES: "connections with many failures",
    AlertRule.Kind.WAITING: "connections with records that wait for a person",
    AlertRule.Kind.RELINK: "connections have to be linked again",
    AlertRule.Kind.DRIFT: "fields or addresses have changed",
    AlertRule.Kind.LATE: "tenants are late",
}


def message(
    channel: AlertChannel, event: AlertMessage.Event, key: str, alerts: Sequence[Alert], now: datetime
) -> AlertMessage:
    """Of alerts of one rule."""
    first = alerts[0]
    several = f"{len(alerts)} {SUBJECTS.get(first.rule.kind, 'things are wrong')}"
    what = first.about if len(alerts) == 1 else several
    over = "Over: " if event == AlertMessage.Event.RECOVERED else ""
    return build(channel, event, key, f"{over}{what}", items_of(alerts), now)


def build(
    channel: AlertChannel,
    event: AlertMessage.Event,
    key: str,
    subject: str,
    items: Sequence[Item],
    now: datetime,
) -> AlertMessage:
    """One message to a channel, not saved."""
    return AlertMessage(
        channel=channel,
        event=event,
        key=f"{channel.pk}:{key}",
        subject=" ".join(subject.split())[:200],
        items=list(items),
        next_try_at=now,
        created_at=now,
    )


def owe(messages: Sequence[AlertMessage]) -> None:
    """Write them down; one whose key is there already is not owed again."""
    AlertMessage.objects.bulk_create(messages, ignore_conflicts=True, batch_size=500)


def items_of(alerts: Sequence[Alert]) -> list[Item]:
    """The first of them, and how many more there are."""
    items = [_item_of(alert) for alert in alerts[:MOST_ITEMS]]
    return [*items, _more(len(alerts) - MOST_ITEMS)] if len(alerts) > MOST_ITEMS else items


def _item_of(alert: Alert) -> Item:
    return {
        "about": alert.about,
        "words": alert.words,
        "who": alert.who,
        "path": alert.path,
        "tenant": alert.tenant.slug if alert.tenant else None,
    }


def _more(count: int) -> Item:
    return {
        "about": f"and {count:,} more",
        "words": "",
        "who": "",
        "path": reverse("admin:integrations_alert_changelist"),
        "tenant": None,
    }
