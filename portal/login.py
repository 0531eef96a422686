"""Logging in: a slow-down for those who guess passwords, and a link by which people set theirs."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from portal.access import access_of
from portal.audit import record
from portal.models import User

TRIES = 10
TRIES_PER_ADDRESS = 100
WINDOW = 600
"""Wrong passwords allowed in that many seconds: for one name from one address, and from one address in all."""


class LoginForm(AuthenticationForm):
    """User name and password of anyone who has a role."""

    def clean(self) -> dict[str, Any]:
        if any(cache.get(key, 0) >= limit for key, limit in self._counters()):
            raise ValidationError(
                "Too many wrong passwords. Wait ten minutes, then try again.", code="slow_down"
            )
        try:
            return super().clean()
        except ValidationError:
            for key, _ in self._counters():
                cache.add(key, 0, WINDOW)
                cache.incr(key)
            raise

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if not access_of(user).may_enter:
            raise ValidationError(
                "You have no role yet. Ask the person who invited you to give you one.", code="no_role"
            )

    def _counters(self) -> list[tuple[str, int]]:
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        name = urlsafe_base64_encode(force_bytes(self.cleaned_data.get("username", "").lower()[:150]))
        return [(f"log-in:{address}:{name}", TRIES), (f"log-in:{address}", TRIES_PER_ADDRESS)]


def password_link(request: HttpRequest, user: User) -> str:
    """A link by which this person sets a password: once, within settings.PASSWORD_RESET_TIMEOUT seconds."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    return request.build_absolute_uri(reverse("set_password", args=[uid, token]))


class SetPasswordView(PasswordResetConfirmView):
    """Where such a link leads."""

    template_name = "portal/set_password.html"
    success_url = reverse_lazy("admin:login")

    def form_valid(self, form: "SetPasswordForm[Any]") -> HttpResponse:
        reply = super().form_valid(form)
        record("person.password_set", form.user, actor=form.user)
        return reply
