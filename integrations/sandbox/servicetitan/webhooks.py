"""Webhooks of the sandbox: an event -> signed POST -> again after 10, 30, 60 and 300 seconds until answered 2xx.

What ServiceTitan publishes of its webhooks is little: the retries and that a raw body is signed with HMAC. The
header's name, its encoding, the event names and the payload are inventions of the sandbox, so that a receiver
can be built and tested; they are parameters for that reason.
"""

import base64
import hashlib
import hmac
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson
import requests

RETRIES: tuple[float, ...] = (10.0, 30.0, 60.0, 300.0)
HEADER = "x-servicetitan-signature"


@dataclass(slots=True)
class Delivery:
    """One event on its way: the bytes sent, and the status of each attempt (0: no answer)."""

    event: str
    body: bytes
    statuses: list[int] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def delivered(self) -> bool:
        return bool(self.statuses) and 200 <= self.statuses[-1] < 300


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where to send, and how to sign: `encoding` is `hex` or `base64` of HMAC-SHA256 over the raw body."""

    url: str
    key: str = field(repr=False)
    header: str = HEADER
    encoding: str = "hex"
    retries: Sequence[float] = RETRIES


def signature(body: bytes, key: str, encoding: str) -> str:
    digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def payload(event: str, tenant: int, row_id: int, occurred: str) -> bytes:
    return orjson.dumps(
        {
            "eventId": str(uuid.uuid4()),
            "eventType": event,
            "tenantId": tenant,
            "occurredOn": occurred,
            "data": {"id": row_id},
        }
    )


def send(
    subscription: Subscription, delivery: Delivery, *, pause: Callable[[float], bool] | None = None
) -> None:
    """Deliver with retries; ends after the last. `pause` waits so many seconds, and says True to give up."""
    wait = pause or threading.Event().wait
    for seconds in (0.0, *subscription.retries):
        if seconds and wait(seconds):
            break
        delivery.statuses.append(_attempt(subscription, delivery))
        if delivery.delivered:
            break
    delivery.done.set()


def _attempt(subscription: Subscription, delivery: Delivery) -> int:
    headers = {
        "Content-Type": "application/json",
        "x-servicetitan-event": delivery.event,
        subscription.header: signature(delivery.body, subscription.key, subscription.encoding),
    }
    try:
        reply = requests.post(
            subscription.url, delivery.body, headers=headers, timeout=10, allow_redirects=False
        )
    except requests.RequestException:
        return 0
    return reply.status_code


def start(subscription: Subscription, delivery: Delivery) -> Delivery:
    """Deliver in the background; `delivery.done` is set when it has arrived or been given up."""
    threading.Thread(target=send, args=(subscription, delivery), daemon=True).start()
    return delivery
