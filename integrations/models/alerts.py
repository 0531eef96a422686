"""Alerts: what is watched, whom it is told, what is wrong now, and the messages that were owed for it."""

import uuid
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, validate_email
from django.db import models
from django.db.models import Q

from portal.models import Tenant
from portal.secrets import EncryptedTextField
from reconciliation.models import JSONTextField


def check_recipients(text: str) -> None:
    """Refuse what is no list of e-mail addresses."""
    for one in text.split(","):
        validate_email(one.strip())


class AlertChannel(models.Model):
    """Where alerts go; without a tenant it is the platform's own.

    The address of a webhook may open a door (Slack's does), so it is kept as a secret and only its `host` is shown.
    `problem` is what was wrong the last time, since `down_since`.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook, signed"
        SLACK = "slack", "Slack or compatible"

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_channels"
    )
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.EMAIL)
    recipients = models.CharField(
        max_length=500,
        blank=True,
        validators=[check_recipients],
        help_text="For e-mail: addresses with commas between them.",
    )
    url = EncryptedTextField(
        "address",
        blank=True,
        default="",
        help_text="For webhooks and Slack: begins with https://. It is not shown again.",
        of=("tenant_id",),
    )
    host = models.CharField(max_length=260, blank=True, editable=False)
    secret = EncryptedTextField(
        blank=True,
        default="",
        help_text="For webhooks: both sides know it, 32 characters or more. Each call is signed with it.",
        of=("tenant_id",),
    )
    enabled = models.BooleanField(default=True)
    problem = models.TextField(blank=True, editable=False)
    down_since = models.DateTimeField(null=True, blank=True, editable=False)
    told_at = models.DateTimeField("last taken", null=True, blank=True, editable=False)

    class Meta:
        ordering = ["tenant", "name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_alert_channel_per_name"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(tenant=None), name="one_alert_channel_of_the_platform"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AlertRule(models.Model):
    """What is watched, for one tenant or, without one, for all of them, and on which channels it is told."""

    class Kind(models.TextChoices):
        FIRST_FAILURE = "first_failure", "A sync fails for the first time"
        FAILURES = "failures", "Many failures within a time"
        WAITING = "waiting", "Records wait for a person"
        RELINK = "relink", "A connection has to be linked again"
        DRIFT = "drift", "A field or address that is used has changed"
        LATE = "late", "Work is late"
        WORKERS = "workers", "Workers are silent, or everything is late (platform)"
        SECRETS = "secrets", "A stored secret was moved by hand"
        DIGEST = "digest", "Daily digest"

    class Window(models.IntegerChoices):
        QUARTER = 15, "15 minutes"
        HOUR = 60, "an hour"
        HOURS = 240, "4 hours"
        DAY = 1440, "a day"

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="alert_rules"
    )
    kind = models.CharField("when", max_length=16, choices=Kind)
    limit = models.PositiveIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text="From how many failures or records on; for late work, from how many minutes on.",
    )
    window = models.PositiveSmallIntegerField(
        "within", choices=Window, default=Window.HOUR, help_text="For many failures."
    )
    hour = models.PositiveSmallIntegerField(
        "hour of the digest",
        default=7,
        validators=[MaxValueValidator(23)],
        help_text="0 to 23, in the tenant's time zone; the platform's is UTC.",
    )
    tells_recovery = models.BooleanField("tell when it is over", default=True)
    channels: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(AlertChannel, related_name="rules")
    enabled = models.BooleanField(default=True)
    next_digest_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["tenant", "kind", "id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.tenant or 'the platform'}"


class Alert(models.Model):
    """One thing that is or was wrong. Open until it is over; at most one is open for each rule and thing.

    It is told from `tells_from` on: at once, or later where the same thing was told within the hour.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts", db_index=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    key = models.CharField(max_length=80)
    about = models.CharField(max_length=300)
    words = models.TextField()
    who = models.CharField(max_length=20, blank=True)
    path = models.CharField(max_length=300)
    opened_at = models.DateTimeField()
    tells_from = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "key"], condition=Q(closed_at=None), name="one_open_alert_per_thing"
            )
        ]
        indexes = [models.Index(fields=["rule", "key", "-id"], name="alert_of_thing")]

    def __str__(self) -> str:
        return self.about


class AlertMessage(models.Model):
    """One message owed to one channel, written with what it tells, sent by a worker at most once.

    It is claimed before it is sent. Where nobody knows whether it went (a worker died, no answer came), it is not sent
    again by itself: a person may. One that was surely not taken is tried again for a day. `key` keeps it single.
    """

    class State(models.TextChoices):
        OWED = "owed", "Owed"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        UNKNOWN = "unknown", "Arrival not known"
        FAILED = "failed", "Not sent"
        DROPPED = "dropped", "Dropped"

    class Event(models.TextChoices):
        OPENED = "opened", "Something is wrong"
        RECOVERED = "recovered", "It is over"
        DIGEST = "digest", "Digest"
        TEST = "test", "Test"

    channel = models.ForeignKey(
        AlertChannel, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    key = models.CharField(max_length=80, unique=True, editable=False)
    delivery = models.UUIDField(default=uuid.uuid4, editable=False)
    event = models.CharField(max_length=9, choices=Event)
    subject = models.CharField(max_length=200)
    items: "models.Field[Any, Any]" = JSONTextField(default=list)
    state = models.CharField(max_length=8, choices=State, default=State.OWED)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="alert_message_due", condition=Q(state__in=["owed", "sending"])
            ),
            models.Index(fields=["channel", "-id"], name="alert_message_of_channel"),
        ]

    def __str__(self) -> str:
        return self.subject
