"""A connection's lead sources: which campaign stands for each, and those that still have none."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from integrations.models import Connection, LeadSource
from integrations.models.lead_sources import key_of
from integrations.push import lead_sources
from portal.access import Action
from portal.models import User
from portal.numbers import number
from portal.own_pages import OwnPages, object_view
from reconciliation.models import Link, ReferenceItem


class LeadSourceForm(forms.Form):
    """One lead source and its campaign: each is tied once."""

    name = forms.CharField(label="Lead source", max_length=120)
    campaign = forms.ModelChoiceField(ReferenceItem.objects.none(), label="Campaign")

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection = connection
        field = self.fields["campaign"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # declared above
        field.queryset = free_campaigns(connection)

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        known = self.connection.lead_sources.filter(key=key_of(name)).select_related("campaign").first()
        if known is not None:
            raise forms.ValidationError(
                f"{known.name} is tied to {known.campaign} already. Untie that first."
            )
        return name


def free_campaigns(connection: Connection) -> Any:
    """Active campaigns of this connection that stand for no lead source yet."""
    links = Link.objects.filter(source=connection.source_id, entity="campaign", state=Link.State.LIVE)
    rows = ReferenceItem.objects.filter(pk__in=links.values("record_id"), active=True)
    return rows.exclude(pk__in=connection.lead_sources.values("campaign_id")).order_by("name", "pk")


class LeadSourcesPage(OwnPages):
    """Everyone who sees the connection sees its lead sources; who configures it ties them."""

    @object_view("lead-sources/")
    def lead_sources(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        may_configure = self.may(request, Action.CONFIGURE, connection)
        return self._lead_sources(request, connection, LeadSourceForm(connection), may_configure)

    @object_view("lead-sources/tie/", action=Action.CONFIGURE, methods=("POST",))
    def tie_lead_source(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        form = LeadSourceForm(connection, request.POST)
        if not form.is_valid():
            return self._lead_sources(request, connection, form, may_configure=True)
        try:
            with transaction.atomic():
                lead_sources.assign(connection, **form.cleaned_data, user=_person(request))
        except IntegrityError:
            messages.error(request, "Somebody else has just tied one of the two. Look again.")
        else:
            messages.success(request, "Tied. Jobs and leads that waited for it are sent by themselves.")
        return redirect("admin:integrations_connection_lead_sources", connection.pk)

    @object_view("lead-sources/untie/", action=Action.CONFIGURE, methods=("POST",))
    def untie_lead_source(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        row = get_object_or_404(LeadSource, connection=connection, pk=number(request.POST.get("row", "")))
        lead_sources.release(row, user=_person(request))
        messages.success(request, f"{row.name} has no campaign any more.")
        return redirect("admin:integrations_connection_lead_sources", connection.pk)

    def _lead_sources(
        self, request: HttpRequest, connection: Connection, form: LeadSourceForm, may_configure: bool
    ) -> HttpResponse:
        return self.page(
            request,
            "admin/integrations/lead_sources.html",
            connection,
            title="Lead sources",
            connection=connection,
            tenant=connection.tenant,
            form=form,
            campaigns=free_campaigns(connection),
            tied=connection.lead_sources.select_related("campaign"),
            unmapped=lead_sources.names_without_campaign(connection),
            may_configure=may_configure,
            tab="lead_sources",
        )


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
