"""`python -m tests.bench`: see `--help`. PostgreSQL is measured too where DATABASE_URL names a server."""

import argparse
import os
import secrets
import sys
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from tests.bench import machine, report
from tests.bench.goals import judge
from tests.bench.push.scenarios import bulk, push, slow_push
from tests.bench.scenarios import CONTENDERS, Bench, Row, full_and_changes, latency
from tests.bench.server import ROOT

LATER = {"latency": latency, "push": push, "bulk": bulk, "slow push": slow_push}
SCENARIOS = ("full", "changes", *LATER)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000, help="four records each (default: 100,000)")
    parser.add_argument("--page-size", type=int, default=1000)
    parser.add_argument(
        "--repeats", type=int, default=1, help="full loads of each contender; the median counts"
    )
    parser.add_argument(
        "--slow-customers", type=int, default=25_000, help="customers in the scenarios with latency"
    )
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help=f"some of {', '.join(SCENARIOS)}")
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help=f"some of {', '.join(CONTENDERS)}")
    parser.add_argument("--check", action="store_true", help="exit 1 if a goal is missed")
    chosen = parser.parse_args()
    chosen.scenarios, chosen.contenders = chosen.scenarios.split(","), tuple(chosen.contenders.split(","))
    if unknown := {*chosen.scenarios} - {*SCENARIOS} | {*chosen.contenders} - {*CONTENDERS}:
        parser.error(f"unknown: {', '.join(unknown)}")
    return chosen


def environment() -> dict[str, str]:
    """What every process under the benchmark runs with; its keys live no longer than it."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "INSECURE_HTTP": "1",
        "LOG_LEVEL": "WARNING",
    }


def measure(bench: Bench, scenarios: list[str]) -> tuple[list[Row], str]:
    """The rows, and what ended the run early: the figures until then are worth printing all the same."""
    rows: list[Row] = []
    try:
        if {"full", "changes"} & {*scenarios}:
            for row in full_and_changes(bench, changes="changes" in scenarios):
                rows.append(row)
        for name, scenario in LATER.items():
            for row in scenario(bench) if name in scenarios else ():
                rows.append(row)
    except RuntimeError as error:
        return rows, str(error)
    return rows, ""


def main() -> int:
    chosen = options()
    server = os.environ.get("DATABASE_URL", "")
    server = server if server.startswith("postgres") else ""
    var = Path(os.environ.get("VAR_DIR") or ROOT / "var")
    var.mkdir(parents=True, exist_ok=True)
    about = machine.description(server)
    print("\n".join(f"{name + ':':<13}{value}" for name, value in about.items()), flush=True)
    if not server:
        print("PostgreSQL is not measured: DATABASE_URL names no server.")
    print(f"{chosen.customers * 4:,} records in pages of {chosen.page_size}\n", flush=True)
    os.environ.update(environment())
    with tempfile.TemporaryDirectory(dir=var, prefix="bench-") as folder:
        bench = Bench(
            customers=chosen.customers,
            page_size=chosen.page_size,
            repeats=chosen.repeats,
            slow_customers=chosen.slow_customers,
            contenders=chosen.contenders,
            server=server,
            folder=Path(folder),
            environment=dict(os.environ) | {"DATABASE_URL": ""},
            say=lambda text: print(text, flush=True),
        )
        rows, problem = measure(bench, chosen.scenarios)
    found = judge(rows, chosen.customers)
    print("\n" + report.table(report.HEAD, [report.cells(row) for row in rows]))
    print("\n" + report.verdicts(found))
    report.save(var / "bench.json", about, rows, found)
    if problem:
        print(f"\nThe run ended early: {problem}", file=sys.stderr)
    missed = any(verdict.good is False for verdict in found)
    return int(bool(problem) or (chosen.check and missed))


if __name__ == "__main__":
    sys.exit(main())
