"""`manage.py verify_audit`: is the audit trail as it was written? Exits with 1 unless it is."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from portal import sealing
from portal.audit import record
from portal.chain import Head
from portal.verifying import Report, verify


def head(text: str) -> Head:
    try:
        return Head.read(text)
    except ValueError:
        raise ArgumentTypeError("A head reads NUMBER:HASH, as the log and this command print it.") from None


class Command(BaseCommand):
    help = (
        "Proves that no entry of the audit trail was changed, removed or moved, or names those that were, and prints the "
        "head of the chain: kept elsewhere and given as --head later, it shows that nothing was cut off since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--head", type=head, help="a head that was kept elsewhere, NUMBER:HASH")
        parser.add_argument(
            "--sign-anew",
            metavar="WHY",
            help="sign the end of the chain as it stands first: where SECRET_KEY was lost, or a damage was looked into",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["sign_anew"]:
            sealing.sign_anew()
            record("audit.signed_anew", note=options["sign_anew"])
        report = verify(options["head"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report), ensure_ascii=False))
        else:
            self._print(report)
        if report.faults:
            raise SystemExit(1)

    def _print(self, report: Report) -> None:
        for words in report.named:
            self.stderr.write(self.style.ERROR(words))
        if report.faults > len(report.named):
            self.stderr.write(self.style.ERROR(f"… and {report.faults - len(report.named):,} more."))
        faults = f"{report.faults:,} faults" if report.faults else "unbroken"
        self.stdout.write(f"{report.entries:,} entries, {faults}, in {report.seconds:.1f} s.")
        if report.head:
            self.stdout.write(f"Head, to be kept elsewhere: {report.head}")
