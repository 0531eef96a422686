"""Duplicate rules: a new row that equals a live one in some fields is refused, with those it resembles."""

from typing import Any

from integrations.sandbox.salesforce.errors import RowRefused
from integrations.sandbox.salesforce.org import DuplicateRule, Org
from integrations.sandbox.salesforce.schema import SObject
from integrations.sandbox.salesforce.store import Row, folded


def refuse_duplicates(org: Org, sobject: SObject, row: Row, *, allowed: bool) -> None:
    """Raises RowRefused DUPLICATES_DETECTED. `allowed`: the caller asked to save rows a rule only warns of."""
    for rule in org.duplicate_rules:
        if rule.object != sobject.name or (rule.alert and allowed):
            continue
        found = _alike(org, rule, row)
        if found:
            raise RowRefused("DUPLICATES_DETECTED", rule.message, (), duplicateResult=_result(rule, found))


def _alike(org: Org, rule: DuplicateRule, row: Row) -> list[str]:
    wanted = [row.get(name) for name in rule.fields]
    if any(value is None for value in wanted):
        return []
    table = org.store[rule.object]
    indexed = next((name for name in rule.fields if name in table.index), None)
    rows = (
        [table.rows[row_id] for row_id in table.by_key(indexed, row[indexed])]
        if indexed
        else list(table.live())
    )
    texts = [folded(value) for value in wanted]
    return [found["Id"] for found in rows if [folded(found.get(name)) for name in rule.fields] == texts]


def _result(rule: DuplicateRule, found: list[str]) -> dict[str, Any]:
    def match(row_id: str) -> dict[str, Any]:
        url = f"/services/data/v62.0/sobjects/{rule.object}/{row_id}"
        record = {"attributes": {"type": rule.object, "url": url}, "Id": row_id}
        return {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}

    matches = {
        "entityType": rule.object,
        "errors": [],
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": [match(row_id) for row_id in found],
        "rule": f"Standard_{rule.object}_Match_Rule_v1_1",
        "size": len(found),
        "success": True,
    }
    return {
        "allowSave": rule.alert,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": rule.object,
        "errorMessage": rule.message,
        "matchResults": [matches],
    }
