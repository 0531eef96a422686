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
from integrations.demo import bookings, flowing, people
from integrations.demo.children import LOOK, Children, Stopped
from integrations.demo.earlier import DemoFailed, end_leftovers, refuse_second, state_file
from integrations.demo.remotes import REMOTES, SALESFORCE, SERVICETITAN, Remote
from integrations.demo.state import HOST, State, identity
from integrations.demo.waiting import make_some_waiting
from integrations.models import Connection
from portal.models import Tenant, User

SLUG, NAME = "hartwell", "Hartwell Plumbing & Air"
PATIENCE = 60.0


class Demo:
    """One run. `go` returns when a person has stopped it; raises DemoFailed or ChildDied."""

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        customers: int,
        web_port: int,
        sandbox_port: int,
        salesforce_port: int,
    ) -> None:
        self.say, self.customers = say, customers
        self.state = State.load(state_file())
        refuse_second(self.state)
        end_leftovers(self.state, say)
        self.web = f"http://{HOST}:{self.state.port('web', web_port)}"
        ports = {SERVICETITAN: sandbox_port, SALESFORCE: salesforce_port}
        self.urls = {
            remote: f"http://{HOST}:{self.state.port(remote.port, port)}" for remote, port in ports.items()
        }
        self.state.runner, self.state.children = identity(), []
        self.state.save()
        log_dir = settings.VAR_DIR / "log"
        log_dir.mkdir(parents=True, exist_ok=True)
        self.children = Children(log_dir, self._environment(), self._note_child)

    def _environment(self) -> dict[str, str]:
        allowed = {*settings.CUSTOM_API_HOSTS, *self._hosts()}
        return {
            **os.environ,
            "CUSTOM_API_HOSTS": ",".join(sorted(allowed)),
            "INSECURE_HTTP": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def _hosts(self) -> list[str]:
        return [url.removeprefix("http://") for url in self.urls.values()]

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
        for remote in REMOTES:
            self._start_sandbox(remote)
        self.children.start(
            "web", "-m", "gunicorn", "portal.wsgi", "--bind", self.web.removeprefix("http://"),
            "--threads", "4", "--graceful-timeout", "3", "--access-logfile", "-",
        )  # fmt: skip
        people.ensure_partner()
        tenant = self._merchant()
        people.ensure_people(self.state, tenant)
        self.state.save()
        for remote in REMOTES:
            self._connect(tenant, remote)
        database.close()
        self._await(f"{self.web}/healthz", "web server")
        self.say(f"Web server ready on {self.web}.")
        for remote in REMOTES:
            self.say(f"Syncing with {remote.label} ...")
            self._sync(remote)
        settings.CUSTOM_API_HOSTS = self._hosts()
        self._make_waiting(tenant)
        self.children.start("worker", "manage.py", "qcluster")
        self.say("Worker cluster started.")
        self._book(tenant)
        self._flow(tenant)

    def _manage(self, *command: str, why: str, said: str = "", quiet: bool = False) -> None:
        if self.children.call("manage.py", *command, said=said, quiet=quiet):
            raise DemoFailed(f"{why} The reason stands above.")

    def _start_sandbox(self, remote: Remote) -> None:
        self.children.start(f"{remote.system}-sandbox", *remote.sandbox(self.state, self.customers))
        self._await(f"{self.urls[remote]}/_sandbox/stats", "sandbox")
        self.say(f"{remote.label} sandbox ready on {self.urls[remote]}.")

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

    def _connect(self, tenant: Tenant, remote: Remote) -> None:
        """Connect the merchant, unless the connection of the last run still stands."""
        url = self.urls[remote]
        if remote.stands(tenant, url):
            self.say(f"{NAME} is connected already to {remote.label}.")
            return
        self._manage(
            *remote.connect(SLUG, url), said=f"{remote.secret}\n", quiet=True,
            why=f"The demo merchant could not be connected to {remote.label}.",
        )  # fmt: skip
        self.say(f"{NAME} connected to {remote.label}.")

    def _sync(self, remote: Remote) -> None:
        """A sync with failed records is worth looking at in the portal, and no reason to stop the demo."""
        if self.children.call("manage.py", "sync", SLUG, "--connection", remote.system):
            self.say("The sync did not end well; the reasons stand above and on the merchant's page.")

    def _make_waiting(self, tenant: Tenant) -> None:
        """Something for the support agent to do. A second run finds it there and adds nothing."""
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

    def _flow(self, tenant: Tenant) -> None:
        """All flows are on; each has made something by the time the demo is ready."""
        connections = [Connection.objects.get(tenant=tenant, system=remote.system) for remote in REMOTES]
        for why in flowing.install_all(tenant, User.objects.get(username="partner")):
            self.say(f"Not installed: {why}")
        self._settle(tenant, connections)
        if flowing.set_off(tenant, *connections):
            for remote in REMOTES:
                self.children.call("manage.py", "sync", SLUG, "--connection", remote.system, quiet=True)
            self._settle(tenant, connections)
        found = flowing.progress(tenant, connections)
        database.close()
        self.say("Flows between ServiceTitan and Salesforce:")
        for title, counts in found.done.items():
            self.say(f"  {title}: {counts or 'nothing yet'}")

    def _settle(self, tenant: Tenant, connections: list[Connection]) -> None:
        """Until the workers have done what the flows owe, or patience ends: they go on behind."""
        deadline = time.monotonic() + PATIENCE
        while flowing.progress(tenant, connections).open and time.monotonic() < deadline:
            self.children.watch()
            time.sleep(LOOK * 5)

    def _welcome(self) -> str:
        return (
            f"\nTrunkline is ready: {self.web}/\n\n{people.table(self.state)}\n\n"
            f"  {NAME}'s own ServiceTitan page: {self.urls[SERVICETITAN]}/admin/\n"
            f"  Logs: {self.children.log_dir}\n\nCtrl-C stops everything this command started, nothing else."
        )
