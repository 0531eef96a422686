"""Tells Django about the ground floor and puts Trunkline's admin site in the place of the stock one."""

from typing import Any

from django.apps import AppConfig
from django.contrib.admin import apps as stock_admin
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    """Tenants, people, access, audit, secrets."""

    default = True
    name = "portal"
    verbose_name = "Tenants and people"
    admin_order = 10

    def ready(self) -> None:
        from portal import related, retention, signals, threads  # noqa: F401
        from portal.entrance import sessions, throttle  # noqa: F401
        from portal.home import register_panels

        threads.share()
        related.install()
        register_panels()
        post_migrate.connect(create_cache_table, sender=self)


class PortalAdminConfig(stock_admin.AdminConfig):
    """The stock admin application on our own site class."""

    default = False
    default_site = "portal.admin_site.TrunklineAdminSite"


def create_cache_table(**kwargs: Any) -> None:
    """Make `migrate` enough to set up a database whose cache is a table; nothing to do for other caches."""
    from django.core.management import call_command

    call_command("createcachetable", verbosity=0)
