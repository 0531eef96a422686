"""Drift: what a system's rows looked like so far, and where they look otherwise now."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations.models.rules import SyncRule
from integrations.models.runs import Run
from reconciliation.models import JSONTextField


class RemoteShape(models.Model):
    """The members that rows of a rule have had, by the way they came (list, feed): paths and JSON types, never values."""

    rule = models.OneToOneField(SyncRule, on_delete=models.CASCADE, related_name="shape")
    ways: "models.Field[Any, Any]" = JSONTextField(default=dict)
    described_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"shape of {self.rule}"


class Drift(models.Model):
    """One member or address of a system that is not what it was. Open until it is back, or somebody has seen it.

    `uses` names the mapping lines that read it: without any the change is harmless, and told to nobody.
    """

    class Kind(models.TextChoices):
        NEW = "new", "New field"
        VANISHED = "vanished", "Field vanished"
        RETYPED = "retyped", "Field has another type"
        REFUSED = "refused", "Address refuses"

    rule = models.ForeignKey(SyncRule, on_delete=models.CASCADE, related_name="drifts", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    path = models.CharField(max_length=300)
    before = models.CharField(max_length=100, blank=True)
    after = models.CharField(max_length=300, blank=True)
    uses = models.CharField("used by", max_length=300, blank=True)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    found_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "drift"
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "kind", "path"], condition=Q(closed_at=None), name="one_open_drift_per_path"
            )
        ]
        indexes = [models.Index(fields=["rule", "-id"], name="drift_of_rule")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.path} of {self.rule.label}"

    @property
    def in_words(self) -> str:
        """What has changed, and what it means to what is read here."""
        entity = self.rule.label
        match self.kind:
            case self.Kind.NEW:
                return f"{self.path} of {entity} is new ({self.after}); nothing reads it."
            case self.Kind.VANISHED:
                what = f"{self.path} of {entity} ({self.before}) does not come any more."
            case self.Kind.RETYPED:
                what = f"{self.path} of {entity} was {self.before} and is {self.after} now."
            case _:
                return f"{self.path} was read and refuses now. {self.after}"
        return f"{what} It is read as: {self.uses}." if self.uses else f"{what} Nothing reads it."

    @property
    def matters(self) -> bool:
        """Whether something here reads what has changed."""
        return bool(self.uses)
