"""Who one is, asked once more before what an attacker at an open browser would do first.

The route: a page calls `ask_again` (or is marked so in its admin) → whoever logged in or confirmed lately goes on; else
the same address answers with a form that asks for the password, a code or a passkey → `ConfirmMiddleware` checks it and
lets the page go on. What was posted too late travels in that form, encrypted, and reaches the page as if nothing had
been in between: nothing typed is lost, and no secret comes back to the browser in clear.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_authentication
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from portal import audit
from portal.entrance.demand import is_fresh
from portal.entrance.forms import CodeAgainForm
from portal.keyring import Place, SecretUnreadable, opened, sealed
from portal.middleware import GetResponse
from portal.models import User

MARK = "confirm-who-i-am"
"""The field by which our form is known among all that are posted."""
HELD_FOR = 600
"""Seconds within which what was posted too late may go on."""
_HELD = Place("log_in.held", name="What was held back")

Page = TypeVar("Page", bound=Callable[..., Any])

audit.register_action("log_in.confirmed", "confirmed who they are")


def ask_again(request: HttpRequest) -> None:
    """To be called before anything is shown or done. Does not return to who has to confirm first."""
    if request.user.is_authenticated and not is_fresh(request):
        raise ReauthenticationRequired


def confirm_first(page: Page) -> Page:
    """The same as a decorator, for a method `(self, request, …)`."""

    @wraps(page)
    def asking(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        ask_again(request)
        return page(self, request, *args, **kwargs)

    return cast(Page, asking)


class ConfirmMiddleware:
    """Shows the form where a page wants it, and takes its answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """None: on to the page, with what was posted there at first."""
        if request.method != "POST" or MARK not in request.POST or not isinstance(request.user, User):
            return None
        problem = _problem(request, request.user)
        if problem:
            return _form(request, request.user, request.POST.get("held", ""), problem)
        audit.record("log_in.confirmed", actor=request.user)
        held = _opened(request, request.POST.get("held", ""))
        if held is None:
            return redirect(request.get_full_path())
        request.POST = held  # type: ignore[assignment]  # ours is what the page was sent at first
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ReauthenticationRequired) or not isinstance(request.user, User):
            return None
        return _form(request, request.user, _held(request))


def _form(request: HttpRequest, user: User, held: str, problem: str = "") -> HttpResponse:
    types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    passkey = Authenticator.Type.WEBAUTHN in types
    context = {
        **admin.site.each_context(request),
        "title": "Confirm that it is you",
        "mark": MARK,
        "held": held,
        "problem": problem,
        "takes_password": user.has_usable_password(),
        "takes_code": bool(types - {Authenticator.Type.WEBAUTHN}),
        "js_data": {"request_options": begin_authentication(user)} if passkey else None,
        "sso": settings.OIDC_NAME if settings.OIDC_ISSUER and _is_linked(user) else "",
        "files_lost": bool(request.FILES),
        "address": request.get_full_path(),
    }
    reply = render(request, "portal/entrance/confirm.html", context)
    reply["Cache-Control"] = "no-store"
    return reply


def _is_linked(user: User) -> bool:
    return SocialAccount.objects.filter(user=user).exists()


def _problem(request: HttpRequest, user: User) -> str:
    """What is wrong with the answer, in words; nothing when it proves who it is."""
    try:
        if request.POST.get("credential"):
            passkey = ReauthenticateWebAuthnForm(user=user, data=request.POST)
            return _saved(passkey, "credential")
        if request.POST.get("code"):
            return _saved(CodeAgainForm(user=user, data=request.POST), "code")
        if get_adapter(request).reauthenticate(user, request.POST.get("password", "")):
            reauthenticate_by_password(request)
            return ""
    except ValidationError as error:
        return " ".join(error.messages)
    return "That is not right. Try again."


def _saved(form: Any, field: str) -> str:
    if form.is_valid():
        form.save()
        return ""
    return " ".join(form.errors.get(field, ["That is not right. Try again."]))


def _held(request: HttpRequest) -> str:
    """What was posted, for this person and this address alone."""
    if request.method != "POST" or request.FILES:
        return ""
    whole = {"user": request.user.pk, "path": request.get_full_path(), "body": request.POST.urlencode()}
    return sealed(whole, _HELD)


def _opened(request: HttpRequest, held: str) -> QueryDict | None:
    if not held:
        return None
    try:
        whole = opened(held, _HELD, ttl=HELD_FOR)
    except SecretUnreadable:
        messages.warning(
            request, "That took too long. What you had typed was not kept: please type it again."
        )
        return None
    if (whole["user"], whole["path"]) != (request.user.pk, request.get_full_path()):
        return None
    return QueryDict(whole["body"])
