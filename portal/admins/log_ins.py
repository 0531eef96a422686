"""On a person's page: what helps somebody who cannot get in, and what stops somebody who should not."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.access import Action, access_of
from portal.entrance import helping, throttle
from portal.models import User
from portal.own_pages import OwnPages, object_view


class LogInPages(OwnPages):
    """Mixed into the admin of people."""

    def may_make_link(self, request: HttpRequest, user: User) -> bool:
        raise NotImplementedError

    def log_in_context(self, request: HttpRequest, user: User) -> dict[str, Any]:
        """For the person's page. Taking away factors is for platform admins, and never for one's own: that has pages."""
        factors = Authenticator.objects.filter(user=user)
        return {
            "may_help": self.may_make_link(request, user),
            "may_reset": access_of(request.user).is_platform_admin and user != request.user,
            "locked_out": throttle.is_locked(user),
            "factors": [str(row) for row in factors],
        }

    @object_view("unlock/", action=Action.MANAGE_PEOPLE, methods=("POST",))
    def unlock(self, request: HttpRequest, user: User) -> HttpResponse:
        """After too many wrong guesses."""
        if not self.may_make_link(request, user):
            raise PermissionDenied
        helping.unlock(user)
        messages.success(request, f"{user} may try again at once.")
        return redirect("admin:portal_user_change", user.pk)

    @object_view("log-out/", action=Action.MANAGE_PEOPLE, methods=("POST",))
    def end_sessions(self, request: HttpRequest, user: User) -> HttpResponse:
        if not self.may_make_link(request, user):
            raise PermissionDenied
        helping.log_out(user)
        messages.success(request, f"{user} is logged out everywhere.")
        return redirect("admin:portal_user_change", user.pk)

    @object_view("reset-factors/", action=Action.PLATFORM, methods=("POST",), confirm=True)
    def reset_factors(self, request: HttpRequest, user: User) -> HttpResponse:
        """For somebody who has lost app, passkeys and recovery codes."""
        if user == request.user:
            raise PermissionDenied
        helping.reset_factors(user)
        messages.success(request, f"{user} sets up a new second factor at the next log-in.")
        return redirect("admin:portal_user_change", user.pk)
