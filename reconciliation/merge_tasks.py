"""What merges leave to a person: losers that still stand at a source whose API cannot merge.

Nothing is stored for it. A task is a link that a merge moved, that stands as merged, and of which neither the
source nor a person has said that the two are one there too (`MergeMove.done_at`). A merge that one system reports
leaves tasks at the others.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from reconciliation.entities import ENTITIES
from reconciliation.links import deep_link
from reconciliation.models import Link, MergeMove

LINK = Link._meta.label


def waiting(tenants: Iterable[int]) -> QuerySet[MergeMove]:
    """Open tasks of these tenants, the newest first."""
    stands = Link.objects.filter(pk=OuterRef("row_id"), state=Link.State.MERGED)
    reported = Link.objects.filter(pk=OuterRef("row_id"), source=OuterRef("merge__source"))
    found = MergeMove.objects.filter(
        Exists(stands),
        ~Exists(reported),
        model=LINK,
        done_at=None,
        merge__undone_at=None,
        merge__tenant__in=set(tenants),
    )
    return found.exclude(state=Link.State.MERGED).order_by("-pk")


def of_loser(source_id: int, entity: str, record_id: int) -> MergeMove | None:
    """The open task of a record that was merged away: the move of its own link at this source."""
    own = Link.objects.filter(pk=OuterRef("row_id"), source=source_id, entity=entity, state=Link.State.MERGED)
    found = MergeMove.objects.filter(
        Q(merge__source=None) | ~Q(merge__source=source_id),
        Exists(own), model=LINK, from_id=record_id, done_at=None, merge__undone_at=None,
    )  # fmt: skip
    return found.exclude(state=Link.State.MERGED).order_by("-pk").first()


def told(moves: Sequence[MergeMove]) -> list[dict[str, Any]]:
    """Each task as its page shows it: the loser and the survivor with their addresses at the source."""
    rows = list(
        MergeMove.objects.filter(pk__in=[move.pk for move in moves])
        .select_related("merge__tenant", "merge__actor")
        .order_by("-pk")
    )
    links = Link.objects.select_related("source").defer("payload", "base")
    losers = links.in_bulk([row.row_id for row in rows])
    survivors = _survivors(rows, losers)
    return [_told(row, losers[row.row_id], survivors) for row in rows if row.row_id in losers]


def _survivors(rows: Sequence[MergeMove], losers: dict[int, Link]) -> dict[tuple[int, str, int | None], Link]:
    """The link that each survivor has of its own, by source, entity and record."""
    ids = {losers[row.row_id].record_id for row in rows if row.row_id in losers}
    own = Link.objects.filter(record_id__in=ids, entity__in=ENTITIES, state=Link.State.LIVE)
    return {
        (link.source_id, link.entity, link.record_id): link
        for link in own.select_related("source").defer("payload", "base").order_by("-pk")
    }


def _told(row: MergeMove, loser: Link, survivors: dict[tuple[int, str, int | None], Link]) -> dict[str, Any]:
    act = row.merge
    keeps = survivors.get((loser.source_id, loser.entity, loser.record_id))
    return {
        "move": row,
        "act": act,
        "tenant": act.tenant,
        "source": loser.source.name,
        "loser": (act.before.get(str(row.from_id)) or {}).get("name") or f"{act.entity} {row.from_id}",
        "loser_id": loser.external_id,
        "loser_url": deep_link(loser.source.system, loser.entity, loser.external_id),
        "survivor": (act.before.get(str(act.survivor_id)) or {}).get("name")
        or f"{act.entity} {act.survivor_id}",
        "survivor_id": keeps.external_id if keeps else "",
        "survivor_url": deep_link(keeps.source.system, keeps.entity, keeps.external_id) if keeps else "",
    }
