"""`manage.py dedupe SLUG [--pairs FILE.csv] [--json]`: a full pass over a tenant's customers."""

import csv
import os
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from portal import audit
from portal.models import Tenant
from reconciliation.exports.formats import guarded
from reconciliation.matching import store
from reconciliation.matching.bands import Band, band
from reconciliation.matching.passes import dedupe_tenant
from reconciliation.models import Customer, MatchCandidate

HEAD = ("id_a", "id_b", "score", "band", "reasons")


class Command(BaseCommand):
    """Finds candidates and keeps them; merges nothing."""

    help = "Compare all customers of a tenant with one another and list those that may be one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name")
        parser.add_argument("--pairs", metavar="FILE.csv", help="also write the pairs, with the ids imported")
        parser.add_argument("--json", action="store_true", help="say what was done as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, started = _tenant(options["slug"]), time.monotonic()
        if options["pairs"] and not Path(options["pairs"]).absolute().parent.is_dir():
            raise CommandError(f"There is no folder for {options['pairs']}. Nothing was done.")
        talk = not options["json"] and sys.stderr.isatty()
        passed = dedupe_tenant(tenant, self._progress if talk else _quiet)
        pairs = _write_pairs(tenant, Path(options["pairs"])) if options["pairs"] else None
        bands = _bands(tenant)
        audit.record(
            "duplicates.looked_for", tenant, note=f"{passed.candidates:,} pairs among {passed.customers:,}"
        )
        done = {"tenant": tenant.slug, "customers": passed.customers, "candidates": passed.candidates, **bands,
                "seconds": round(time.monotonic() - started, 1), "pairs_written": pairs}  # fmt: skip
        if options["json"]:
            self.stdout.write(orjson.dumps(done).decode())
        else:
            self.stdout.write(
                f"{passed.customers:,} customers compared in {done['seconds']} s: {bands['merge']:,} pairs certain,"
                f" {bands['review']:,} to be reviewed."
                + (f" Written to {options['pairs']}." if pairs is not None else "")
            )

    def _progress(self, what: str, done: int, total: int) -> None:
        self.stderr.write(f"\r{what}: {done:,} of {total:,}   ", ending="\n" if done == total else "")


def _quiet(what: str, done: int, total: int) -> None:
    """Nobody looks."""


def _tenant(slug: str) -> Tenant:
    try:
        return Tenant.objects.get(slug=slug)
    except Tenant.DoesNotExist:
        raise CommandError(f"There is no tenant “{slug}”.") from None


def _open(tenant: Tenant) -> Any:
    return MatchCandidate.objects.filter(tenant=tenant, entity="customer", state=MatchCandidate.State.OPEN)


def _bands(tenant: Tenant) -> dict[str, int]:
    limits = store.settings_of(tenant)
    certain = _open(tenant).filter(score__gte=limits.merge_from).count()
    return {"merge": certain, "review": _open(tenant).filter(score__gte=limits.review_from).count() - certain}


def _write_pairs(tenant: Tenant, target: Path) -> int:
    """Into a file beside the target first: whoever waits for the target never reads half of one."""
    handle, name = tempfile.mkstemp(dir=target.absolute().parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", newline="", encoding="utf-8") as stream:
            count = _write_rows(tenant, stream)
        Path(name).chmod(0o640)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return count


def _write_rows(tenant: Tenant, stream: IO[str]) -> int:
    limits, ids = store.settings_of(tenant), _external_ids(tenant)
    writer = csv.writer(stream)
    writer.writerow(HEAD)
    count = 0
    for left, right, score, reasons in _candidates(tenant):
        which = band(score, limits)
        if which != Band.IGNORE:
            words = "; ".join(f"{r['words']} ({r['weight']:+.1f})" for r in reasons if r["field"] != "start")
            pair = (guarded(str(ids.get(pk, pk))) for pk in (left, right))
            writer.writerow((*pair, f"{score:.6f}", which, guarded(words)))
            count += 1
    return count


def _candidates(tenant: Tenant) -> Iterator[tuple[int, int, float, list[dict[str, Any]]]]:
    rows = _open(tenant).order_by("-score", "id")
    yield from rows.values_list("left_id", "right_id", "score", "reasons").iterator(chunk_size=5000)


def _external_ids(tenant: Tenant) -> dict[int, str]:
    """The ids that customers came with; the portal's own where they came with none."""
    rows = Customer.objects.filter(tenant=tenant).exclude(external_id="")
    return dict(rows.values_list("id", "external_id").iterator(chunk_size=20_000))
