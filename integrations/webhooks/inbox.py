"""Webhooks that come in: a hint that something changed, never the change itself.

The route: POST to a connection's own address -> size, rate and signature -> stored (`receive`) -> answered -> a worker
starts one pull for each entity that was named (`follow`), which reads the source's recent changes. Lost, doubled and
disordered webhooks do no harm: the next scheduled pull reads the same.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integrations import pending, runs
from integrations.disconnecting import register_ending
from integrations.models import Connection, Hook, Run, SyncRule, WebhookAddress
from integrations.webhooks.signing import is_signed
from portal.secrets import SecretUnreadable

LARGEST = 64 * 1024
A_MINUTE = 600
REFUSED_KEPT = 100
_NOT_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told: a status, and whether something waits to be followed."""

    status: int
    words: str
    fresh: bool = False


def receive(address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> Answer:
    """Check, store, answer. Headers are by small-letter name."""
    now = timezone.now()
    if not _take_turn(address, now):
        return Answer(429, "Too many webhooks this minute. Send it again later.")
    try:
        key = address.key.reveal() if address.key else ""
    except SecretUnreadable as error:
        return _refuse(address, headers, body, now, str(error))
    given = headers.get(address.header.lower(), "")
    if not key:
        return _refuse(address, headers, body, now, "No HMAC key is set here yet.")
    if not is_signed(body, given, key, address.encoding):
        problem = "The signature does not fit." if given else f"There is no header {address.header}."
        return _refuse(address, headers, body, now, problem)
    return Answer(200, "Received.", fresh=_store(address, headers, body, now))


def _take_turn(address: WebhookAddress, now: datetime) -> bool:
    """Count this minute's webhooks; nothing is stored beyond the bound."""
    minute = int(now.timestamp()) // 60
    row = WebhookAddress.objects.filter(pk=address.pk)
    if row.filter(minute=minute).update(taken=F("taken") + 1) == 0:
        row.update(minute=minute, taken=1)
    return bool(row.filter(minute=minute, taken__lte=A_MINUTE).exists())


def _hook(address: WebhookAddress, headers: Mapping[str, str], body: bytes, now: datetime) -> Hook:
    document = _document(body)
    event = headers.get(address.event_header.lower(), "") or str(document.get("eventType") or "")
    data = document.get("data")
    remote_id = data.get("id") if isinstance(data, dict) else document.get("id")
    return Hook(
        connection_id=address.connection_id,
        event=_plain(event)[:80],
        remote_id=_plain(str(remote_id if remote_id is not None else ""))[:64],
        body_hash=hashlib.sha256(body).hexdigest(),
        headers={
            _plain(name)[:100]: "(not kept)" if name in _NOT_KEPT else _plain(value)[:500]
            for name, value in headers.items()
        },
        body=_plain(body.decode(errors="replace")),
        received_at=now,
        last_at=now,
    )


def _plain(text: str) -> str:
    """Without NUL, which PostgreSQL takes in no text."""
    return text.replace("\x00", "\ufffd")


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _store(address: WebhookAddress, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """A new row, or one more duplicate of a known one. True where it is new."""
    hook = _hook(address, headers, body, now)
    hook.entity = entity_named(hook.event, set(_rules(address.connection_id)))
    with transaction.atomic():
        same = Hook.objects.filter(
            connection=address.connection_id, body_hash=hook.body_hash, event=hook.event
        ).exclude(state=Hook.State.REFUSED)
        if same.update(duplicates=F("duplicates") + 1, last_at=now):
            return False
        Hook.objects.bulk_create([hook], ignore_conflicts=True)  # two at once: one is stored
    return True


def _refuse(
    address: WebhookAddress, headers: Mapping[str, str], body: bytes, now: datetime, problem: str
) -> Answer:
    """Kept, so that a wrong key can be found out; only the newest ones, so that nobody fills the disk."""
    hook = _hook(address, headers, body, now)
    hook.state, hook.outcome = Hook.State.REFUSED, problem
    with transaction.atomic():
        hook.save()
        refused = Hook.objects.filter(connection=address.connection_id, state=Hook.State.REFUSED)
        old = list(refused.order_by("-pk").values_list("pk", flat=True)[REFUSED_KEPT : REFUSED_KEPT * 2])
        Hook.objects.filter(pk__in=old).delete()
    return Answer(401, "The signature was not accepted.")


def _rules(connection_id: int) -> dict[str, SyncRule]:
    return {rule.entity: rule for rule in SyncRule.objects.filter(connection=connection_id)}


def entity_named(event: str, entities: set[str]) -> str:
    """The entity that an event speaks of, or "": `job.completed`, `jobCompleted`, `customer-contacts.updated`. Pure."""
    words = [word.lower() for word in _WORD.findall(event)]
    for length in (3, 2, 1):
        name = "_".join(words[:length])
        for spelling in (name, name.removesuffix("s")):
            if spelling in entities:
                return spelling
    return ""


def follow() -> int:
    """Start a pull for everything that was received and not followed. Returns the number of runs asked for.

    A run that is open already may have read past what changed: the hint waits until it is closed.
    """
    asked = 0
    waiting = Hook.objects.filter(state=Hook.State.RECEIVED)
    for connection_id in set(waiting.order_by().values_list("connection", flat=True)):
        connection = Connection.objects.select_related("tenant").get(pk=connection_id)
        if not connection.may_call:
            continue
        rules = _rules(connection_id)
        mine = waiting.filter(connection=connection_id)
        for entity in set(mine.order_by().values_list("entity", flat=True)):
            asked += _follow(mine.filter(entity=entity), rules.get(entity))
    return asked


def _follow(hooks: Any, rule: SyncRule | None) -> int:
    if rule is None or not rule.enabled:
        why = (
            "It names no entity that is synced here."
            if rule is None
            else f"Sync of {rule.label} is switched off."
        )
        hooks.update(state=Hook.State.IGNORED, outcome=why)
        return 0
    if Run.objects.filter(rule=rule, state=Run.State.RUNNING).exists():
        return 0
    with transaction.atomic():
        ids = list(hooks.values_list("pk", flat=True))
        run = runs.ask(rule, Run.Trigger.WEBHOOK, recent=True)
        Hook.objects.filter(pk__in=ids).update(state=Hook.State.FOLLOWED, run=run, outcome="")
    return 1


def replay(hook: Hook) -> None:
    """Have a webhook followed once more, a refused or ignored one too. The caller wakes a worker."""
    entity = entity_named(hook.event, set(_rules(hook.connection_id)))
    Hook.objects.filter(pk=hook.pk).update(
        state=Hook.State.RECEIVED, entity=entity, outcome="", replays=F("replays") + 1
    )


def has_waiting() -> bool:
    """Whether a hint waits whose connection may be called."""
    return Hook.objects.filter(
        state=Hook.State.RECEIVED, connection__in=pending.workable().values("connection")
    ).exists()


def _end(connection: Connection, wipe: bool) -> None:
    """A disconnected system has no address here; what it said goes with a wipe."""
    WebhookAddress.objects.filter(connection=connection).delete()
    hooks = Hook.objects.filter(connection=connection)
    if wipe:
        hooks.delete()
    hooks.filter(state=Hook.State.RECEIVED).update(
        state=Hook.State.IGNORED, outcome="The connection was disconnected."
    )


register_ending(_end)
