"""What a merge moves is an explicit list, and nothing may be missing from it."""

import pytest

from reconciliation import relations
from reconciliation.entities import ENTITIES

MERGEABLE = [entity for entity in ENTITIES.values() if entity.merges]


@pytest.mark.parametrize("entity", MERGEABLE, ids=lambda entity: entity.name)
def test_every_column_that_points_at_a_record_that_can_be_merged_is_declared(entity):
    assert relations.undeclared(entity) == []


def test_an_undeclared_column_is_noticed(monkeypatch):
    declared = relations.RELATIONS["customer"]
    monkeypatch.setitem(relations.RELATIONS, "customer", declared[1:])
    assert relations.undeclared(ENTITIES["customer"]) == [(declared[0].model, declared[0].field)]
