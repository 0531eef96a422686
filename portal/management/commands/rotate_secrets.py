"""`manage.py rotate_secrets`: every stored secret under the first key of FIELD_KEYS.

Walks each encrypted column by primary key, a batch per transaction. Rows already under the first key are left
alone, so a run that was stopped is simply started again.
"""

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from portal.audit import record
from portal.secrets import (
    EncryptedField,
    Secret,
    SecretUnreadable,
    current_key_reads,
    encrypted_fields,
    rotated,
)

BATCH = 200


class Command(BaseCommand):
    help = "Re-encrypts every stored secret with the first key of FIELD_KEYS. May be run again at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        tables = {
            f"{model._meta.label}.{field.name}": rotate_column(model, field)
            for model, field in encrypted_fields()
        }
        tables["mfa.Authenticator.data"] = rotate_factors()
        self._print(tables, as_json=options["json"])
        unreadable = sum(counts["unreadable"] for counts in tables.values())
        record("secrets.rotated", note=f"{sum(c['rotated'] for c in tables.values())} rotated")
        if unreadable:
            raise CommandError(
                f"{unreadable} secrets cannot be read with the keys in FIELD_KEYS; they were left as they are. "
                "Add the key they were written with to the end of FIELD_KEYS and run this again, "
                "or enter those secrets again."
            )

    def _print(self, tables: dict[str, Counter[str]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({name: dict(counts) for name, counts in tables.items()}))
            return
        self.stdout.write(f"{'field':50} {'rotated':>8} {'current':>8} {'unreadable':>10}")
        for name, counts in tables.items():
            self.stdout.write(
                f"{name:50} {counts['rotated']:8} {counts['current']:8} {counts['unreadable']:10}"
            )
        if not tables:
            self.stdout.write("No model has encrypted fields.")


def rotate_column(model: type[models.Model], field: EncryptedField) -> Counter[str]:
    """Rotate one column. Returns how many tokens were rotated, current already, and unreadable."""
    counts: Counter[str] = Counter()
    last: Any = None
    while True:
        with transaction.atomic():
            rows = model._base_manager.order_by("pk").only("pk", field.attname).select_for_update()
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
            for name in {"secret", "seed"} & set(row.data if row else ()):
                row.data[name] = _fresh(row.data[name], counts)
                row.save(update_fields=["data"])
    return counts


def _fresh(token: str, counts: Counter[str]) -> str:
    """The token under the first key, or as it was where it is already, or where no key fits."""
    if current_key_reads(token):
        counts["current"] += 1
        return token
    try:
        fresh = rotated(Secret(token=token)).token
    except SecretUnreadable:
        counts["unreadable"] += 1
        return token
    counts["rotated"] += 1
    return fresh


def _rotate(row: models.Model, field: EncryptedField, counts: Counter[str]) -> None:
    secret = getattr(row, field.attname)
    if not secret:
        return
    fresh = _fresh(secret.token, counts)
    if fresh != secret.token:
        type(row)._base_manager.filter(pk=row.pk).update(**{field.attname: Secret(token=fresh)})
