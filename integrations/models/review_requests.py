"""Review requests: one for each completed job, held while money is owed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone

from portal.models import Tenant
from reconciliation.models import Job

EMAIL_TEXT = """Hello {customer},

thank you for choosing {business}. How did we do? A short review helps us and your neighbours:

{link}
"""


def check_text(text: str) -> None:
    """Refuse a gap that nothing fills."""
    try:
        text.format(customer="", business="", link="")
    except (KeyError, IndexError, ValueError):
        raise ValidationError(
            "Only {customer}, {business} and {link} are filled in; write {{ for a brace."
        ) from None


class ReviewSettings(models.Model):
    """Whether, when and how one merchant asks for reviews. Without a row nobody is asked.

    Jobs completed before `since` make no request, so that switching it on does not ask the customers of years.
    """

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="review_settings")
    enabled = models.BooleanField(default=True)
    since = models.DateTimeField(default=timezone.now, editable=False)
    delay_hours = models.PositiveIntegerField(
        "hours after completion", default=24, validators=[MaxValueValidator(24 * 90)]
    )
    link = models.CharField(
        "where reviews are written", max_length=300, blank=True,
        help_text="Begins with https://. Without it no e-mail is sent; webhooks are.",
    )  # fmt: skip
    sender = models.EmailField("sender", blank=True, help_text="Without it no e-mail is sent; webhooks are.")
    subject = models.CharField(max_length=150, default="How did we do?")
    text = models.TextField(default=EMAIL_TEXT, validators=[check_text])

    class Meta:
        verbose_name = verbose_name_plural = "review settings"

    def __str__(self) -> str:
        return f"Review requests of {self.tenant}"

    def clean(self) -> None:
        if self.link and not self.link.startswith("https://"):
            raise ValidationError({"link": "The address must begin with https://."})
        if "\n" in self.subject or "\r" in self.subject:
            raise ValidationError({"subject": "A subject is one line."})


class ReviewRequest(models.Model):
    """One request for one job, ever: `job_key` outlives the record, should that be erased and come again.

    `look_at` is when a worker looks next; `because` says why it is held or was cancelled. The e-mail is claimed before
    it is sent, so that it goes out at most once.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        HELD = "held", "Held"
        RELEASED = "released", "Released"
        CANCELLED = "cancelled", "Cancelled"

    class Email(models.TextChoices):
        NONE = "none", "Not by e-mail"
        OWED = "owed", "To be sent"
        SENDING = "sending", "Sent, not known whether it went"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"

    OPEN = (State.WAITING, State.HELD)

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    job: "models.ForeignKey[Any, Any]" = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    job_key = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    because = models.TextField(blank=True)
    due_at = models.DateTimeField()
    look_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    email = models.CharField(max_length=8, choices=Email, default=Email.NONE)
    email_problem = models.TextField(blank=True)
    email_attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "job_key"], name="one_review_request_per_job")
        ]
        indexes = [
            models.Index(
                fields=["look_at"], name="review_request_look", condition=models.Q(look_at__isnull=False)
            ),
            models.Index(fields=["tenant", "state", "-id"], name="review_request_by_state"),
            models.Index(fields=["id"], name="review_request_mail", condition=models.Q(email="owed")),
        ]

    def __str__(self) -> str:
        return f"Review request for {self.job or 'an erased job'}"
