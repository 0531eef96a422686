"""What becomes of a score: merged by itself, shown to a person, or left alone."""

from enum import StrEnum

from reconciliation.models import MatchSettings


class Band(StrEnum):
    """The three bands; their limits are the tenant's."""

    MERGE = "merge"
    REVIEW = "review"
    IGNORE = "ignore"


def band(score: float, limits: MatchSettings) -> Band:
    """The band of a score. Whether the first is acted upon is another setting (`merges_by_itself`)."""
    if score >= limits.merge_from:
        return Band.MERGE
    return Band.REVIEW if score >= limits.review_from else Band.IGNORE
