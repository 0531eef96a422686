"""`manage.py import_customers SLUG FILE.csv [--map COLUMN=FIELD ...]`: customers from a file."""

import csv
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from portal import audit
from portal.models import Tenant
from reconciliation.exports.formats import guarded
from reconciliation.import_files import BadFile, CustomerFile, Problem, take_all
from reconciliation.importing import FIELDS
from reconciliation.intake import PageResult

SHOWN = 20


class Command(BaseCommand):
    """Streams: memory does not grow with the file but for its ids. Each page of lines is one transaction, so an
    interrupted import is taken up by running it again.
    """

    help = f"Import customers from a CSV file with the columns {', '.join(FIELDS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name")
        parser.add_argument("file", metavar="FILE.csv", help="- is standard input")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=FIELD",
            help="a column by another name; repeatable",
        )
        parser.add_argument(
            "--errors", metavar="FILE.csv", help="write every line that was not taken, and why"
        )
        parser.add_argument("--json", action="store_true", help="say what was done as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, renamed, done = _tenant(options["slug"]), _mapping(options["map"]), PageResult()
        with ExitStack() as stack:
            stream = stack.enter_context(_opened(options["file"]))
            notes = stack.enter_context(_Notes(options["errors"]))
            try:
                file = CustomerFile(stream, renamed)
            except BadFile as error:
                raise CommandError(str(error)) from error
            if file.lack:
                raise CommandError(f"{file.lack}; --map COLUMN=FIELD names it. Nothing was imported.")

            def told(page: PageResult, rows: Any, problems: list[Problem]) -> None:
                done.add(page)
                notes.take(problems)

            take_all(tenant, file, told)
        name = Path(options["file"]).name
        note = f"{done.created:,} new, {done.updated:,} changed, {notes.refused:,} refused, from {name}"
        audit.record("customers.imported", tenant, note=note)
        self._tell(options["json"], tenant, done, file, notes)

    def _tell(
        self, as_json: bool, tenant: Tenant, result: PageResult, file: CustomerFile, notes: "_Notes"
    ) -> None:
        done = {"tenant": tenant.slug, "created": result.created, "updated": result.updated,
                "unchanged": result.unchanged, "refused": notes.refused, "ignored_columns": file.ignored}  # fmt: skip
        if as_json:
            self.stdout.write(orjson.dumps({**done, "notes": notes.first}).decode())
            return
        for note in notes.first:
            self.stderr.write(note)
        if notes.told > len(notes.first):
            self.stderr.write(
                f"… and {notes.told - len(notes.first):,} more; --errors FILE.csv lists them all."
            )
        if file.ignored:
            self.stdout.write(
                f"Ignored columns: {', '.join(file.ignored)}. Use --map COLUMN=FIELD to take one in."
            )
        self.stdout.write(
            f"{result.created:,} customers created, {result.updated:,} updated, {result.unchanged:,} unchanged,"
            f" {notes.refused:,} lines refused."
        )


class _Notes:
    """What was wrong: the first few in words, all of them counted, and written into a file where one is named."""

    def __init__(self, file: str | None) -> None:
        self.stream = Path(file).open("w", newline="", encoding="utf-8") if file else None  # noqa: SIM115 - see __exit__
        self.refused, self.told, self.first = 0, 0, list[str]()

    def __enter__(self) -> "_Notes":
        self._write("line", "id", "reason")
        return self

    def __exit__(self, *_: object) -> None:
        if self.stream:
            self.stream.close()

    def take(self, problems: list[Problem]) -> None:
        for problem in problems:
            self.refused += problem.refused
            self.told += 1
            self._write(problem.line, problem.key, problem.words)
            if len(self.first) < SHOWN:
                self.first.append(f"Line {problem.line:,}: {problem.words}.")

    def _write(self, *cells: object) -> None:
        if self.stream:
            csv.writer(self.stream).writerow([guarded(str(cell)) for cell in cells])


def _mapping(renamed: list[str]) -> Mapping[str, str]:
    found = {}
    for text in renamed:
        column, equals, field = text.rpartition("=")
        if not equals or field not in FIELDS:
            raise CommandError(
                f"--map {text}: write COLUMN=FIELD, with one of the fields {', '.join(FIELDS)}."
            )
        found[column] = field
    return found


def _tenant(slug: str) -> Tenant:
    try:
        return Tenant.objects.get(slug=slug)
    except Tenant.DoesNotExist:
        raise CommandError(f"There is no tenant “{slug}”.") from None


def _opened(file: str) -> Any:
    """The file as text; bytes that are no UTF-8 pass through, and are read as Windows would (`read_line`)."""
    if file == "-":
        return open(
            sys.stdin.fileno(), newline="", encoding="utf-8-sig", errors="surrogateescape", closefd=False
        )
    try:
        return Path(file).open(newline="", encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
