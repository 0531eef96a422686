"""Merges, with all that is needed to undo them at any later time."""

from typing import Any

from django.conf import settings
from django.db import models

from portal.models import Tenant
from reconciliation.models.base import JSONTextField, Source


class Merge(models.Model):
    """The act that joined records into one.

    `before` holds every field of the survivor and the losers as they were: `{record id: {field: value}}` in normal
    form. `after` holds the survivor's fields that the merge set.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    entity = models.CharField(max_length=24)
    survivor_id = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    source = models.ForeignKey(
        Source,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Set where a connected system reported the merge.",
    )
    note = models.TextField(blank=True)
    before: "models.Field[Any, Any]" = JSONTextField()
    after: "models.Field[Any, Any]" = JSONTextField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-at"], name="merge_by_time"),
            models.Index(fields=["entity", "survivor_id"], name="merge_of_survivor"),
        ]

    def __str__(self) -> str:
        return f"Merge into {self.entity} {self.survivor_id}"


class MergeMove(models.Model):
    """One row that a merge moved: `field` of `model` number `row_id` pointed at `from_id` before.

    `model` is a label such as `reconciliation.Location`; for links `state` is what the link's state was.
    """

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="moves")
    model = models.CharField(max_length=60)
    field = models.CharField(max_length=40)
    row_id = models.BigIntegerField()
    from_id = models.BigIntegerField()
    state = models.CharField(max_length=12, blank=True)

    class Meta:
        indexes = [models.Index(fields=["merge", "model"], name="move_of_merge")]

    def __str__(self) -> str:
        return f"{self.model} {self.row_id}"
