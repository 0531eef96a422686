"""`manage.py torture`: kill workers and spoil replies while all sides are edited, then count what went wrong."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.management.printing import as_json, table
from integrations.torture.courses import Asked, Course, course_of, reports_in
from reconciliation.survivorship import Policy

KINDS = ("lost", "doubled", "wrong", "needless", "hidden")
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Edit both sides at random against a sandbox with lost, spoilt, repeated and reordered replies, resets, 429s "
        "and 500s, ended tokens and a clock that is set, book through the API and settle conflicts on their pages, "
        "kill workers, web server and database connections again and again, and compare the sandbox's journal with "
        "what was intended. Exits with 1 unless no write was lost, doubled, wrong or needless and every failure that "
        "is left stands on a page. With --boundaries processes die before and after each commit and each outside "
        "call instead. Works on a scratch database, never on this one. With --systems customers are "
        "edited in several systems and the portal at once, under each conflict policy, and must end equal everywhere. "
        "With --systems servicetitan,syspro invoices of completed jobs are posted to accounts payable: each once, and "
        "their sum equal to the cent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="which random edits and kills (default 1)")
        parser.add_argument(
            "--kills", type=int, default=20, help="how often something is killed (default 20)"
        )
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
            "--boundaries",
            type=int,
            nargs="?",
            const=10,
            default=0,
            metavar="TIMES",
            help="die so often (default 10) at each boundary: before and after each commit and each outside call",
        )
        parser.add_argument(
            "--seconds",
            type=float,
            default=900.0,
            help="with --boundaries: hunt so long at most (default 900)",
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
            course = course_of(systems, options["boundaries"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        if options["policy"] and not course.takes_policies:
            raise CommandError("A conflict policy is for systems whose customers are edited.")
        policies = (options["policy"] or [policy.value for policy in Policy]) if course.takes_policies else []
        with tempfile.TemporaryDirectory(prefix="trunkline-torture-") as folder:
            report = self._run(folder, options, _asked(options, systems, policies))
        if options["json"]:
            self.stdout.write(as_json(report))
        elif "stuck" in report:
            self.stderr.write(self.style.ERROR(f"It never came to rest: {report['stuck']}"))
        else:
            self._tell(course, reports_in(report))
        if not report["good"]:
            raise SystemExit(1)

    def _run(self, folder: str, options: dict[str, Any], asked: Asked) -> dict[str, Any]:
        database = options["database"] or f"sqlite:///{folder}/torture.sqlite3"
        process = subprocess.Popen(
            [sys.executable, "-m", "integrations.torture", json.dumps(asdict(asked))],
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "VAR_DIR": folder,
                "DATABASE_URL": database,
                "LOG_LEVEL": "CRITICAL",
                "INSECURE_HTTP": "1",
                "REDIS_URL": "",
            },
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
            for name, count in report.get("missing", {}).items():
                self.stderr.write(self.style.ERROR(f"missing: {count} deaths at {name}"))
            for kind in KINDS:
                for words in report["verdict"][kind][:SHOWN]:
                    self.stderr.write(self.style.ERROR(f"{report.get('policy', '')} {kind}: {words}".strip()))


def _asked(options: dict[str, Any], systems: Sequence[str], policies: Sequence[str]) -> Asked:
    return Asked(
        options["seed"],
        options["kills"],
        options["edits"],
        protected=not options["unprotected"],
        systems=tuple(systems),
        policies=tuple(policies),
        boundaries=options["boundaries"],
        seconds=options["seconds"],
    )
