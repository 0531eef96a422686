"""A connection's end: what a person chose, what was promised, and how far it has come."""

from django.conf import settings
from django.db import models

from integrations.models.connections import Connection


class Disconnection(models.Model):
    """One disconnect of one connection. The row is the queue: a worker takes a lease and goes on where it stands.

    `planned` and `done` count by entity: records that are frozen (keep) or erased (wipe); `staying` counts those
    that outlive a wipe. `at` is the last link that was frozen.
    """

    class Mode(models.TextChoices):
        KEEP = "keep", "Keep everything, frozen"
        WIPE = "wipe", "Wipe what came only from there"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="disconnections")
    mode = models.CharField(max_length=4, choices=Mode)
    planned = models.JSONField(default=dict)
    staying = models.JSONField(default=dict)
    done = models.JSONField(default=dict)
    at = models.BigIntegerField(default=0)
    not_told = models.TextField(blank=True, help_text="Why the system could not be told to end the link")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_number = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=models.Q(finished_at=None), name="one_open_disconnection"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_mode_display()}: {self.connection}"

    @property
    def total(self) -> int:
        """Records to deal with."""
        return sum(self.planned.values())

    @property
    def total_done(self) -> int:
        return sum(self.done.values())
