"""Syncs in this process, and what a source has beside what the portal holds."""

from collections.abc import Iterable

from integrations.models import Connection, Run
from integrations.work import work


def rule_of(connection: Connection, entity: str):
    return connection.rules.get(entity=entity)


def sync(connection: Connection, *entities: str) -> dict[str, Run]:
    """Pull the enabled rules, or those named, parents first; returns each one's run."""
    rules = connection.rules.filter(enabled=True).order_by("position")
    if entities:
        rules = [rule_of(connection, name) for name in entities]
    return {rule.entity: work(rule.pk).run for rule in rules}


def sync_all(connection: Connection) -> dict[str, Run]:
    """Everything there is, with the entities that are off unless wanted."""
    connection.rules.update(enabled=True, off_because="")
    return sync(connection)


MONEY_AND_MEMBERS = (
    "payment_type",
    "membership_type",
    "invoice",
    "payment",
    "estimate",
    "membership",
    "equipment",
    "vendor",
    "adjustment",
    "purchase_order",
    "purchase_order_line",
    "purchase_order_type",
    "material",
    "ap_bill",
    "purchase_bill",
    "warehouse",
)
HEARD = ("booking", "technician_rating", "review")


def sync_work(connection: Connection) -> dict[str, Run]:
    """Everything is enabled, and what jobs are made of is synced: lists, people, places, the jobs and their visits."""
    connection.rules.update(enabled=True, off_because="")
    work = connection.rules.exclude(entity__in=(*MONEY_AND_MEMBERS, *HEARD)).order_by("position")
    return sync(connection, *work.values_list("entity", flat=True))


def good(run: Run) -> bool:
    return run.state == Run.State.COMPLETED


def bad(runs: dict[str, Run]) -> dict[str, str]:
    """The runs that did not complete, each with its reason: empty on a good day."""
    return {
        name: f"{run.state}: {run.error} {run.error_details} {list(run.failures.all())}"
        for name, run in runs.items()
        if run.state != "completed"
    }


def totals(runs: Iterable[Run]) -> dict[str, int]:
    names = ("read", "created", "updated", "unchanged", "waiting", "failed", "out_of_scope")
    found = list(runs)
    return {name: sum(getattr(run, name) for run in found) for name in names}
