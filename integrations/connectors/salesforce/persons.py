"""Person accounts: an account and a contact in one, where the org has them. Its name is written in two parts.

The route of a write: account rows -> those of persons get their record type and the parts of their name; contact rows
of a person account -> the account itself, under the names that a contact's fields have there. Orgs without person
accounts (their describe says so) are asked nothing, and their rows go as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from integrations.connectors.base import Writing
from integrations.connectors.entity import Row
from integrations.connectors.salesforce import describing
from integrations.connectors.salesforce.changes import quoted

MARK = "IsPersonAccount"
"""The member that a mapping fills to say what an account is to be; Salesforce itself never takes it."""
_AS_ARE = frozenset({"FirstName", "LastName", "Salutation", "Phone"})
_MANY = 200


class Asker(Protocol):
    """What is asked of the org."""

    def facts(self, name: str, *, anew: bool = False) -> describing.Facts: ...

    def query(self, soql: str) -> tuple[list[Row], int, bool]: ...


class Persons:
    """What one org's person accounts ask of the rows that are written."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._record_type: str | None = None

    @property
    def are_here(self) -> bool:
        """Whether the org has person accounts."""
        return describing.field_of(self._asker.facts("Account"), MARK) is not None

    def new_accounts(self, rows: Sequence[Writing]) -> Sequence[Writing]:
        """Each as a business or a person, as its mark says; where the org knows no persons all are businesses."""
        if not any(MARK in row.body for row in rows):
            return rows
        record_type = ""
        if any(row.body.get(MARK) for row in rows) and self.are_here:
            record_type = self._person_type()
        return [Writing(_account(row.body, record_type), row.key, row.external_id) for row in rows]

    def changed_accounts(self, rows: Sequence[Writing]) -> list[Writing]:
        """Changes of names, in two parts for accounts that are persons."""
        named = [row.external_id for row in rows if "Name" in row.body]
        persons = set(self._found("Account", "Id", "Id", named)) if named and self.are_here else set()
        return [
            Writing(_in_parts(row.body) if row.external_id in persons else row.body, row.key, row.external_id)
            for row in rows
        ]

    def behind(self, rows: Sequence[Writing]) -> dict[int, tuple[Writing, str]]:
        """Contacts that are person accounts: by place, the account's change and the contact's id."""
        if not self.are_here:
            return {}
        new = {row.body.get("AccountId") or "" for row in rows if not row.external_id} - {""}
        contacts = self._found("Account", "Id", "PersonContactId", new)
        accounts = self._found(
            "Contact", "Id", "AccountId", [row.external_id for row in rows if row.external_id]
        )
        known = {item["name"] for item in self._asker.facts("Account")["fields"] if item["update"]}
        found = {}
        for place, row in enumerate(rows):
            account = accounts.get(row.external_id) or str(row.body.get("AccountId") or "")
            contact = row.external_id if row.external_id in accounts else contacts.get(account, "")
            if contact and (row.external_id in accounts or not row.external_id):
                found[place] = (Writing(_on_account(row.body, known), external_id=account), contact)
        return found

    def _person_type(self) -> str:
        if self._record_type is None:
            soql = (
                "SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND IsPersonType = true"
                " AND IsActive = true ORDER BY Name, Id LIMIT 1"
            )
            rows = self._asker.query(soql)[0]
            self._record_type = str(rows[0]["Id"]) if rows else ""
        return self._record_type

    def _found(self, name: str, key: str, value: str, ids: Iterable[str]) -> dict[str, str]:
        """Of these rows those that are persons': id -> another member."""
        found: dict[str, str] = {}
        wanted = sorted(set(ids))
        columns = ", ".join(dict.fromkeys((key, value)))
        for start in range(0, len(wanted), _MANY):
            some = ", ".join(quoted(one) for one in wanted[start : start + _MANY])
            soql = f"SELECT {columns} FROM {name} WHERE {MARK} = true AND {key} IN ({some})"  # noqa: S608 (SOQL)
            found.update({str(row[key]): str(row[value]) for row in self._asker.query(soql)[0]})
        return found


def _account(body: Row, record_type: str) -> Row:
    """A new account; a name of one word is a surname."""
    plain = {name: value for name, value in body.items() if name != MARK}
    if not (record_type and body.get(MARK) and plain.get("Name")):
        return plain
    return {**_in_parts(plain), "RecordTypeId": record_type}


def _in_parts(body: Row) -> Row:
    if "Name" not in body:
        return body
    first, _, last = str(body["Name"]).strip().rpartition(" ")
    return {**{n: v for n, v in body.items() if n != "Name"}, "FirstName": first or None, "LastName": last}


def _on_account(body: Mapping[str, Any], known: set[str]) -> Row:
    """A contact's members under the names that they have on its person account; those it does not have are left out."""
    found = {name if name in _AS_ARE else _name_there(name): value for name, value in body.items()}
    return {name: value for name, value in found.items() if name in known}


def _name_there(name: str) -> str:
    return f"{name.removesuffix('__c')}__pc" if name.endswith("__c") else f"Person{name}"
