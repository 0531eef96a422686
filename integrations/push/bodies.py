"""What a create sends: the record's own members, the ids of what it refers to, and what has to come along.

What comes along are a customer's locations and contacts, a job's visits, an invoice's lines.
"""

from typing import Any

from integrations.connectors.entity import Parts, Row
from integrations.models import SyncRule
from integrations.push.sending import Sender
from integrations.push.sides import Side, Values, side_of
from reconciliation.models import Link
from reconciliation.normalise import normal_form


class CannotCreate(Exception):
    """Something the other system needs is missing here, in words for a person."""


def body_of(sender: Sender, record: Any, values: Values) -> tuple[Row, dict[str, Any]]:
    """The body of a create, and what it says of each part's record: `{entity: {record id: values}}`.

    `values` are what `Side.read` gave of the record.

    Nested rows are among the parts under their own name, as a list: what was sent of them is known ever after.
    """
    side = sender.side
    body = side.new_body(values)
    for name in side.write.needed:
        if body.get(side.write.rename.get(name, name)) in (None, ""):
            raise CannotCreate(f"{sender.rule.connection.label} needs its {name}. Fill it in here.")
    body |= side.referenced(record)
    parts: dict[str, Any] = {}
    if side.write.children is not None:
        rows = side.nested(record)
        body |= side.nested_body(rows)
        parts[side.write.children.name] = [normal_form(row) for row in rows]
    for part in side.write.parts:
        _add_part(sender, record, part, body, parts)
    return body, parts


def _add_part(sender: Sender, record: Any, part: Parts, body: Row, parts: dict[str, Any]) -> None:
    rule = rule_of(sender.rule, part.entity)
    side = side_of(rule)
    rows = []
    for child in _unlinked(side, part, record):
        row = side.new_body(side.read(child))
        if any(row.get(name) in (None, "") for name in side.write.needed):
            continue
        rows.append(row)
        parts.setdefault(part.entity, {})[str(child.pk)] = side.new(child)
    if not rows and part.needed:
        if (
            "address" not in body
        ):  # a customer's own address is its first location; a job's visit cannot be guessed
            label = sender.side.entity.label
            raise CannotCreate(f"A {label} needs at least one {part.entity}. Add one here, then retry.")
        rows = [{"name": body["name"], "address": body["address"]}]
    if rows:
        body[part.member] = rows


def _unlinked(side: Side, part: Parts, record: Any) -> list[Any]:
    """The records that belong to this one and that the system does not know."""
    known = Link.objects.filter(
        source=side.rule.connection.source_id, entity=part.entity, record_id__isnull=False
    )
    mine = side.entity.objects.filter(
        **{f"{part.reference}_id": record.pk}, **side.entity.constants, active=True
    )
    return list(mine.exclude(pk__in=known.values("record_id")).order_by("pk"))


def rule_of(rule: SyncRule, entity: str) -> SyncRule:
    """The rule of another entity of the same connection."""
    return SyncRule.objects.select_related("connection__tenant", "connection__source").get(
        connection_id=rule.connection_id, entity=entity
    )
