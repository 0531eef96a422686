from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """The golden records, how they came to be, and how people see them."""

    name = "reconciliation"
    verbose_name = "Records"
    admin_order = 20
