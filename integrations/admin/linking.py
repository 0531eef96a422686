"""To another system's log-in page and back: where the Connect button leads, and where the person comes back to.

The way there is a page that moves on by itself: the browser's policy for forms would stop a form's redirect to
another host, and rightly so.
"""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from integrations import linking
from integrations.admin.credentials import say_how_it_went
from integrations.connecting import ConnectingFailed
from integrations.models import Connection
from portal.access import Action
from portal.models import User
from portal.own_pages import OwnPages, list_view, object_view

SESSION_KEY = "linking"
MOST_BEGUN = 5


def callback_url(request: HttpRequest) -> str:
    """Where systems send people back: as the settings say, else this portal as it was called."""
    return settings.LINK_CALLBACK_URL or request.build_absolute_uri(
        reverse("admin:integrations_connection_linked")
    )


class LinkPages(OwnPages):
    """Mixed into the admin of connections."""

    @object_view("link/", action=Action.CONFIGURE, methods=("GET",), confirm=True)
    def link(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        """Leave for the system's log-in page. What is kept here belongs to this session alone."""
        try:
            url, state, kept = linking.begin(connection, callback_url(request))
        except ConnectingFailed as error:
            messages.error(request, str(error))
            return redirect("admin:integrations_connection_credentials", connection.pk)
        begun: dict[str, Any] = request.session.get(SESSION_KEY, {})
        latest = sorted(begun.items(), key=lambda item: -item[1]["at"])[: MOST_BEGUN - 1]
        request.session[SESSION_KEY] = {state: kept, **dict(latest)}
        return self.page(
            request,
            "admin/integrations/leaving.html",
            connection,
            title=f"Connect {connection.label}",
            connection=connection,
            tenant=connection.tenant,
            address=url,
            tab="credentials",
        )

    @list_view("linked/", action=Action.CONFIGURE, methods=("GET",))
    def linked(self, request: HttpRequest) -> HttpResponse:
        """Back from the log-in. Only a state that this session has sent out is taken, and only once."""
        begun: dict[str, Any] = request.session.get(SESSION_KEY, {})
        kept = begun.pop(request.GET.get("state", ""), None)
        request.session[SESSION_KEY] = begun
        if kept is None or linking.is_late(kept):
            messages.error(
                request,
                "This log-in did not begin here, was used already, or took too long. Press Connect again.",
            )
            return redirect("admin:integrations_connection_changelist")
        connection = self.object_or_404(request, kept["connection"], Action.CONFIGURE)
        code = request.GET.get("code", "")
        if not code:
            told = request.GET.get("error_description") or request.GET.get("error") or "no code came back"
            messages.error(
                request, f"{connection.label} did not connect: {told[:200]}. Press Connect to try again."
            )
            return redirect("admin:integrations_connection_test", connection.pk)
        user = request.user if isinstance(request.user, User) else None
        say_how_it_went(request, lambda: linking.finish(connection, kept, code, user=user))
        return redirect("admin:integrations_connection_test", connection.pk)
