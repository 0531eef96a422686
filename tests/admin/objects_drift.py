"""A row of drift, for the walk."""

from django.utils import timezone

from integrations.models import Drift
from tests.admin.objects import makes, planted
from tests.admin.objects_integrations import rule


@makes("integrations.drift")
def drift(tenant) -> Drift:
    found, _ = Drift.objects.get_or_create(
        rule=rule(tenant),
        kind=Drift.Kind.VANISHED,
        path=planted(tenant),
        closed_at=None,
        defaults={"uses": planted(tenant), "before": "text", "found_at": timezone.now()},
    )
    return found
