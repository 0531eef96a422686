"""Who calls: the client behind a bearer token, its tenant, and how often it may call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, F, Model, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from integrations.api.clients import hash_of
from integrations.api.problems import ProblemError
from integrations.models import ApiClient
from portal.access import tenant_path_of
from portal.models import Tenant

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Caller:
    """One client at one call. Every row that a resource touches comes from `rows`."""

    client: ApiClient

    @property
    def tenant(self) -> Tenant:
        return self.client.tenant

    @property
    def name(self) -> str:
        """As idempotency keys are kept for it."""
        return f"client:{self.client.pk}"

    def rows(self, model: type[Row]) -> "QuerySet[Row]":
        """The rows of the client's tenant; another tenant's do not exist for it."""
        return model._default_manager.filter(**{tenant_path_of(model): self.tenant.pk})


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`. Cookies are not looked at: no call is ever made in a person's name."""

    def __call__(self, request: HttpRequest) -> Any:
        request.user = AnonymousUser()
        try:
            return super().__call__(request)
        except UnicodeError:
            raise _unknown() from None

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        client = (
            ApiClient.objects.select_related("tenant", "source")
            .filter(token_hash=hash_of(token), revoked_at=None)
            .first()
        )
        if client is None:
            raise _unknown()
        _take_turn(client, timezone.now())
        request.acts_as = f"API client {client}"  # type: ignore[attr-defined]  # read by the audit trail
        return Caller(client)


def caller_of(request: HttpRequest) -> Caller:
    """The caller of an authenticated request."""
    found = request.auth  # type: ignore[attr-defined]  # set by ninja
    assert isinstance(found, Caller)  # noqa: S101  # a programming error
    return found


def unauthorised() -> ProblemError:
    return ProblemError(401, headers={"WWW-Authenticate": 'Bearer realm="Trunkline"'})


def _unknown() -> ProblemError:
    words = "This token is unknown or was revoked."
    challenge = 'Bearer realm="Trunkline", error="invalid_token"'
    return ProblemError(401, "invalid-token", words, headers={"WWW-Authenticate": challenge})


def _take_turn(client: ApiClient, now: datetime) -> None:
    """Count this minute's calls, and note that the token is used. One statement, whoever else calls."""
    minute = int(now.timestamp()) // 60
    row = ApiClient.objects.filter(pk=client.pk)
    row.update(
        taken=Case(When(minute=minute, then=F("taken") + 1), default=Value(1)),
        minute=minute,
        last_used_at=now,
    )
    if row.filter(minute=minute, taken__gt=settings.API_CALLS_A_MINUTE).exists():
        wait = 60 - int(now.timestamp()) % 60
        words = f"More than {settings.API_CALLS_A_MINUTE} calls this minute. Try again in {wait} seconds."
        raise ProblemError(429, "too-many-calls", words, headers={"Retry-After": str(wait)})
