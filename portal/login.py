"""A link by which people set their password. Logging in with it is in `portal.entrance`."""

from typing import Any

from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from portal.audit import record
from portal.models import User


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
