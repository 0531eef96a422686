"""Webhooks: where a system sends its hints and what came of each; who is told what happened here, and the log."""

import secrets
import uuid
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from integrations.models.connections import Connection
from integrations.models.runs import Run
from portal.models import Tenant
from portal.secrets import EncryptedTextField
from reconciliation.models import JSONTextField

_header_name = RegexValidator(r"^[A-Za-z0-9-]{1,64}$", "A header's name is letters, digits and dashes.")


def new_token() -> str:
    """The part of an address that nobody guesses."""
    return secrets.token_urlsafe(32)


class WebhookAddress(models.Model):
    """Where one connection's system sends its webhooks, and how they are signed.

    ServiceTitan publishes neither the header's name nor its encoding, so both are settings. `minute` and `taken`
    count what came in the current minute.
    """

    class Encoding(models.TextChoices):
        HEX = "hex", "Hexadecimal"
        BASE64 = "base64", "Base64"

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="webhook_address")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    key = EncryptedTextField("HMAC key", blank=True, default="", of=("connection_id",))
    header = models.CharField(
        "signature header", max_length=64, default="x-servicetitan-signature", validators=[_header_name]
    )
    encoding = models.CharField(max_length=6, choices=Encoding, default=Encoding.HEX)
    event_header = models.CharField(
        max_length=64, default="x-servicetitan-event", validators=[_header_name],
        help_text="Names the event. Where it is missing, the body's eventType does.",
    )  # fmt: skip
    minute = models.BigIntegerField(default=0, editable=False)
    taken = models.PositiveIntegerField(default=0, editable=False)

    def __str__(self) -> str:
        return f"Webhook address of {self.connection}"


class Hook(models.Model):
    """One webhook that came in: a hint to read an entity again, stored before it is answered.

    The same body for the same event is one row; `duplicates` counts the others. `run` is the pull it led to.
    """

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        FOLLOWED = "followed", "Pull started"
        IGNORED = "ignored", "Ignored"
        REFUSED = "refused", "Refused"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="hooks")
    state = models.CharField(max_length=8, choices=State, default=State.RECEIVED)
    event = models.CharField(max_length=80, blank=True)
    entity = models.CharField(max_length=24, blank=True)
    remote_id = models.CharField(max_length=64, blank=True)
    body_hash = models.CharField(max_length=64)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    outcome = models.CharField(max_length=200, blank=True)
    duplicates = models.PositiveIntegerField(default=0)
    replays = models.PositiveIntegerField(default=0)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    received_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        verbose_name = "webhook"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "body_hash", "event"],
                condition=~models.Q(state="refused"),
                name="one_hook_per_body_and_event",
            )
        ]
        indexes = [
            models.Index(fields=["connection"], name="hook_waiting", condition=models.Q(state="received")),
            models.Index(fields=["connection", "state", "-id"], name="hook_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.event or 'Webhook'} {self.remote_id}".strip()


class Subscription(models.Model):
    """A merchant's own address that is told what happens, signed with its secret.

    `down_since` is the first failure after the last success; `paused_because` says why it was paused, for people.
    """

    class Event(models.TextChoices):
        JOB_STATUS = "job.status_changed", "A job's status changed"
        CUSTOMER_MERGED = "customer.merged", "Customers were merged"
        REVIEW_REQUEST = "review_request.released", "A review request is released"
        SYNC_FAILED = "sync.failed", "A sync failed"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="webhook_subscriptions")
    url = models.CharField("address", max_length=500, help_text="Begins with https://.")
    events = models.JSONField(default=list)
    secret = EncryptedTextField(
        help_text="Both sides know it: 32 characters or more. Each call is signed with it.",
        of=("tenant_id",),
    )
    enabled = models.BooleanField(default=True)
    down_since = models.DateTimeField(null=True, blank=True, editable=False)
    paused_because = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["tenant", "url"]
        verbose_name = "webhook subscription"

    def __str__(self) -> str:
        return self.url


class Notice(models.Model):
    """One event owed to one subscription; written in the transaction of what happened, sent by a worker.

    `next_try_at` is moved on before each attempt, so that a worker that dies in it costs a wait and loses nothing.
    """

    class State(models.TextChoices):
        OWED = "owed", "Owed"
        DELIVERED = "delivered", "Delivered"
        GIVEN_UP = "given_up", "Given up"

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="notices")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    event = models.CharField(max_length=40)
    payload: "models.Field[Any, Any]" = JSONTextField()
    state = models.CharField(max_length=10, choices=State, default=State.OWED)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveIntegerField("last answer", null=True, blank=True)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "webhook sent"
        verbose_name_plural = "webhooks sent"
        indexes = [
            models.Index(fields=["next_try_at"], name="notice_due", condition=models.Q(state="owed")),
            models.Index(fields=["subscription", "-id"], name="notice_of_subscription"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.subscription}"
