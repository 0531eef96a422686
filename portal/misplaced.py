"""What is done about a stored secret that stands where it was not put: told in the log and in the audit trail.

Each time in the log, once an hour for each row in the trail. The floors above may tell more by the trail's entries.
"""

import logging
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import DatabaseError, models, transaction
from django.utils import timezone

from portal.audit import record, register_action
from portal.keyring import Place, SecretMisplaced, opened
from portal.models import AuditEntry

log = logging.getLogger(__name__)

MISPLACED = "secret.misplaced"
ONCE_IN = timedelta(hours=1)

register_action(
    MISPLACED, "came upon a stored secret that had been moved here by hand, and did not use it: {note}"
)


def opened_or_told(token: str, place: Place) -> Any:
    """`opened`, and whoever runs this portal hears of it where the token was put there by hand."""
    try:
        return opened(token, place)
    except SecretMisplaced:
        tell(place)
        raise


def tell(place: Place) -> None:
    """Must not fail: the caller's own error says what matters."""
    log.error("A stored secret was moved to %s of %s by hand; it is not used.", place.what, place.of)
    try:
        with transaction.atomic():
            _record(place)
    except DatabaseError:
        log.exception("That could not be written into the audit trail.")


def _record(place: Place) -> None:
    label, pk = place.row or ("", None)
    known = AuditEntry.objects.filter(
        action=MISPLACED, note=place.what, target_type=label, target_id=str(pk or "")
    )
    if not known.filter(at__gte=timezone.now() - ONCE_IN).exists():
        record(MISPLACED, _row(label, pk) if label else None, note=place.what)


def _row(label: str, pk: Any) -> models.Model | None:
    return apps.get_model(label)._base_manager.filter(pk=pk).first()
