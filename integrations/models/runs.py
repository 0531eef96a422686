"""What happened: runs with their counts, and the records that failed in them."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models

from integrations.models.rules import SyncRule
from reconciliation.models import JSONTextField


class Run(models.Model):
    """One pull of one rule, over as many slices of worker time as it takes.

    `read` = `created` + `updated` + `unchanged` + `waiting` + `failed`, or the run is failed; rows outside the
    scope are counted apart. `batch` groups the runs that were started together. `seconds` is time at work.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        WITH_ERRORS = "with_errors", "Completed with errors"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "Schedule"
        PERSON = "person", "A person"
        COMMAND = "command", "A command"
        WEBHOOK = "webhook", "A webhook"

    OPEN = (State.QUEUED, State.RUNNING)

    rule = models.ForeignKey(SyncRule, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    full = models.BooleanField(default=False)
    recent = models.BooleanField(default=False, help_text="Reads the changes of the last minutes too")
    trigger = models.CharField(max_length=10, choices=Trigger, default=Trigger.SCHEDULE)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    batch = models.UUIDField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_wanted = models.BooleanField(default=False)
    expected = models.PositiveIntegerField(null=True, blank=True, help_text="Rows the source said it has")
    pages = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    rate_limited = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    out_of_scope = models.PositiveIntegerField(default=0)
    joined = models.PositiveIntegerField(default=0, help_text="Waiting rows whose record has come meanwhile")
    seconds = models.FloatField(default=0.0)
    error = models.TextField(blank=True)
    error_who = models.CharField(max_length=20, blank=True)
    error_reason = models.CharField(max_length=40, blank=True)
    error_details = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_open_run_per_rule",
            )
        ]
        indexes = [
            models.Index(fields=["rule", "-id"], name="run_of_rule"),
            models.Index(fields=["state", "finished_at"], name="run_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.rule.label} run {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def adds_up(self) -> bool:
        return self.read == self.created + self.updated + self.unchanged + self.waiting + self.failed

    @property
    def done(self) -> int:
        """Rows dealt with so far, of `expected`."""
        return self.read + self.out_of_scope

    def duration(self, now: datetime) -> float | None:
        """Seconds between start and end, or until now."""
        return ((self.finished_at or now) - self.started_at).total_seconds() if self.started_at else None


class RunFailure(models.Model):
    """One record that failed in a run. It closes by itself when the record succeeds later."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RETRYING = "retrying", "Retry is queued"
        RESOLVED = "resolved", "Resolved"

    rule = models.ForeignKey(
        SyncRule, on_delete=models.CASCADE, related_name="record_failures", db_index=False
    )
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="failures")
    external_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=40)
    message = models.TextField()
    payload: "models.Field[Any, Any]" = JSONTextField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    attempts = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "failed record"
        indexes = [models.Index(fields=["rule", "state", "external_id"], name="failure_by_rule")]

    def __str__(self) -> str:
        return f"{self.rule.label} {self.external_id}: {self.message}"


class Heartbeat(models.Model):
    """When something that must keep beating last did: the tick that wakes workers."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
