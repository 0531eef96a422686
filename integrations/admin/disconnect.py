"""Ending a connection from its own page: what would happen, in exact numbers, then how far it is."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from integrations import disconnecting
from integrations.connectors.registry import CONNECTORS
from integrations.models import Connection, Disconnection
from integrations.tasks import go_on_ending
from portal.access import Action
from portal.models import User
from portal.own_pages import OwnPages, object_view
from reconciliation.entities import ENTITIES


class DisconnectForm(forms.Form):
    """Keep or wipe, the merchant's name, and the numbers that the person was shown."""

    mode = forms.ChoiceField(
        choices=Disconnection.Mode.choices, error_messages={"required": "Choose whether to keep or to wipe."}
    )
    name = forms.CharField(
        label="The merchant's name",
        required=False,
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    shown = forms.CharField(required=False)


class DisconnectPage(OwnPages):
    """Before: choose and confirm. Afterwards: progress, and what is left to do at the system itself."""

    @object_view("disconnect/", action=Action.CONFIGURE, confirm=True)
    def disconnect(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        ended = connection.disconnections.order_by("-pk").first()
        if connection.status == Connection.Status.DISCONNECTED and ended and "wipe" not in request.GET:
            return self._page(request, connection, "disconnected.html", **progress_of(ended))
        counted = disconnecting.counts(connection)
        shown = fingerprint(counted)
        form = DisconnectForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and agrees(request, form, shown):
            reply = end(request, connection, form)
            if reply is not None:
                return reply
        return self._page(
            request,
            connection,
            "disconnect.html",
            form=form,
            shown=shown,
            rows=rows_of(counted),
            totals={
                "frozen": sum(counted.frozen.values()),
                "erased": sum(counted.erased.values()),
                "staying": sum(counted.staying.values()),
            },
            kept_before=connection.status == Connection.Status.DISCONNECTED,
        )

    @object_view("disconnect/live/", action=Action.CONFIGURE, methods=("GET",))
    def disconnect_live(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        """The progress alone, fetched again and again until it is done."""
        ended = connection.disconnections.order_by("-pk").first()
        if ended is None:
            raise Http404("It was never disconnected.")
        context = {"connection": connection, **progress_of(ended)}
        reply = TemplateResponse(request, "admin/integrations/disconnect_live.html", context)
        if ended.finished_at:
            reply["X-Refresh"] = "done"
        return reply

    def _page(
        self, request: HttpRequest, connection: Connection, template: str, **context: Any
    ) -> HttpResponse:
        return self.page(
            request,
            f"admin/integrations/{template}",
            connection,
            title=f"Disconnect {connection.label}",
            connection=connection,
            tenant=connection.tenant,
            may_configure=True,
            switch_off=CONNECTORS[connection.system].switch_off,
            tab="disconnect",
            **context,
        )


def agrees(request: HttpRequest, form: DisconnectForm, shown: str) -> bool:
    """Nobody confirms numbers that they have not seen."""
    if form.cleaned_data["shown"] == shown:
        return True
    messages.warning(
        request, "Records have come or gone since this page was shown. Look at the numbers again."
    )
    return False


def end(request: HttpRequest, connection: Connection, form: DisconnectForm) -> HttpResponse | None:
    """Disconnect and go to the progress; None, with the error at its field, where it is refused."""
    user = request.user
    mode = Disconnection.Mode(form.cleaned_data["mode"])
    try:
        ended = disconnecting.disconnect(
            connection, mode, name=form.cleaned_data["name"], user=user if isinstance(user, User) else None
        )
    except disconnecting.Refused as error:
        form.add_error("name", str(error))
        return None
    go_on_ending(ended.pk)
    messages.success(
        request, f"{connection.label} is disconnected: its credentials are destroyed, nothing calls it."
    )
    return redirect("admin:integrations_connection_disconnect", connection.pk)


def fingerprint(counted: disconnecting.Counted) -> str:
    """The numbers as one text."""
    parts = (counted.frozen, counted.erased, counted.staying)
    return ";".join(",".join(f"{name}={number}" for name, number in sorted(part.items())) for part in parts)


def rows_of(counted: disconnecting.Counted) -> list[dict[str, Any]]:
    """A line for each entity that has anything, in the portal's order."""
    return [
        {
            "label": entity.plural,
            "frozen": counted.frozen.get(name, 0),
            "erased": counted.erased.get(name, 0),
            "staying": counted.staying.get(name, 0),
        }
        for name, entity in ENTITIES.items()
        if any(name in part for part in (counted.frozen, counted.erased, counted.staying))
    ]


def progress_of(ended: Disconnection) -> dict[str, Any]:
    return {
        "ended": ended,
        "is_wipe": ended.mode == Disconnection.Mode.WIPE,
        "rows": [
            {
                "label": entity.plural,
                "planned": ended.planned.get(name, 0),
                "done": ended.done.get(name, 0),
                "staying": ended.staying.get(name, 0),
            }
            for name, entity in ENTITIES.items()
            if name in ended.planned or name in ended.staying
        ],
    }
