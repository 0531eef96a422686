"""`make bench-audit`: how long it takes to seal and to verify an audit trail. On SQLite, or on DATABASE_URL's server."""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from tests.bench import databases, machine


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-audit", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--check", action="store_true", help="exit 1 unless a million entries are verified in 60 s"
    )
    return parser.parse_args()


def measured(count: int) -> dict[str, float]:
    """Seconds for each step. Django is loaded here, when DATABASE_URL names the scratch database."""
    import tests.environment

    assert tests.environment
    from django.core.management import call_command

    from portal import sealing, verifying

    call_command("migrate", verbosity=0)
    fill(count)
    began, began_cpu = time.perf_counter(), time.process_time()
    sealing.seal()
    sealed, sealed_cpu = time.perf_counter(), time.process_time()
    report = verifying.verify()
    if report.faults or report.entries < count:
        raise SystemExit(report.outcome)
    return {
        "entries": report.entries,
        "seal_seconds": sealed - began,
        "seal_cpu": sealed_cpu - began_cpu,
        "verify_seconds": report.seconds,
        "verify_cpu": time.process_time() - sealed_cpu,
    }


def fill(count: int, batch: int = 20_000) -> None:
    """Changes of one tenant as people make them."""
    from portal import audit
    from portal.models import Partner, Tenant

    partner = Partner.objects.create(name="Bench", slug="bench")
    tenant = Tenant.objects.create(partner=partner, name="Bench Plumbing", slug="bench")
    for start in range(0, count, batch):
        numbers = range(start, min(start + batch, count))
        rows = [(tenant, {"phone": [f"555-{n:07}", None], "name": ["Bench", f"Bench {n}"]}) for n in numbers]
        audit.record_many("record.updated", rows, tenant_id=tenant.pk, note="by the benchmark")


def main() -> None:
    wanted, server = options(), os.environ.get("DATABASE_URL", "")
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.fresh(server, Path(folder), "audit") as (url, place),
    ):
        os.environ |= {"DATABASE_URL": url, "VAR_DIR": str(place)}
        found = measured(wanted.entries)
        from django.db import connection

        connection.close()
    report = {**found, "on": machine.description(server)}
    if wanted.json:
        print(json.dumps(report))
    else:
        print(
            f"{report['entries']:,} entries: sealed in {found['seal_seconds']:.1f} s (own CPU {found['seal_cpu']:.1f}), "
            f"verified in {found['verify_seconds']:.1f} s ({found['verify_cpu']:.1f}) on {report['on']}"
        )
    if wanted.check and found["verify_seconds"] > 60 * max(1, wanted.entries / 1_000_000):
        raise SystemExit("Too slow.")


if __name__ == "__main__":
    main()
