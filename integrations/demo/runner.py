"""The demo itself, step by step. See the package for the route."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import psutil
from django.conf import settings
from django.db import connection as database

from integrations.demo import merchant, people, showing
from integrations.demo.children import LOOK, Children, Stopped
from integrations.demo.earlier import end_leftovers, refuse_second, state_file
from integrations.demo.remotes import REMOTES, Remote
from integrations.demo.stage import Stage
from integrations.demo.state import HOST, State, identity


class Demo:
    """One run. `go` returns when a person has stopped it; raises DemoFailed or ChildDied."""

    def __init__(self, say: Callable[[str], None], *, customers: int, ports: Mapping[str, int]) -> None:
        """`ports` are those to take where they are free: `web`, and each remote's by its name."""
        self.say, self.customers = say, customers
        self.state = State.load(state_file())
        refuse_second(self.state)
        end_leftovers(self.state, say)
        taken = {name: self.state.port(name, port) for name, port in ports.items()}
        self.web = _address(taken["web"])
        self.urls = {remote: _address(taken[remote.name]) for remote in REMOTES}
        self.state.runner, self.state.children = identity(), []
        self.state.save()
        log_dir = settings.VAR_DIR / "log"
        log_dir.mkdir(parents=True, exist_ok=True)
        self.children = Children(log_dir, self._environment(), self._note_child)
        self.stage = Stage(say, self.children)

    def _environment(self) -> dict[str, str]:
        allowed = {*settings.CUSTOM_API_HOSTS, *self._hosts()}
        return {
            **os.environ,
            "CUSTOM_API_HOSTS": ",".join(sorted(allowed)),
            "INSECURE_HTTP": "1",
            "MFA_REQUIRED": os.environ.get("MFA_REQUIRED", "0"),
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
        self.stage.manage("migrate", "--verbosity", "0", why="The database could not be prepared.")
        self.say("Database ready.")
        for remote in REMOTES:
            self._start_sandbox(remote)
        self.children.start(
            "web", "-m", "gunicorn", "portal.wsgi", "--bind", self.web.removeprefix("http://"),
            "--threads", "4", "--graceful-timeout", "3", "--access-logfile", "-",
            "--logger-class", "portal.weblog.LineLogger",
        )  # fmt: skip
        people.ensure_partner()
        tenant = merchant.ensure_merchant(self.stage)
        people.ensure_people(self.state, tenant)
        self.state.save()
        for remote in REMOTES:
            merchant.connect(self.stage, tenant, remote, self.urls[remote])
        database.close()
        self.stage.until_it_answers(f"{self.web}/healthz", "web server")
        self.say(f"Web server ready on {self.web}.")
        for remote in REMOTES:
            self.say(f"Syncing with {remote.label} ...")
            merchant.sync(self.stage, remote)
        settings.CUSTOM_API_HOSTS = self._hosts()
        showing.show_waiting(self.stage, tenant)
        self.children.start("worker", "manage.py", "qcluster")
        self.say("Worker cluster started.")
        showing.show_bookings(self.stage, tenant)
        showing.show_flows(self.stage, tenant, self.web)

    def _start_sandbox(self, remote: Remote) -> None:
        command = remote.sandbox(self.state, self.customers, settings.VAR_DIR)
        self.children.start(f"{remote.system}-sandbox", *command)
        self.stage.until_it_answers(f"{self.urls[remote]}/_sandbox/stats", "sandbox")
        self.say(f"{remote.label} sandbox ready on {self.urls[remote]}.")

    def _welcome(self) -> str:
        pages = [
            f"  {merchant.NAME}'s own {remote.label} page: {self.urls[remote]}{remote.page}"
            for remote in REMOTES
            if remote.page
        ]
        lines = "\n".join([*pages, f"  Logs: {self.children.log_dir}"])
        return (
            f"\nTrunkline is ready: {self.web}/\n\n{people.table(self.state)}\n  {SECOND_FACTORS}\n\n{lines}\n\n"
            "Ctrl-C stops everything this command started, nothing else."
        )


SECOND_FACTORS = (
    "Here a password is enough (MFA_REQUIRED=0). Elsewhere everybody needs a second factor as well."
)


def _address(port: int) -> str:
    return f"http://{HOST}:{port}"
