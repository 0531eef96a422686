"""What the portal owes to other systems: one row per write, written in the transaction of the change that owes it."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations.models.connections import Connection
from integrations.models.rules import SyncRule
from reconciliation.models import JSONTextField, QuicklyRead


class Delivery(QuicklyRead):
    """One outward write that changes of one record owe to one connection.

    While one is open, further changes of its record join it (`changes` counts them). `key` is what the other
    system knows a created row by. `refusals` counts answers that said no, `silences` tries without an answer.
    `values` are the fields that `request` carried, in normal form, and `parts` those of records that it brought
    along (`{entity: {record id: values}}`); all are committed before the call is made. `wanted` is a create that
    another record's delivery cannot do without: it is made whatever the direction of its own rule. `job` is the other
    system's bulk job that it is on its way with. `backfill` marks what no change owes, but a rule that was switched on:
    it goes after what is new, and waits while the calls of the day run short.
    """

    class State(models.TextChoices):
        OWED = "owed", "Owed"
        SENDING = "sending", "Being sent"
        UNKNOWN = "unknown", "Outcome not known yet"
        NEEDS_PERSON = "needs_person", "Needs a person"
        DONE = "done", "Delivered"
        NOT_NEEDED = "not_needed", "Not needed"
        GIVEN_UP = "given_up", "Given up"

    class Operation(models.TextChoices):
        CREATE = "create", "Create"
        UPDATE = "update", "Change"
        RETIRE = "retire", "Set inactive"
        REVIVE = "revive", "Set active again"
        REMOVE = "remove", "Remove"

    OPEN = (State.OWED, State.SENDING, State.UNKNOWN, State.NEEDS_PERSON)
    UNRESOLVED = (State.SENDING, State.UNKNOWN)
    MOVING = (State.OWED, State.SENDING, State.UNKNOWN)
    """Those that go on by themselves."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    rule = models.ForeignKey(SyncRule, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    entity = models.CharField(max_length=24)
    record_id = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=State, default=State.OWED)
    operation = models.CharField(max_length=6, choices=Operation, blank=True)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    changes = models.PositiveIntegerField("changes in one", default=1)
    wanted = models.BooleanField(default=False)
    backfill = models.BooleanField(default=False, editable=False)
    refusals = models.PositiveIntegerField(default=0)
    silences = models.PositiveIntegerField("tries without an answer", default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    who = models.CharField(max_length=20, blank=True)
    external_id = models.CharField(max_length=64, blank=True)
    job = models.CharField(max_length=64, blank=True, editable=False)
    request: "models.Field[Any, Any]" = JSONTextField(null=True)
    reply: "models.Field[Any, Any]" = JSONTextField(null=True)
    values: "models.Field[Any, Any]" = JSONTextField(default=dict)
    parts: "models.Field[Any, Any]" = JSONTextField(default=dict)
    created_at = models.DateTimeField()
    begun_at = models.DateTimeField("first sent", null=True, blank=True)
    sent_at = models.DateTimeField("last sent", null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "entity", "record_id"],
                condition=Q(state__in=["owed", "sending", "unknown", "needs_person"]),
                name="one_open_delivery_per_record",
            )
        ]
        indexes = [
            models.Index(
                fields=["rule", "backfill", "id", "next_try_at"],
                name="delivery_turn",
                condition=Q(state__in=["owed", "sending", "unknown"]),
            ),
            models.Index(fields=["connection", "state", "-id"], name="delivery_by_state"),
            models.Index(fields=["entity", "record_id"], name="delivery_of_record"),
            models.Index(
                fields=["closed_at", "state", "connection"],
                name="delivery_closed",
                condition=Q(closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity.replace('_', ' ')} {self.record_id} to {self.connection}"

    @classmethod
    def moving(cls) -> "models.QuerySet[Delivery]":
        """Those that go on by themselves, by their own index: however many are closed makes no difference."""
        return cls.objects.filter(state__literally=cls.MOVING)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class Outbox(models.Model):
    """How the other side of a connection answers writes: when it is silent, the whole connection waits."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="outbox")
    silences = models.PositiveIntegerField("tries in a row without an answer", default=0)
    hold_until = models.DateTimeField(null=True, blank=True)
    down_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "outboxes"

    def __str__(self) -> str:
        return f"Outbox of {self.connection}"

    def is_held(self, now: datetime) -> bool:
        return self.hold_until is not None and self.hold_until > now
