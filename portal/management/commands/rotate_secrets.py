"""`manage.py rotate_secrets`: every stored secret under the first key of FIELD_KEYS.

Walks each encrypted column by primary key, a batch per transaction. Rows already under the first key are left
alone, so a run that was stopped is simply started again. What stands where it was not put is left and told: rotation
never makes it usable.
"""

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from portal.audit import record
from portal.binding import bind_column, bind_factors
from portal.entrance.factors import SECRETS, place_of
from portal.keyring import Place, SecretMisplaced, SecretUnreadable, rotated
from portal.misplaced import tell
from portal.secrets import EncryptedField, Secret, encrypted_fields

BATCH = 200


class Command(BaseCommand):
    help = "Re-encrypts every stored secret with the first key of FIELD_KEYS. May be run again at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print counts as JSON")
        parser.add_argument(
            "--bind-old",
            action="store_true",
            help="first take secrets that a version before stored, bound to no place, as belonging where they stand",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["bind_old"]:
            bind_old()
        tables = {
            f"{model._meta.label}.{field.name}": rotate_column(model, field)
            for model, field in encrypted_fields()
        }
        tables["mfa.Authenticator.data"] = rotate_factors()
        self._print(tables, as_json=options["json"])
        totals = sum(tables.values(), Counter())
        record("secrets.rotated", note=f"{totals['rotated']} rotated")
        if totals["unreadable"]:
            raise CommandError(
                f"{totals['unreadable']} secrets cannot be read with the keys in FIELD_KEYS; they were left as they "
                "are. Add the key they were written with to the end of FIELD_KEYS and run this again, "
                "or enter those secrets again."
            )
        if totals["misplaced"]:
            raise CommandError(
                f"{totals['misplaced']} secrets stand where they were not put, and are not used: somebody changed the "
                "database by hand. The log and the audit trail name them. If a version before stored them, bound to no "
                "place, run this with --bind-old; otherwise find out who did it and enter them again."
            )

    def _print(self, tables: dict[str, Counter[str]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({name: dict(counts) for name, counts in tables.items()}))
            return
        self.stdout.write(f"{'field':50} {'rotated':>8} {'current':>8} {'unreadable':>10} {'misplaced':>10}")
        for name, counts in tables.items():
            self.stdout.write(
                f"{name:50} {counts['rotated']:8} {counts['current']:8} {counts['unreadable']:10}"
                f" {counts['misplaced']:10}"
            )
        if not tables:
            self.stdout.write("No model has encrypted fields.")


def bind_old() -> None:
    """By a person's word alone, and written down."""
    bound = sum((bind_column(model, field.name, field.of) for model, field in encrypted_fields()), Counter())
    bound += bind_factors(Authenticator)
    record("secrets.bound", note=f"{bound['bound']} bound")


def rotate_column(model: type[models.Model], field: EncryptedField) -> Counter[str]:
    """Rotate one column. Returns how many tokens were rotated, current already, and unreadable."""
    counts: Counter[str] = Counter()
    last: Any = None
    while True:
        with transaction.atomic():
            rows = model._base_manager.order_by("pk").only("pk", field.attname, *field.of).select_for_update()
            batch = list((rows.filter(pk__gt=last) if last is not None else rows)[:BATCH])
            for row in batch:
                _rotate(row, field, counts)
        if len(batch) < BATCH:
            return counts
        last = batch[-1].pk


def rotate_factors() -> Counter[str]:
    """Second factors: django-allauth keeps their secrets within a JSON column."""
    counts: Counter[str] = Counter()
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            for name in SECRETS & set(row.data if row else ()):
                row.data[name] = _fresh(row.data[name], place_of(row), counts)
                row.save(update_fields=["data"])
    return counts


def _fresh(token: str, place: Place, counts: Counter[str]) -> str:
    """The token under the first key, or as it was where it is already, or where it cannot be opened."""
    try:
        fresh = rotated(token, place)
    except SecretMisplaced:
        counts["misplaced"] += 1
        tell(place)
        return token
    except SecretUnreadable:
        counts["unreadable"] += 1
        return token
    counts["current" if fresh == token else "rotated"] += 1
    return fresh


def _rotate(row: models.Model, field: EncryptedField, counts: Counter[str]) -> None:
    secret = getattr(row, field.attname)
    if not secret:
        return
    fresh = _fresh(secret.token, field.place_of(row), counts)
    if fresh != secret.token:
        type(row)._base_manager.filter(pk=row.pk).update(**{field.attname: Secret(token=fresh)})
