"""`manage.py prune [--dry-run]`: what is old goes, and how much there is of everything."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from portal.retention import Kept, declared, prune
from portal.sizes import Size, sizes


class Command(BaseCommand):
    help = (
        "Remove what is kept long enough (workers do so each night), and show rows and bytes of every table, the largest "
        "first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what would be removed")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        removed = list(prune(timezone.now(), dry_run=options["dry_run"]))
        if options["json"]:
            self.stdout.write(json.dumps(_document(removed, options["dry_run"])))
            return
        for kept, count in removed:
            verb = "would go" if options["dry_run"] else "removed"
            self.stdout.write(
                f"{count:>12,} {verb}: {kept.what}, older than {kept.for_days} days ({kept.label})"
            )
        self.stdout.write(f"\n{'table':44} {'rows':>12} {'MB':>10}  kept")
        days = _days()
        for size in sizes():
            self.stdout.write(
                f"{size.label:44} {size.rows:>12,} {_megabytes(size):>10}  {days.get(size.label, 'for ever')}"
            )


def _document(removed: list[tuple[Kept, int]], dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "old": [
            {"table": kept.label, "what": kept.what, "days": kept.for_days, "rows": count}
            for kept, count in removed
        ],
        "tables": [{"table": size.label, "rows": size.rows, "bytes": size.bytes} for size in sizes()],
    }


def _days() -> dict[str, str]:
    """How long rows of each declared table are kept, in words."""
    return {kept.label: f"{kept.for_days} days: {kept.what}" for kept in declared()}


def _megabytes(size: Size) -> str:
    return "-" if size.bytes is None else f"{size.bytes / 1e6:,.1f}"
