"""What a configuration cannot bring along: credentials, addresses and secrets that are entered by a person."""

from collections.abc import Sequence

from integrations.models import AlertChannel, Connection
from portal.models import Tenant


def of(tenant: Tenant, more: Sequence[str] = ()) -> list[str]:
    """Everything that is still to be entered, in words."""
    connections = Connection.objects.filter(tenant=tenant).order_by("system")
    found = [
        f"{row.label}: enter its credentials and test it."
        for row in connections
        if not row.credentials and row.status != Connection.Status.CONNECTED
    ]
    kinds = AlertChannel.Kind
    for channel in AlertChannel.objects.filter(tenant=tenant).exclude(kind=kinds.EMAIL).order_by("name"):
        lacks = [] if channel.url else ["address"]
        lacks += ["secret"] if channel.kind == kinds.WEBHOOK and not channel.secret else []
        if lacks:
            found.append(f"Alert channel {channel.name}: enter its {' and '.join(lacks)}.")
    return [*found, *more]
