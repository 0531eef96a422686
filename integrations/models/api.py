"""Programs that use the API for one tenant, and the answers that are kept for their idempotency keys."""

from django.conf import settings
from django.db import models

from portal.models import Tenant
from reconciliation.models import Source


class ApiClient(models.Model):
    """A program that acts for one tenant, known by a token of which only a hash is kept.

    `source` stands for it in the log of changes. `minute` and `taken` count the calls of the current minute.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="api_clients")
    name = models.CharField(max_length=120, help_text="What uses it, such as “Website booking form”.")
    prefix = models.CharField("token begins with", max_length=12, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    source = models.OneToOneField(Source, on_delete=models.PROTECT, related_name="api_client", editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField("last used", null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField("revoked", null=True, blank=True, editable=False)
    minute = models.BigIntegerField(default=0, editable=False)
    taken = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["tenant", "name"]
        verbose_name = "API client"
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_api_client_per_name")]

    def __str__(self) -> str:
        return self.name


class KeptAnswer(models.Model):
    """What a request with an idempotency key was answered: given again for the same key and the same request.

    Written in the transaction of the request's effect. `status` is 0 only inside of it; `asker` is who asked, as
    "client:7" or "person:7", and `at` when.
    """

    asker = models.CharField(max_length=40)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    location = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asker", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["at"], name="kept_answer_by_time")]

    def __str__(self) -> str:
        return f"{self.asker} {self.key}"
