"""Rows of review requests, for the walk."""

from django.utils import timezone

from integrations.models import ReviewRequest, ReviewSettings
from tests.admin.objects import makes, planted


@makes("integrations.reviewrequest")
def request(tenant) -> ReviewRequest:
    found, _ = ReviewRequest.objects.get_or_create(
        tenant=tenant,
        job_key="1",
        defaults={"state": "held", "because": planted(tenant), "due_at": timezone.now()},
    )
    return found


@makes("integrations.reviewsettings")
def review_settings(tenant) -> ReviewSettings:
    found, _ = ReviewSettings.objects.get_or_create(
        tenant=tenant, defaults={"link": f"https://{planted(tenant)}.example/"}
    )
    return found
