"""When the values that stand here were made, by people or by other sources: what "newest wins" goes by.

The route: a page's records -> their log of changes -> who gave each value last -> when: an edit here at once, another
source's value when its row says, or else when it was taken in. A source tells when it last changed a row, not which
field.
"""

from collections.abc import Collection
from datetime import datetime

from reconciliation.intake import Intake
from reconciliation.models import Change, Link

Times = dict[str, datetime]


def made_at(intake: Intake, record_ids: Collection[int]) -> dict[int, Times]:
    """By record and field, as far as the log knows. Two queries, and none where no field goes to the newest."""
    if not intake.rule.goes_by_time:
        return {}
    links = Link.objects.filter(
        entity=intake.entity.name, record_id__in=record_ids, state=Link.State.LIVE
    ).exclude(source=intake.source)
    told = {
        (record_id, source_id): at
        for record_id, source_id, at in links.values_list("record_id", "source_id", "remote_modified_at")
    }
    found: dict[int, Times] = {}
    changes = Change.objects.filter(entity=intake.entity.name, record_id__in=record_ids).order_by("id")
    for record_id, source_id, at, fields in changes.values_list("record_id", "source_id", "at", "fields"):
        times = found.setdefault(record_id, {})
        there = told.get((record_id, source_id)) if source_id is not None else None
        times.update(dict.fromkeys(fields, min(at, there) if there is not None else at))
    return found
