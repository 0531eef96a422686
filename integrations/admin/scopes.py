"""The scope page: what of a merchant's data is shared, chosen from what the connection really has.

The route: boxes (or JSON) -> the one document -> checked -> how many records would leave -> confirmed -> applied.
"""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from integrations import scope as rules
from integrations import scoping
from integrations.admin.checklist import next_of
from integrations.models import Connection
from portal import audit
from portal.access import Action
from portal.own_pages import OwnPages, object_view

ALL, SOME, CUSTOM = "all", "some", "custom"
LOOKBACKS = [
    (ALL, "No limit: every finished job"),
    ("P30D", "30 days"),
    ("P90D", "90 days"),
    ("P6M", "6 months"),
    ("P1Y", "a year"),
    ("P2Y", "2 years"),
    (CUSTOM, "Another duration"),
]


class ScopeForm(forms.Form):
    """Boxes for business units and tags, and how far back jobs go."""

    units = forms.ChoiceField(
        label="Business units",
        choices=[(ALL, "All of them"), (SOME, "Only these:")],
        widget=forms.RadioSelect,
    )
    unit_names = forms.MultipleChoiceField(
        label="Business units to share", required=False, widget=forms.CheckboxSelectMultiple
    )
    tags = forms.ChoiceField(
        label="Customers",
        choices=[(ALL, "All of them"), (SOME, "Only customers with one of these tags:")],
        widget=forms.RadioSelect,
    )
    tag_names = forms.MultipleChoiceField(
        label="Tags to share", required=False, widget=forms.CheckboxSelectMultiple
    )
    lookback = forms.ChoiceField(
        label="Finished jobs of the last", choices=LOOKBACKS, widget=forms.RadioSelect
    )
    duration = forms.CharField(
        label="Duration",
        required=False,
        max_length=40,
        help_text="ISO 8601: P45D is 45 days, P18M is 18 months, P3Y is 3 years.",
    )

    def __init__(self, choices: rules.Choices, document: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope_choices = choices
        self._offer("unit_names", [(rules.unit_code(name), name) for name in sorted(choices.units)])
        self._offer("tag_names", [(name, name) for name in sorted(choices.tags)])
        self.initial = {**_boxes(document), **self.initial}

    def _offer(self, name: str, offered: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  # declared above
        field.choices = offered

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for member, names, what in (("units", "unit_names", "business unit"), ("tags", "tag_names", "tag")):
            if data.get(member) == SOME and not data.get(names) and names not in self.errors:
                self.add_error(names, f"Choose at least one {what}, or all of them.")
        if data.get("lookback") == CUSTOM:
            try:
                rules.parse_duration(data.get("duration", "").strip())
            except ValueError as error:
                self.add_error("duration", str(error))
        return data

    def document(self) -> dict[str, Any]:
        """The scope as it is stored."""
        data = self.cleaned_data
        lookback = {ALL: None, CUSTOM: data["duration"].strip()}.get(data["lookback"], data["lookback"])
        return {
            "businessUnits": data["unit_names"] if data["units"] == SOME else None,
            "customerTagFilter": data["tag_names"] if data["tags"] == SOME else None,
            "jobLookback": lookback,
        }


def _boxes(document: dict[str, Any]) -> dict[str, Any]:
    """The form's initial values for a stored document."""
    units, tags, lookback = (document.get(member) for member in rules.MEMBERS)
    known = {value for value, _ in LOOKBACKS}
    return {
        "units": ALL if units is None else SOME,
        "unit_names": units or [],
        "tags": ALL if tags is None else SOME,
        "tag_names": tags or [],
        "lookback": ALL if lookback is None else lookback if lookback in known else CUSTOM,
        "duration": "" if lookback is None or lookback in known else lookback,
    }


def as_text(document: dict[str, Any]) -> str:
    """The document in its one form, members in order: PostgreSQL gives them back in an order of its own."""
    return json.dumps({member: document.get(member) for member in rules.MEMBERS})


class DocumentForm(forms.Form):
    """The same as JSON, for people who would rather write it."""

    document = forms.CharField(
        label="Scope as JSON", widget=forms.Textarea({"rows": 3, "spellcheck": "false"})
    )

    def clean_document(self) -> Any:
        try:
            return json.loads(self.cleaned_data["document"])
        except ValueError as error:
            raise forms.ValidationError(
                f"This is not JSON: {error}. It should look like {rules.EXAMPLE}"
            ) from None


class ScopePage(OwnPages):
    """Choose, see what would leave, confirm."""

    @object_view("scope/")
    def scope(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        may_configure = self.may(request, Action.CONFIGURE, connection)
        choices = scoping.choices_of(connection)
        as_json = request.method == "POST" and "document" in request.POST
        boxes = ScopeForm(choices, connection.scope, None if as_json else request.POST or None)
        text = DocumentForm(
            request.POST if as_json else None, initial={"document": as_text(connection.scope)}
        )
        if request.method == "POST":
            if not may_configure:
                raise PermissionDenied
            reply = self._take(request, connection, choices, text if as_json else boxes)
            if reply is not None:
                return reply
        return self.page(
            request,
            "admin/integrations/scope.html",
            connection,
            title="Scope",
            connection=connection,
            tenant=connection.tenant,
            form=boxes,
            document_form=text,
            stored=as_text(connection.scope),
            choices=choices,
            may_configure=may_configure,
            tab="scope",
            **next_of(connection),
        )

    def _take(
        self,
        request: HttpRequest,
        connection: Connection,
        choices: rules.Choices,
        form: ScopeForm | DocumentForm,
    ) -> HttpResponse | None:
        """Store what the form holds, or ask to confirm; None where the form must be shown again with its errors."""
        if not form.is_valid():
            return None
        document = form.document() if isinstance(form, ScopeForm) else form.cleaned_data["document"]
        try:
            document = rules.check(document, choices)
            leaving = {} if "confirmed" in request.POST else scoping.leaving(connection, document)
        except rules.ScopeError as error:
            field = None if isinstance(form, ScopeForm) else "document"
            form.add_error(field, forms.ValidationError(list(error.messages)))
            return None
        if leaving:
            return self._confirm(request, connection, document, leaving)
        self._store(request, connection, document)
        return redirect("admin:integrations_connection_scope", connection.pk)

    def _confirm(
        self, request: HttpRequest, connection: Connection, document: dict[str, Any], leaving: dict[str, int]
    ) -> HttpResponse:
        return self.page(
            request,
            "admin/integrations/scope_confirm.html",
            connection,
            title="Narrow the scope?",
            connection=connection,
            tenant=connection.tenant,
            leaving=leaving,
            total=sum(leaving.values()),
            document=as_text(document),
            tab="scope",
        )

    def _store(self, request: HttpRequest, connection: Connection, document: dict[str, Any]) -> None:
        before = connection.scope
        left = scoping.apply(connection, document)
        connection.scope_chosen_at = timezone.now()
        connection.save(update_fields=["scope_chosen_at"])
        count = sum(left.values())
        note = f"{count:,} records left it" if count else "no record left it"
        if before != connection.scope:
            diff = {"scope": [as_text(before), as_text(connection.scope)]}
            audit.record("scope.changed", connection, diff=diff, note=note)
        messages.success(
            request,
            f"The scope is stored; {count:,} records are frozen: kept as they are, no longer synced."
            if count
            else "The scope is stored.",
        )
