"""What waits for the demo's support agent: fields changed on both sides, and customers entered twice.

The route: fields that agents argue about are set to “ask a person” -> somebody here edits records -> the sandbox's
office edits the same ones differently -> a sync meets the differences -> all customers are compared.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.demo.asking import ask
from integrations.models import Connection, SyncRule
from integrations.work import work
from portal.models import Tenant, User
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.matching.passes import dedupe_tenant
from reconciliation.models import Conflict, Link, MatchCandidate
from reconciliation.survivorship import Policy

ASKED: Mapping[str, tuple[str, ...]] = {
    "customer": ("name", "street", "unit", "kind", "do_not_mail"),
    "job": ("summary", "priority"),
}
EACH = 3
"""So many records of each kind of difference."""
SPREAD = 7
"""Every seventh record of the first few hundred may be chosen: neighbours belong to the same customer."""


@dataclass(frozen=True)
class Difference:
    """One kind: what is written here, and what the office writes, each given the record and its remote row."""

    entity: str
    resource: str
    here: Callable[[Any], dict[str, Any]]
    there: Callable[[Any, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Waiting:
    """How much waits now."""

    conflicts: int
    pairs: int


def make_some_waiting(tenant: Tenant, actor: User | None = None) -> Waiting:
    """Have conflicts and duplicates wait for a person. Where some wait already, nothing is added.

    The tenant's ServiceTitan connection must lead to a sandbox that runs, and everything must have come once.
    """
    connection = Connection.objects.select_related("tenant").get(tenant=tenant, system="servicetitan")
    if not _counted(tenant).conflicts:
        ask_a_person(connection)
        for difference, link in _chosen(connection):
            make_differ(connection, difference, link, actor)
        for entity in ASKED:
            work(SyncRule.objects.get(connection=connection, entity=entity).pk)
    if not _counted(tenant).pairs:
        dedupe_tenant(tenant)
    return _counted(tenant)


def ask_a_person(connection: Connection) -> None:
    """Set the fields that agents argue about to “ask”; every other one goes by its rule."""
    for entity, names in ASKED.items():
        lines = connection.rules.get(entity=entity).mappings.filter(part="", field__in=names)
        lines.update(policy=Policy.ASK)


def make_differ(connection: Connection, difference: Difference, link: Link, actor: User | None) -> None:
    """Change one record here and its row at the source, each its own way."""
    entity = ENTITIES[difference.entity]
    record = entity.objects.get(pk=link.record_id)
    members = difference.there(record, dict(link.payload))
    edit(entity, record.pk, difference.here(record), actor=actor)
    ask(connection, "change", entity=difference.resource, id=int(link.external_id), members=members)


def _chosen(connection: Connection) -> Iterator[tuple[Difference, Link]]:
    """A few records for each kind of difference, none of them twice."""
    used: set[tuple[str, int | None]] = set()
    for difference in DIFFERENCES:
        links = Link.objects.filter(
            source=connection.source_id, entity=difference.entity, state=Link.State.LIVE
        )
        spread = links.order_by("pk")[:600:SPREAD]
        left = (link for link in spread if (link.entity, link.record_id) not in used)
        for link, _ in zip(left, range(EACH), strict=False):
            used.add((link.entity, link.record_id))
            yield difference, link


def _counted(tenant: Tenant) -> Waiting:
    conflicts = Conflict.objects.filter(tenant=tenant, state=Conflict.State.PENDING)
    pairs = MatchCandidate.objects.filter(tenant=tenant, state=MatchCandidate.State.OPEN)
    return Waiting(conflicts.count(), pairs.count())


def _address(row: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"address": {**row["address"], **members}}


def _one_of(record: Any, texts: tuple[str, ...]) -> str:
    return texts[record.pk % len(texts)]


def _first(name: str) -> str:
    return name.partition(" ")[0]


def _rest(name: str) -> str:
    return name.partition(" ")[2] or "& Sons"


_TROUBLES = ("No hot water", "Water under the furnace", "Thermostat is blank", "AC runs and does not cool")

DIFFERENCES: tuple[Difference, ...] = (
    Difference(  # married, and the office only heard of the middle name
        "customer",
        "customers",
        lambda customer: {"name": f"{customer.name}-Whitfield"},
        lambda customer, row: {"name": f"{_first(customer.name)} J. {_rest(customer.name)}"},
    ),
    Difference(  # two people corrected the house number from two letters
        "customer",
        "customers",
        lambda customer: {"street": f"1{customer.street}"},
        lambda customer, row: _address(row, street=f"{customer.street} Rear"),
    ),
    Difference(  # the unit was asked for by telephone; the office has the one from the lease
        "customer",
        "customers",
        lambda customer: {"unit": "Apt 4B", "do_not_mail": not customer.do_not_mail},
        lambda customer, row: _address(row, unit="Unit 4"),
    ),
    Difference(  # emptied there, corrected here
        "customer",
        "customers",
        lambda customer: {"street": f"{customer.street} N"},
        lambda customer, row: _address(row, street=""),
    ),
    Difference(  # the dispatcher wrote down what the tenant said, the office what the landlord said
        "job",
        "jobs",
        lambda job: {
            "summary": f"{_one_of(job, _TROUBLES)} since Friday. Newborn in the house, call before arriving."
        },
        lambda job, row: {
            "summary": f"{_one_of(job, _TROUBLES)} since Thursday. Landlord pays. Gate code 4417."
        },
    ),
    Difference(  # a second visit is more urgent to those who promised it
        "job",
        "jobs",
        lambda job: {"priority": "Urgent", "summary": f"{_one_of(job, _TROUBLES)}, second visit."},
        lambda job, row: {"priority": "Low", "summary": f"{_one_of(job, _TROUBLES)}; waits for the part."},
    ),
)
