"""The portal's side: a merchant for each remote on the scratch database, and worker clusters as their own processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from integrations import connecting
from integrations.models import Connection, SyncRule
from portal.models import Partner
from tests.bench.jobs import CLIENT_ID, CLIENT_SECRET, TENANT
from tests.bench.server import ROOT, Sandbox

ENTITIES = ("customer", "location", "job", "invoice", "technician", "job_type")


@dataclass(frozen=True)
class Remote:
    url: str
    app_key: str

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.url)


class Remotes(list[Remote]):
    """As they are served by one process, which hears `slow_down`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        super().__init__(Remote(**json.loads(line)) for line in iter(process.stdout.readline, "\n"))
        self._process = process

    def slow_down(self) -> None:
        """From now on an answer takes 100 ms."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()


@contextmanager
def remotes(*options: str) -> Iterator[Remotes]:
    command = [sys.executable, "-m", "tests.bench_fleet.remotes", *options]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        try:
            yield Remotes(process)
        finally:
            process.stdin.close()


def onboard(found: list[Remote]) -> list[Connection]:
    """Each remote's merchant, connected; only `ENTITIES` are read, and nothing is due yet."""
    partner = Partner.objects.create(name="Fleet", slug="fleet")
    connections = [_connected(partner, number, remote) for number, remote in enumerate(found)]
    SyncRule.objects.exclude(entity__in=ENTITIES).update(enabled=False)
    SyncRule.objects.update(due_at=None)
    return connections


def _connected(partner: Partner, number: int, remote: Remote) -> Connection:
    tenant, _ = connecting.onboard(f"merchant-{number}", f"Merchant {number}", partner=partner)
    host = remote.url.removeprefix("http://")
    connection = connecting.save_credentials(
        tenant, "servicetitan",
        {
            "tenant_id": str(TENANT), "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "app_key": remote.app_key,
        },
        environment="custom", api_url=remote.url, auth_url=remote.url, allowed_hosts=[host],
    )  # fmt: skip
    connecting.test(connection)
    return connection


@contextmanager
def clusters(count: int, workers: int) -> Iterator[None]:
    """So many `manage.py worker`, all of which have begun to listen."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(_cluster(workers))
        wait_for(lambda: _listening() >= count, 60, "cluster that listens")
        yield
    wait_for(lambda: _listening() == 0, 60, "end of all clusters", patient=True)


@contextmanager
def _cluster(workers: int) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker"], cwd=ROOT, start_new_session=True,
        env={**os.environ, "Q_WORKERS": str(workers)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _listening() -> int:
    """Clusters that say of themselves that they work; one that has ended is forgotten after some seconds."""
    from django_q.status import Stat

    return sum(stat.status in {"Idle", "Working"} and bool(stat.workers) for stat in Stat.get_all())


def wait_for(condition: Callable[[], Any], seconds: float, what: str, *, patient: bool = False) -> None:
    """Raises RuntimeError when it does not come, unless `patient`: then it goes on all the same."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            if patient:
                return
            raise RuntimeError(f"After {seconds} s there is still no {what}.")
        time.sleep(0.05)
