"""Named boundaries: before and after each commit and each outside call, where a process can be made to die.

`FAULT=NAME:N` in a process's environment ends it at the N-th passage of a boundary, as `kill -9` would. The hooks are put
in for that alone: without it nothing is in anybody's way. A boundary is named by what is crossed and by the code
that crosses it (`before-commit@integrations.pull.Pull._write`), so that no list has to be kept: what commits has one.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

DIED = 137
FLOORS = ("integrations.", "reconciliation.", "portal.")
PLUMBING = ("integrations.torture.", "integrations.connectors.", "portal.threads")
"""Between a boundary and the code that means it: a connector is named by who asks it."""
Passed = Callable[[str], None]


def install(passed: Passed) -> None:
    """Have `passed` called with the name of each boundary, in this process and those it forks."""
    from django.core.mail import EmailMessage
    from django.db import connections
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.signals import connection_created

    from integrations.connectors.transport import Transport
    from integrations.webhooks import addresses

    def statement(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if context["connection"].in_atomic_block or not _writes(sql):
            return execute(sql, params, many, context)
        return _crossed("commit", passed, execute)(sql, params, many, context)

    def opened(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        if statement not in connection.execute_wrappers:
            connection.execute_wrappers.append(statement)

    connection_created.connect(opened, weak=False)
    for connection in connections.all(initialized_only=True):
        opened(connection)
    _wrap(BaseDatabaseWrapper, "commit", "commit", passed)
    _wrap(Transport, "exchange", "call", passed)
    _wrap(addresses, "post", "call", passed)
    _wrap(EmailMessage, "send", "call", passed)


def install_from(environ: Any) -> None:
    """What `FAULT` asks for, if it asks for anything."""
    if text := environ.get("FAULT", ""):
        name, _, number = text.rpartition(":")
        install(At(name, int(number)))


class At:
    """Dies at the n-th passage of one boundary."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.left = name, number

    def __call__(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                os._exit(DIED)


class Hunt:
    """Dies wherever processes have died fewer than `times` times so far, at one of the first passages. Where, and
    what was passed, stands in two files that all processes of a torture share."""

    def __init__(self, folder: Path, times: int, seed: int) -> None:
        self.folder, self.times = folder, times
        self._random = Random(seed)  # noqa: S311  # a seed must repeat
        self._met = set(self.met())
        self._enough = {name for name, count in self.died().items() if count >= times}
        self._left: dict[str, int] = {}
        self._is_over = (folder / "over").exists()

    def __call__(self, name: str) -> None:
        if name not in self._met:
            self._met.add(name)
            _append(self.folder / "met", name)
        if name in self._enough or self._is_over:
            return
        self._left[name] = self._left.get(name, self._random.randint(1, 3)) - 1
        if self._left[name] <= 0:
            _append(self.folder / "died", name)
            os._exit(DIED)

    def end(self) -> None:
        """Who is born from now on dies nowhere."""
        (self.folder / "over").touch()

    def met(self) -> list[str]:
        return sorted(set(_lines(self.folder / "met")))

    def died(self) -> Counter[str]:
        return Counter(_lines(self.folder / "died"))

    def missing(self) -> dict[str, int]:
        """How often processes have yet to die, by boundary."""
        died = self.died()
        return {name: self.times - died[name] for name in self.met() if died[name] < self.times}


def _wrap(owner: Any, attribute: str, kind: str, passed: Passed) -> None:
    setattr(owner, attribute, _crossed(kind, passed, getattr(owner, attribute)))


def _crossed(kind: str, passed: Passed, crossing: Callable[..., Any]) -> Callable[..., Any]:
    def crossed(*args: Any, **kwargs: Any) -> Any:
        place = _place(sys._getframe(1))
        if place is None:
            return crossing(*args, **kwargs)
        passed(f"before-{kind}@{place}")
        try:
            return crossing(*args, **kwargs)
        finally:
            passed(f"after-{kind}@{place}")

    return crossed


def _place(frame: FrameType | None) -> str | None:
    """The project's own code nearest to this frame; None where a library works for itself."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        decorated = frame.f_locals.get("func") if module == "contextlib" else None
        if decorated is not None and str(decorated.__module__).startswith(FLOORS):
            return f"{decorated.__module__}.{decorated.__qualname__}"  # it commits by its decorator
        if module.startswith(FLOORS) and not module.startswith(PLUMBING):
            return f"{module}.{frame.f_code.co_qualname.partition('.<locals>')[0]}"
        frame = frame.f_back
    return None


def _writes(sql: str) -> bool:
    return sql.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}


def _append(file: Path, line: str) -> None:
    """In one write, so that lines of several processes do not mix."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


@contextmanager
def noted() -> Iterator[list[str]]:
    """The boundaries passed in a block, in order, for a look at a piece of code. Hooks stay; they note nothing later."""
    found: list[str] = []
    listening = [True]
    install(lambda name: found.append(name) if listening else None)
    try:
        yield found
    finally:
        listening.clear()
