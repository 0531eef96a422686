"""The systems of a torture: each opened as a sandbox, connected, and changed as its own people do.

Where customers are edited, an office speaks of them by the portal's names (`name`, `street`), whatever its system calls
them, and so does the journal that it hands out.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from django.conf import settings

from integrations import connecting
from integrations.models import Connection, SyncRule
from integrations.sandbox import salesforce, servicetitan
from integrations.sandbox.journal import Entry
from integrations.work import work
from portal.models import Tenant

Values = Mapping[str, str]
LATE = 0.8
"""The sandboxes' slowest call, in seconds: after it a lost request has taken effect or never will."""
PLACE = {"city": "Lynchburg", "state": "VA", "postal_code": "24501", "country": "USA"}
"""Where everybody lives who is made in a torture."""
CUSTOMERS = "customers"
"""What the rows of customers are called in a journal that an office hands out."""
ANY = ("reset:0.03", "server_error:0.03", f"slow:0.15,argument={LATE / 2}")


class Office(Protocol):
    """One system beside the portal: its faults, and the entities that are read, parents first."""

    side: str
    faults: tuple[str, ...]
    entities: tuple[str, ...]

    @property
    def app(self) -> Any: ...

    def connect(self, tenant: Tenant, url: str) -> Connection: ...


class CustomerOffice(Office, Protocol):
    """One whose people edit customers."""

    def change(self, external_id: str, values: Values) -> None: ...

    def add(self, values: Values) -> None: ...

    def rows(self) -> dict[str, dict[str, str]]:
        """The live customers by external id, each with its name and street."""
        ...

    def journal(self) -> list[Entry]: ...


class ServiceTitan:
    """Customers with their locations, without which none can be made there."""

    side = "servicetitan"
    entities: tuple[str, ...] = ("customer", "location")
    faults: tuple[str, ...] = (
        "lost_reply:0.25,method=POST",
        "lost_reply:0.06,method=PATCH",
        "late_error:0.12,method=POST",
        "late_error:0.04,method=PATCH",
        "rate_limited:0.005",
        *ANY,
    )

    def __init__(self, seed: int, customers: int) -> None:
        self.app = servicetitan.create_app(customers=customers, seed=seed, rate=None, lag=0.0)

    def connect(self, tenant: Tenant, url: str) -> Connection:
        known = {name: str(value) for name, value in servicetitan.credentials(self.app).items()}
        return connected(tenant, self, known, url, auth_url=url, both_ways=True)

    def change(self, external_id: str, values: Values) -> None:
        control, row_id = self.app.control, int(external_id)
        with control.store.lock:
            control.change(CUSTOMERS, row_id, **self._members(row_id, values))

    def add(self, values: Values) -> None:
        control = self.app.control
        with control.store.lock:
            (row_id,) = control.add(1)
            control.change(CUSTOMERS, row_id, active=True, **self._members(row_id, values))

    def _members(self, row_id: int, values: Values) -> dict[str, Any]:
        found: dict[str, Any] = {"name": values["name"]} if "name" in values else {}
        if "street" in values:
            found["address"] = {
                **self.app.control.row(CUSTOMERS, row_id)["address"],
                "street": values["street"],
            }
        return found

    def rows(self) -> dict[str, dict[str, str]]:
        return {
            str(row["id"]): {"name": row["name"], "street": row["address"]["street"]}
            for row in self.app.control.rows(CUSTOMERS)
            if row["active"]
        }

    def journal(self) -> list[Entry]:
        return list(self.app.control.store.journal.entries)


class Salesforce:
    """Accounts."""

    side = "salesforce"
    entities: tuple[str, ...] = ("customer",)
    faults: tuple[str, ...] = (
        "lost_reply:0.12,path=composite",
        "late_error:0.08,path=composite",
        "locked_row:0.05",
        "too_many_requests:0.005",
        "token_expired:0.02",
        *ANY,
    )
    _columns: Values = {"name": "Name", "street": "BillingStreet", "city": "BillingCity", "state": "BillingState",
                        "postal_code": "BillingPostalCode", "country": "BillingCountry"}  # fmt: skip

    def __init__(self, seed: int, customers: int) -> None:
        self.app = salesforce.create_app(customers, seed, allowance=1_000_000)

    def connect(self, tenant: Tenant, url: str) -> Connection:
        known = salesforce.credentials(self.app)
        given = {name: known[name] for name in ("client_id", "client_secret")}
        return connected(tenant, self, {"way": "client_credentials", **given}, url, both_ways=True)

    def change(self, external_id: str, values: Values) -> None:
        self.app.control.change(external_id, self._members(values))

    def add(self, values: Values) -> None:
        self.app.control.add("Account", self._members({**values, **PLACE}))

    def _members(self, values: Values) -> dict[str, Any]:
        return {self._columns[name]: value for name, value in values.items()}

    def rows(self) -> dict[str, dict[str, str]]:
        return {
            row["Id"]: {"name": row["Name"], "street": row.get("BillingStreet") or ""}
            for row in self.app.control.rows("Account")
            if not row["IsDeleted"]
        }

    def journal(self) -> list[Entry]:
        with self.app.control.org.store.lock:
            found = list(self.app.control.org.store.journal.entries)
        return [_in_the_portals_words(entry) for entry in found if entry.table == "Account"]


OFFICES: Mapping[str, Callable[[int, int], CustomerOffice]] = {
    office.side: office for office in (ServiceTitan, Salesforce)
}


def _in_the_portals_words(entry: Entry) -> Entry:
    return replace(entry, table=CUSTOMERS, before=_worded(entry.before), after=_worded(entry.after))


def _worded(members: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(members)
    if "Name" in found:
        found["name"] = found["Name"]
    if "BillingStreet" in found:
        found["address"] = {"street": found["BillingStreet"] or ""}
    return found


def connected(
    tenant: Tenant,
    office: Office,
    credentials: Values,
    url: str,
    *,
    auth_url: str = "",
    both_ways: bool = False,
) -> Connection:
    """Connected and tested, its entities on, read once."""
    connection = connecting.save_credentials(
        tenant, office.side, dict(credentials), environment="custom",
        allowed_hosts=settings.CUSTOM_API_HOSTS, api_url=url, auth_url=auth_url,
    )  # fmt: skip
    connecting.test(connection)
    connection.rules.exclude(entity__in=office.entities).update(enabled=False)
    rules = connection.rules.filter(entity__in=office.entities)
    rules.update(enabled=True, **({"direction": SyncRule.Direction.BOTH} if both_ways else {}))
    for name in office.entities:
        work(connection.rules.get(entity=name).pk)
    return connection
