"""What Prometheus is told of the records: what waits for a person's decision, by tenant."""

from datetime import datetime

from django.db.models import Count, Min

from portal.metrics import Gauge, Samples, register_metrics
from reconciliation.models import Conflict, MatchCandidate

CONFLICTS = "trunkline_conflicts_open"
OLDEST = "trunkline_conflict_oldest_age_seconds"
DUPLICATES = "trunkline_duplicates_open"


def figures(now: datetime) -> dict[str, Samples]:
    """Conflicts and likely duplicates that nobody has decided on."""
    pending = Conflict.objects.filter(state=Conflict.State.PENDING).order_by().values_list("tenant__slug")
    conflicts = list(pending.annotate(Count("pk"), Min("created_at")))
    candidates = MatchCandidate.objects.filter(state=MatchCandidate.State.OPEN).order_by()
    return {
        CONFLICTS: {(slug,): count for slug, count, _ in conflicts},
        OLDEST: {(slug,): (now - since).total_seconds() for slug, _, since in conflicts},
        DUPLICATES: {
            (slug,): count for slug, count in candidates.values_list("tenant__slug").annotate(Count("pk"))
        },
    }


def register() -> None:
    """Called once the apps are ready."""
    tenant = ("tenant",)
    register_metrics(
        [
            Gauge(CONFLICTS, "Conflicts that wait for a person.", tenant),
            Gauge(OLDEST, "Seconds since the oldest of them was found.", tenant),
            Gauge(DUPLICATES, "Pairs that may be one and that wait for a person.", tenant),
        ],
        figures,
    )
