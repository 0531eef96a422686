"""The forms of logging in: user name and password, codes, and setting up an authenticator app."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import (
    SECRET_SESSION_KEY,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt, encrypt
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction

from portal import audit
from portal.access import access_of
from portal.entrance import throttle
from portal.entrance.adapters import NO_ROLE, note_if_locked

audit.register_action("log_in.recovery_code", "used a recovery code: {note}")


class LogInForm(LoginForm):
    """User name and password of anyone who has a role."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget = forms.TextInput(
            {"autocomplete": "username", "autocapitalize": "none", "autofocus": True, "maxlength": 150}
        )
        self.fields["password"].widget = forms.PasswordInput({"autocomplete": "current-password"})
        self.fields["password"].help_text = ""

    def add_prefix(self, field_name: str) -> str:
        """The name by which browsers and password managers know it."""
        return "username" if field_name == "login" else str(super().add_prefix(field_name))

    def clean(self) -> Any:
        data = super().clean()
        if self.user is not None and not access_of(self.user).may_enter:
            raise ValidationError(NO_ROLE, code="no_role")
        return data


class Guessed:
    """Mixed into the forms that take a code: guesses are counted, and a code of an app opens once."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        counters = throttle.at_factor(context.request, self.user)
        if not throttle.take(counters):
            raise get_adapter().validation_error("too_many_login_attempts")
        try:
            code = str(super().clean_code())  # type: ignore[misc]  # of the form it is mixed into
            if self.authenticator.type == Authenticator.Type.TOTP:
                self._use(code)
        except ValidationError:
            audit.record("log_in.failed", actor=self.user, note="wrong code")
            note_if_locked(counters, self.user, "wrong codes")
            raise
        throttle.give_back(counters)
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            self._tell_of_recovery_code()
        return code

    def _tell_of_recovery_code(self) -> None:
        left = len(Authenticator.objects.get(pk=self.authenticator.pk).wrap().get_unused_codes())
        audit.record("log_in.recovery_code", actor=self.user, note=f"{left} left")
        messages.warning(
            context.request, f"That was a recovery code; {left} are left. Make new ones in good time."
        )

    def _use(self, code: str) -> None:
        """django-allauth remembers a used code for 30 seconds in the cache; with tolerance it opens for 90."""
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().get(pk=self.authenticator.pk)
            secret = decrypt(row.data["secret"])
            fitting = [
                counter
                for counter in yield_hotp_counters_from_time()
                if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter)))
            ]
            if not fitting or max(fitting) <= row.data.get("last_counter", -1):
                raise ValidationError("This code was used already. Wait for the next one.")
            row.data["last_counter"] = max(fitting)
            row.save(update_fields=["data"])


class CodeForm(Guessed, AuthenticateForm):
    """After the password."""


class CodeAgainForm(Guessed, ReauthenticateForm):
    """Somebody who is logged in already."""


class ActivateAppForm(ActivateTOTPForm):
    """The app's secret waits in the session until the first code: encrypted, since sessions stand in the database."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        session = context.request.session
        if held := session.pop(SECRET_SESSION_KEY, None):
            session[SECRET_SESSION_KEY] = decrypt(held)
        super().__init__(*args, **kwargs)
        session[SECRET_SESSION_KEY] = encrypt(self.secret)
