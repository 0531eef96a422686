"""No second factor, no way in: a stage of the log-in asks for it, and a middleware believes no session that lacks it.

A person who has no factor yet reaches the pages where one is set up, log-out, and nothing else. A session of somebody who
has one, begun without it, is ended: it may not add another.
"""

import time
from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from portal.middleware import GetResponse
from portal.models import User

ALWAYS_OPEN = {"account_login", "admin:login", "admin:logout", "healthz", "readyz", "metrics"}
"""Names of pages that need no second factor."""
ENROLMENT = {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn"}
"""And of those where somebody who has none sets one up."""
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_proven(request: HttpRequest) -> bool:
    """Was a second factor given in this session, here or at the identity provider?"""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, _user(request)))


def is_fresh(request: HttpRequest) -> bool:
    """Did this person say who they are within settings.CONFIRM_AFTER?

    To come by an identity provider is not enough: it may have let in whoever sits there without asking.
    """
    if not settings.CONFIRM_AFTER:
        return True
    times = [
        record["at"]
        for record in get_authentication_records(request, _user(request))
        if record["method"] in {"password", "mfa", "sso_lately"} and record.get("type") != "sso"
    ]
    return bool(times) and time.time() - max(times) < settings.CONFIRM_AFTER.total_seconds()


def note_provider(request: HttpRequest, user: User, said: dict[str, Any]) -> None:
    """What the identity provider has asked of this person counts here, where its token says so."""
    if settings.OIDC_MFA_AMR & set(said.get("amr") or []):
        record_authentication(request, user, "mfa", type="sso")
    asked_at = said.get("auth_time")
    if isinstance(asked_at, int) and time.time() - asked_at < settings.CONFIRM_AFTER.total_seconds():
        record_authentication(request, user, "sso_lately")


class SecondFactorStage(AuthenticateStage):
    """Asks those who have a second factor, but whom the identity provider asked already."""

    def _should_handle(self, request: HttpRequest) -> bool:
        records = get_authentication_records(request, self.login.user)
        if any(record["method"] == "mfa" and record.get("type") == "sso" for record in records):
            return False
        return bool(super()._should_handle(request))


class SecondFactorMiddleware:
    """Stands behind every page that a session opens."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """None: on to the page."""
        if not settings.MFA_REQUIRED or not request.user.is_authenticated:
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in ALWAYS_OPEN or is_proven(request):
            return None
        if Authenticator.objects.filter(user=request.user.pk, type__in=FACTORS).exists():
            logout(request)
            query = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('account_login')}?{query}")
        if name in ENROLMENT:
            return None
        return redirect("mfa_index")


def _user(request: HttpRequest) -> Any:
    return request.user if request.user.is_authenticated else None
