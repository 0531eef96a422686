"""The strings behind the sandbox: what tests, benchmarks and people at a terminal do to it while it runs."""

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

import orjson

from integrations.sandbox import times
from integrations.sandbox.clock import Clock
from integrations.sandbox.faults import Fault, Faults, from_text
from integrations.sandbox.limits import WINDOWS, Window
from integrations.sandbox.servicetitan import purchasing
from integrations.sandbox.servicetitan.access import Access
from integrations.sandbox.servicetitan.shop import Shop
from integrations.sandbox.servicetitan.store import Body, Store, encoded
from integrations.sandbox.servicetitan.webhooks import Delivery, Subscription, payload, start
from integrations.sandbox.stats import Stats

TOUCHED: Mapping[str, str] = {
    "customers": "name", "locations": "name", "jobs": "summary", "invoices": "summary", "leads": "summary",
    "bookings": "summary", "customer-contacts": "memo", "location-contacts": "memo", "payments": "memo",
    "estimates": "summary", "memberships": "memo", "installed-equipment": "memo", "job-notes": "text",
    "appointments": "specialInstructions",
}  # fmt: skip
"""The text member that a touch changes, so that the row differs in more than its time."""


class Control:
    def __init__(
        self, store: Store, shop: Shop, access: Access, faults: Faults, stats: Stats, clock: Clock
    ) -> None:
        self.store, self.shop, self.access, self.faults_on, self.calls = store, shop, access, faults, stats
        self.clock = clock
        self.lag = 900.0
        self.page_cap = 5000
        self.feed_page = 500
        self.latency: tuple[float, float] | None = None
        self.window: Window | None = None
        self.endpoints: dict[str, int] = {}
        self.subscription: Subscription | None = None
        self.deliveries: list[Delivery] = []
        self._touches = 0
        self._last_change = 0

    def now(self) -> float:
        return self.clock.now()

    def present(self) -> int:
        """The clock in ticks, but never before the last change."""
        return max(times.from_seconds(self.now()), self._last_change)

    def now_ticks(self) -> int:
        """A moment for one change, later than every change before: no feed position can lie between two."""
        self._last_change = max(times.from_seconds(self.now()), self._last_change + 1)
        return self._last_change

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock: tokens age, lags pass, rate windows empty."""
        self.clock.ahead += seconds

    def stats(self) -> dict[str, Any]:
        """What was called since the start or the last `reset`, and how many rows there are."""
        return {**self.calls.report(), "rows": self.store.counts()}

    def reset(self) -> None:
        """Set the counters to nought and switch all faults off."""
        self.calls.reset()
        self.faults_on.set(())

    def faults(self, *faults: Fault | str) -> None:
        """Switch on exactly these faults, drawn anew from the seed."""
        self.faults_on.set(tuple(from_text(fault) if isinstance(fault, str) else fault for fault in faults))

    def limit(self, rate: int | None, window: str = "sliding") -> None:
        self.window = None if rate is None else WINDOWS[window](rate)

    def rows(self, entity: str) -> list[Body]:
        """Every row as it is stored: active, inactive and merged."""
        with self.store.lock:
            return [body for _, body in self.store[entity].bodies()]

    def row(self, entity: str, row_id: int) -> Body:
        return self.store[entity].read(row_id)

    def change(self, entity: str, row_id: int, **members: Any) -> Body:
        """Change members of one row now. Raises KeyError for an unknown id."""
        with self.store.lock:
            body = self.store[entity].write(row_id, members, self.now_ticks())
        self.notify(f"{entity}.updated", row_id)
        return body

    def reshape(self, entity: str, change: Callable[[Body], Body]) -> None:
        """Give every row other members, as another version of the API would; none of them counts as modified."""
        with self.store.lock:
            table = self.store[entity]
            for row in table.rows.values():
                row.body = encoded(change(orjson.loads(row.body)))
            table.version += 1

    def change_together(self, entity: str, changes: Mapping[int, Body]) -> None:
        """Change several rows at one and the same moment, as an import there does. Raises KeyError for an unknown id."""
        with self.store.lock:
            now = self.now_ticks()
            for row_id, members in changes.items():
                self.store[entity].write(row_id, members, now)
        for row_id in changes:
            self.notify(f"{entity}.updated", row_id)

    def touch(self, entity: str, count: int | None = None, *, share: float | None = None) -> list[int]:
        """Change `count` rows (or a share of all) of an entity now; returns their ids."""
        with self.store.lock:
            table = self.store[entity]
            self._touches += 1
            wanted = count if share is None else round(len(table.rows) * share)
            chosen = Random(f"touch:{self._touches}").sample(
                sorted(table.rows), min(wanted or 1, len(table.rows))
            )
            for row_id in sorted(chosen):
                member = TOUCHED.get(entity)
                text = (table.read(row_id)[member] or "").partition(" (rev ")[0] if member else ""
                changes = {member: f"{text} (rev {self._touches})".strip()} if member else {}
                table.write(row_id, changes, self.now_ticks())
            table.by_modification()  # sorted now, as an index would be: not while somebody waits for the feed
        for row_id in chosen if self.subscription else ():
            self.notify(f"{entity}.updated", row_id)
        return sorted(chosen)

    def add_order(self, vendor: int, lines: Mapping[str, Any]) -> Body:
        """The office orders so much of each material of the price book, by code. Raises KeyError."""
        with self.store.lock:
            return purchasing.add(self.store, vendor, list(lines.items()), self.now_ticks())

    def receive_order(self, row_id: int, place: int, quantity: Any) -> None:
        """So much of the order's line at this place, from 0, has come."""
        with self.store.lock:
            line = self.store["purchase-orders"].read(row_id)["items"][place]["id"]
            purchasing.receive(self.store, row_id, [(line, quantity)], self.now_ticks())

    def merge(self, loser: int, winner: int) -> None:
        """Merge customers as the office does: the loser goes inactive, its locations and jobs move."""
        with self.store.lock:
            now = self.now_ticks()
            self.store["customers"].read(winner)
            self.store["customers"].write(loser, {"active": False, "mergedToId": winner}, now)
            for entity in ("locations", "jobs", "appointments"):
                self._move(entity, lambda body: body["customerId"] == loser, {"customerId": winner}, now)
            named = {"id": winner, "name": self.store["customers"].read(winner)["name"]}
            for entity in ("invoices", "payments"):
                self._move(entity, lambda body: body["customer"]["id"] == loser, {"customer": named}, now)

    def _move(self, entity: str, which: Callable[[Body], bool], changes: Body, now: int) -> None:
        table = self.store[entity]
        for row_id in [row.id for row, body in table.bodies() if which(body)]:
            table.write(row_id, changes, now)

    def dispatch(self, job_id: int) -> None:
        """Send somebody off to a job, as a dispatcher does: the job and its visits show it. Raises KeyError."""
        with self.store.lock:
            now = self.now_ticks()
            self.store["jobs"].write(job_id, {"jobStatus": "Dispatched"}, now)
            self._move(
                "appointments",
                lambda visit: visit["jobId"] == job_id and visit["status"] == "Scheduled",
                {"status": "Dispatched", "isConfirmed": True},
                now,
            )
        self.notify("jobs.updated", job_id)

    def deactivate(self, entity: str, row_id: int) -> None:
        """Delete softly: gone from the default list, inactive in the feed."""
        with self.store.lock:
            self.store[entity].remove(row_id, self.now_ticks())

    def add(self, count: int = 1) -> list[int]:
        """Add customers with all that belongs to them; everything new is modified now. Returns customer ids."""
        with self.store.lock:
            before = {name: set(table.rows) for name, table in self.store.tables.items()}
            added = self.shop.add(count)
            for name, table in self.store.tables.items():
                for row_id in sorted(table.rows.keys() - before[name]):
                    table.write(row_id, {}, self.now_ticks())
            return added

    def journal(self) -> list[dict[str, Any]]:
        """Every effect on a row since the start, in order: see `journal.Entry`."""
        with self.store.lock:
            return self.store.journal.report()

    def endpoint(self, name: str, status: int) -> None:
        """What an endpoint that left the public spec answers: 200 (it works), 403 or 404."""
        self.endpoints[name] = status

    def disable_app(self) -> None:
        """The merchant's admin disables the app: every call is answered 403."""
        for client in self.access.clients.values():
            client.enabled = False

    def enable_app(self) -> None:
        for client in self.access.clients.values():
            client.enabled = True

    def grant(self, scopes: Iterable[str]) -> None:
        """Give every client exactly these scopes, in the tokens it fetches from now on."""
        for client in self.access.clients.values():
            client.scopes = tuple(scopes)

    def subscribe(self, url: str, key: str, **more: Any) -> None:
        """Send webhooks to a URL; `more` are the other members of a Subscription. Every row that a control
        verb touches or changes sends one."""
        self.subscription = Subscription(url, key, **more)

    def notify(self, event: str, row_id: int) -> Delivery | None:
        """Send one webhook in the background; None where nobody has subscribed."""
        if self.subscription is None:
            return None
        body = payload(event, self.access.tenant, row_id, times.to_text(self.present()))
        self.deliveries.append(start(self.subscription, Delivery(event, body)))
        return self.deliveries[-1]

    def publish(self, scopes: Iterable[str]) -> None:
        """A new version of the app asks for these scopes; they hold once the merchant's admin upgrades."""
        self.access.publish(tuple(scopes))

    def expire_tokens(self) -> None:
        self.access.expire_tokens()
