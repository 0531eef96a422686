"""`manage.py torture`: kill workers and spoil replies while all sides are edited, then count what went wrong."""

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.management.printing import as_json, table
from integrations.torture.courses import Course, course_of, reports_in
from reconciliation.survivorship import Policy

KINDS = ("lost", "doubled", "wrong", "needless")
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Edit both sides at random against a sandbox with lost replies, resets, 429s and 500s, kill the worker again "
        "and again, and compare the sandbox's journal with what was intended. Exits with 1 unless no write was lost, "
        "doubled, wrong or needless. Works on a scratch database, never on this one. With --systems customers are "
        "edited in several systems and the portal at once, under each conflict policy, and must end equal everywhere. "
        "With --systems servicetitan,syspro invoices of completed jobs are posted to accounts payable: each once, and "
        "their sum equal to the cent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="which random edits and kills (default 1)")
        parser.add_argument("--kills", type=int, default=20, help="how often a worker is killed (default 20)")
        parser.add_argument(
            "--edits",
            type=int,
            default=200,
            help="how many edits on both sides, or invoices with syspro (default 200)",
        )
        parser.add_argument(
            "--systems",
            default="",
            help="several systems at once, with commas: servicetitan,salesforce, or servicetitan,syspro",
        )
        parser.add_argument(
            "--policy",
            action="append",
            default=[],
            choices=[policy.value for policy in Policy],
            help="where customers are edited: only under this conflict policy (may be repeated; default: each in turn)",
        )
        parser.add_argument(
            "--unprotected",
            action="store_true",
            help="without look-ups and keys: must fail, or this measures nothing",
        )
        parser.add_argument(
            "--database", default="", help="URL of an empty scratch database (default: SQLite)"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        systems = [name for name in options["systems"].split(",") if name]
        try:
            course = course_of(systems)
        except ValueError as error:
            raise CommandError(str(error)) from None
        if options["policy"] and not course.takes_policies:
            raise CommandError("A conflict policy is for systems whose customers are edited.")
        policies = (options["policy"] or [policy.value for policy in Policy]) if course.takes_policies else []
        with tempfile.TemporaryDirectory(prefix="trunkline-torture-") as folder:
            report = self._run(folder, options, [",".join(systems), ",".join(policies)])
        if options["json"]:
            self.stdout.write(as_json(report))
        elif "stuck" in report:
            self.stderr.write(self.style.ERROR(f"It never came to rest: {report['stuck']}"))
        else:
            self._tell(course, reports_in(report))
        if not report["good"]:
            raise SystemExit(1)

    def _run(self, folder: str, options: dict[str, Any], chosen: list[str]) -> dict[str, Any]:
        database = options["database"] or f"sqlite:///{folder}/torture.sqlite3"
        numbers = [str(options[name]) for name in ("seed", "kills", "edits")]
        protection = "unprotected" if options["unprotected"] else "protected"
        process = subprocess.Popen(
            [sys.executable, "-m", "integrations.torture", *numbers, protection, *chosen],
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "VAR_DIR": folder, "DATABASE_URL": database, "LOG_LEVEL": "CRITICAL"},
        )
        last = ""
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        for line in process.stdout:
            if last and not options["json"]:
                self.stdout.write(last)
            last = line.strip()
        if process.wait() != 0:
            raise SystemExit(2)
        report: dict[str, Any] = json.loads(last)
        return report

    def _tell(self, course: Course, reports: list[dict[str, Any]]) -> None:
        """One line for each report; of many sides one for each policy."""
        self.stdout.write(
            table(
                (*course.columns, *KINDS, "raced", "seconds"),
                [
                    (
                        *(report[name] for name in course.columns),
                        *(len(report["verdict"][kind]) for kind in (*KINDS, "raced")),
                        report["seconds"],
                    )
                    for report in reports
                ],
            )
        )
        for report in reports:
            for kind in KINDS:
                for words in report["verdict"][kind][:SHOWN]:
                    self.stderr.write(self.style.ERROR(f"{report.get('policy', '')} {kind}: {words}".strip()))
