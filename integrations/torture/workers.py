"""The workers of a torture: born, killed and born again, with waits as short here as there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from integrations.torture.hurry import hurry


class Nursery:
    """Starts workers and kills them."""

    def __init__(self, hosts: Sequence[str], *, protected: bool) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "integrations.torture.nursery",
                ",".join(hosts),
                "protected" if protected else "unprotected",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": database_url()},
        )
        self._read()
        self.worker = 0
        self.born()

    def born(self) -> None:
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        self._process.stdin.write("fork\n")
        self._process.stdin.flush()
        self.worker = int(self._read())

    def kill(self) -> None:
        """As the kernel does it: at any instruction, with no word of warning."""
        with suppress(ProcessLookupError):
            os.kill(self.worker, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> str:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("The worker process could not be started.")
        return line


def database_url() -> str:
    """The database in use (a test's, for one), for a process of one's own."""
    found = settings.DATABASES["default"]
    if found["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{Path(str(found['NAME'])).resolve()}"
    login = f"{found['USER']}:{found['PASSWORD']}" if found["PASSWORD"] else found["USER"]
    return f"postgres://{login}@{found['HOST']}:{found['PORT'] or 5432}/{found['NAME']}"


@contextmanager
def in_a_hurry(hosts: Sequence[str], *, protected: bool) -> Iterator[None]:
    """This process's waits as short as the workers', and as they were afterwards."""
    from integrations import calls, leases
    from integrations.connectors import seats
    from integrations.connectors.syspro import session
    from integrations.push import timing

    before = (settings.CUSTOM_API_HOSTS, leases.LEASE, calls.PATIENCE, timing.current(), timing.protected)
    logging_on = (seats.PATIENCE, session.SLOWEST_START)
    hurry(hosts, protected=protected)
    try:
        yield
    finally:
        settings.CUSTOM_API_HOSTS, leases.LEASE, calls.PATIENCE, last, timing.protected = before
        timing.use(last)
        seats.PATIENCE, session.SLOWEST_START = logging_on
