"""`make bench-fleet`: worker clusters over one PostgreSQL. DATABASE_URL names a server, for scratch databases.

Fifty merchants, each with a ServiceTitan that answers in 100 ms; and, as rows alone, ten thousand of them, for which the
scheduler decides what is next.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import databases, machine
from tests.bench.__main__ import environment

SCENARIOS = ("throughput", "limit", "cycles", "decisions")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-fleet", description=__doc__)
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--clusters", default="1,2,4")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of each cluster (default 1)")
    parser.add_argument("--large", type=int, default=1_000_000, help="records of the large merchant")
    parser.add_argument("--minutes", type=float, default=4.0, help="for which cycles are watched, twice")
    parser.add_argument("--fleet", type=int, default=10_000, help="tenants of the decisions")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help=f"some of {', '.join(SCENARIOS)}")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    chosen.scenarios = chosen.scenarios.split(",")
    chosen.clusters = [int(count) for count in chosen.clusters.split(",")]
    if unknown := {*chosen.scenarios} - {*SCENARIOS}:
        parser.error(f"unknown: {', '.join(unknown)}")
    return chosen


def measured(chosen: argparse.Namespace) -> dict[str, Any]:
    """The figures. Django is loaded here, when DATABASE_URL names the scratch database."""
    import django

    django.setup()
    from django.core.management import call_command

    from tests.bench_fleet import decisions, fleet, scenarios

    call_command("migrate", verbosity=0)
    found: dict[str, Any] = {}
    wanted, most = chosen.scenarios, max(chosen.clusters)
    if {*wanted} - {"decisions"}:
        large = chosen.large // 4 if "cycles" in wanted else 1_500
        with fleet.remotes("--count", str(chosen.tenants), "--large", str(large)) as remotes:
            os.environ["CUSTOM_API_HOSTS"] = ",".join(one.url.removeprefix("http://") for one in remotes)
            from django.conf import settings

            settings.CUSTOM_API_HOSTS = os.environ["CUSTOM_API_HOSTS"].split(",")
            connections = fleet.onboard(remotes)
            large_rules = connections[-1].rules
            large_rules.update(enabled=False)
            scenarios.first_syncs(chosen.workers)
            remotes.slow_down()
            if "throughput" in wanted:
                found["throughput"] = scenarios.throughput(connections, chosen.clusters, chosen.workers)
            large_rules.filter(entity__in=fleet.ENTITIES[:4]).update(enabled=True)
            if "cycles" in wanted:
                found["cycles"] = scenarios.cycles(connections, most, chosen.workers, chosen.minutes, 1000)
            if "limit" in wanted:
                found["limit"] = scenarios.limit(connections[-1], remotes[-1], large, most, chosen.workers)
    if "decisions" in wanted:
        found["decisions"] = decisions.measured(chosen.fleet)
    return found


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Told to end: so do its clusters."))
    chosen, server = options(), os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        print("Several hosts share a PostgreSQL: name one in DATABASE_URL.", file=sys.stderr)
        return 2
    about = machine.description(server)
    os.environ.update(environment() | {"MFA_REQUIRED": "0"})
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.fresh(server, Path(folder), "fleet") as (url, place),
    ):
        os.environ |= {"DATABASE_URL": url, "VAR_DIR": str(place)}
        found = measured(chosen)
        from django.db import connections

        connections.close_all()
    report = {**found, "on": about}
    print(json.dumps(report, indent=None if chosen.json else 2, default=float))
    return 0


if __name__ == "__main__":
    sys.exit(main())
