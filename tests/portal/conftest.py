"""What tests of logging in share: production's own settings, and a phone with an authenticator app."""

import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.urls import reverse

SECOND_FACTOR = "mfa_authenticate"


@pytest.fixture
def strict(settings):
    """As in production: a second factor for everybody, and who one is asked again after a quarter of an hour."""
    settings.MFA_REQUIRED, settings.CONFIRM_AFTER = True, timedelta(minutes=15)


class Phone:
    """An authenticator app that knows one person's secret."""

    def __init__(self, secret):
        self.secret = secret

    @property
    def code(self):
        return format_hotp_value(hotp_value(self.secret, int(time.time()) // 30))


@pytest.fixture
def phone_of(strict):
    """`phone_of(user)`: that person has set up an authenticator app."""

    def enrol(user):
        secret = generate_totp_secret()
        TOTP.activate(user, secret)
        return Phone(secret)

    return enrol


@pytest.fixture
def give_password(client):
    def post(user, **more):
        data = {"username": user.username, "password": f"{user.username}-password", **more}
        return client.post(reverse("account_login"), data)

    return post


@pytest.fixture
def log_in(client, give_password, phone_of):
    """`log_in(user)`: password and code, as that person does it. Gives the browser."""

    def walk(user):
        known = Authenticator.objects.filter(user=user, type="totp").first()
        phone = Phone(known_secret(known)) if known else phone_of(user)
        assert give_password(user)["Location"] == reverse(SECOND_FACTOR)
        assert client.post(reverse(SECOND_FACTOR), {"code": phone.code}).status_code == 302
        return client

    return walk


def known_secret(row):
    from allauth.mfa.utils import decrypt

    return decrypt(row.data["secret"])
