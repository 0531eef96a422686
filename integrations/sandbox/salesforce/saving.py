"""Writing one row as the platform does: check -> resolve parents -> defaults -> derived -> rules -> unique -> store.

A `Saver` serves one call: its user, its headers and the row faults drawn for it. Its methods raise RowRefused for
what concerns one row and Refused for what the API's parser would not take.
"""

from collections.abc import Callable, Mapping
from typing import Any

from integrations.sandbox.salesforce import duplicates
from integrations.sandbox.salesforce.checking import Checker, checker_of
from integrations.sandbox.salesforce.errors import Refused, RowRefused
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

Plan = tuple[dict[str, tuple[Field, Checker]], tuple[Field, ...], dict[str, Any], tuple[str, ...]]
_PLANS: dict[int, tuple[int, SObject, Plan]] = {}


def plan_of(sobject: SObject) -> Plan:
    """(checkers by exact name, required fields, defaults, unique fields) of an object, made once."""
    version, owner, plan = _PLANS.get(id(sobject), (-1, None, None))
    if owner is sobject and version == sobject.version and plan:
        return plan
    fields = sobject.fields.values()
    plan = (
        {field.name: (field, checker_of(field)) for field in fields},
        tuple(field for field in fields if field.required),
        sobject.defaults,
        tuple(field.name for field in fields if field.unique),
    )
    _PLANS[id(sobject)] = (sobject.version, sobject, plan)
    return plan


class Saver:
    def __init__(
        self, org: Org, user_id: str, *, row_fault: RowFault | None = None, allow_duplicates: bool = False
    ) -> None:
        self.org, self.user_id, self.row_fault = org, user_id, row_fault
        self.allow_duplicates = allow_duplicates
        self.now = org.stamp()

    def create(self, sobject: SObject, values: Mapping[str, Any]) -> str:
        """Returns the id of the new row."""
        return self._create(sobject, self._clean(sobject, values, creating=True))

    def update(self, sobject: SObject, row_id: str, values: Mapping[str, Any]) -> str:
        row = self.live_row(sobject, row_id)
        return self._update(sobject, row, self._clean(sobject, values, creating=False))

    def upsert(self, sobject: SObject, key: Field, value: Any, values: Mapping[str, Any]) -> tuple[str, bool]:
        """Returns the id and whether the row is new. Raises RowRefused when several rows have the key."""
        table = self.org.store[sobject.name]
        found = table.by_key(key.name, long_id(str(value)) if key.name == "Id" else value)
        if len(found) > 1:
            sentence = f"{key.name}: more than one record found for external id field: [{', '.join(found)}]"
            raise RowRefused("DUPLICATE_EXTERNAL_ID", sentence, [key.name])
        if found:
            return self._update(
                sobject, table.rows[found[0]], self._clean(sobject, values, creating=False)
            ), False
        if key.name == "Id":
            raise RowRefused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return self._create(sobject, self._clean(sobject, {**values, key.name: value}, creating=True)), True

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

    def _clean(self, sobject: SObject, values: Mapping[str, Any], *, creating: bool) -> Row:
        checkers = plan_of(sobject)[0]
        clean: Row = {}
        refused: list[str] = []
        for name, value in values.items():
            known = checkers.get(name)
            if known is None:
                if name == "attributes":
                    continue
                known = self._other_name(sobject, name, value, checkers)
            field, check = known
            if isinstance(value, dict):
                clean[field.name] = self._parent(field, value)
                continue
            if not (field.createable if creating else field.updateable):
                refused.append(field.name)
                continue
            kept = check(value)
            if field.refers and kept is not None:
                self._refers_well(field, kept)
            clean[field.name] = kept
        if refused:
            sentence = (
                f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this "
                "field and verify that it is read/write for your profile or permission set."
            )
            raise RowRefused("INVALID_FIELD_FOR_INSERT_UPDATE", sentence, refused)
        return clean

    def _other_name(
        self, sobject: SObject, name: str, value: Any, checkers: dict[str, tuple[Field, Checker]]
    ) -> tuple[Field, Checker]:
        field = sobject.parent_field(name) if isinstance(value, dict) else sobject.find(name)
        if field is None:
            raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        return checkers[field.name]

    def _parent(self, field: Field, named: Mapping[str, Any]) -> str:
        """The id of the parent that is named by one of its external ids."""
        kind = named.get("attributes", {}).get("type") or field.refers[0]
        parent = self.org.schema.find(kind)
        keys = [(name, value) for name, value in named.items() if name != "attributes"]
        key = parent.find(keys[0][0]) if parent and len(keys) == 1 else None
        if parent is None or key is None or not key.is_key:
            raise RowRefused("INVALID_FIELD", f"The relationship {field.relationship} needs one external id.")
        found = self.org.store[parent.name].by_key(key.name, keys[0][1])
        if len(found) != 1:
            sentence = f"Foreign key external ID: {keys[0][1]} not found for field {key.name} in entity {parent.name}"
            raise RowRefused("INVALID_FIELD", sentence)
        return found[0]

    def _refers_well(self, field: Field, row_id: str) -> None:
        owner = self.org.schema.by_prefix.get(row_id[:3])
        if owner is None or owner.name not in field.refers:
            sentence = f"{field.label}: id value of incorrect type: {row_id}"
            raise RowRefused("MALFORMED_ID", sentence, [field.name])
        row = self.org.store[owner.name].rows.get(row_id)
        if row is None:
            raise RowRefused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row["IsDeleted"]:
            raise RowRefused("ENTITY_IS_DELETED", "entity is deleted")
        if field.name == "OwnerId" and row.get("IsActive") is False:
            sentence = f"operation performed with inactive user [{row_id}] as owner of record"
            raise RowRefused("INACTIVE_OWNER_OR_USER", sentence, ["OwnerId"])

    def _create(self, sobject: SObject, clean: Row) -> str:
        table = self.org.store[sobject.name]
        defaults = plan_of(sobject)[2]
        row: Row = {
            "Id": "",
            "IsDeleted": False,
            **defaults,
            **{k: v for k, v in clean.items() if v is not None},
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

    def _update(self, sobject: SObject, before: Row, clean: Row) -> str:
        row = {**before, **clean}
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
