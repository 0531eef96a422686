"""Sending what is owed, each message at most once.

The route: a message is owed -> claimed, which is committed before a byte leaves -> sent -> noted. What was surely not
taken (no connection, an answer that says no) is owed again and tried for a day. Where it may have arrived all the same
(no answer, a worker that died) it stays as it is: being told twice is what people switch alerts off for, and what is
open is in the next digest and on the pages.
"""

import contextlib
import smtplib
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import orjson
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from integrations.alerts import owing, wording
from integrations.alerts.troubles import AT_WORK
from integrations.models import AlertChannel, AlertMessage
from integrations.webhooks import addresses
from integrations.webhooks.addresses import Refused, Unreachable
from integrations.webhooks.signing import sign
from portal.models import User
from portal.secrets import SecretUnreadable

State, Event, Kind = AlertMessage.State, AlertMessage.Event, AlertChannel.Kind
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))
TRIED_FOR = timedelta(days=1)
SILENT_FOR = timedelta(minutes=10)
"""Whoever claimed a message so long ago does not send it any more."""
PORTION = 50


class NotTaken(Exception):
    """It did not arrive, for sure; the text says why."""


class NobodyKnows(Exception):
    """It may have arrived; the text says why that is not known."""


def send_due(seconds: float = 30.0) -> int:
    """Try what is due, until the time is over. Returns how many were sent."""
    until, sent = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        now = timezone.now()
        forget_the_dead(now)
        drop_the_unwanted(now)
        found = list(_due(now).select_related("channel").order_by("next_try_at", "pk")[:PORTION])
        if not found:
            break
        for message in found:
            if time.monotonic() < until and claim(message, now):
                sent += attempt(message)
    return sent


def is_anything_due(now: datetime) -> bool:
    return AlertMessage.objects.filter(state__in=(State.OWED, State.SENDING), next_try_at__lte=now).exists()


def forget_the_dead(now: datetime) -> None:
    """A message that was claimed and never noted: nobody knows."""
    AlertMessage.objects.filter(state=State.SENDING, next_try_at__lte=now).update(
        state=State.UNKNOWN,
        closed_at=now,
        next_try_at=None,
        problem="The worker that sent it stopped before it could say how it went.",
    )


def drop_the_unwanted(now: datetime) -> None:
    """A tenant that is not at work any more, or a channel that is off, hears nothing."""
    unheard = ~Q(channel__tenant=None) & ~Q(channel__tenant__status__in=AT_WORK)
    AlertMessage.objects.filter(state=State.OWED).filter(unheard | Q(channel__enabled=False)).update(
        state=State.DROPPED, closed_at=now, next_try_at=None
    )


def _due(now: datetime) -> "QuerySet[AlertMessage]":
    return AlertMessage.objects.filter(state=State.OWED, next_try_at__lte=now)


def claim(message: AlertMessage, now: datetime) -> bool:
    """Whoever moves the state sends it."""
    rows = AlertMessage.objects.filter(pk=message.pk, state=State.OWED)
    return bool(rows.update(state=State.SENDING, attempts=F("attempts") + 1, next_try_at=now + SILENT_FOR))


def attempt(message: AlertMessage) -> int:
    """Send one that is claimed, and note how it went."""
    try:
        _SENDERS[message.channel.kind](message)
    except (NotTaken, Refused, SecretUnreadable) as error:
        _not_taken(message, str(error))
        return 0
    except NobodyKnows as error:
        _note(message, State.UNKNOWN, str(error))
        _trouble(message.channel, str(error))
        return 0
    _note(message, State.SENT, "")
    rows = AlertChannel.objects.filter(pk=message.channel_id)
    rows.update(problem="", down_since=None, told_at=timezone.now())
    return 1


def test(channel: AlertChannel, user: User | None) -> AlertMessage:
    """A message of no meaning, sent now; it is not tried again."""
    now = timezone.now()
    words = "If you can read this, alerts reach you here."
    item = {
        "about": "A test from Trunkline",
        "words": words,
        "who": "",
        "path": reverse("admin:index"),
        "tenant": None,
    }
    message = owing.build(
        channel, Event.TEST, f"test:{now.timestamp()}", "A test from Trunkline", [item], now
    )
    message.sent_by = user
    message.save()
    if claim(message, now):
        attempt(message)
    message.refresh_from_db()
    return message


def send_again(message: AlertMessage, user: User | None) -> bool:
    """A person wants it sent once more, whatever became of it. False where it is still on its way."""
    now = timezone.now()
    rows = AlertMessage.objects.filter(pk=message.pk).exclude(state__in=(State.OWED, State.SENDING))
    return bool(
        rows.update(
            state=State.OWED, attempts=0, next_try_at=now, created_at=now, closed_at=None, sent_by=user
        )
    )


def _email(message: AlertMessage) -> None:
    """Only what goes wrong once the text is on its way leaves it open whether it arrived."""
    if not settings.EMAIL_IS_SET:
        raise NotTaken("This portal sends no e-mail: its operator sets EMAIL_URL.")
    recipients = [address.strip() for address in message.channel.recipients.split(",") if address.strip()]
    mail = EmailMessage(
        f"[Trunkline] {message.subject}",
        wording.text(message),
        None,
        recipients,
        headers={
            "Message-ID": f"<{message.delivery}.{message.attempts}@trunkline>",
            "Auto-Submitted": "auto-generated",
        },
    )
    server = get_connection()
    try:
        server.open()
    except OSError as error:
        raise NotTaken(f"The mail server does not answer: {type(error).__name__}.") from None
    try:
        mail.connection = server
        mail.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise NotTaken(f"The mail server did not take it: {type(error).__name__}.") from None
    except OSError as error:
        raise NobodyKnows(f"The mail server fell silent: {type(error).__name__}.") from None
    finally:
        _close_quietly(server.close)


def _close_quietly(close: Callable[[], None]) -> None:
    """What was said is said: a server that does not say good-bye changes nothing."""
    with contextlib.suppress(OSError):
        close()


def _webhook(message: AlertMessage) -> None:
    now = int(time.time())
    body = orjson.dumps(wording.document(message))
    headers = {
        "X-Trunkline-Event": f"alert.{message.event}",
        "X-Trunkline-Delivery": str(message.delivery),
        "X-Trunkline-Timestamp": str(now),
        "X-Trunkline-Signature": sign(body, _opened(message.channel.secret), now),
    }
    _post(message, body, headers)


def _slack(message: AlertMessage) -> None:
    _post(message, orjson.dumps(wording.slack(message)), {})


def _post(message: AlertMessage, body: bytes, headers: dict[str, str]) -> None:
    try:
        target = addresses.checked(_opened(message.channel.url), settings.WEBHOOK_ALLOWED_HOSTS)
        common = {"Content-Type": "application/json", "User-Agent": "Trunkline/1"}
        status, _ = addresses.post(target, body, {**common, **headers})
    except Unreachable as error:
        raise (NobodyKnows if error.sent else NotTaken)(str(error)) from None
    if not 200 <= status < 300:
        more = " Redirects are not followed: enter the final address." if 300 <= status < 400 else ""
        raise NotTaken(f"It answered {status}.{more}")


def _opened(secret: object) -> str:
    reveal = getattr(secret, "reveal", None)
    return str(reveal()) if reveal else ""


_SENDERS: dict[str, Callable[[AlertMessage], None]] = {
    Kind.EMAIL: _email,
    Kind.WEBHOOK: _webhook,
    Kind.SLACK: _slack,
}


def _not_taken(message: AlertMessage, problem: str) -> None:
    now = timezone.now()
    _trouble(message.channel, problem)
    if message.event == Event.TEST or message.created_at <= now - TRIED_FOR:
        _note(message, State.FAILED, problem)
        return
    wait = WAITS[min(message.attempts, len(WAITS) - 1)]
    AlertMessage.objects.filter(pk=message.pk, state=State.SENDING).update(
        state=State.OWED, problem=problem, next_try_at=now + wait
    )


def _note(message: AlertMessage, state: AlertMessage.State, problem: str) -> None:
    AlertMessage.objects.filter(pk=message.pk, state=State.SENDING).update(
        state=state, problem=problem, closed_at=timezone.now(), next_try_at=None
    )


def _trouble(channel: AlertChannel, problem: str) -> None:
    rows = AlertChannel.objects.filter(pk=channel.pk)
    rows.filter(down_since=None).update(down_since=timezone.now())
    rows.update(problem=problem)
