"""Links to other systems, the log of changes, and what waits for a person."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.models import Tenant
from reconciliation.models.base import JSONTextField, QuicklyRead, Source


class Link(QuicklyRead):
    """Ties a record to its counterpart in a source.

    `base` holds the mapped values last agreed, in normal form; `fingerprint` is a hash of the payload and of
    the mapping that read it; `waiting_for…` names the record that this one refers to and that has not come.
    """

    class State(models.TextChoices):
        LIVE = "live"
        WAITING = "waiting", "waiting for another record"
        MERGED = "merged", "merged into another record"
        FROZEN = "frozen", "left the scope; kept, no longer synced"
        OUT_OF_SCOPE = "out_of_scope", "outside the scope; not taken"

    source = models.ForeignKey(
        Source, on_delete=models.CASCADE, related_name="links", db_index=False, db_constraint=False
    )
    entity = models.CharField(max_length=24)
    external_id = models.CharField(max_length=64)
    record_id = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=State.choices)
    fingerprint = models.BigIntegerField()
    remote_modified_at = models.DateTimeField(null=True, blank=True)
    waiting_for_entity = models.CharField(max_length=24, blank=True)
    waiting_for_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    base: "models.Field[Any, Any]" = JSONTextField()
    payload: "models.Field[Any, Any]" = JSONTextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "entity", "external_id"], name="one_link_per_remote_row"
            )
        ]
        indexes = [
            models.Index(fields=["entity", "record_id"], name="link_of_record"),
            models.Index(
                fields=["source", "entity", "waiting_for_entity", "waiting_for_id"],
                name="link_waiting",
                condition=~models.Q(waiting_for_entity=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.external_id}"


class Change(models.Model):
    """What was done to a record, by whom: append-only.

    A record's creation by a pull stands on the record and its link alone; repeating every first value here
    would double the cost of a first sync and tell nothing more.
    """

    class Kind(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        MERGED = "merged"
        UNMERGED = "unmerged"
        FROZEN = "frozen"
        THAWED = "thawed"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    entity = models.CharField(max_length=24)
    record_id = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.ForeignKey(
        Source, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    run_id = models.BigIntegerField(null=True, blank=True)
    fields: "models.Field[Any, Any]" = JSONTextField()

    class Meta:
        indexes = [
            models.Index(fields=["entity", "record_id"], name="change_of_record"),
            models.Index(fields=["tenant", "at"], name="change_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.entity} {self.record_id}"


class Conflict(models.Model):
    """One field that the portal and a source changed differently since they last agreed.

    Kept after it is settled, with both values, so that finance can see what was overruled. `outcome` says whose
    value stands; `outcome_value` is that value where a person typed another.
    """

    class Outcome(models.TextChoices):
        REMOTE = "remote", "the source's value"
        PORTAL = "portal", "the portal's value"
        OTHER = "other", "another value"
        AGREED = "agreed", "both sides came to agree"

    class State(models.TextChoices):
        PENDING = "pending", "pending review"
        SETTLED = "settled", "settled by policy"
        RESOLVED = "resolved", "resolved by a person"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="conflicts", db_index=False)
    entity = models.CharField(max_length=24)
    record_id = models.BigIntegerField()
    field = models.CharField(max_length=60)
    base = JSONTextField(null=True)
    portal_value = JSONTextField(null=True)
    remote_value = JSONTextField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    policy = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(default=timezone.now)
    remote_modified_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    outcome_value = JSONTextField(null=True)
    note = models.TextField(blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link", "field"], condition=models.Q(state="pending"), name="one_pending_per_field"
            )
        ]
        indexes = [models.Index(fields=["tenant", "state", "created_at"], name="conflict_inbox")]

    def __str__(self) -> str:
        return f"{self.field} of {self.entity} {self.record_id}"


class MatchCandidate(models.Model):
    """Two records that may be one, with a score from 0 to 1 and the reasons for it.

    `asked_for` where something waits for a person's word on the two: it stays, however little it scores.
    """

    class State(models.TextChoices):
        OPEN = "open"
        MERGED = "merged"
        REFUSED = "refused", "not a duplicate"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    entity = models.CharField(max_length=24)
    left_id = models.BigIntegerField()
    right_id = models.BigIntegerField()
    score = models.FloatField()
    reasons: "models.Field[Any, Any]" = JSONTextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    asked_for = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "left_id", "right_id"], name="one_candidate_per_pair"),
            models.CheckConstraint(
                condition=models.Q(left_id__lt=models.F("right_id")), name="left_before_right"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "state", "-score"], name="candidate_inbox")]

    def __str__(self) -> str:
        return f"{self.left_id} ~ {self.right_id}"
