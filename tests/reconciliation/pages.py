"""Pages as a pull would hand them to `ingest`, row by row."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson
from django.db import transaction

from reconciliation.entities import ENTITIES
from reconciliation.ingest import ingest
from reconciliation.intake import Child, Incoming, Intake, PageResult
from reconciliation.models import Link, Source

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REQUIRED = {
    "location": {"customer"},
    "customer_contact": {"customer"},
    "job": {"customer", "location"},
    "invoice": {"customer"},
    "appointment": {"job"},
}


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def row(
    external_id: int | str,
    modified: datetime | None = NOON,
    *,
    children: Iterable[Child] = (),
    active: bool = True,
    merged_to: str | None = None,
    refs: dict[str, Any] | None = None,
    **fields: Any,
) -> Incoming:
    """One mapped row; its payload and fingerprint follow from all the rest, as a real one's would."""
    references = {name: str(value) for name, value in (refs or {}).items()}
    kept = list(children)
    body = {
        "id": external_id,
        "at": modified,
        "active": active,
        "merged": merged_to,
        "refs": references,
        "fields": fields,
        "children": [[child.external_id, child.fields, dict(child.references)] for child in kept],
    }
    payload = orjson.dumps(body, default=str)
    mark = int.from_bytes(blake2b(payload, digest_size=8).digest(), "big", signed=True)
    return Incoming(
        str(external_id), fields, references, payload.decode(), mark, modified, NOON, active, merged_to, kept
    )


def intake(source: Source, entity: str, **options: Any) -> Intake:
    return Intake(source, ENTITIES[entity], frozenset(REQUIRED.get(entity, ())), **options)


def take(source: Source, entity: str, *rows: Incoming, **options: Any) -> PageResult:
    """Ingest one page in its transaction."""
    with transaction.atomic():
        return ingest(intake(source, entity, **options), rows)


def counts(result: PageResult) -> dict[str, int]:
    """What is not nought of a result."""
    names = ("created", "updated", "unchanged", "waiting", "out_of_scope")
    found = {name: getattr(result, name) for name in names}
    found["failed"] = len(result.failures)
    return {name: number for name, number in found.items() if number}


def link(source: Source, entity: str, external_id: int | str) -> Link:
    return Link.objects.get(source=source, entity=entity, external_id=str(external_id))


def record(source: Source, entity: str, external_id: int | str) -> Any:
    return ENTITIES[entity].model.objects.get(pk=link(source, entity, external_id).record_id)
