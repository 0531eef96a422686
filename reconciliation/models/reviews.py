"""Conflicts settled many at once, in the background."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class BulkReview(models.Model):
    """One person's wish to settle conflicts, all one way. The row is the queue: a worker takes a lease on it.

    `ids` are the conflicts that matched when the person asked, ascending; `at` is the last that was dealt with.
    Those that changed after `looked_at` were never seen by the person and are left alone. `words` say what matched.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        CANCELLED = "cancelled"

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=8)
    note = models.TextField(blank=True)
    ids = models.JSONField(default=list)
    words = models.TextField(blank=True)
    looked_at = models.DateTimeField()
    at = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField()
    settled = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["state"], name="bulk_review_open", condition=models.Q(state__in=["queued", "running"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.total} conflicts, {self.outcome}"

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    @property
    def done(self) -> int:
        """How many were dealt with, settled or left alone."""
        return self.settled + self.skipped
