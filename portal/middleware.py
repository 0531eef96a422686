"""Per request: an id that logs and audit share, the request itself for the audit trail, session limits,
and words for a secret that does not open."""

import logging
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.keyring import SecretUnreadable

log = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

request_id: ContextVar[str] = ContextVar("request_id", default="")
current_request: ContextVar[HttpRequest | None] = ContextVar("current_request", default=None)

_USABLE_ID = re.compile(r"[A-Za-z0-9-]{8,36}")


class RequestIdMiddleware:
    """Gives each request an id (a proxy's own `X-Request-Id`, where it is plain) and returns it to the caller."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        token = request_id.set(given if _USABLE_ID.fullmatch(given) else str(uuid.uuid4()))
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class ProxyAddressMiddleware:
    """Behind a proxy: the address that the proxy saw, instead of the proxy's own.

    Else everyone would share one address in the audit trail and in the limit of wrong passwords. Switched on by
    BEHIND_TLS_PROXY, because without a proxy of ours a caller could write the header itself.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nearest = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        with suppress(ValueError):  # the proxy sent none: its own address is all there is to know
            request.META["REMOTE_ADDR"] = str(ip_address(nearest))
        return self.get_response(request)


class CurrentRequestMiddleware:
    """Lets the audit trail know the person and the address behind an effect without passing the request down."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = current_request.set(request)
        try:
            return self.get_response(request)
        finally:
            current_request.reset(token)


class SessionLimitMiddleware:
    """Ends a session that was idle too long, or that began too long ago however busy it was."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = timezone.now()
            began = _time(request.session.get("began")) or now
            seen = _time(request.session.get("seen")) or now
            if now - seen > settings.SESSION_IDLE_LIMIT or now - began > settings.SESSION_ABSOLUTE_LIMIT:
                logout(request)
            else:
                self._remember(request, began, seen, now)
        return self.get_response(request)

    def _remember(self, request: HttpRequest, began: datetime, seen: datetime, now: datetime) -> None:
        """Note the visit once a minute, not on every request: a session write is a database write."""
        if "began" not in request.session or (now - seen).total_seconds() > 60:
            request.session["began"], request.session["seen"] = began.isoformat(), now.isoformat()


class UnreadableSecretMiddleware:
    """Words where a stored secret does not open and no page has any, as at a log-in; the code is not at fault."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, SecretUnreadable):
            return None
        log.error("%s", error)
        return render(request, "secret_unreadable.html", {"error": error}, status=503)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
