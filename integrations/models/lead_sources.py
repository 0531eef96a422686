"""Which campaign of a system stands for a lead source of the portal."""

from typing import Any

from django.db import models

from integrations.models.connections import Connection
from reconciliation.models import ReferenceItem


def key_of(name: str) -> str:
    """The form in which two spellings of one lead source are the same."""
    return " ".join(name.split()).casefold()


class LeadSource(models.Model):
    """One lead source and its campaign there. One to one: a campaign counts the calls of one source alone."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="lead_sources", db_index=False
    )
    name = models.CharField("lead source", max_length=120)
    key = models.CharField(max_length=120, editable=False)
    campaign = models.ForeignKey(
        ReferenceItem, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )

    class Meta:
        ordering = ["connection", "key"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "key"], name="one_campaign_per_lead_source"),
            models.UniqueConstraint(fields=["connection", "campaign"], name="one_lead_source_per_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.campaign}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name = " ".join(self.name.split())
        self.key = key_of(self.name)
        super().save(*args, **kwargs)
