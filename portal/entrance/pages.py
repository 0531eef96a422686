"""The pages of logging in, and those where people keep their second factors and sessions."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView, RemoveWebAuthnView
from allauth.usersessions.views import ListUserSessionsView
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from portal import audit
from portal.access import access_of
from portal.entrance.again import ask_again
from portal.entrance.demand import FACTORS, is_proven

audit.register_action("person.factor_added", "added a second factor: {note}")
audit.register_action("person.factor_removed", "removed a second factor: {note}")
audit.register_action("person.codes_made", "made new recovery codes")
audit.register_action("person.sessions_ended", "ended the sessions of {target}")


class Framed:
    """A page in the admin's frame."""

    title = ""
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = super().get_context_data(**kwargs)  # type: ignore[misc]  # of the view it is mixed into
        frame = {**admin.site.each_context(self.request), "title": self.title}
        if settings.MFA_REQUIRED and not is_proven(self.request):
            frame |= {"available_apps": [], "is_nav_sidebar_enabled": False}  # none of it can be reached yet
        return {**frame, **found}


@method_decorator([never_cache, login_required], name="dispatch")
class Own(Framed):
    """A page about one's own factors; what changes them asks who one is."""

    asks = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        enrolling = settings.MFA_REQUIRED and not is_proven(request)
        if self.asks and not enrolling:
            ask_again(request)
        found: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # see above
        return found


class LogIn(Framed, LoginView):
    """The one door."""

    title = "Log in"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "GET" and access_of(request.user).may_enter:
            return redirect(self.get_success_url() or "admin:index")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "sso": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        }


class SecondFactor(Framed, AuthenticateView):
    """After the password."""

    title = "Second factor"
    template_name = "portal/entrance/second_factor.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        types = set(Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True))
        return {
            **super().get_context_data(**kwargs),
            "has_passkey": Authenticator.Type.WEBAUTHN in types,
            "has_app": Authenticator.Type.TOTP in types,
        }


class LogInByPasskey(LoginWebAuthnView):
    """A passkey alone: it is two factors, since the device asks for a finger, a face or a PIN."""

    def get_authenticated_redirect_url(self) -> str:
        return "/"


class Factors(Own, IndexView):
    """One's own second factors."""

    title = "Your log-in"
    asks = False
    template_name = "portal/entrance/factors.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = Authenticator.objects.filter(user=self.request.user.pk).order_by("pk")
        codes = next((row for row in rows if row.type == Authenticator.Type.RECOVERY_CODES), None)
        return {
            **super().get_context_data(**kwargs),
            "app": next((row for row in rows if row.type == Authenticator.Type.TOTP), None),
            "passkeys": [row for row in rows if row.type == Authenticator.Type.WEBAUTHN],
            "codes": codes,
            "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
            "must": settings.MFA_REQUIRED and not any(row.type in FACTORS for row in rows),
        }


class AddApp(Own, ActivateTOTPView):
    title = "Set up an authenticator app"
    template_name = "portal/entrance/add_app.html"

    def form_valid(self, form: Any) -> HttpResponse:
        return _added(self.request, super().form_valid(form), "totp", "authenticator app")


class RemoveApp(Own, DeactivateTOTPView):
    title = "Remove the authenticator app"
    template_name = "portal/entrance/remove.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "what": "the authenticator app"}

    def form_valid(self, form: Any) -> HttpResponse:
        audit.record("person.factor_removed", _person(self.request), note="authenticator app")
        return super().form_valid(form)


class AddPasskey(Own, AddWebAuthnView):
    title = "Add a passkey"
    template_name = "portal/entrance/add_passkey.html"

    def form_valid(self, form: Any) -> HttpResponse:
        name = f"passkey “{form.cleaned_data['name']}”"
        return _added(self.request, super().form_valid(form), "webauthn", name)


class RemovePasskey(Own, RemoveWebAuthnView):
    title = "Remove a passkey"
    template_name = "portal/entrance/remove.html"
    success_url = "../../../"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "what": f"the passkey “{self.object}”"}

    def form_valid(self, form: Any) -> HttpResponse:
        audit.record("person.factor_removed", _person(self.request), note=f"passkey “{self.object}”")
        return super().form_valid(form)


class Codes(Own, ViewRecoveryCodesView):
    """Shown once."""

    title = "Recovery codes"
    template_name = "portal/entrance/codes.html"


class NewCodes(Own, GenerateRecoveryCodesView):
    title = "New recovery codes"
    template_name = "portal/entrance/new_codes.html"

    def form_valid(self, form: Any) -> HttpResponse:
        audit.record("person.codes_made", _person(self.request))
        return super().form_valid(form)


class Sessions(Own, ListUserSessionsView):
    """Where one is logged in; POST ends all others."""

    title = "Where you are logged in"
    asks = False
    template_name = "portal/entrance/sessions.html"

    def form_valid(self, form: Any) -> HttpResponse:
        audit.record("person.sessions_ended", _person(self.request), note="all but the present one")
        return super().form_valid(form)


log_in = LogIn.as_view(template_name="portal/entrance/log_in.html")


def _added(request: HttpRequest, reply: HttpResponse, kind: str, words: str) -> HttpResponse:
    """It was proven just now that the person has it, so this session counts as one with a second factor."""
    record_authentication(request, request.user, "mfa", type=kind, reauthenticated=True)
    audit.record("person.factor_added", _person(request), note=words)
    return reply


def _person(request: HttpRequest) -> Any:
    return request.user
