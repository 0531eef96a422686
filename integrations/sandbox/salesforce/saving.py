"""Writing one row as the platform does: check -> resolve parents -> defaults -> derived -> rules -> unique -> store.

A `Saver` serves one call: its user, its headers and the row faults drawn for it. Its methods raise RowRefused for
what concerns one row and Refused for what the API's parser would not take.
"""

from collections.abc import Callable, Mapping
from typing import Any

from integrations.sandbox.salesforce import duplicates
from integrations.sandbox.salesforce.cleaning import clean, plan_of
from integrations.sandbox.salesforce.errors import RowRefused
from integrations.sandbox.salesforce.ids import is_id, long_id
from integrations.sandbox.salesforce.org import Org, ValidationRule
from integrations.sandbox.salesforce.schema import Field, SObject
from integrations.sandbox.salesforce.store import Row, Table

TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda have, value: have == value,
    "!=": lambda have, value: have != value,
    "<": lambda have, value: have is not None and have < value,
    ">": lambda have, value: have is not None and have > value,
    "contains": lambda have, value: value in (have or ""),
    "empty": lambda have, value: have is None,
}
LOCKED = "unable to obtain exclusive access to this record or 1 records: {}"
RowFault = Callable[[], None]
"""Called once a row; raises RowRefused for the row that a fault was drawn for."""


class Saver:
    def __init__(
        self, org: Org, user_id: str, *, row_fault: RowFault | None = None, allow_duplicates: bool = False
    ) -> None:
        self.org, self.user_id, self.row_fault = org, user_id, row_fault
        self.allow_duplicates = allow_duplicates
        self.now = org.stamp()

    def create(self, sobject: SObject, values: Mapping[str, Any]) -> str:
        """Returns the id of the new row."""
        return self._create(sobject, clean(self.org, sobject, values, creating=True))

    def update(self, sobject: SObject, row_id: str, values: Mapping[str, Any]) -> str:
        row = self.live_row(sobject, row_id)
        return self._update(sobject, row, clean(self.org, sobject, values, creating=False))

    def upsert(self, sobject: SObject, key: Field, value: Any, values: Mapping[str, Any]) -> tuple[str, bool]:
        """Returns the id and whether the row is new. Raises RowRefused when several rows have the key."""
        table = self.org.store[sobject.name]
        found = table.by_key(key.name, long_id(str(value)) if key.name == "Id" else value)
        if len(found) > 1:
            sentence = f"{key.name}: more than one record found for external id field: [{', '.join(found)}]"
            raise RowRefused("DUPLICATE_EXTERNAL_ID", sentence, [key.name])
        if found:
            return self._update(
                sobject, table.rows[found[0]], clean(self.org, sobject, values, creating=False)
            ), False
        if key.name == "Id":
            raise RowRefused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return self._create(
            sobject, clean(self.org, sobject, {**values, key.name: value}, creating=True)
        ), True

    def delete(self, sobject: SObject, row_id: str) -> None:
        """Move a row to the recycle bin, and the children that go with it."""
        row = self.live_row(sobject, row_id)
        if not sobject.deletable:
            raise RowRefused("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        self._may_write(row["Id"])
        table = self.org.store[sobject.name]
        stamps = {"SystemModstamp": self.now, "LastModifiedDate": self.now, "LastModifiedById": self.user_id}
        table.put({**row, "IsDeleted": True, **stamps})
        for child, field in self.org.schema.pointing_at(sobject.name):
            if field.required and child.deletable:
                for found in self.org.store[child.name].where(field.name, row["Id"]):
                    self.delete(child, found["Id"])

    def live_row(self, sobject: SObject, row_id: str) -> Row:
        """Raises Refused 404 for a row that is not there, or is in the recycle bin."""
        row = self.org.store[sobject.name].rows.get(long_id(str(row_id)))
        if row is None:
            if not is_id(row_id):
                raise RowRefused(
                    "MALFORMED_ID", f"{sobject.label} ID: id value of incorrect type: {row_id}", ["Id"]
                )
            raise RowRefused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row["IsDeleted"]:
            raise RowRefused("ENTITY_IS_DELETED", "entity is deleted")
        return row

    # --- the steps ---

    def _create(self, sobject: SObject, values: Row) -> str:
        table = self.org.store[sobject.name]
        defaults = plan_of(sobject)[2]
        row: Row = {
            "Id": "",
            "IsDeleted": False,
            **defaults,
            **{k: v for k, v in values.items() if v is not None},
        }
        row["CreatedDate"] = row["LastModifiedDate"] = row["SystemModstamp"] = self.now
        row["CreatedById"] = row["LastModifiedById"] = self.user_id
        if "OwnerId" in sobject.fields:
            row.setdefault("OwnerId", self.user_id)
        self._check_whole(sobject, table, row, None)
        self._may_write("")
        row["Id"] = table.new_id()
        self._store(sobject, table, row, None)
        return row["Id"]

    def _update(self, sobject: SObject, before: Row, values: Row) -> str:
        row = {**before, **values}
        row["LastModifiedDate"] = row["SystemModstamp"] = self.now
        row["LastModifiedById"] = self.user_id
        table = self.org.store[sobject.name]
        self._check_whole(sobject, table, row, before)
        self._may_write(row["Id"])
        self._store(sobject, table, row, before)
        return row["Id"]

    def _check_whole(self, sobject: SObject, table: Table, row: Row, before: Row | None) -> None:
        derive = self.org.hooks.before.get(sobject.name)
        if derive:
            derive(self.org, row, before)
        _, required, _, unique = plan_of(sobject)
        absent = [
            field.name for field in required if row.get(field.name) is None and not _excused(field, row)
        ]
        if absent:
            sentence = f"Required fields are missing: [{', '.join(absent)}]"
            raise RowRefused("REQUIRED_FIELD_MISSING", sentence, absent)
        for name in unique:
            value = row.get(name)
            others = (
                [found for found in table.by_key(name, value) if found != row["Id"]]
                if value is not None
                else ()
            )
            if others:
                sentence = f"duplicate value found: {name} duplicates value on record with id: {others[0]}"
                raise RowRefused("DUPLICATE_VALUE", sentence)
        for rule in self.org.validation_rules:
            if rule.object == sobject.name:
                _obey(rule, row)
        if self.org.duplicate_rules and before is None:
            duplicates.refuse_duplicates(self.org, sobject, row, allowed=self.allow_duplicates)

    def _may_write(self, row_id: str) -> None:
        if self.row_fault:
            self.row_fault()
        if row_id in self.org.locked:
            raise RowRefused("UNABLE_TO_LOCK_ROW", LOCKED.format(row_id))

    def _store(self, sobject: SObject, table: Table, row: Row, before: Row | None) -> None:
        table.put(row)
        after = self.org.hooks.after.get(sobject.name)
        if after:
            after(self.org, row, before)


def _excused(field: Field, row: Row) -> bool:
    """A person account's name is composed, so it need not be given."""
    return field.name == "Name" and bool(row.get("IsPersonAccount"))


def _obey(rule: ValidationRule, row: Row) -> None:
    if TESTS[rule.op](row.get(rule.field), rule.value):
        fields = [rule.field] if rule.at_field else []
        raise RowRefused("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields)
