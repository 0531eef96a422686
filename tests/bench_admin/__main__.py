"""`make bench-admin`: fill a scratch database, open every list and the pages of a record, print the table of them.

On SQLite, or on the server that DATABASE_URL names. Goal: 95 of 100 answers of any page within 300 ms.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench import databases, machine
from tests.bench.__main__ import environment

GOAL = 300


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-admin", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, help="three jobs each")
    parser.add_argument("--times", type=int, default=20, help="how often each person opens each page")
    parser.add_argument("--people", default="admin,staff,support", help="who opens them (default: all three)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 if a page misses the goal")
    return parser.parse_args()


def measured(chosen: argparse.Namespace) -> dict[str, Any]:
    """Django is loaded here, when DATABASE_URL names the scratch database."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from tests.bench_admin import filling, pages

    call_command("migrate", verbosity=0)
    began = time.monotonic()
    filling.fill(chosen.customers)
    filled = time.monotonic() - began
    found = pages.measured(chosen.times, chosen.people.split(","))
    connections.close_all()
    return {"customers": chosen.customers, "filled_seconds": filled, "pages": [asdict(one) for one in found]}


def main() -> int:
    chosen, server = options(), os.environ.get("DATABASE_URL", "")
    os.environ.update(environment() | {"MFA_REQUIRED": "0"})
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.fresh(server, Path(folder), "admin") as (url, place),
    ):
        os.environ |= {"DATABASE_URL": url, "VAR_DIR": str(place)}
        found = measured(chosen)
    report = {**found, "on": machine.description(server)}
    missed = [one for one in found["pages"] if one["p95"] > GOAL]
    bad = [one for one in found["pages"] if one["status"] != 200]
    if chosen.json:
        print(json.dumps(report))
    else:
        print(f"{chosen.customers:,} customers, {3 * chosen.customers:,} jobs, on {report['on']}\n")
        print(f"{'page':<40}{'slowest for':<12}{'median ms':>10}{'p95 ms':>10}")
        for one in found["pages"]:
            print(f"{one['page'][:39]:<40}{one['person']:<12}{one['median']:>10.0f}{one['p95']:>10.0f}")
        print(f"\n{len(missed)} of {len(found['pages'])} pages above {GOAL} ms")
    for one in bad:
        print(f"{one['page']}: answered {one['status']} to {one['person']}", file=sys.stderr)
    return int(bool(bad) or (chosen.check and bool(missed)))


if __name__ == "__main__":
    sys.exit(main())
