"""What the demo has done once all is connected, and says of it: reviews that wait, jobs booked, flows at work."""

from collections.abc import Mapping

from django.db import connection as database

from integrations.booking.asked import Refused
from integrations.demo import bookings, flowing, merchant, payables
from integrations.demo.children import LOOK
from integrations.demo.remotes import REMOTES
from integrations.demo.stage import Stage
from integrations.demo.waiting import make_some_waiting
from integrations.models import Connection
from portal.models import Tenant, User


def show_waiting(stage: Stage, tenant: Tenant) -> None:
    """Something for the support agent to do. A second run finds it there and adds nothing."""
    found = make_some_waiting(tenant)
    database.close()
    stage.say(f"Waiting for the support agent: {found.conflicts} conflicts, {found.pairs} likely duplicates.")


def show_bookings(stage: Stage, tenant: Tenant) -> None:
    """Jobs booked in the portal go to the sandbox, and the status that its dispatcher gives one comes back."""
    connection = Connection.objects.get(tenant=tenant, system="servicetitan")
    try:
        jobs = bookings.book_some(tenant, User.objects.get(username="support"))
    except Refused as error:  # somebody has changed what the merchant shares
        stage.say(f"No jobs were booked: {error}")
        return
    stage.until(lambda: not (connection.may_call and bookings.on_their_way(jobs)))
    if bookings.dispatch_first(connection, jobs):
        shop = next(remote for remote in REMOTES if remote.system == connection.system)
        merchant.sync(stage, shop, "job", "appointment", quiet=True)
    held, late = len(bookings.waiting(jobs)), bookings.on_their_way(jobs)
    database.close()
    stage.say(
        f"Booked in the portal: {len(jobs)} jobs; {len(jobs) - held - late} are in ServiceTitan, "
        f"{held} waits for a person, {late} on their way."
    )


def show_flows(stage: Stage, tenant: Tenant, web: str) -> None:
    """All flows are on; each has made something by the time the demo is ready."""
    connections = {row.system: row for row in Connection.objects.filter(tenant=tenant)}
    for why in flowing.install_all(tenant, User.objects.get(username="partner")):
        stage.say(f"Not installed: {why}")
    _settle(stage, tenant, connections)
    if flowing.set_off(tenant, *(connections[remote.system] for remote in REMOTES)):
        for remote in REMOTES:
            merchant.sync(stage, remote, quiet=True)
        _settle(stage, tenant, connections)
    found, books = flowing.progress(tenant, connections.values()), payables.standing(tenant)
    database.close()
    stage.say(f"Flows between {_listed([remote.label for remote in REMOTES])}:")
    for title, counts in found.done.items():
        stage.say(f"  {title}: {counts or 'nothing yet'}")
    stage.say(
        f"Accounts payable: {books.posted} invoices are posted to SYSPRO, {books.waiting} wait for the stock code of "
        f"{_listed(books.unmapped) or 'nothing'}: {web}{books.page}"
    )


def _settle(stage: Stage, tenant: Tenant, connections: Mapping[str, Connection]) -> None:
    """Until the workers have done what the flows owe, or patience ends: they go on behind."""
    stage.until(lambda: not flowing.progress(tenant, connections.values()).open, LOOK * 5)


def _listed(names: list[str]) -> str:
    """`one, two and three`"""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
