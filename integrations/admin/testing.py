"""The test page of a connection: each scope that is needed, granted or missing, and how to grant it."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from integrations.admin.checklist import next_of
from integrations.admin.credentials import try_it
from integrations.models import Connection
from portal.access import Action
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
        return self.page(
            request,
            "admin/integrations/test.html",
            connection,
            title="Test connection",
            connection=connection,
            tenant=connection.tenant,
            scopes=sorted(connection.scopes, key=lambda scope: scope["granted"]),
            missing=[scope for scope in connection.scopes if not scope["granted"]],
            may_run=may_run,
            may_configure=self.may(request, Action.CONFIGURE, connection),
            tab="test",
            **next_of(connection),
        )
