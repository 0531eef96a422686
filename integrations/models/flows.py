"""Flows that a merchant has installed: for which records they have work to do, what they made of them, and when."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.models import Tenant, User
from reconciliation.models import JSONTextField


class Flow(models.Model):
    """One flow of the catalogue, installed for one merchant.

    `since` is from when on records concern it, so that switching it on does not redo years. The lease is held as a
    sync rule's is: see `integrations.leases`.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="flows")
    name = models.CharField(max_length=40)
    enabled = models.BooleanField(default=True)
    since = models.DateTimeField(default=timezone.now)
    settings = models.JSONField(default=dict, blank=True)
    installed_at = models.DateTimeField(auto_now_add=True)
    installed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    lease_number = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["tenant", "id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_flow_per_name")]

    def __str__(self) -> str:
        return f"{self.title} of {self.tenant}"

    @property
    def title(self) -> str:
        from integrations.flows.catalogue import FLOWS

        spec = FLOWS.get(self.name)
        return spec.title if spec else self.name


class FlowItem(models.Model):
    """One record that a flow has to look at, or has looked at: one row for ever, opened again by each change of it.

    `turn` grows with each change: whoever has worked on an older turn does not close it.
    """

    class State(models.TextChoices):
        OWED = "owed", "To do"
        MADE = "made", "Made"
        UPDATED = "updated", "Brought up to date"
        UNCHANGED = "unchanged", "Up to date"
        SKIPPED = "skipped", "Skipped"
        WAITING = "waiting", "Waiting"
        FAILED = "failed", "Failed"

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="items", db_index=False)
    record_id = models.BigIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.OWED)
    reason = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    turn = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-closed_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["flow", "record_id"], name="one_flow_item_per_record")]
        indexes = [
            models.Index(fields=["flow", "id"], name="flow_item_owed", condition=Q(state="owed")),
            models.Index(
                fields=["next_try_at"], name="flow_item_later", condition=Q(next_try_at__isnull=False)
            ),
            models.Index(fields=["flow", "state", "-closed_at"], name="flow_item_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.flow.name} of {self.record_id}"


class FlowMade(models.Model):
    """A record that a flow made for an item, or keeps up to date for it: found again by its `role`, so made once.

    `written` are the values last written, in normal form: what somebody else changed since is left alone.
    """

    item = models.ForeignKey(FlowItem, on_delete=models.CASCADE, related_name="made", db_index=False)
    role = models.CharField(max_length=60)
    entity = models.CharField(max_length=24)
    record_id = models.BigIntegerField()
    is_new = models.BooleanField("made by the flow", default=True)
    written: "models.Field[Any, Any]" = JSONTextField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "role"], name="one_record_per_role")]
        indexes = [models.Index(fields=["entity", "record_id"], name="flow_made_record")]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id}"


class FlowRun(models.Model):
    """One stretch of work on a flow: what came of the items it looked at."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="runs")
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    made = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.flow}"
