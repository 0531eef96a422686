"""What the figures were measured on, and the CPU time of a database server on this machine."""

import os
import platform
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import django
import psutil
import psycopg


def description(database_url: str) -> dict[str, str]:
    found = {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "django": django.get_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    if database_url:
        with psycopg.connect(database_url) as connection:
            found["postgresql"] = connection.execute("SHOW server_version").fetchone()[0]
    return found


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def postgres_cpu(database_url: str) -> float | None:
    """CPU seconds of all PostgreSQL processes so far, ended ones included; None where they cannot be read.

    Other work on the same server counts as well.
    """
    if urlsplit(database_url).hostname not in {"127.0.0.1", "localhost", "::1"}:
        return None
    total, seen = 0.0, False
    for process in psutil.process_iter(["name"]):
        if not (process.info["name"] or "").startswith("postgres"):
            continue
        try:
            used = process.cpu_times()
        except psutil.Error:
            continue
        seen = True
        total += used.user + used.system
        total += getattr(used, "children_user", 0.0) + getattr(used, "children_system", 0.0)
    return total if seen else None
