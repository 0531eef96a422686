"""Telling a merchant's own systems what happened here.

The route: `emit` in the transaction of what happened -> a `Notice` for each subscription that wants the event -> a
worker claims what is due (`send_due`), by moving its next try on -> signed, sent to a checked address -> delivered,
or tried again after growing waits for a day. A subscription that failed for a whole day is paused and shown as such.
Delivered at least once: a receiver that must not act twice looks at `X-Trunkline-Delivery`.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from integrations.models import Notice, Subscription
from integrations.webhooks import addresses
from integrations.webhooks.addresses import Refused, Unreachable
from integrations.webhooks.signing import sign
from portal import audit
from portal.models import User
from portal.secrets import SecretUnreadable

WAITS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 40, 60, 120, 180, 240, 240, 240, 240)
)
"""Between attempts; together a day."""
TRIED_FOR = timedelta(days=1)
PORTION = 50
PING = "ping"

Data = dict[str, Any]


def emit(tenant_id: int, event: str, *happened: Data) -> int:
    """Owe events to whoever subscribed; call it in the transaction of what happened. Returns how many are owed."""
    wanting = [s for s in subscriptions(tenant_id) if event in s.events]
    return len(_owe(wanting, event, happened)) if wanting and happened else 0


def subscriptions(tenant_id: int) -> list[Subscription]:
    """Those that are told anything at all now."""
    return list(Subscription.objects.filter(tenant=tenant_id, enabled=True, paused_because=""))


def is_wanted(tenant_id: int, event: str) -> bool:
    """Whether it is worth finding out what to say."""
    return any(event in s.events for s in subscriptions(tenant_id))


def _owe(
    wanting: list[Subscription], event: str, happened: Sequence[Data], user: User | None = None
) -> list[Notice]:
    from integrations.tasks import send_webhooks_soon

    now = timezone.now()
    made = [
        Notice(
            subscription=subscription,
            event=event,
            payload={"event": event, "at": now.isoformat(), "tenant": subscription.tenant_id, "data": data},
            next_try_at=now,
            created_at=now,
            sent_by=user,
        )
        for data in happened
        for subscription in wanting
    ]
    Notice.objects.bulk_create(made)
    transaction.on_commit(send_webhooks_soon)
    return made


def ping(subscription: Subscription, user: User | None) -> Notice:
    """Send a test event now, and say how it went."""
    (notice,) = _owe([subscription], PING, [{"words": "A test from Trunkline."}], user)
    _claim(notice)
    _attempt(notice)
    notice.refresh_from_db()
    return notice


def resend(notice: Notice, user: User | None) -> None:
    """Send it once more, whatever became of it; its day begins anew."""
    now = timezone.now()
    Notice.objects.filter(pk=notice.pk).update(
        state=Notice.State.OWED, attempts=0, next_try_at=now, created_at=now, closed_at=None, sent_by=user
    )


def resume(subscription: Subscription) -> None:
    """Go on with one that was paused: what it is still owed is tried at once."""
    Subscription.objects.filter(pk=subscription.pk).update(paused_because="", down_since=None)
    Notice.objects.filter(subscription=subscription, state=Notice.State.OWED).update(
        next_try_at=timezone.now()
    )


def due(now: datetime) -> Any:
    """What may be tried now."""
    return Notice.objects.filter(
        state=Notice.State.OWED,
        next_try_at__lte=now,
        subscription__enabled=True,
        subscription__paused_because="",
    )


def send_due(seconds: float = 40.0) -> int:
    """Try what is due, until the time is over. Returns the number of attempts."""
    until = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < until:
        found = list(
            due(timezone.now()).select_related("subscription__tenant").order_by("next_try_at")[:PORTION]
        )
        if not found:
            break
        for notice in found:
            if time.monotonic() >= until:
                break
            if _claim(notice):
                _attempt(notice)
                tried += 1
    return tried


def _claim(notice: Notice) -> bool:
    """Move its next try on; whoever does owns this attempt. Dead in the middle, it is tried again then."""
    wait = WAITS[min(notice.attempts, len(WAITS) - 1)]
    return bool(
        Notice.objects.filter(pk=notice.pk, state=Notice.State.OWED, attempts=notice.attempts).update(
            attempts=F("attempts") + 1, next_try_at=timezone.now() + wait
        )
    )


def _attempt(notice: Notice) -> None:
    try:
        status, words = _send(notice)
    except (Refused, Unreachable, SecretUnreadable) as error:
        _failed(notice, None, str(error))
        return
    if 200 <= status < 300:
        _delivered(notice, status)
    else:
        redirect = " Redirects are not followed: enter the final address." if 300 <= status < 400 else ""
        _failed(notice, status, f"It answered {status}.{redirect} {words[:200]}".strip())


def _send(notice: Notice) -> tuple[int, str]:
    subscription = notice.subscription
    target = addresses.checked(subscription.url, settings.WEBHOOK_ALLOWED_HOSTS)
    body = orjson.dumps({"id": str(notice.key), **notice.payload})
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Trunkline/1",
        "X-Trunkline-Event": notice.event,
        "X-Trunkline-Delivery": str(notice.key),
        "X-Trunkline-Timestamp": str(now),
        "X-Trunkline-Signature": sign(body, subscription.secret.reveal(), now),
    }
    return addresses.post(target, body, headers)


def _delivered(notice: Notice, status: int) -> None:
    now = timezone.now()
    with transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(
            state=Notice.State.DELIVERED, status=status, problem="", closed_at=now, next_try_at=None
        )
        Subscription.objects.filter(pk=notice.subscription_id).update(down_since=None)


def _failed(notice: Notice, status: int | None, problem: str) -> None:
    """Note it; after a day it is given up, and one that was down for all of it is paused."""
    now = timezone.now()
    row = Notice.objects.filter(pk=notice.pk)
    subscription = Subscription.objects.filter(pk=notice.subscription_id)
    with transaction.atomic():
        row.update(status=status, problem=problem)
        row.filter(Q(created_at__lte=now - TRIED_FOR) | Q(event=PING)).update(
            state=Notice.State.GIVEN_UP, closed_at=now, next_try_at=None
        )
        if notice.event == PING:
            return
        subscription.filter(down_since=None).update(down_since=now)
        because = f"It has not taken anything for a day. The last time: {problem}"
        if subscription.filter(down_since__lte=now - TRIED_FOR, paused_because="").update(
            paused_because=because
        ):
            audit.record(
                "webhook.paused", notice.subscription, tenant=notice.subscription.tenant, note=problem
            )


def paused(tenant_ids: Any) -> Any:
    """Subscriptions that were paused and wait for a person."""
    return Subscription.objects.exclude(paused_because="").filter(tenant__in=tenant_ids, enabled=True)
