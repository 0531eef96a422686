"""Exports that a worker writes for one person."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.models import Tenant


def expiry() -> datetime:
    """When a file that is finished now is removed."""
    return timezone.now() + timedelta(days=settings.EXPORT_DAYS)


class ExportFile(models.Model):
    """One person's wish for a file. The row is the queue: a worker takes a lease on it.

    `wanted` is a stored `Narrowing`. `attempts` counts the workers that began; each write of theirs asks for its own
    number, so that one that was taken for dead cannot finish the work of the next.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    entity = models.CharField(max_length=24)
    format = models.CharField(max_length=8)
    wanted: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    totals = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_expected = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0, help_text="bytes")
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(default=expiry)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "export file"
        verbose_name_plural = "exports"
        indexes = [
            models.Index(
                fields=["state"], name="export_file_open", condition=models.Q(state__in=["queued", "running"])
            ),
            models.Index(fields=["expires_at"], name="export_file_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.entity.replace('_', ' ')} of {self.tenant}"

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    @property
    def path(self) -> Path:
        """Where the whole file stands once it is done."""
        return Path(settings.EXPORT_DIR) / f"export-{self.pk}.{self.format}"

    @property
    def file_name(self) -> str:
        """What it is called where it is downloaded."""
        return f"{self.tenant.slug}-{self.entity}-{self.created_at:%Y-%m-%d}.{self.format}"
