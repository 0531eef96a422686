from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """The golden records, how they came to be, and how people see them."""

    name = "reconciliation"
    verbose_name = "Records"
    admin_order = 20

    def ready(self) -> None:
        from reconciliation import metrics, retention
        from reconciliation.changes import changed
        from reconciliation.matching.noting import on_changed

        changed.connect(on_changed, dispatch_uid="matching.noting")
        metrics.register()
        retention.register()
