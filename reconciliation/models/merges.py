"""Merges, with all that is needed to undo them at any later time, and what a merchant has said of them."""

from typing import Any

from django.conf import settings
from django.db import models

from portal.models import Tenant
from reconciliation.models.base import JSONTextField, Source


class Merge(models.Model):
    """The act that joined records into one.

    `before` holds every field of the survivor and the losers as they were: `{record id: {field: value}}` in normal
    form. `after` holds the survivor's fields that the merge set. `undone` is what the undo did:
    `{"returned": rows, "kept": [[what, value now, value then], ...]}`.
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
    undone = JSONTextField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-at"], name="merge_by_time"),
            models.Index(fields=["entity", "survivor_id"], name="merge_of_survivor"),
        ]

    def __str__(self) -> str:
        return f"Merge into {self.entity} {self.survivor_id}"


class MergeMove(models.Model):
    """One row that a merge moved: `field` of `model` number `row_id` pointed at `from_id` before.

    `model` is a label such as `reconciliation.Location`; for links `state` is what the link's state was, and
    `done_at` when the source's own two records were joined there too: it reported so, or a person (`done_by`) said so.
    """

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="moves")
    model = models.CharField(max_length=60)
    field = models.CharField(max_length=40)
    row_id = models.BigIntegerField()
    from_id = models.BigIntegerField()
    state = models.CharField(max_length=12, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        indexes = [
            models.Index(fields=["merge", "model"], name="move_of_merge"),
            models.Index(
                fields=["row_id"], name="link_to_merge_there", condition=models.Q(model="reconciliation.Link")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.row_id}"


class MergeSettings(models.Model):
    """How a merchant's merges begin: which value each field proposes, and what becomes of the loser at its source."""

    class Loser(models.TextChoices):
        TASK = "task", "Put it on a task list: a person merges the two in the source's own screen"
        INACTIVE = (
            "inactive",
            "Set it inactive at the source where its rule goes both ways, else put it on the list",
        )

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="merge_settings")
    rules = models.JSONField(
        default=dict, blank=True, help_text="{what is chosen: rule}; the rest is by default"
    )
    loser = models.CharField(
        "what happens to the loser at its source", max_length=10, choices=Loser.choices, default=Loser.TASK
    )

    class Meta:
        verbose_name = verbose_name_plural = "merge settings"

    def __str__(self) -> str:
        return f"Merge settings of {self.tenant}"
