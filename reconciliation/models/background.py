"""What a worker does for a person, with progress. The row is the queue: a worker takes a lease on it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.models import Tenant


class Background(models.Model):
    """One wish of one person, about one tenant. `done` of `total` says how far it is.

    `attempts` counts the workers that began; each write of theirs asks for its own number (`reconciliation.background`),
    so that one that was taken for dead cannot finish the work of the next.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.RUNNING}


class MatchPass(Background):
    """All customers of a tenant compared with one another. `what` says what is being done."""

    what = models.CharField(max_length=40, blank=True)
    customers = models.PositiveIntegerField(default=0)
    candidates = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "match passes"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(state__in=["queued", "running"]), name="one_open_pass"
            )
        ]

    def __str__(self) -> str:
        return f"Comparing all customers of {self.tenant}"


class CustomerImport(Background):
    """A file of customers: uploaded, its columns chosen, taken in. `at` is the last line that was dealt with.

    `columns` says where each field stands: `{field: number of the column}`. `problems` are the first ones:
    `[[line, id, words, refused], …]`. The file's bytes are dropped once it is over.
    """

    name = models.CharField(max_length=200)
    content = models.BinaryField(default=bytes)
    columns: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(default=dict)
    at = models.PositiveBigIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    problems: "models.JSONField[list[list[object]], list[list[object]]]" = models.JSONField(default=list)

    class Meta:
        verbose_name = "customer import"
        indexes = [
            models.Index(
                fields=["state"],
                name="import_open",
                condition=models.Q(state__in=["draft", "queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return self.name
