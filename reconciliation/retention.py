"""How long this floor's rows are kept: what was done in the background, and which system changed what long ago.

People's own changes stay, and all that made, merged or parted a record: undo, "newest wins" and wiping go by them. So do
settled conflicts, which finance may ask for, and refused duplicates.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from portal.retention import Kept, register_retention
from reconciliation.models import BulkReview, Change, CustomerImport, MatchPass


def old_changes(before: datetime) -> "QuerySet[Change]":
    """Updates by connected systems."""
    return Change.objects.filter(at__lt=before, kind=Change.Kind.UPDATED, source__isnull=False, actor=None)


def _over(model: Any) -> Callable[[datetime], "QuerySet[Any]"]:
    return lambda before: model.objects.filter(finished_at__lt=before)


def register() -> None:
    """Called once the apps are ready."""
    register_retention(
        Kept(Change, 730, "updates that connected systems made", old_changes),
        *(
            Kept(model, 365, f"{model._meta.verbose_name_plural} that are over", _over(model))
            for model in (BulkReview, MatchPass, CustomerImport)
        ),
    )
