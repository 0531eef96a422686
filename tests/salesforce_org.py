"""A Salesforce org in memory behind `responses`, with the wire shapes of the API: as much of it as one test needs.

The sandbox is the believable stand-in; this one answers exactly what a test lays out, and notes what it was asked.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses

LOGIN = "https://login.salesforce.com"
INSTANCE = "https://acme.my.salesforce.com"
ORG_ID, USER_ID = "00D000000000001EAA", "005000000000001AAA"
KEY = "ServiceTitan_Id__c"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
_TYPES = {"Id": "id", "IsDeleted": "boolean", "SystemModstamp": "datetime", "CreatedDate": "datetime"}
FIELDS = {
    "Account": ("Name", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry",
                "MasterRecordId", KEY),
    "Contact": ("FirstName", "LastName", "Email", "Phone", "AccountId", "OwnerId", KEY),
    "Opportunity": ("Name", "StageName", "Amount", "CloseDate", "IsClosed", "IsWon", "AccountId", "OwnerId", KEY),
    "OpportunityContactRole": ("OpportunityId", "ContactId", "Role", "IsPrimary"),
    "Case": ("CaseNumber", "Subject", "Status", "Priority", "AccountId", "ContactId", "IsClosed", KEY),
    "Campaign": ("Name", "Status", "Type", KEY),
    "CampaignMember": ("CampaignId", "ContactId", "Status", "HasResponded"),
    "Task": ("Subject", "Status", "Priority", "ActivityDate", "AccountId", "WhoId", "WhatId", "IsClosed"),
    "User": ("Name", "Email", "Username", "IsActive", "UserType"),
}  # fmt: skip
_BOOLEANS = {"IsClosed", "IsWon", "IsPrimary", "HasResponded", "IsActive"}


def stamp(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def an_id(prefix: str, number: int) -> str:
    return f"{prefix}{number:012d}AAA"


class Org:
    """`rows[object]` are its records; `asked` the calls (method, path, body); `refuse` answers the next ones."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in FIELDS}
        self.fields = {name: list(fields) for name, fields in FIELDS.items()}
        self.asked: list[tuple[str, str, Any]] = []
        self.hosts: list[str] = []
        self.refusals: list[tuple[str, int, Any]] = []
        self.row_errors: dict[str, dict[str, Any]] = {}
        self.tokens: list[str] = ["token-1"]
        self.grant = "grant-1"
        self.rotates = False
        self.grant_error: dict[str, str] | None = None
        self.used, self.allowed = 18, 15000
        self.instance = INSTANCE
        self.page = 2000
        self.revoked: list[str] = []
        self._made = 0
        for method in ("GET", "POST", "PATCH", "PUT"):
            mock.add_callback(method, re.compile(r"https://[a-z0-9.]+salesforce\.com/.*"), self._answer)

    # --- what a test lays out ----------------------------------------------------------------------------------------

    def account(self, number: int, name: str, minutes: float = 0, **more: Any) -> dict[str, Any]:
        return self.add("Account", an_id("001", number), minutes, Name=name, **more)

    def add(self, name: str, row_id: str, minutes: float = 0, **values: Any) -> dict[str, Any]:
        row = {"Id": row_id, "IsDeleted": False, "SystemModstamp": stamp(minutes), "CreatedDate": stamp(0)}
        row.update(dict.fromkeys(self.fields[name]), **values)
        self.rows[name].append(row)
        return row

    def refuse(self, path: str, status: int, body: Any) -> None:
        """Answer the next call whose path holds this text."""
        self.refusals.append((path, status, body))

    def calls(self, part: str) -> list[tuple[str, str, Any]]:
        return [call for call in self.asked if part in call[1]]

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(request.url)
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        self.asked.append((request.method, parts.path, body))
        self.hosts.append(parts.hostname or "")
        status, found = self._route(request, parts, body)
        headers = {"Sforce-Limit-Info": f"api-usage={self.used}/{self.allowed}"}
        return status, headers, found if isinstance(found, str) else json.dumps(found)

    def _route(self, request: Any, parts: Any, body: str) -> tuple[int, Any]:
        for refusal in self.refusals:
            if refusal[0] in parts.path:
                self.refusals.remove(refusal)
                return refusal[1:]
        if parts.path.endswith("/oauth2/token"):
            return self._token({name: values[0] for name, values in parse_qs(body).items()})
        if parts.path.endswith("/oauth2/revoke"):
            self.revoked.append(parse_qs(body)["token"][0])
            return 200, ""
        if request.headers["Authorization"] != f"Bearer {self.tokens[-1]}":
            return 401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
        return self._data(request, parts, body)

    def _token(self, form: dict[str, str]) -> tuple[int, Any]:
        if self.grant_error:
            return 400, self.grant_error
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.grant:
            return 400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        found = {
            "access_token": self.tokens[-1], "instance_url": self.instance, "token_type": "Bearer",
            "id": f"{LOGIN}/id/{ORG_ID}/{USER_ID}", "scope": "refresh_token api id", "issued_at": "1718200000123",
        }  # fmt: skip
        if self.rotates and form["grant_type"] == "refresh_token":
            self.grant = f"{self.grant}+"
        if form["grant_type"] == "authorization_code" or self.rotates:
            found["refresh_token"] = self.grant
        return 200, found

    def _data(self, request: Any, parts: Any, body: str) -> tuple[int, Any]:
        path = parts.path.split("/services/data/v62.0/")[1]
        if path == "":
            return 200, {"sobjects": "/services/data/v62.0/sobjects"}
        if found := re.fullmatch(r"sobjects/(\w+)/describe", path):
            return self._describe(found[1])
        if path == "queryAll":
            return self._query(parse_qs(parts.query)["q"][0])
        if found := re.fullmatch(r"composite/sobjects(?:/(\w+)/(\w+))?", path):
            records = json.loads(body)["records"]
            return 200, [self._save(record, found[2]) for record in records]
        return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]

    def _describe(self, name: str) -> tuple[int, Any]:
        if name not in self.fields:
            return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
        names = [*_TYPES, *self.fields[name]]
        fields = [describe_field(one) for one in names]
        described = {"name": name, "label": name, "createable": True, "updateable": True, "fields": fields}
        return 200, described

    def _query(self, soql: str) -> tuple[int, Any]:
        found = re.fullmatch(
            r"SELECT (.+?) FROM (\w+)(?: WHERE (.*?))?(?: ORDER BY SystemModstamp, Id LIMIT (\d+))?", soql
        )
        assert found, soql
        columns, name = found[1].split(", "), found[2]
        if name == "Organization":
            return 200, {
                "totalSize": 1,
                "done": True,
                "records": [{"Id": ORG_ID, "Name": "Acme", "IsSandbox": False}],
            }
        unknown = [column for column in columns if column not in _TYPES and column not in self.fields[name]]
        if unknown:
            message = f"\n{soql[:30]}\n^\nERROR at Row:1:Column:8\nNo such column '{unknown[0]}' on entity '{name}'."
            return 400, [{"errorCode": "INVALID_FIELD", "message": message}]
        rows = sorted(self.rows[name], key=lambda row: (row["SystemModstamp"], row["Id"]))
        rows = [row for row in rows if matches(row, found[3] or "")]
        page = rows[: min(self.page, int(found[4] or 2000))]
        records = [
            {"attributes": {"type": name}, **{column: row[column] for column in columns}} for row in page
        ]
        done = len(page) == len(rows)
        more = {} if done else {"nextRecordsUrl": "/services/data/v62.0/query/01g-2000"}
        return 200, {"totalSize": len(rows), "done": done, "records": records, **more}

    def _save(self, record: dict[str, Any], key: str | None) -> dict[str, Any]:
        name = record.pop("attributes")["type"]
        for text, error in self.row_errors.items():
            if text in json.dumps(record):
                return {"success": False, "errors": [error]}
        row_id, rows = record.pop("id", None), self.rows[name]
        known = next((r for r in rows if r["Id"] == row_id or (key and r.get(key) == record[key])), None)
        if known is None and row_id:
            error = {"statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted", "fields": []}
            return {"success": False, "errors": [error]}
        created = known is None
        if known is None:
            self._made += 1
            known = self.add(name, an_id("00X", self._made))
        known.update(record, SystemModstamp=stamp(60 + len(self.asked)))
        return {"id": known["Id"], "success": True, "errors": [], "created": created}


def matches(row: dict[str, Any], where: str) -> bool:
    """The few conditions that the connector asks with."""
    at, found = row["SystemModstamp"].replace("+0000", "Z"), True
    if "IsDeleted = false" in where:
        found = found and not row["IsDeleted"]
    if "UserType" in where:
        found = found and row["UserType"] == "Standard"
    if since := re.search(r"SystemModstamp >= (\S+)", where):
        found = found and at >= since[1].rstrip(")")
    if past := re.search(r"SystemModstamp > (\S+) OR \(SystemModstamp = \S+ AND Id > '(\w+)'", where):
        found = found and (at > past[1] or (at == past[1] and row["Id"] > past[2]))
    if ids := re.search(r"(\w+) IN \((.*?)\)", where):
        found = found and f"'{row.get(ids[1])}'" in ids[2]
    for name, value in re.findall(r"(\w+) = '(\w+)'", where.split(" OR ", maxsplit=1)[0]):
        found = found and row.get(name) == value if name != "UserType" else found
    return found


def describe_field(name: str, **more: Any) -> dict[str, Any]:
    """One field of a describe, with the keys that count."""
    kind = _TYPES.get(name) or (
        "boolean" if name in _BOOLEANS else "currency" if name == "Amount" else "string"
    )
    system = name in _TYPES
    return {
        "name": name, "label": name.removesuffix("__c"), "type": kind, "length": 80 if kind == "string" else 0,
        "nillable": name not in {"Name", "LastName"}, "createable": not system, "updateable": not system,
        "defaultedOnCreate": kind == "boolean", "custom": name.endswith("__c"), "externalId": name == KEY,
        "unique": name == KEY, "restrictedPicklist": False, "relationshipName": None, "referenceTo": [],
        "picklistValues": [], **more,
    }  # fmt: skip
