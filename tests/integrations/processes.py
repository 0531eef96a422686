"""Real processes of the portal on the test's own database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """What a process needs to be one more worker of this portal."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        user = ":".join(part for part in (database["USER"], database["PASSWORD"]) if part)
        url = f"postgres://{user}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
        "CUSTOM_API_HOSTS": ",".join(settings.CUSTOM_API_HOSTS),
        "LOG_LEVEL": "INFO",
        "Q_WORKERS": "2",
        **more,
    }


def manage(*arguments: str, **more: str) -> subprocess.Popen:
    """Start `manage.py …` as the head of its own process group."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill(process: subprocess.Popen) -> str:
    """kill -9 the process and all it started; returns what it had said."""
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate(timeout=10)[0]


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until something holds; returns how long it took."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < seconds, f"after {seconds} s there is still no {what}"
        time.sleep(0.02)
    return time.monotonic() - began
