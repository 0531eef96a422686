"""A tenant's authorised link to one system, its access token, and the budget of calls it shares."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.models import Tenant
from portal.secrets import EncryptedJSONField, EncryptedTextField
from reconciliation.models import Source


def everything() -> dict[str, Any]:
    """The scope that leaves nothing out: see `integrations.scope`."""
    return {"businessUnits": None, "customerTagFilter": None, "jobLookback": None}


class Connection(models.Model):
    """One tenant's link to one system: environment, credentials, scope, status and health.

    `remote_account` is the merchant's own id at that system, in clear because people quote it; everything that
    opens a door is in `credentials`.
    """

    class Status(models.TextChoices):
        NEW = "new", "Not tested yet"
        CONNECTED = "connected", "Connected"
        RELINK = "relink", "Needs re-link"
        PAUSED = "paused", "Paused"
        DISCONNECTED = "disconnected", "Disconnected"

    class Health(models.TextChoices):
        UNKNOWN = "unknown", "Not known yet"
        HEALTHY = "healthy", "Healthy"
        DEGRADED = "degraded", "Degraded"
        FAILING = "failing", "Failing"

    class OwnerMail(models.TextChoices):
        """How far the e-mail has come that tells the owner of a dead link."""

        NONE = "", "None"
        OWED = "owed", "Owed"
        SENDING = "sending", "Being sent"
        TOLD = "told", "Sent"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="connections")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="Who linked it last: told when the link dies",
    )
    owner_mail = models.CharField(max_length=8, choices=OwnerMail, blank=True, db_default="", editable=False)
    system = models.SlugField(max_length=40)
    source = models.OneToOneField(Source, on_delete=models.PROTECT, related_name="connection", editable=False)
    environment = models.CharField(max_length=12, default="production")
    api_url = models.CharField("API address", max_length=200, blank=True)
    auth_url = models.CharField("token address", max_length=200, blank=True)
    way = models.CharField(
        max_length=24, blank=True, editable=False, help_text="Which of the system's ways in it uses"
    )
    remote_account = models.CharField(max_length=64, blank=True)
    credentials = EncryptedJSONField(blank=True, default="", of=("tenant_id", "system"))
    scope = models.JSONField(default=everything)
    status = models.CharField(max_length=12, choices=Status, default=Status.NEW)
    health = models.CharField(max_length=8, choices=Health, default=Health.UNKNOWN)
    problem = models.TextField(
        blank=True, help_text="What is wrong and who can mend it, in words for a person"
    )
    problem_who = models.CharField(max_length=20, blank=True)
    problem_at = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    scopes = models.JSONField(default=list, blank=True, help_text="Outcome of the last test, scope by scope")
    synced_at = models.DateTimeField(null=True, blank=True)
    scope_chosen_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person last said what is shared"
    )
    rules_chosen_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person last went through the rules"
    )
    budget_key = models.CharField(
        max_length=64, blank=True, editable=False, help_text="The call budget it shares"
    )
    disconnects = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Grows with each disconnect: whoever read an older number calls no more",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["tenant", "system"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "system"], name="one_connection_per_system"),
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.tenant}"

    @property
    def label(self) -> str:
        """The system's name as people write it."""
        from integrations.connectors.registry import CONNECTORS

        spec = CONNECTORS.get(self.system)
        return spec.label if spec else self.system

    @property
    def is_by_log_in(self) -> bool:
        """Whether a person links it by logging in at the system."""
        from integrations.connectors.registry import CONNECTORS

        spec = CONNECTORS.get(self.system)
        return spec is not None and spec.is_by_log_in({"way": self.way})

    @property
    def is_scoped(self) -> bool:
        """Whether its system has the lists that a scope is chosen from."""
        from integrations.connectors.registry import CONNECTORS

        spec = CONNECTORS.get(self.system)
        return spec is None or spec.scoped

    @property
    def describes_itself(self) -> bool:
        """Whether its system says itself which fields it has; else they are read off its rows."""
        from integrations.connectors.registry import CONNECTORS

        spec = CONNECTORS.get(self.system)
        return spec is not None and spec.describes

    @property
    def has_campaigns(self) -> bool:
        """Whether its system has campaigns, to which lead sources are tied."""
        from integrations.connectors.registry import CONNECTORS

        spec = CONNECTORS.get(self.system)
        return spec is not None and "campaign" in spec.entities

    @property
    def may_call(self) -> bool:
        """Whether workers may call the remote system for this connection."""
        return self.status == self.Status.CONNECTED and self.tenant.status in {
            Tenant.Status.ONBOARDING,
            Tenant.Status.LIVE,
        }

    def fail(self, message: str, who: str, *, relink: bool) -> None:
        """Note what is wrong, for the home page and the tenant page."""
        self.problem, self.problem_who, self.problem_at = message, who, timezone.now()
        self.health = self.Health.FAILING
        self.save(update_fields=["problem", "problem_who", "problem_at", "health"])
        if relink:  # but what a person has paused or disconnected meanwhile stays so
            row = Connection.objects.filter(pk=self.pk)
            # Whoever tests a new one sees what is wrong; that one has died which worked, its owner has to be told.
            row.filter(status=self.Status.CONNECTED).update(
                status=self.Status.RELINK, owner_mail=self.OwnerMail.OWED
            )
            row.exclude(status__in=(self.Status.PAUSED, self.Status.DISCONNECTED)).update(
                status=self.Status.RELINK
            )
            self.refresh_from_db(fields=["status"])


class AccessToken(models.Model):
    """The current access token of a connection, for all workers; and who is fetching the next one.

    `address` is where the token is used, if its system says so; `grant` is what a person's log-in left to ask for
    tokens with. It outlives the tokens.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="token")
    value = EncryptedTextField(blank=True, default="", of=("connection_id",))
    expires_at = models.DateTimeField(null=True)
    scopes = models.JSONField(default=list)
    address = models.CharField(max_length=200, blank=True)
    grant = EncryptedTextField(blank=True, default="", of=("connection_id",))
    version = models.PositiveIntegerField(default=0)
    fetching_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Access token of {self.connection}"


class Seat(models.Model):
    """The one log-on of an account whose second log-on ends its first, for all workers. See `integrations.seats`.

    `key` names the account at its address, as a hash. A holder that dies loses it when its lease ends.
    """

    key = models.CharField(max_length=64, unique=True)
    lease_number = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Seat {self.key[:8]}"


class CallBudget(models.Model):
    """The rate limit that all workers share for one API key and remote account.

    `next_free` is the Unix time, in microseconds, at which the next call may be sent; a worker takes a block
    of calls by moving it on. `minute` and `minute_calls` count what was taken in the current minute.
    """

    key = models.CharField(max_length=64, unique=True)
    next_free = models.BigIntegerField(default=0)
    minute = models.BigIntegerField(default=0)
    minute_calls = models.PositiveIntegerField(default=0)
    last_minute_calls = models.PositiveIntegerField(default=0)
    day_used = models.PositiveIntegerField(db_default=0)
    day_allowed = models.PositiveIntegerField(db_default=0)
    day_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Call budget {self.key[:8]}"

    def used_last_minute(self, now: datetime) -> int:
        """Calls taken in the last full minute."""
        minute = int(now.timestamp()) // 60
        if self.minute == minute:
            return self.last_minute_calls
        return self.minute_calls if self.minute == minute - 1 else 0
