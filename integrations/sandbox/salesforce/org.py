"""The org: its objects, its rows, its rules and its clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.clock import Clock
from integrations.sandbox.salesforce import moments
from integrations.sandbox.salesforce.schema import Schema
from integrations.sandbox.salesforce.store import Row, Store


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """Refuses rows of an object in which `field` `op` `value`; ops are the keys of saving.TESTS."""

    object: str
    field: str
    op: str
    value: Any
    message: str
    at_field: bool = True


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Refuses a row that equals a live one in all of `fields`; `alert` lets a caller save it nevertheless."""

    object: str
    fields: tuple[str, ...]
    alert: bool = True
    message: str = "Use one of these records?"

    @property
    def name(self) -> str:
        return f"Standard_{self.object}_Duplicate_Rule"


@dataclass(slots=True)
class Org:
    schema: Schema
    store: Store
    clock: Clock
    id: str = ""
    user_id: str = ""
    validation_rules: list[ValidationRule] = field(default_factory=list)
    duplicate_rules: list[DuplicateRule] = field(default_factory=list)
    locked: set[str] = field(default_factory=set)
    hooks: "Hooks" = field(default_factory=lambda: Hooks({}, {}))
    _last: float = 0.0

    def stamp(self) -> str:
        """The moment of a write, never before that of an earlier one."""
        self._last = max(self._last, self.clock.now())
        return moments.to_text(self._last)

    def seed(self, name: str, **values: Any) -> Row:
        """Put a row in place as it is, past every rule; gives it id and stamps."""
        table = self.store[name]
        now = values.pop("at", None) or self.stamp()
        row: Row = {"Id": values.pop("Id", None) or table.new_id(), "IsDeleted": False, **values}
        for stamp in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
            row.setdefault(stamp, now)
        for person in ("CreatedById", "LastModifiedById"):
            row.setdefault(person, self.user_id)
        if "OwnerId" in table.sobject.fields:
            row.setdefault("OwnerId", self.user_id)
        for default, value in table.sobject.defaults.items():
            row.setdefault(default, value)
        if derive := self.hooks.before.get(name):
            derive(self, row, None)
        table.put(row)
        return row


Before = Callable[[Org, Row, Row | None], None]
"""Fills derived fields of a row about to be stored; may raise RowRefused."""
After = Callable[[Org, Row, Row | None], None]
"""Does to other rows what the stored one entails."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the platform does by itself when a row of an object is saved."""

    before: dict[str, Before]
    after: dict[str, After]
