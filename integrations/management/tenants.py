"""Finding what a command names, with an error that says what there is."""

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from integrations.models import Connection
from portal.models import Tenant

_SHOWN = 20


def tenant_by_slug(slug: str) -> Tenant:
    """The tenant, or a CommandError that lists some."""
    tenant = Tenant.objects.select_related("partner").filter(slug=slug).first()
    if tenant is not None:
        return tenant
    known = list(Tenant.objects.order_by("slug").values_list("slug", flat=True)[:_SHOWN])
    there = f"There is {', '.join(known)}." if known else "There is none yet."
    raise CommandError(
        f"There is no merchant “{slug}”. {there} Make one with `manage.py onboard {slug} --name …`."
    )


def connection_of(tenant: Tenant, system: str) -> Connection:
    """The tenant's connection to a system, or a CommandError that says how to make it."""
    found = Connection.objects.select_related("tenant", "source").filter(tenant=tenant, system=system).first()
    if found is None:
        raise CommandError(
            f"{tenant} has no connection to {system}. Make it with `manage.py connect {tenant.slug} {system} …`."
        )
    return found


def in_words(error: ValidationError) -> str:
    """A form's errors on a terminal: one line each."""
    if hasattr(error, "error_dict"):
        return "\n".join(
            f"{field}: {message}" if field != "__all__" else message
            for field, messages in error.message_dict.items()
            for message in messages
        )
    return "\n".join(error.messages)
