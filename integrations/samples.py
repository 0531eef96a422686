"""What a rule's source really sends: the payloads kept with its links, to choose fields from.

The route: a link's stored payload -> its dotted paths, and a mapping's lines in words for the audit trail.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from integrations.connectors.entity import Row
from integrations.mapping.paths import known_paths
from integrations.mappings import declaration, default_lines, remote_fields
from integrations.models import FieldMapping, LineDirection, SyncRule
from reconciliation.models import Link

LOOKED_AT = 40


def recent(rule: SyncRule, limit: int = LOOKED_AT) -> list[tuple[str, Row]]:
    """Some payloads of this rule's entity, each with its external id. Reads along the unique index."""
    links = Link.objects.filter(source=rule.connection.source_id, entity=rule.entity)
    found = links.order_by("external_id").values_list("external_id", "payload")[:limit]
    return [(external_id, payload) for external_id, payload in found if isinstance(payload, dict)]


def remote_paths(rule: SyncRule, part: str, payloads: Iterable[Row]) -> list[str]:
    """The dotted paths that the source is known to send for a part: those seen, and those of the default mapping."""
    found = {
        path.strip() for line in default_lines(rule) if line.part == part for path in line.remote.split(",")
    }
    if not part:
        found.update(field.path for field in remote_fields(rule))
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


def in_words(lines: Iterable[FieldMapping]) -> dict[str, Any]:
    """What each line fills -> where it comes from, for the audit trail's diff."""
    return {_name(line): _words(line) for line in lines}


def _name(line: FieldMapping) -> str:
    target = f"→ {line.remote}" if line.direction == LineDirection.PUSH else line.field
    return f"{line.part}.{target}" if line.part else target


def _words(line: FieldMapping) -> str:
    source = line.field if line.direction == LineDirection.PUSH else line.remote
    transform = f"{line.transform}: {line.argument}" if line.argument else line.transform
    way = "" if line.direction == LineDirection.BOTH else line.direction
    return ", ".join(filter(None, (f"{source} ({transform})".strip(), line.mode, line.policy, way)))
