"""What a rule's source really sends: the payloads kept with its links, to choose fields from and to try a mapping on.

The route: a link's stored payload -> its dotted paths (for the mapping's fields), or -> lines not saved yet ->
the values they would give.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from integrations.connectors.base import FieldMap, Row
from integrations.mapping import Mapped, compile_entity
from integrations.mapping.paths import known_paths
from integrations.mappings import customised, declaration, default_lines
from integrations.models import FieldMapping, SyncRule
from reconciliation.models import Link

LOOKED_AT = 40


def recent(rule: SyncRule, limit: int = LOOKED_AT) -> list[tuple[str, Row]]:
    """Some payloads of this rule's entity, each with its external id. Reads along the unique index."""
    links = Link.objects.filter(source=rule.connection.source_id, entity=rule.entity)
    found = links.order_by("external_id").values_list("external_id", "payload")[:limit]
    return [(external_id, payload) for external_id, payload in found if isinstance(payload, dict)]


def payload_of(rule: SyncRule, external_id: str) -> Row | None:
    """The payload last read for one remote row, or None where it was never read."""
    links = Link.objects.filter(source=rule.connection.source_id, entity=rule.entity, external_id=external_id)
    payload = links.values_list("payload", flat=True).first()
    return payload if isinstance(payload, dict) else None


def remote_paths(rule: SyncRule, part: str, payloads: Iterable[Row]) -> list[str]:
    """The dotted paths that the source is known to send for a part: those seen, and those of the default mapping."""
    found = {
        path.strip() for line in default_lines(rule) if line.part == part for path in line.remote.split(",")
    }
    for payload in payloads:
        for row in _rows_of(rule, part, payload):
            found.update(_paths(row))
    return sorted(found)


def _rows_of(rule: SyncRule, part: str, payload: Row) -> Iterable[Row]:
    children = declaration(rule).children
    if not part or children is None:
        return [payload]
    nested = payload.get(children.remote)
    return [row for row in nested if isinstance(row, dict)] if isinstance(nested, list) else []


def _paths(row: Row) -> Iterator[str]:
    """Every path of a row, and of the members above it, which a transform may take whole."""
    for path in known_paths(row):
        names = path.split(".")
        yield from (".".join(names[:depth]) for depth in range(1, len(names) + 1))


def tried(rule: SyncRule, lines: Sequence[FieldMapping], payload: Row) -> Mapped:
    """What these lines make of a payload; nothing is written. Raises MappingError for a row they cannot read."""
    entity = customised(declaration(rule), lines)
    return compile_entity(entity, region=rule.connection.tenant.phone_region)(payload)


def as_maps(lines: Iterable[FieldMapping]) -> list[FieldMap]:
    """The lines without their rows, for `mapping.problems`."""
    return [FieldMap(line.remote, line.field, line.transform) for line in lines]


def in_words(lines: Iterable[FieldMapping]) -> dict[str, Any]:
    """Record field -> where it comes from, for the audit trail's diff."""
    return {
        f"{line.part}.{line.field}" if line.part else line.field: ", ".join(
            filter(None, (f"{line.remote} ({line.transform})", line.mode, line.policy))
        )
        for line in lines
    }
