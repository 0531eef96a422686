"""The processes of a torture: born, killed and born again, with waits as short here as there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from integrations.torture.hurry import hurry
from integrations.torture.nursery import Orders

WORKER, WEB = "worker", "web"
MOST_SAID = 6000
NAMED = "torture"
"""What the processes call themselves at PostgreSQL, where connections are told apart by it."""


class Nursery:
    """Starts a worker, and a web server if it is to, and kills them."""

    def __init__(
        self, hosts: Sequence[str], *, protected: bool, web: bool = False, hunting: str = "", times: int = 0
    ) -> None:
        self._log = (Path(settings.VAR_DIR) / "torture.log").open("ab")
        """What workers and web server say before they die: for whoever looks why something does not end well."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "integrations.torture.nursery",
                Orders(tuple(hosts), protected, hunting, times).text(),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DATABASE_URL": database_url(NAMED),
                "SECRET_KEY": settings.SECRET_KEY,
                "INSECURE_HTTP": "1",
                "MFA_REQUIRED": "0",
                "LOG_LEVEL": "WARNING",
            },
        )
        self.url = f"http://127.0.0.1:{self._read()}"
        self.living = dict.fromkeys((WORKER, WEB) if web else (WORKER,), 0)
        for what in self.living:
            self.born(what)

    def born(self, what: str = WORKER) -> None:
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        self.living[what] = int(self._read())

    def kill(self, what: str = WORKER) -> None:
        """As the kernel does it: at any instruction, with no word of warning."""
        with suppress(ProcessLookupError):
            os.kill(self.living[what], signal.SIGKILL)

    def again(self, what: str = WORKER) -> None:
        """Another in the place of one that is killed."""
        self.kill(what)
        self.born(what)

    def mend(self) -> int:
        """Another for each that has died by itself. Returns how many there were."""
        dead = [what for what, pid in self.living.items() if not _is_alive(pid)]
        for what in dead:
            self.born(what)
        return len(dead)

    def standing(self) -> str:
        """Where each process stands in the code, for whoever looks why something does not end."""
        if self._log.closed:
            return ""
        before = Path(self._log.name).stat().st_size
        for pid in self.living.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
        time.sleep(0.5)
        with Path(self._log.name).open() as lines:
            lines.seek(before)
            return lines.read()[:MOST_SAID]

    def close(self) -> None:
        for what in self.living:
            self.kill(what)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()

    def _read(self) -> str:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("The worker process could not be started.")
        return line


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def database_url(named: str = "") -> str:
    """The database in use (a test's, for one), for a process of one's own."""
    found = settings.DATABASES["default"]
    if found["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{Path(str(found['NAME'])).resolve()}"
    login = f"{found['USER']}:{found['PASSWORD']}" if found["PASSWORD"] else found["USER"]
    name = f"?application_name={named}" if named else ""
    return f"postgres://{login}@{found['HOST']}:{found['PORT'] or 5432}/{found['NAME']}{name}"


@contextmanager
def in_a_hurry(hosts: Sequence[str], *, protected: bool) -> Iterator[None]:
    """This process's waits as short as the workers', and as they were afterwards."""
    from integrations import calls, leases, shared
    from integrations.connectors import seats
    from integrations.connectors.syspro import session
    from integrations.push import timing

    before = (settings.CUSTOM_API_HOSTS, leases.LEASE, calls.PATIENCE, timing.current(), timing.protected)
    logging_on = (seats.PATIENCE, session.SLOWEST_START, shared.FETCH_SECONDS)
    hurry(hosts, protected=protected)
    try:
        yield
    finally:
        settings.CUSTOM_API_HOSTS, leases.LEASE, calls.PATIENCE, last, timing.protected = before
        timing.use(last)
        seats.PATIENCE, session.SLOWEST_START, shared.FETCH_SECONDS = logging_on
