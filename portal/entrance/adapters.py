"""Where django-allauth asks us: who may come in, how often one may guess, how factors are kept."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal import audit
from portal.access import access_of
from portal.entrance import device, factors, throttle
from portal.entrance.demand import is_fresh, note_provider
from portal.models import User

NO_ROLE = "You have no role yet. Ask the person who invited you to give you one."
SLOW_DOWN = "Too many wrong guesses. Wait an hour, then try again, or ask a platform admin to let you in."

audit.register_action("log_in.locked", "is locked out for an hour: {note}")


class AccountAdapter(DefaultAccountAdapter):
    """People are invited, log in by user name, and get no further without a role."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "Please enter a correct username and password. Both are case-sensitive.",
        "too_many_login_attempts": SLOW_DOWN,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """None for a wrong password, an unknown name and somebody who was switched off alike."""
        name = str(credentials.get("username") or "")
        counters = throttle.at_password(request, name)
        if not throttle.take(counters):
            raise self.validation_error("too_many_login_attempts")
        user = authenticate(request, username=name, password=credentials.get("password"))
        if user is not None:
            throttle.give_back(counters)
        else:
            note_if_locked(counters, User.objects.filter(username=name).first(), "wrong passwords")
        return user

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Asked for every way in, before a second factor is.

        What the identity provider said would wait in the session for the second factor, its token and the person's
        row included; nothing needs it there.
        """
        by_provider = (kwargs.get("signal_kwargs") or {}).pop("sociallogin", None)
        if user.is_active and access_of(user).may_enter:
            if by_provider is not None:
                note_provider(request, user, by_provider.account.extra_data.get("id_token") or {})
            return None
        clear_login(request)
        return refuse(request, NO_ROLE if user.is_active else "This person was switched off.")

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        return refuse(request, "This person was switched off.")

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        reply: HttpResponse = super().post_login(request, user, **kwargs)
        device.remember(request, reply, user)
        return reply

    def get_login_stages(self) -> list[str]:
        return ["portal.entrance.demand.SecondFactorStage"]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        return not is_fresh(context.request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Only what we say ourselves: being logged in is seen without being told."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """As `portal.middleware` found it."""
        return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104  # nosec B104  # unknown, not bound


class FactorAdapter(DefaultMFAAdapter):
    """Factors are secrets like any other: under FIELD_KEYS, and re-encrypted by `manage.py rotate_secrets`."""

    def encrypt(self, text: str) -> str:
        return factors.encrypted(text)

    def decrypt(self, encrypted_text: str) -> str:
        return factors.decrypted(encrypted_text)

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        return f"Passkey {Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": context.request.get_host().rsplit(":", 1)[0], "name": "Trunkline"}


def refuse(request: HttpRequest, why: str) -> HttpResponse:
    """Back to the log-in page, which says why."""
    messages.error(request, why)
    return redirect("account_login")


def note_if_locked(counters: list[throttle.Counter], user: User | None, what: str) -> None:
    """Once, when the last guess was used up."""
    for counter in counters:
        if not throttle.is_open([counter]):
            words = f"{counter.tries} {what}" + (" from one address" if counter.kind == "address" else "")
            audit.record("log_in.locked", actor=user, note=words)
