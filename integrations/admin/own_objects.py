"""The objects page of a connection: which of the account's own objects are synced, and adding another."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from integrations import own_objects
from integrations.admin.checklist import next_of
from integrations.connectors.errors import RemoteError
from integrations.connectors.hosts import AddressRefused
from integrations.models import Connection
from integrations.shared import Disconnected
from portal.access import Action
from portal.models import User
from portal.own_pages import OwnPages, object_view
from portal.secrets import SecretUnreadable

_FAILURES = (RemoteError, Disconnected, AddressRefused, SecretUnreadable)


class ObjectForm(forms.Form):
    """One object, and what its rows are here."""

    name = forms.ChoiceField(label="Object")
    entity = forms.ChoiceField(
        label="Its rows are",
        help_text="Custom records are read, and written where the rule says so; copies are written, never read in.",
    )

    def __init__(
        self, connection: Connection, objects: list[tuple[str, str]], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, found in (
            ("name", [(name, f"{label} ({name})") for name, label in objects]),
            ("entity", own_objects.entities_for(connection)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
            field.choices = found


class OwnObjectsPage(OwnPages):
    """Everyone who sees the connection sees its objects; who configures it adds one."""

    @object_view("objects/")
    def objects(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        if not own_objects.may_have(connection):
            raise Http404
        may_configure = self.may(request, Action.CONFIGURE, connection)
        if request.method == "POST" and not may_configure:
            raise PermissionDenied
        problem, objects = _listed(connection) if may_configure else ("", [])
        form = ObjectForm(connection, objects, request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._add(request, connection, form)
        return self.page(
            request,
            "admin/integrations/own_objects.html",
            connection,
            title="Objects of its own",
            connection=connection,
            tenant=connection.tenant,
            form=form if objects else None,
            problem=problem,
            rules=connection.rules.exclude(object=""),
            may_configure=may_configure,
            tab="rules",
            **next_of(connection),
        )

    def _add(self, request: HttpRequest, connection: Connection, form: ObjectForm) -> HttpResponse:
        user = request.user if isinstance(request.user, User) else None
        try:
            rule = own_objects.add(connection, **form.cleaned_data, user=user)
        except (*_FAILURES, ValidationError) as error:
            messages.error(request, f"It was not added. {_words(error)}")
            return redirect("admin:integrations_connection_objects", connection.pk)
        messages.success(
            request,
            f"{rule.label} is added. Look through its field mapping; whether it is written is said under Sync rules.",
        )
        return redirect("admin:integrations_syncrule_change", rule.pk)


def _listed(connection: Connection) -> tuple[str, list[tuple[str, str]]]:
    """Why they cannot be listed, and those there are."""
    if not connection.may_call:
        return "Connect it first: then its objects can be listed.", []
    try:
        return "", own_objects.choices(connection)
    except _FAILURES as error:
        return _words(error), []


def _words(error: Exception) -> str:
    if isinstance(error, RemoteError):
        return error.message
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
