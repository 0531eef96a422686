"""The merchant's own lists: business units, job types, tags, campaigns, technicians, …"""

from django.db import models

from reconciliation.models.base import Record


class ReferenceItem(Record):
    """One item of one of the lists that jobs and invoices refer to."""

    class Kind(models.TextChoices):
        TECHNICIAN = "technician"
        BUSINESS_UNIT = "business_unit", "business unit"
        JOB_TYPE = "job_type", "job type"
        TAG_TYPE = "tag_type", "tag type"
        CAMPAIGN = "campaign"
        PAYMENT_TYPE = "payment_type", "payment type"
        MEMBERSHIP_TYPE = "membership_type", "membership type"
        OWNER = "owner"
        CANCEL_REASON = "cancel_reason", "cancel reason"
        GL_ACCOUNT = "gl_account", "GL account"
        STOCK_CODE = "stock_code", "stock code"
        WAREHOUSE = "warehouse"
        PURCHASE_ORDER_TYPE = "purchase_order_type", "purchase order type"
        MATERIAL = "material"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = "reference list item"
        verbose_name_plural = "reference lists"
        indexes = [models.Index(fields=["tenant", "kind", "name"], name="reference_by_kind")]

    def __str__(self) -> str:
        return self.name
