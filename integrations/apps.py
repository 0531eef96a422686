"""Tells Django about the top floor."""

import os
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IntegrationsConfig(AppConfig):
    """Connectors, connections, sync rules, runs, and the loops that use them."""

    name = "integrations"

    def ready(self) -> None:
        from integrations import wiring

        wiring.connect()
        post_migrate.connect(set_up_schedule, sender=self)
        if "FAULT" in os.environ:  # this process is to die at a boundary that is named
            from integrations.torture import boundaries

            boundaries.install_from(os.environ)


def set_up_schedule(**kwargs: Any) -> None:
    """A migrated database is ready for a worker cluster."""
    from integrations.tasks import ensure_schedule

    ensure_schedule()
