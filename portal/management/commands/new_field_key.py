"""`manage.py new_field_key`: a fresh key for FIELD_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.keyring import new_key


class Command(BaseCommand):
    help = "Prints a new key for FIELD_KEYS. Put it first (keep the old ones behind it), then run rotate_secrets."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(new_key())
