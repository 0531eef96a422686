"""How a row of an answer looks: its fields, its parents as nested records, its children as nested answers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.schema import Field, SObject
from integrations.sandbox.salesforce.soql.paths import SEE_WSDL, parent_of, resolve, value_in
from integrations.sandbox.salesforce.soql.tokens import refuse
from integrations.sandbox.salesforce.soql.tree import Both, Compare, Literal, Path, Select
from integrations.sandbox.salesforce.store import Row

ALL_FIELDS_LIMIT = 200


@dataclass(slots=True)
class Shape:
    org: Org
    fields: list[Field] = field(default_factory=list)
    parents: dict[str, tuple[Field, "Shape"]] = field(default_factory=dict)
    children: dict[str, Callable[[Row, str], dict[str, Any] | None]] = field(default_factory=dict)

    def show(self, row: Row, version: str) -> dict[str, Any]:
        name = self.org.schema.by_prefix[row["Id"][:3]].name
        url = f"/services/data/v{version}/sobjects/{name}/{row['Id']}"
        shown: dict[str, Any] = {"attributes": {"type": name, "url": url}}
        for one in self.fields:
            shown[one.name] = value_in(row, one)
        for relationship, (lookup, shape) in self.parents.items():
            parent = parent_of(self.org, row, lookup)
            shown[relationship] = shape.show(parent, version) if parent else None
        for relationship, ask in self.children.items():
            shown[relationship] = ask(row, version)
        return shown

    def add(self, relations: tuple[Field, ...], last: Field) -> None:
        if not relations:
            if last not in self.fields:
                self.fields.append(last)
            return
        relationship = str(relations[0].relationship)
        _, shape = self.parents.setdefault(relationship, (relations[0], Shape(self.org)))
        shape.add(relations[1:], last)


def shape_of(
    org: Org, select: Select, sobject: SObject, answer: Callable[..., Any], *, deleted: bool
) -> Shape:
    """`answer` answers subqueries. Raises Refused INVALID_FIELD for what the object has not."""
    shape = Shape(org)
    for one in _group(select, sobject):
        shape.add((), one)
    for item in select.items:
        if isinstance(item, Path):
            found = resolve(org, select, sobject, item)
            shape.add(found.relations, found.field)
        elif isinstance(item, Select):
            name, ask = _children(org, item, sobject, answer, deleted)
            shape.children[name] = ask
    return shape


def _group(select: Select, sobject: SObject) -> list[Field]:
    """The fields of FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""
    if not select.fields:
        return []
    if select.fields not in {"all", "standard", "custom"}:
        raise refuse(select.text, 7, "MALFORMED_QUERY", f"unexpected token: '{select.fields}'")
    if select.fields != "standard" and (select.limit is None or select.limit > ALL_FIELDS_LIMIT):
        sentence = f"The SOQL FIELDS function must have a LIMIT of at most {ALL_FIELDS_LIMIT}"
        raise refuse(select.text, 7, "MALFORMED_QUERY", sentence)
    kinds = {"all": {True, False}, "standard": {False}, "custom": {True}}[select.fields]
    return [one for one in sobject.fields.values() if one.custom in kinds]


def _children(
    org: Org, inner: Select, parent: SObject, answer: Callable[..., Any], deleted: bool
) -> tuple[str, Callable[[Row, str], dict[str, Any] | None]]:
    found = [
        (name, child, lookup)
        for name, child, lookup in org.schema.children(parent.name)
        if name.lower() == inner.source.lower()
    ]
    if not found:
        sentence = (
            f"Didn't understand relationship '{inner.source}' in FROM part of query call. If you are attempting to use "
            f"a custom relationship, be sure to append the '__r' after the custom relationship name. {SEE_WSDL}"
        )
        raise refuse(inner.text, inner.source_at, "INVALID_TYPE", sentence)
    name, child, lookup = found[0]
    shape_of(org, replace(inner, source=child.name), child, answer, deleted=deleted)

    def ask(row: Row, version: str) -> dict[str, Any] | None:
        ours = Compare(Path(lookup.name, inner.source_at), "=", Literal("string", row["Id"], inner.source_at))
        where = Both((ours, inner.where)) if inner.where else ours
        result = answer(org, replace(inner, source=child.name, where=where), deleted=deleted)
        if not result.total:
            return None
        return {"totalSize": result.total, "done": True, "records": result.show(version, 0, result.total)}

    return name, ask
