"""Which rows a WHERE needs to look at: those an index names, or a stretch of the order by SystemModstamp."""

from bisect import bisect_left
from collections.abc import Iterable

from integrations.sandbox.salesforce import moments
from integrations.sandbox.salesforce.ids import long_id
from integrations.sandbox.salesforce.soql.tree import Both, Compare, Either, Literal
from integrations.sandbox.salesforce.store import Row, Table


def candidates(table: Table, where: object, *, live: bool) -> tuple[Iterable[Row], bool]:
    """Rows among which are all that fulfil `where`, and whether they come in order of SystemModstamp, then Id.

    `live`: only rows outside the recycle bin are wanted, so that the indexes (which hold no others) serve.
    """
    named = _named(table, where, live)
    if named is not None:
        return [table.rows[row_id] for row_id in named if row_id in table.rows], False
    low = bound(where)
    if low is not None:
        order = table.by_modstamp()
        return (table.rows[row_id] for _, row_id in order[bisect_left(order, (low, "")) :]), True
    return table.rows.values(), False


def _named(table: Table, where: object, live: bool) -> list[str] | None:
    """The ids that a condition on an indexed field narrows to, or None."""
    if isinstance(where, Both):
        return next((found for part in where.parts if (found := _named(table, part, live)) is not None), None)
    if not isinstance(where, Compare) or where.op not in {"=", "in"}:
        return None
    literals = (where.value,) if isinstance(where.value, Literal) else where.value
    field = table.sobject.find(where.path.text)
    if field is None or not isinstance(literals, tuple) or any(one.kind != "string" for one in literals):
        return None
    if field.name == "Id":
        return list(dict.fromkeys(long_id(one.value) for one in literals))
    if not live or not (field.is_key or field.type == "reference"):
        return None
    values = {long_id(one.value) if field.type == "reference" else one.value for one in literals}
    return list(
        dict.fromkeys(row["Id"] for value in sorted(values) for row in table.where(field.name, value))
    )


def bound(where: object) -> str | None:
    """The SystemModstamp below which no row fulfils the condition, or None."""
    if isinstance(where, Both):
        return max((low for part in where.parts if (low := bound(part))), default=None)
    if isinstance(where, Either):
        lows = [bound(part) for part in where.parts]
        return min(low for low in lows if low) if all(lows) else None
    if not isinstance(where, Compare) or where.path.text.lower() != "systemmodstamp":
        return None
    literal = where.value
    if where.op not in {"=", ">", ">="} or not isinstance(literal, Literal) or literal.kind != "moment":
        return None
    return moments.datetime_text(literal.value) if "T" in literal.value else None
