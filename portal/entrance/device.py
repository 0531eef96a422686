"""A device on which somebody has logged in before, known by a signed cookie.

It opens nothing. It only has a count of wrong passwords of its own, so that strangers who guess at an account lock out
themselves and not the person.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from portal.models import User

DAYS = 90
SALT = "portal.entrance.device"


def device_of(request: HttpRequest, username: str) -> str:
    """The device's own name, where this person has logged in on it; else nothing."""
    try:
        said = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=SALT, max_age=DAYS * 86_400
        )
    except signing.BadSignature:
        return ""
    return str(said["device"]) if said["username"] == username.lower() else ""


def remember(request: HttpRequest, reply: HttpResponse, user: User) -> None:
    """After a whole log-in, second factor included."""
    device = device_of(request, user.username) or secrets.token_urlsafe(12)
    said = signing.dumps({"username": user.username.lower(), "device": device}, salt=SALT)
    reply.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        said,
        max_age=DAYS * 86_400,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
