"""What one run of the demo leaves for the next: ports, passwords, the sandbox's birthday, and who is running."""

import json
import os
import secrets
import socket
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

HOST = "127.0.0.1"
Identity = tuple[int, float]
"""A process id with its start time: the id alone may belong to somebody else by now."""


@dataclass(slots=True)
class State:
    """`born` is the Unix time at which the sandbox's shop stands still, so that a restart changes no record."""

    path: Path
    ports: dict[str, int] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    born: int = field(default_factory=lambda: int(time.time()))
    runner: Identity | None = None
    children: list[Identity] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> "State":
        """The last run's state, or a new one. An unreadable file counts as none: it holds nothing but convenience."""
        try:
            known = json.loads(path.read_text())
            return cls(path, **known)
        except (OSError, ValueError, TypeError):
            return cls(path)

    def save(self) -> None:
        """Replace the file in one step; passwords are for its owner's eyes."""
        new = self.path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps({k: v for k, v in asdict(self).items() if k != "path"}, indent=1))
        new.replace(self.path)

    def password(self, username: str) -> str:
        """Random, and the same in every run."""
        return self.passwords.setdefault(username, secrets.token_urlsafe(12))

    def port(self, name: str, preferred: int) -> int:
        """The last run's port if it is free, else the preferred one, else any."""
        candidates = (self.ports.get(name, preferred), preferred, 0)
        self.ports[name] = next(found for port in candidates if (found := _free(port)))
        return self.ports[name]

    def running_elsewhere(self) -> bool:
        return self.runner is not None and is_alive(self.runner)


def _free(port: int) -> int | None:
    """The port itself if it can be bound on this machine (0: one that can), else None."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return None
        found: int = probe.getsockname()[1]
        return found


def identity(pid: int = 0) -> Identity:
    process = psutil.Process(pid or os.getpid())
    return process.pid, process.create_time()


def is_alive(who: Identity) -> bool:
    """Whether this very process still runs."""
    try:
        process = psutil.Process(who[0])
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - who[1]) < 0.01
    except psutil.Error:
        return False
