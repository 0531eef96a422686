"""What of a connection is synced, how, and how far it has come."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from integrations.models.connections import Connection
from reconciliation.entities import in_words
from reconciliation.survivorship import Mode, Policy


class SyncRule(models.Model):
    """One entity of one connection: direction, system of record, conflict policy, schedule, cursor, lease.

    The cursor moves only in the transaction of the page it stands for. The lease is held by `lease_number`, which
    grows with each taking: a worker whose number is no longer the row's has lost it, and its page is rolled back.
    """

    class Direction(models.TextChoices):
        PULL = "pull", "Pull (read only)"
        PUSH = "push", "Push"
        BOTH = "both", "Both ways"

    class Creates(models.TextChoices):
        ALL = "all", "Every record"
        ASKED = "asked", "What is asked for"

    class SystemOfRecord(models.TextChoices):
        SOURCE = "source", "The connected system"
        HUB = "hub", "The portal"

    class ConflictPolicy(models.TextChoices):
        SYSTEM_OF_RECORD = Policy.SYSTEM_OF_RECORD.value, "System of record wins"
        NEWEST = Policy.NEWEST.value, "Newest wins"
        PORTAL = Policy.PORTAL.value, "The portal wins"
        SOURCE = Policy.SOURCE.value, "The connected system wins"
        ASK = Policy.ASK.value, "Ask a person"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="rules")
    entity = models.CharField(max_length=24)
    object = models.CharField(
        max_length=80,
        blank=True,
        db_default="",
        editable=False,
        help_text="The remote object, where the connection itself declared it",
    )
    position = models.PositiveSmallIntegerField(default=0, editable=False)
    enabled = models.BooleanField(default=True)
    off_because = models.CharField(max_length=200, blank=True, editable=False)
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.PULL)
    creates = models.CharField(
        "writes",
        max_length=5,
        choices=Creates,
        default=Creates.ALL,
        help_text="Which records made here are created there. Changes of those that are there go in any case.",
    )
    system_of_record = models.CharField(max_length=8, choices=SystemOfRecord, default=SystemOfRecord.SOURCE)
    policy = models.CharField(
        "conflict policy", max_length=20, choices=ConflictPolicy, default=ConflictPolicy.SYSTEM_OF_RECORD
    )
    interval = models.PositiveIntegerField(
        "every … minutes",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(7 * 24 * 60)],
        help_text="How often the source is asked for changes. Its export feeds lag 15 minutes behind.",
    )
    page_size = models.PositiveIntegerField(
        default=1000,
        validators=[MinValueValidator(1), MaxValueValidator(5000)],
        help_text="Rows a call, where the API lets us choose (1 to 5000).",
    )
    recent = models.BooleanField(
        "include recent changes",
        default=False,
        help_text="Ask export feeds for changes of the last 15 minutes too; the same rows then come twice.",
    )
    becomes = models.CharField(
        "what is made here becomes",
        max_length=24,
        blank=True,
        help_text="What a record made in the portal is sent as, where the system offers a choice.",
    )
    chosen = models.JSONField(
        default=list, blank=True, editable=False, help_text="What of it a person has set, by name"
    )
    cursor = models.JSONField(default=dict, blank=True, editable=False)
    full_wanted = models.BooleanField(default=False, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField("failed runs in a row", default=0, editable=False)
    lease_number = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    synced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["connection", "position"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "entity", "object"], name="one_rule_per_entity"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="rule_due", condition=models.Q(due_at__isnull=False)),
            models.Index(
                fields=["lease_until"], name="rule_leased", condition=models.Q(lease_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.connection}"

    @property
    def label(self) -> str:
        return in_words(self.object.removesuffix("__c") or self.entity)

    @property
    def is_first_pull_done(self) -> bool:
        """Whether everything has come at least once."""
        return self.synced_at is not None

    def note_choice(self, names: Iterable[str]) -> None:
        """A person has set these: nothing but a person changes them from now on."""
        self.chosen = sorted({*self.chosen, *names})

    def is_leased(self, now: datetime) -> bool:
        return self.lease_until is not None and self.lease_until > now


class OverwriteMode(models.TextChoices):
    """When the source's value may overwrite a record's field."""

    ALWAYS = Mode.ALWAYS.value, "Always"
    IF_EMPTY = Mode.IF_EMPTY.value, "Only if empty"
    IF_NEW = Mode.IF_NEW.value, "Only when new"
    NEVER = Mode.NEVER.value, "Never"


class LineDirection(models.TextChoices):
    """Which way a line's values go."""

    PULL = "pull", "Pull"
    PUSH = "push", "Push"
    BOTH = "both", "Both"


class FieldMapping(models.Model):
    """One line of a rule's mapping: remote field, direction, transform with its argument, record field.

    `part` names the nested rows it belongs to (an invoice's `lines`), or is empty. A pushed line reads record fields
    (`field`, several with commas) and fills one remote field; two of them may read the same.
    """

    rule = models.ForeignKey(SyncRule, on_delete=models.CASCADE, related_name="mappings")
    part = models.CharField(max_length=24, blank=True)
    remote = models.CharField("remote field", max_length=300, blank=True)
    direction = models.CharField(max_length=4, choices=LineDirection, default=LineDirection.BOTH)
    transform = models.CharField(max_length=40, default="text")
    argument = models.TextField(blank=True, max_length=4000)
    field = models.CharField("record field", max_length=200, blank=True)
    mode = models.CharField("overwrite", max_length=8, choices=OverwriteMode, default=OverwriteMode.ALWAYS)
    policy = models.CharField(
        "conflict policy",
        max_length=20,
        choices=SyncRule.ConflictPolicy,
        blank=True,
        help_text="Empty: the rule's own policy.",
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["rule", "part", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "part", "field"],
                condition=~models.Q(direction="push"),
                name="one_mapping_per_field",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remote} → {self.field}"

    def clean(self) -> None:
        """Unknown fields and transforms are refused by name."""
        from integrations.mappings import check_line

        check_line(self)


class MappingVersion(models.Model):
    """A rule's mapping as it stood from `made_at` on: all its lines, as an export would show them."""

    rule = models.ForeignKey(SyncRule, on_delete=models.CASCADE, related_name="mapping_versions")
    number = models.PositiveIntegerField()
    lines = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="one_mapping_version_per_number"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.rule.label}"


class RemoteFields(models.Model):
    """The fields of a rule's entity as its system described them when it was last asked."""

    rule = models.OneToOneField(SyncRule, on_delete=models.CASCADE, related_name="remote_fields")
    fields = models.JSONField(default=list)
    read_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"fields of {self.rule}"
