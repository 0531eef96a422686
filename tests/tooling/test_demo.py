"""The whole demo in a process of its own: its first run, Ctrl-C, a second run, and a child that dies."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pytest
import requests
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection
from django.db.utils import ConnectionHandler
from environ import Env

from integrations.flows.catalogue import FLOWS

ROOT = Path(__file__).resolve().parents[2]
READY = "Ctrl-C stops everything"
CUSTOMERS = 25
PROCESSES = 10
"""The three sandboxes, the web server and its worker, the cluster with its guard, two workers and a monitor."""

MAY_WAIT = {"movements", "on_hand"}
"""Flows that ask a person by their nature, or that look again once SYSPRO is read again."""

pytestmark = pytest.mark.cluster


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@dataclass
class Run:
    """One run of the demo: what it has said, and the processes under it once it was ready."""

    process: subprocess.Popen
    said: str = ""
    seconds: float = 0.0
    below: list[psutil.Process] = field(default_factory=list)

    def until_ready(self) -> "Run":
        began = time.monotonic()
        while READY not in self.said:
            line = self.process.stdout.readline()
            assert line, f"The demo ended before it was ready:\n{self.said}"
            self.said += line
        self.seconds = time.monotonic() - began
        self._until_the_cluster_stands()
        return self

    def _until_the_cluster_stands(self) -> None:
        """The worker cluster goes on to start its own workers, which must be among those that are stopped."""
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            self.below = psutil.Process(self.process.pid).children(recursive=True)
            if len(self.below) >= PROCESSES:
                return
            time.sleep(0.1)

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        rest, _ = self.process.communicate(timeout=30)
        self.said += rest
        return self.process.returncode

    def survivors(self) -> list[psutil.Process]:
        return psutil.wait_procs(self.below, timeout=2)[1]

    @property
    def url(self) -> str:
        return re.search(r"Trunkline is ready: (\S+)/\n", self.said)[1]

    def password(self, username: str) -> str:
        return re.search(rf"  {username}  +(\S+)  ", self.said)[1]


def start(environment: dict[str, str]) -> Run:
    ports = [
        part
        for name in ("web", "sandbox", "salesforce", "syspro")
        for part in (f"--{name}-port", free_port())
    ]
    options = ["--customers", str(CUSTOMERS), *ports]
    process = subprocess.Popen(
        [sys.executable, "-m", "integrations.demo", *options],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return Run(process)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """An empty database on the same kind of server as the rest of the suite."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{tmp_path_factory.mktemp('demo-data') / 'trunkline.sqlite3'}"
        return
    name = f"demo_{os.getpid()}_{secrets.token_hex(4)}"
    base = server.rpartition("/")[0]
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"{base}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def environment(tmp_path_factory, database) -> dict[str, str]:
    unset = {"REDIS_URL", "CUSTOM_API_HOSTS", "ALLOWED_HOSTS", "DEBUG"}
    return {
        **{name: value for name, value in os.environ.items() if name not in unset},
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "VAR_DIR": str(tmp_path_factory.mktemp("demo")),
        "DATABASE_URL": database,
        "Q_WORKERS": "2",
        "LOG_LEVEL": "INFO",
    }


@pytest.fixture(scope="module")
def first(environment) -> Run:
    run = start(environment).until_ready()
    yield run
    if run.process.poll() is None:
        run.end(signal.SIGTERM)


def log_in(run: Run, username: str, password: str, onward: str = "/admin/") -> requests.Response:
    browser = requests.Session()
    browser.get(f"{run.url}/admin/login/", timeout=10).raise_for_status()
    form = {
        "username": username,
        "password": password,
        "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        "next": onward,
    }
    return browser.post(f"{run.url}/admin/login/", data=form, headers={"Referer": run.url}, timeout=10)


def rows_there(run: Run) -> dict[str, int]:
    """How many rows of each kind the sandbox has."""
    sandbox = re.search(r"sandbox ready on (\S+)\.\n", run.said)[1]
    return requests.get(f"{sandbox}/_sandbox/stats", timeout=10).json()["result"]["rows"]


def books(run: Run) -> tuple[int, int, str, str]:
    """Accounts payable: how many invoices are posted and wait, for which items, and the path of their table."""
    found = re.search(
        r"(\d+) invoices are posted to SYSPRO, (\d+) wait for the stock code of (.+): http://[^/]+(/\S+)",
        run.said,
    )
    return int(found[1]), int(found[2]), found[3], found[4]


def constraint(name: str, facts: dict) -> str:
    """SQLite counts nameless ones in the order of their columns, which is no part of what a table is; PostgreSQL tells
    the table's own storage options with each, which models do not declare."""
    if not facts["index"]:
        facts = {**facts, "options": None}
    if name.startswith(("__", "fk_")):
        return str({**facts, "columns": sorted(facts["columns"])})
    return f"{name}: {facts}"


def tables(database) -> dict[str, tuple]:
    """What the columns, indexes and constraints of each of the portal's tables are in a database."""
    own = ("portal", "reconciliation", "integrations")
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in own]
    look = database.introspection
    with database.cursor() as cursor:
        return {
            table: (
                {column.name: column for column in look.get_table_description(cursor, table)},
                sorted(constraint(*found) for found in look.get_constraints(cursor, table).items()),
            )
            for table in (model._meta.db_table for model in models)
        }


@pytest.mark.django_db
def test_the_migrations_make_the_tables_that_the_models_declare(first: Run, environment, django_db_blocker):
    """The suite's own database is made from the models, the demo's by the migrations."""
    demo = ConnectionHandler({"default": Env.db_url_config(environment["DATABASE_URL"])})["default"]
    with django_db_blocker.unblock():
        migrated, declared = tables(demo), tables(connection)
        demo.close()
    for table, expected in declared.items():
        assert migrated[table] == expected, table


def test_a_wrong_password_does_not_open_the_demo(first: Run):
    page = log_in(first, "viewer", "not the password")
    assert page.url.startswith(f"{first.url}/admin/login/")


@pytest.mark.parametrize("username", ["admin", "partner", "support", "finance", "viewer"])
def test_each_printed_log_in_opens_the_portal_and_shows_the_merchant(first: Run, username: str):
    page = log_in(first, username, first.password(username))
    assert page.status_code == 200
    assert page.url == f"{first.url}/admin/"
    assert "Hartwell Plumbing" in page.text


def test_the_first_sync_brings_every_customer_of_the_sandbox(first: Run):
    row = re.search(r"^customer +Completed +\d+ +\d+ +(\d+) +(\d+)", first.said, re.MULTILINE)
    assert (int(row[1]), int(row[2])) == (CUSTOMERS, CUSTOMERS)


def test_jobs_booked_in_the_portal_are_in_the_sandbox_and_one_waits(first: Run):
    assert "3 jobs; 2 are in ServiceTitan, 1 waits for a person, 0 on their way" in first.said


def test_each_flow_of_the_gallery_is_on_and_has_made_something(first: Run):
    for flow in FLOWS.values():
        [counts] = re.findall(rf"^  {re.escape(flow.title)}: (.*)$", first.said, re.MULTILINE)
        wanted = "made|brought up to date|up to date" + ("|waiting" if flow.name in MAY_WAIT else "")
        assert re.search(rf"[1-9]\d* ({wanted})", counts), (flow.title, counts)


def test_invoices_are_posted_to_syspro_but_those_of_two_items_that_wait_for_a_stock_code(first: Run):
    posted, waiting, items, table = books(first)
    assert "Not installed" not in first.said
    assert posted > 0
    assert waiting > 0
    assert items == "MAT-BRKR and MAT-CAP"
    finance = log_in(first, "partner", first.password("partner"), onward=table)
    assert {"MAT-BRKR", "MAT-CAP"} <= set(re.findall(r"MAT-\w+", finance.text))
    company = re.search(r"SYSPRO sandbox ready on (\S+)\.\n", first.said)[1]
    there = requests.post(f"{company}/_sandbox/posted", json={}, timeout=10).json()["result"]
    assert len(there) == posted
    assert set(there.values()) == {1}


def test_a_second_demo_on_the_same_data_is_refused_and_leaves_the_first_alone(first: Run, environment):
    second = start(environment)
    assert second.wait() != 0
    assert "already runs" in second.said
    assert requests.get(f"{first.url}/healthz", timeout=10).ok


def test_ctrl_c_stops_everything_and_nothing_else_and_a_second_run_takes_up(first: Run, environment):
    kept = rows_there(first)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        assert len(first.below) >= PROCESSES
        assert first.end() == 0
        assert first.survivors() == []
        assert stranger.poll() is None
        stranger.communicate(b"\n", timeout=5)

    again = start(environment).until_ready()
    try:
        assert "connected already" in again.said
        assert "onboarded" not in again.said
        assert "3 jobs; 2 are in ServiceTitan, 1 waits for a person, 0 on their way" in again.said
        assert rows_there(again) == kept
        assert books(again) == books(first)
        assert again.url == first.url
        assert again.password("partner") == first.password("partner")
        assert not re.search(r"^customer +\w+ +\d+ +\d+ +\d+ +[1-9]", again.said, re.MULTILINE)
        assert again.seconds < first.seconds
    finally:
        sandbox = next(child for child in again.below if {"sandbox", "servicetitan"} <= {*child.cmdline()})
        sandbox.kill()
        code = again.wait()
    assert code != 0
    assert "The servicetitan-sandbox ended" in again.said
    assert again.survivors() == []
