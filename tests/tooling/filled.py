"""`python -m tests.tooling.filled`: migrate an empty scratch database to an older state, fill every table, migrate it to
today's, and tell as JSON what was there before and after. Each row is read by today's models."""

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from graphlib import TopologicalSorter
from typing import Any

OLDER = {
    "portal": "0001_initial",
    "reconciliation": "0006_cancellations_tags_lead_sources",
    "integrations": "0004_api_clients",
}
ROWS = 3
SECRET = {"client_secret": "of an older state"}
OURS = tuple(OLDER)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def value_of(field: Any, number: int) -> Any:
    """Something that fits, another for each row."""
    kind = field.get_internal_type()
    if getattr(field, "secret", False):
        return old_secret()
    if field.choices:
        return field.choices[0][0]
    if kind in {"CharField", "TextField", "SlugField", "URLField", "EmailField", "FileField"}:
        text = f"{field.name}-{number}"
        return text[-field.max_length :] if field.max_length else text
    simple = {
        "BooleanField": False, "DateTimeField": NOW, "DateField": date(2026, 5, number + 1),
        "DecimalField": Decimal(number), "FloatField": float(number), "JSONField": {}, "BinaryField": b"x",
        "UUIDField": uuid.uuid4(), "GenericIPAddressField": "127.0.0.1",
    }  # fmt: skip
    return simple.get(kind, number + 1)


def old_secret() -> Any:
    """As versions stored it that bound a secret to no place."""
    from portal.keyring import keyring
    from portal.secrets import Secret

    return Secret(token=keyring().encrypt(json.dumps(SECRET).encode()).decode())


def opened_secrets() -> dict[str, list[Any]]:
    """By column, what today's models open."""
    from portal.secrets import encrypted_fields

    return {
        f"{model._meta.label}.{field.name}": [
            value.reveal() for row in model._base_manager.all() if (value := getattr(row, field.attname))
        ]
        for model, field in encrypted_fields()
    }


def in_order(models: list[Any]) -> list[Any]:
    """Those that are referred to come first."""
    graph = {
        model: {
            field.related_model
            for field in model._meta.concrete_fields
            if field.is_relation and not field.null and field.related_model is not model
        }
        for model in models
    }
    return [model for model in TopologicalSorter(graph).static_order() if model in graph]


def fill(models: list[Any]) -> dict[str, int]:
    from django.db import IntegrityError, transaction

    made: dict[Any, list[Any]] = {}
    for model in in_order(models):
        made[model] = []
        for number in range(ROWS):
            values = {}
            for field in model._meta.concrete_fields:
                if field.primary_key and field is model._meta.auto_field:
                    continue
                if field.is_relation:
                    if not field.null:
                        values[field.name] = made[field.related_model][number]
                elif not field.has_default() or field.unique or getattr(field, "secret", False):
                    values[field.name] = value_of(field, number)
            try:
                with transaction.atomic():
                    made[model].append(model.objects.create(**values))
            except IntegrityError:  # a check across columns, which two values made at random do not meet
                continue
        if len(made[model]) < ROWS:
            made[model] += made[model][-1:] * (ROWS - len(made[model]))
    return {model._meta.db_table: model.objects.count() for model in models}


def main() -> None:
    import django

    django.setup()
    from django.apps import apps
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    targets = list(OLDER.items())
    executor.migrate(targets)
    loader = MigrationExecutor(connection).loader
    old = loader.project_state(targets).apps
    before = fill([model for model in old.get_models() if model._meta.app_label in OURS])
    call_command("migrate", verbosity=0)
    today = [model for model in apps.get_models() if model._meta.app_label in OURS]
    after = {model._meta.db_table: len(list(model._base_manager.all())) for model in today}
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    connection.check_constraints()
    print(json.dumps({"before": before, "after": after, "secrets": opened_secrets()}))


if __name__ == "__main__":
    main()
