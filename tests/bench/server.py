"""The local servers that all contenders load from, or write to: sandboxes in processes of their own."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
AGE = 7 * 86400


class Sandbox:
    def __init__(self, url: str) -> None:
        self.url = url

    def reset(self) -> None:
        self._verb("reset")

    def stats(self) -> dict[str, Any]:
        return self._verb("stats")

    def touch(self, resource: str, share: float) -> int:
        """Change this share of the rows now; returns how many."""
        return len(self._verb("touch", entity=resource, share=share))

    def _verb(self, name: str, **members: Any) -> Any:
        reply = requests.post(f"{self.url}/_sandbox/{name}", json=members, timeout=120)
        reply.raise_for_status()
        return reply.json()["result"]


def sandbox(customers: int, *options: str) -> AbstractContextManager[Sandbox]:
    """A shop of exactly so many customers, locations, jobs and invoices, all last changed a week ago."""
    born = str(time.time() - AGE)
    return _served(
        "servicetitan", "--shape", "exact", "--customers", str(customers), "--born", born, "--lag", "0", *options
    )  # fmt: skip


def org(*options: str) -> AbstractContextManager[Sandbox]:
    """A Salesforce org without accounts, whose calls of the day are not the limit."""
    return _served("salesforce", "--accounts", "0", "--allowance", "10000000", *options)


@contextmanager
def _served(system: str, *options: str) -> Iterator[Sandbox]:
    command = [sys.executable, "manage.py", "sandbox", system, "--port", "0", *options]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "VAR_DIR": folder}
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, bufsize=1
        ) as process:
            try:
                yield Sandbox(_url(process))
            finally:
                process.terminate()


def _url(process: subprocess.Popen[str]) -> str:
    """The address that the sandbox prints once its data stands."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise RuntimeError("The sandbox did not start; its reason stands above.")
