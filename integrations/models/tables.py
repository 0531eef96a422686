"""Mapping tables: what stands in accounting for something of the merchant's, and what waits for a row of one."""

from django.db import models

from integrations.models.flows import FlowItem
from portal.models import Tenant


class TableRow(models.Model):
    """One row of a merchant's mapping table (`integrations.tables`): what `key` is called there.

    `label` is how people call what the key stands for. The row with an empty key is the table's default: it is there
    only where somebody chose one.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="table_rows", db_index=False)
    table = models.CharField(max_length=24)
    key = models.CharField(max_length=200, blank=True)
    label = models.TextField(blank=True)
    target = models.CharField(max_length=60)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["tenant", "table", "label", "id"]
        verbose_name = "mapping table row"
        constraints = [models.UniqueConstraint(fields=["tenant", "table", "key"], name="one_row_per_key")]

    def __str__(self) -> str:
        return f"{self.label or 'all else'} → {self.target}"


class Unmapped(models.Model):
    """A key without a row, and the flow's item that waits for one: gone as soon as the item is looked at again."""

    item = models.ForeignKey(FlowItem, on_delete=models.CASCADE, related_name="unmapped")
    table = models.CharField(max_length=24)
    key = models.CharField(max_length=200, blank=True)
    label = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "unmapped"
        indexes = [models.Index(fields=["table", "key"], name="unmapped_by_key")]

    def __str__(self) -> str:
        return f"{self.table}: {self.label or 'all else'}"
