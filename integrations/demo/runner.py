"""The demo itself, step by step. See the package for the route."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import requests
from django.conf import settings
from django.db import connection as database

from integrations.booking.asked import Refused
from integrations.demo import bookings, people
from integrations.demo.children import LOOK, Children, Stopped
from integrations.demo.earlier import DemoFailed, end_leftovers, refuse_second, state_file
from integrations.demo.state import HOST, State, identity
from integrations.demo.waiting import make_some_waiting
from integrations.models import Connection
from integrations.sandbox.servicetitan import access
from portal.models import Tenant, User

SHOP_FILE = "demo_shop.json"
SLUG, NAME = "hartwell", "Hartwell Plumbing & Air"
PATIENCE = 60.0


class Demo:
    """One run. `go` returns when a person has stopped it; raises DemoFailed or ChildDied."""

    def __init__(
        self, say: Callable[[str], None], *, customers: int, web_port: int, sandbox_port: int
    ) -> None:
        self.say, self.customers = say, customers
        self.state = State.load(state_file())
        refuse_second(self.state)
        end_leftovers(self.state, say)
        self.web = f"http://{HOST}:{self.state.port('web', web_port)}"
        self.sandbox = f"http://{HOST}:{self.state.port('sandbox', sandbox_port)}"
        self.state.runner, self.state.children = identity(), []
        self.state.save()
        log_dir = settings.VAR_DIR / "log"
        log_dir.mkdir(parents=True, exist_ok=True)
        self.children = Children(log_dir, self._environment(), self._note_child)

    def _environment(self) -> dict[str, str]:
        allowed = {*settings.CUSTOM_API_HOSTS, self.sandbox.removeprefix("http://")}
        return {
            **os.environ,
            "CUSTOM_API_HOSTS": ",".join(sorted(allowed)),
            "INSECURE_HTTP": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def _note_child(self, pid: int) -> None:
        with suppress(psutil.Error):  # a command may be over already
            self.state.children.append(identity(pid))
        self.state.save()

    def go(self) -> None:
        self.children.listen()
        logging.getLogger("django-q").setLevel(logging.WARNING)  # each wake it queues is no news to a person
        try:
            self._start()
            self.say(self._welcome())
            while True:
                self.children.watch()
                time.sleep(LOOK)
        except Stopped:
            self.say("\nStopping what this demo started ...")
        finally:
            self.children.stop()
            self.state.runner, self.state.children = None, []
            self.state.save()
        self.say("Stopped. The data stays: `make demo` takes up from here.")

    def _start(self) -> None:
        self._manage("migrate", "--verbosity", "0", why="The database could not be prepared.")
        self.say("Database ready.")
        self._start_sandbox()
        self.children.start(
            "web", "-m", "gunicorn", "portal.wsgi", "--bind", self.web.removeprefix("http://"),
            "--threads", "4", "--graceful-timeout", "3", "--access-logfile", "-",
        )  # fmt: skip
        people.ensure_partner()
        tenant = self._merchant()
        people.ensure_people(self.state, tenant)
        self.state.save()
        self._connect(tenant)
        database.close()
        self._await(f"{self.web}/healthz", "web server")
        self.say(f"Web server ready on {self.web}.")
        self.say("Syncing ...")
        self._sync()
        self._make_waiting(tenant)
        self.children.start("worker", "manage.py", "qcluster")
        self.say("Worker cluster started.")
        self._book(tenant)

    def _manage(self, *command: str, why: str, said: str = "", quiet: bool = False) -> None:
        if self.children.call("manage.py", *command, said=said, quiet=quiet):
            raise DemoFailed(f"{why} The reason stands above.")

    def _start_sandbox(self) -> None:
        self.children.start(
            "sandbox", "manage.py", "sandbox", "servicetitan", "--port", str(self.state.ports["sandbox"]),
            "--customers", str(self.customers), "--seed", "1", "--born", str(self.state.born), "--lag", "0",
            "--keep", str(settings.VAR_DIR / SHOP_FILE),
        )  # fmt: skip
        self._await(f"{self.sandbox}/_sandbox/stats", "sandbox")
        self.say(f"ServiceTitan sandbox ready on {self.sandbox}.")

    def _await(self, url: str, what: str) -> None:
        """Until the address answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.children.watch()
            try:
                if requests.get(url, timeout=5).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(LOOK)
        raise DemoFailed(f"The {what} did not answer on {url} within {PATIENCE:.0f} seconds: see its log.")

    def _merchant(self) -> Tenant:
        if not Tenant.objects.filter(slug=SLUG).exists():
            self._manage(
                "onboard", SLUG, "--name", NAME, "--timezone", "America/Chicago",
                "--partner", people.PARTNER_SLUG,
                why="The demo merchant could not be onboarded.", quiet=True,
            )  # fmt: skip
            self.say(f"{NAME} onboarded.")
        return Tenant.objects.select_related("partner").get(slug=SLUG)

    def _connect(self, tenant: Tenant) -> None:
        """Connect the merchant, unless the connection of the last run still stands."""
        stands = Connection.objects.filter(
            tenant=tenant,
            system="servicetitan",
            status__in=[Connection.Status.CONNECTED, Connection.Status.PAUSED],
            api_url=self.sandbox,
        )
        if any("application_guid" in connection.credentials.reveal() for connection in stands):
            self.say(f"{NAME} is connected already.")
            return
        self._manage(
            "connect", SLUG, "servicetitan", "--tenant-id", str(access.TENANT), "--client-id", access.CLIENT_ID,
            "--client-secret", "-", "--app-key", access.APP_KEY,
            "--application-guid", access.APPLICATION_GUID, "--environment", "custom", "--api-url", self.sandbox,
            "--auth-url", self.sandbox,
            said=f"{access.CLIENT_SECRET}\n", why="The demo merchant could not be connected.", quiet=True,
        )  # fmt: skip
        self.say(f"{NAME} connected to ServiceTitan tenant {access.TENANT}.")

    def _sync(self) -> None:
        """A sync with failed records is worth looking at in the portal, and no reason to stop the demo."""
        if self.children.call("manage.py", "sync", SLUG):
            self.say("The sync did not end well; the reasons stand above and on the merchant's page.")

    def _make_waiting(self, tenant: Tenant) -> None:
        """Something for the support agent to do. A second run finds it there and adds nothing."""
        settings.CUSTOM_API_HOSTS = [self.sandbox.removeprefix("http://")]
        found = make_some_waiting(tenant)
        database.close()
        self.say(
            f"Waiting for the support agent: {found.conflicts} conflicts, {found.pairs} likely duplicates."
        )

    def _book(self, tenant: Tenant) -> None:
        """Jobs booked in the portal go to the sandbox, and the status that its dispatcher gives one comes back."""
        connection = Connection.objects.get(tenant=tenant, system="servicetitan")
        try:
            jobs = bookings.book_some(tenant, User.objects.get(username="support"))
        except Refused as error:  # somebody has changed what the merchant shares
            self.say(f"No jobs were booked: {error}")
            return
        deadline = time.monotonic() + PATIENCE
        while connection.may_call and bookings.on_their_way(jobs) and time.monotonic() < deadline:
            self.children.watch()
            time.sleep(LOOK)
        if bookings.dispatch_first(connection, jobs):
            self.children.call("manage.py", "sync", SLUG, "--entity", "job", "appointment", quiet=True)
        held, late = len(bookings.waiting(jobs)), bookings.on_their_way(jobs)
        database.close()
        self.say(
            f"Booked in the portal: {len(jobs)} jobs; {len(jobs) - held - late} are in ServiceTitan, "
            f"{held} waits for a person, {late} on their way."
        )

    def _welcome(self) -> str:
        return (
            f"\nTrunkline is ready: {self.web}/\n\n{people.table(self.state)}\n\n"
            f"  {NAME}'s own ServiceTitan page: {self.sandbox}/admin/\n"
            f"  Logs: {self.children.log_dir}\n\nCtrl-C stops everything this command started, nothing else."
        )
