"""The strings behind the sandbox: what tests, benchmarks and people at a terminal do to it while it runs."""

from collections.abc import Iterable
from random import Random
from typing import Any

from integrations.sandbox.faults import Fault, Faults, from_text
from integrations.sandbox.salesforce.access import Access
from integrations.sandbox.salesforce.allowance import Allowance
from integrations.sandbox.salesforce.declaring import declare, field_from, fields_of
from integrations.sandbox.salesforce.ids import long_id
from integrations.sandbox.salesforce.jobs import Jobs
from integrations.sandbox.salesforce.org import DuplicateRule, Org, ValidationRule
from integrations.sandbox.salesforce.queries import MOST, Cursors
from integrations.sandbox.salesforce.saving import TESTS
from integrations.sandbox.salesforce.schema import label_of
from integrations.sandbox.salesforce.store import Row
from integrations.sandbox.stats import Stats

TOUCHED = ("Description", "Title", "Site", "NextStep", "Name")
"""The text fields that a touch changes: the first that the object has."""


class Control:
    def __init__(
        self,
        org: Org,
        access: Access,
        faults: Faults,
        stats: Stats,
        allowance: Allowance,
        latency: Any = None,
    ) -> None:
        self.org, self.access, self.faults_on, self.calls = org, access, faults, stats
        self.allowance = allowance
        self.latency: tuple[float, float] | None = latency
        self.cursors = Cursors()
        self.jobs = Jobs()
        self.query_page = MOST
        self._touches = 0

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock: tokens age, the day's calls come back."""
        self.org.clock.ahead += seconds

    def stats(self) -> dict[str, Any]:
        """What was called since the start or the last `reset`, and how many rows there are."""
        with self.org.store.lock:
            return {
                **self.calls.report(),
                "api_usage": self.allowance.header(),
                "rows": self.org.store.counts(),
            }

    def reset(self) -> None:
        """Set the counters to nought and switch all faults off."""
        self.calls.reset()
        self.faults_on.set(())

    def faults(self, *faults: Fault | str) -> None:
        """Switch on exactly these faults, drawn anew from the seed."""
        self.faults_on.set(tuple(from_text(fault) if isinstance(fault, str) else fault for fault in faults))

    def allow_calls(self, most: int, used: int = 0) -> None:
        """The day's allowance from now on, and how much of it is gone."""
        self.allowance.begin(most, used)

    def slow_jobs(self, seconds: float) -> None:
        """How long bulk jobs, from now on, take to end."""
        self.jobs.delay = seconds

    # --- rows ---

    def rows(self, name: str) -> list[Row]:
        """Every row as it is stored: live, deleted and merged."""
        with self.org.store.lock:
            return [dict(row) for row in self.org.store[name].rows.values()]

    def row(self, row_id: str) -> Row:
        """Raises KeyError."""
        with self.org.store.lock:
            return dict(self.org.store.home(long_id(row_id)).rows[long_id(row_id)])

    def add(self, name: str, members: dict[str, Any]) -> Row:
        """Put a row in place as somebody in the office would, past validation."""
        with self.org.store.lock:
            return dict(self.org.seed(name, **members))

    def change(self, row_id: str, members: dict[str, Any], by: str = "") -> Row:
        """Change fields of a row now. `by` is the id of the user who does it (default: one of the team)."""
        with self.org.store.lock:
            table = self.org.store.home(long_id(row_id))
            before = table.rows[long_id(row_id)]
            now = self.org.stamp()
            author = by or self._colleague()
            row = {
                **before,
                **members,
                "SystemModstamp": now,
                "LastModifiedDate": now,
                "LastModifiedById": author,
            }
            if derive := self.org.hooks.before.get(table.sobject.name):
                derive(self.org, row, before)
            table.put(row)
            return dict(row)

    def _colleague(self) -> str:
        """A user who is not the integration's own."""
        users = (row["Id"] for row in self.org.store["User"].live() if row.get("IsActive"))
        return next((user for user in users if user != self.org.user_id), self.org.user_id)

    def touch(self, name: str, count: int = 1) -> list[str]:
        """Change a text of `count` live rows of an object now; returns their ids."""
        with self.org.store.lock:
            table = self.org.store[name]
            field = next(field for field in TOUCHED if field in table.sobject.fields)
            self._touches += 1
            live = sorted(row["Id"] for row in table.live())
            chosen = Random(f"touch:{self._touches}").sample(live, min(count, len(live)))
            for row_id in chosen:
                text = (table.rows[row_id].get(field) or "").partition(" (rev ")[0]
                self.change(row_id, {field: f"{text} (rev {self._touches})".strip()})
            return chosen

    def delete(self, row_id: str) -> None:
        """Move a row to the recycle bin."""
        self.change(row_id, {"IsDeleted": True})

    def undelete(self, row_id: str) -> None:
        self.change(row_id, {"IsDeleted": False})

    def merge(self, winner: str, *losers: str) -> None:
        """Merge rows of one object: losers are deleted with MasterRecordId set, what pointed at them moves."""
        with self.org.store.lock:
            table = self.org.store.home(long_id(winner))
            for loser in map(long_id, losers):
                for child, field in self.org.schema.pointing_at(table.sobject.name):
                    if field.name != "MasterRecordId":
                        for row in self.org.store[child.name].where(field.name, loser):
                            self.change(row["Id"], {field.name: long_id(winner)})
                self.change(loser, {"IsDeleted": True, "MasterRecordId": long_id(winner)})
            self.change(winner, {})

    def lock_rows(self, ids: Iterable[str]) -> None:
        """Writes of exactly these rows answer UNABLE_TO_LOCK_ROW from now on."""
        self.org.locked = {long_id(row_id) for row_id in ids}

    def journal(self) -> list[dict[str, Any]]:
        """Every effect on a row since the start, in order: see `journal.Entry`."""
        with self.org.store.lock:
            return self.org.store.journal.report()

    # --- what the admin does ---

    def add_field(self, name: str, declaration: str) -> None:
        """A field from one line of declaring.py. Raises ValueError."""
        with self.org.store.lock:
            self._object(name).add(field_from(declaration))

    def add_object(self, name: str, fields: str, label: str = "") -> str:
        """A custom object; returns its key prefix. Raises ValueError."""
        with self.org.store.lock:
            prefix = f"a{sum(one.custom for one in self.org.schema.objects.values()):02d}"
            lines = "Name string 80 key\n" + fields
            list(fields_of(lines))
            self.org.schema.add(declare(name, prefix, lines, custom=True, label=label or label_of(name)))
            return prefix

    def remove_field(self, name: str, field: str) -> None:
        """Hide a field: from now on it looks as if it did not exist."""
        with self.org.store.lock:
            self._object(name).remove(field)

    def _object(self, name: str) -> Any:
        found = self.org.schema.find(name)
        if found is None:
            raise ValueError(f"There is no object {name!r}.")
        return found

    def add_validation_rule(
        self, name: str, field: str, op: str, message: str, value: Any = None, at_field: bool = True
    ) -> None:
        """Refuse rows whose field fulfils a test. Raises ValueError for an unknown test."""
        if op not in TESTS:
            raise ValueError(f"The tests are {', '.join(TESTS)}.")
        self.org.validation_rules.append(ValidationRule(name, field, op, value, message, at_field))

    def add_duplicate_rule(self, name: str, fields: Iterable[str], alert: bool = True) -> None:
        self.org.duplicate_rules.append(DuplicateRule(name, tuple(fields), alert))

    def drop_rules(self) -> None:
        self.org.validation_rules.clear()
        self.org.duplicate_rules.clear()

    def expire_tokens(self) -> None:
        self.access.expire_tokens()

    def revoke_all(self) -> None:
        """The admin withdraws every approval."""
        self.access.revoke_all()

    def enable_api(self, on: bool = True) -> None:
        self.access.api_enabled = on

    def deactivate_user(self, username: str) -> None:
        with self.org.store.lock:
            found = self.org.store["User"].by_key("Username", username)
            self.change(found[0], {"IsActive": False})
