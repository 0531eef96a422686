"""`manage.py import_customers SLUG FILE.csv [--map COLUMN=FIELD ...]`: customers from a file."""

import csv
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from portal import audit
from portal.models import Tenant
from reconciliation.bulk import quick_commits
from reconciliation.importing import FIELDS, BadLine, Importer, Line, read_line
from reconciliation.intake import PageResult

PAGE = 1000
SHOWN = 20
audit.register_action("customers.imported", "imported customers: {note}")


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
        tenant = _tenant(options["slug"])
        with ExitStack() as stack:
            stream = stack.enter_context(_opened(options["file"]))
            errors = stack.enter_context(_errors(options["errors"]))
            file = _File(stream, options["map"], errors)
            importer, result = Importer(tenant), PageResult()
            while lines := list(islice(file.lines, PAGE)):
                with quick_commits(), transaction.atomic():
                    page = importer.take([line for _, line in lines])
                result.add(page)
                numbers = {line.id: number for number, line in lines}
                for failure in page.failures:
                    file.report(
                        numbers.get(failure.external_id.partition(":")[0], 0),
                        failure.external_id,
                        failure.message,
                    )
        name = Path(options["file"]).name
        note = f"{result.created:,} new, {result.updated:,} changed, {file.bad:,} refused, from {name}"
        audit.record("customers.imported", tenant, note=note)
        self._tell(options["json"], tenant, result, file)

    def _tell(self, as_json: bool, tenant: Tenant, result: PageResult, file: "_File") -> None:
        done = {"tenant": tenant.slug, "created": result.created, "updated": result.updated,
                "unchanged": result.unchanged, "refused": file.bad, "ignored_columns": file.ignored}  # fmt: skip
        if as_json:
            self.stdout.write(orjson.dumps({**done, "notes": file.notes}).decode())
            return
        for note in file.notes:
            self.stderr.write(note)
        if file.told > len(file.notes):
            self.stderr.write(
                f"… and {file.told - len(file.notes):,} more; --errors FILE.csv lists them all."
            )
        if file.ignored:
            self.stdout.write(
                f"Ignored columns: {', '.join(file.ignored)}. Use --map COLUMN=FIELD to take one in."
            )
        self.stdout.write(
            f"{result.created:,} customers created, {result.updated:,} updated, {result.unchanged:,} unchanged,"
            f" {file.bad:,} lines refused."
        )


class _File:
    """The lines of a file as customers; what is wrong with a line is reported with its number."""

    def __init__(self, stream: IO[str], renamed: list[str], errors: Any) -> None:
        self.reader = csv.reader(stream)
        self.errors = errors
        self.bad, self.told, self.notes = 0, 0, list[str]()
        self.columns, self.ignored = _columns(next(self.reader, []), renamed)
        self.lines = self._lines()

    def report(self, number: int, key: str, reason: str, *, refused: bool = True) -> None:
        self.bad += refused
        self.told += 1
        self.errors.writerow((number, key, reason))
        if len(self.notes) < SHOWN:
            self.notes.append(f"Line {number:,}: {reason}.")

    def _lines(self) -> Iterator[tuple[int, Line]]:
        seen: dict[str, int] = {}
        while True:
            try:
                cells = next(self.reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.report(self.reader.line_num, "", f"cannot be read as CSV ({error})")
                continue
            number = self.reader.line_num
            if not any(cells):
                continue
            try:
                line, left_out = self._read(cells)
                if line.id in seen:
                    raise BadLine(f"its id {line.id} stood on line {seen[line.id]:,} already")
            except BadLine as error:
                self.report(
                    number, cells[self.columns["id"]] if self.columns["id"] < len(cells) else "", str(error)
                )
                continue
            if left_out:
                self.report(number, line.id, left_out, refused=False)
            seen[line.id] = number
            yield number, line

    def _read(self, cells: list[str]) -> tuple[Line, str]:
        width = len(self.columns) + len(self.ignored)
        if len(cells) > width:
            raise BadLine(f"has {len(cells)} cells where the first line has {width}")
        return read_line({name: cells[at] if at < len(cells) else "" for name, at in self.columns.items()})


def _columns(head: list[str], renamed: list[str]) -> tuple[dict[str, int], list[str]]:
    """Where each field stands, and the columns that are none. Raises CommandError for a file without ids or names."""
    wanted = _mapping(renamed)
    names = [cell.strip().removeprefix("\ufeff") for cell in head]
    if missing := sorted(set(wanted) - set(names)):
        raise CommandError(f"The file has no column {', '.join(missing)}. It has: {', '.join(names)}.")
    found: dict[str, int] = {}
    ignored = []
    for at, name in enumerate(names):
        field = wanted.get(name) or "_".join(name.casefold().split())
        if field in FIELDS and field not in found and (name in wanted or field not in wanted.values()):
            found[field] = at
        else:
            ignored.append(name)
    if "id" not in found:
        raise CommandError("The file needs a column id; --map COLUMN=id names it. Nothing was imported.")
    if not found.keys() & {"name", "first_name", "last_name"}:
        raise CommandError("The file needs a column name, or first_name and last_name. Nothing was imported.")
    return found, ignored


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


class _errors:
    """A writer of the lines that were not taken; writes nowhere without a file."""

    def __init__(self, file: str | None) -> None:
        self.stream = Path(file).open("w", newline="", encoding="utf-8") if file else None  # noqa: SIM115 - see __exit__
        self.writer = csv.writer(self.stream) if self.stream else None

    def __enter__(self) -> "_errors":
        self.writerow(("line", "id", "reason"))
        return self

    def __exit__(self, *_: object) -> None:
        if self.stream:
            self.stream.close()

    def writerow(self, row: tuple[object, ...]) -> None:
        if self.writer:
            self.writer.writerow(row)
