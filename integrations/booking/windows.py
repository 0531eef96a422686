"""When the shop can still take work in: asked of the connected system that tells it, else anybody's choice.

The route: tenant, business unit, job type and a day of the tenant's -> the connection that can tell -> its windows, or
a note that says why there are none and that any time may be chosen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from integrations.calls import connector_for
from integrations.connectors.base import TellsWindows, Window
from integrations.connectors.errors import RemoteError
from integrations.connectors.hosts import AddressRefused
from integrations.connectors.http import Policy
from integrations.models import Connection
from integrations.shared import Disconnected
from portal.models import Tenant
from portal.secrets import SecretUnreadable
from reconciliation.models import Link, ReferenceItem

QUICK = Policy(attempts=2, budget=8.0, first_backoff=0.5, longest_backoff=1.0, longest_wait=3.0)
"""Somebody is on the telephone meanwhile."""
ANY = "Choose any date and times."


@dataclass(frozen=True, slots=True)
class Offer:
    """Windows of one day; `note` says why there are none. `told_by` is the system that told, or empty."""

    windows: tuple[Window, ...] = ()
    note: str = ""
    told_by: str = ""


def offer(tenant: Tenant, business_unit: ReferenceItem, job_type: ReferenceItem, day: date) -> Offer:
    """What can be offered on that day of the tenant's calendar."""
    begin = datetime.combine(day, time(), tenant.zone)
    connections = tenant.connections.filter(status=Connection.Status.CONNECTED).select_related("tenant")
    for connection in connections:
        ids = _ids(connection, business_unit, job_type)
        if len(ids) == 2:
            try:
                found = _asked(connection, begin, begin + timedelta(days=1), *ids)
            except (RemoteError, SecretUnreadable, AddressRefused, Disconnected) as error:
                return Offer(note=f"{connection.label} does not tell its free times now: {error} {ANY}")
            if found is not None:
                return _offered(connection.label, found)
    return Offer(note=f"No connected system tells free times for this. {ANY}")


def _offered(label: str, found: list[Window]) -> Offer:
    free = tuple(window for window in found if window.is_open)
    if free:
        return Offer(free, told_by=label)
    return Offer(
        note=f"{label} has nothing free on this day. Choose another day, or a time all the same.",
        told_by=label,
    )


def _ids(connection: Connection, *items: ReferenceItem) -> list[str]:
    """The items' ids at the connected system; fewer than asked for where it does not know one."""
    return [external_id for item in items for external_id in _id(connection, item)]


def _id(connection: Connection, item: ReferenceItem) -> Iterator[str]:
    links = Link.objects.filter(
        source=connection.source_id, entity=item.kind, record_id=item.pk, state=Link.State.LIVE
    )
    yield from links.values_list("external_id", flat=True)[:1]


def _asked(
    connection: Connection, begin: datetime, end: datetime, business_unit: str, job_type: str
) -> list[Window] | None:
    """None where the system does not tell such things."""
    with connector_for(connection, QUICK) as (connector, _):
        if not isinstance(connector, TellsWindows):
            return None
        return connector.windows(begin, end, business_unit=business_unit, job_type=job_type)
