"""The test page of a connection: each scope that is needed, granted or missing, and how to grant it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from integrations import connecting, key_making
from integrations.admin.checklist import next_of
from integrations.admin.credentials import try_it
from integrations.models import Connection
from portal.access import Action
from portal.models import User
from portal.own_pages import OwnPages, object_view


class TestPage(OwnPages):
    """Shows the last test to everyone who sees the connection; who may run syncs may test again."""

    @object_view("test/")
    def test(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        may_run = self.may(request, Action.RUN, connection)
        if request.method == "POST":
            if not may_run:
                raise PermissionDenied
            try_it(request, connection)
            return redirect("admin:integrations_connection_test", connection.pk)
        keys = [scope for scope in connection.scopes if not scope["granted"] and not scope["entities"]]
        return self.page(
            request,
            "admin/integrations/test.html",
            connection,
            title="Test connection",
            connection=connection,
            tenant=connection.tenant,
            scopes=sorted(connection.scopes, key=lambda scope: scope["granted"]),
            missing=[scope for scope in connection.scopes if not scope["granted"]],
            may_make_keys=bool(keys) and connection.may_call and key_making.can(connection),
            may_run=may_run,
            may_configure=self.may(request, Action.CONFIGURE, connection),
            tab="test",
            **next_of(connection),
        )

    @object_view("make-keys/", action=Action.CONFIGURE, methods=("POST",))
    def make_keys(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        """Have the system make the fields by which what is written is found again, then test anew."""
        user = request.user if isinstance(request.user, User) else None
        try:
            made = key_making.make(connection, user=user)
        except connecting.ConnectingFailed as error:
            messages.error(request, str(error))
            return redirect("admin:integrations_connection_test", connection.pk)
        for place, why_not in made.items():
            if why_not:
                messages.error(request, f"{place} was not made. {why_not}")
        done = [place for place, why_not in made.items() if not why_not]
        if done:
            messages.success(
                request,
                f"Made: {', '.join(done)}. New fields are hidden at first: in Setup > Permission Sets > the integration "
                "user's set > Object Settings, give Read and Edit access to each; then test again.",
            )
        try_it(request, connection)
        return redirect("admin:integrations_connection_test", connection.pk)
