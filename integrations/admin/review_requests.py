"""Review requests: which wait, which are held and why, which went out; and how a merchant asks."""

from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from integrations.models import ReviewRequest, ReviewSettings
from portal.look import badge
from portal.tenant_admin import ReadOnlyTenantAdmin, TenantAdmin

TONES: dict[str, str] = {
    ReviewRequest.State.WAITING: "idle",
    ReviewRequest.State.HELD: "warn",
    ReviewRequest.State.RELEASED: "ok",
    ReviewRequest.State.CANCELLED: "idle",
}


@admin.register(ReviewRequest)
class ReviewRequestAdmin(ReadOnlyTenantAdmin):
    """One line for each completed job."""

    menu_order = 70
    menu_group = "Review requests"
    list_display = ["job_link", "tenant", "state_badge", "because", "due", "released", "by_mail"]
    list_filter = ["state", "email", "tenant"]
    list_select_related = ["tenant", "job__customer"]
    search_fields = ["job_key", "job__number"]
    search_help_text = "By the job's number."
    fields = ["tenant", "job", "state", "because", "due_at", "released_at", "email", "email_problem"]
    empty_words = "Add review settings for a merchant: each job completed from then on makes a request."

    @admin.display(description="job")
    def job_link(self, request: ReviewRequest) -> str:
        if request.job is None:
            return "erased"
        address = reverse("admin:reconciliation_job_change", args=[request.job_id])
        return format_html('<a href="{}">{}</a> {}', address, request.job, request.job.customer)

    @admin.display(description="state", ordering="state")
    def state_badge(self, request: ReviewRequest) -> str:
        return badge(request.get_state_display(), TONES[request.state])

    @admin.display(description="due", ordering="due_at")
    def due(self, request: ReviewRequest) -> str:
        return str(naturaltime(request.due_at))

    @admin.display(description="released", ordering="released_at")
    def released(self, request: ReviewRequest) -> str:
        return str(naturaltime(request.released_at)) if request.released_at else ""

    @admin.display(description="e-mail")
    def by_mail(self, request: ReviewRequest) -> str:
        words = request.get_email_display() if request.state == ReviewRequest.State.RELEASED else ""
        return f"{words}: {request.email_problem}" if request.email_problem else words


@admin.register(ReviewSettings)
class ReviewSettingsAdmin(TenantAdmin):
    """How a merchant asks for reviews."""

    menu_order = 71
    menu_group = "Review requests"
    list_display = ["tenant", "enabled", "delay_hours", "link", "sender"]
    list_select_related = ["tenant"]
    fields = ["tenant", "enabled", "delay_hours", "link", "sender", "subject", "text"]
    empty_words = "Nobody is asked for a review until a merchant's settings are added here."

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        texts = {"text": "{customer}, {business} and {link} are filled in."}
        return super().get_form(request, obj, change, **{"help_texts": texts, **kwargs})
