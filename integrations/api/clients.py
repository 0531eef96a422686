"""Tokens of API clients: made, shown once, recognised by their hash, revoked."""

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone

from integrations.models import ApiClient
from portal import audit
from portal.models import Tenant, User
from reconciliation.models import Source

SYSTEM = "api"
_MARK = "tl_"
_SHOWN = 10


def hash_of(token: str) -> str:
    """A token is 256 random bits, so that one round of SHA-256 keeps it as well as many would."""
    return hashlib.sha256(token.encode()).hexdigest()


def _new_token() -> tuple[str, dict[str, str]]:
    """A token, and what of it is kept."""
    token = _MARK + secrets.token_urlsafe(32)
    return token, {"prefix": token[:_SHOWN], "token_hash": hash_of(token)}


@transaction.atomic
def create(tenant: Tenant, name: str, *, user: User | None = None) -> tuple[ApiClient, str]:
    """A new client and its token, which nobody can read again."""
    token, kept = _new_token()
    client = ApiClient.objects.create(
        tenant=tenant,
        name=name,
        **kept,
        source=Source.objects.create(tenant=tenant, system=SYSTEM, name=f"{name} (API)"),
        created_by=user,
    )
    audit.record("api_client.added", client, actor=user, tenant=tenant)
    return client, token


def revoke(client: ApiClient, *, user: User | None = None) -> bool:
    """Its token opens nothing any more. False where that was so already."""
    revoked = ApiClient.objects.filter(pk=client.pk, revoked_at=None).update(revoked_at=timezone.now())
    if revoked:
        audit.record("api_client.revoked", client, actor=user)
    return bool(revoked)
