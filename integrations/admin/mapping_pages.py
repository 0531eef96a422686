"""What can be done with a rule's mapping beside editing it: previews, its fields, versions, files, copies."""

from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils.text import capfirst

from integrations import mapping_versions, previewing, samples
from integrations.admin.mapping_forms import MappingTable
from integrations.connectors.errors import RemoteError
from integrations.connectors.hosts import AddressRefused
from integrations.describing import read_fields
from integrations.mapping import TRANSFORMS
from integrations.mappings import declaration
from integrations.models import MappingVersion, SyncRule
from integrations.previewing import Sample
from integrations.shared import Disconnected
from portal import audit
from portal.access import Action, access_of
from portal.models import User
from portal.own_pages import OwnPages, object_view
from portal.secrets import SecretUnreadable

LARGEST_FILE = 1_000_000
CHANGE = "admin:integrations_syncrule_change"


class MappingPages(OwnPages):
    """The pages around a mapping. Mixed into the admin of sync rules."""

    @object_view("preview/", action=Action.CONFIGURE, methods=("POST",))
    def preview(self, request: HttpRequest, rule: SyncRule) -> HttpResponse:
        """The unsaved form, tried on a record: for each line its cell of the page."""
        tables = tables_of(rule, samples.recent(rule), request.POST)
        found = tried(rule, tables, request.POST.get("record", "").strip())
        cells = {
            form.prefix: render_to_string("admin/integrations/mapping_glimpse.html", {"form": form})
            for table in tables
            for form in table
        }
        about = render_to_string("admin/integrations/mapping_sample.html", {"rule": rule, **found})
        return JsonResponse({"cells": cells, "about": about})

    @object_view("fields/", action=Action.CONFIGURE, methods=("POST",))
    def ask_fields(self, request: HttpRequest, rule: SyncRule) -> HttpResponse:
        """Ask the system for its fields."""
        try:
            if not rule.connection.may_call or not rule.connection.credentials:
                raise Disconnected
            count = read_fields(rule)
        except (RemoteError, Disconnected, SecretUnreadable, AddressRefused) as error:
            messages.error(request, getattr(error, "message", str(error)))
        else:
            messages.success(request, f"{rule.connection.label} has {count} fields for {rule.label}.")
        return redirect(CHANGE, rule.pk)

    @object_view("versions/", methods=("GET",))
    def versions(self, request: HttpRequest, rule: SyncRule) -> HttpResponse:
        """All versions, and two of them side by side."""
        versions = list(rule.mapping_versions.select_related("actor")[:200])
        after = _chosen(versions, request.GET.get("after")) or (versions[0] if versions else None)
        earlier = [version for version in versions if after and version.number < after.number]
        before = _chosen(versions, request.GET.get("before")) or (earlier[0] if earlier else None)
        return self.page(
            request,
            "admin/integrations/mapping_versions.html",
            rule,
            title=f"{capfirst(rule.label)}: versions of the mapping",
            rule=rule,
            connection=rule.connection,
            tenant=rule.connection.tenant,
            versions=versions,
            before=before,
            after=after,
            columns=mapping_versions.COLUMNS[1:],
            differences=mapping_versions.compared(before.lines, after.lines) if before and after else [],
            may_configure=self.may(request, Action.CONFIGURE, rule),
            tab="rules",
        )

    @object_view("restore/", action=Action.CONFIGURE, methods=("POST",))
    def restore(self, request: HttpRequest, rule: SyncRule) -> HttpResponse:
        """An older version once more, as a new one; checked again, for the systems may have changed."""
        from integrations.admin.sync_rules import save

        number = request.POST.get("number", "")
        if not number.isdecimal():
            raise Http404
        version = get_object_or_404(MappingVersion, rule=rule, number=int(number))
        lines = mapping_versions.from_rows(rule, version.lines)
        if wrong := mapping_versions.checked(rule, lines):
            line, problem = wrong[0]
            words = f"{line.field or line.remote}: {problem.message}"
            messages.error(request, f"Version {version.number} no longer fits, and was not restored. {words}")
            return redirect("admin:integrations_syncrule_versions", rule.pk)
        save(request, rule, lines, action="mapping.restored", note=f"version {version.number}")
        return redirect(CHANGE, rule.pk)

    @object_view("mapping.json", action=Action.CONFIGURE, methods=("GET",))
    def export(self, request: HttpRequest, rule: SyncRule) -> HttpResponse:
        """The stored mapping as a file."""
        audit.record("mapping.exported", rule)
        document = orjson.dumps(mapping_versions.as_document(rule), option=orjson.OPT_INDENT_2)
        reply = HttpResponse(document, content_type="application/json")
        name = f"mapping-{rule.connection.system}-{rule.entity}.json"
        reply["Content-Disposition"] = f'attachment; filename="{name}"'
        return reply

    @object_view("exchange/", action=Action.CONFIGURE)
    def exchange(self, request: HttpRequest, rule: SyncRule) -> HttpResponse:
        """Take a mapping in from a file, or copy this one to another tenant."""
        upload = UploadForm(request.POST, request.FILES) if "import" in request.POST else UploadForm()
        copy = CopyForm(self._others(request, rule), request.POST if "copy" in request.POST else None)
        if request.method == "POST":
            if "import" in request.POST and upload.is_valid() and _taken(request, rule, upload):
                return redirect(CHANGE, rule.pk)
            if "copy" in request.POST and copy.is_valid() and self._copied(request, rule, copy):
                return redirect("admin:integrations_syncrule_exchange", rule.pk)
        return self.page(
            request,
            "admin/integrations/mapping_exchange.html",
            rule,
            title=f"{capfirst(rule.label)}: import or copy the mapping",
            rule=rule,
            connection=rule.connection,
            tenant=rule.connection.tenant,
            upload=upload,
            copy=copy,
            may_configure=True,
            tab="rules",
        )

    def _others(self, request: HttpRequest, rule: SyncRule) -> Any:
        """The same entity of the same system, for tenants that the person configures."""
        rules = SyncRule.objects.select_related("connection__tenant").filter(
            connection__system=rule.connection.system, entity=rule.entity
        )
        return (
            access_of(request.user).scope(rules, "connection__tenant", Action.CONFIGURE).exclude(pk=rule.pk)
        )

    def _copied(self, request: HttpRequest, rule: SyncRule, form: "CopyForm") -> bool:
        target: SyncRule = form.cleaned_data["target"]
        if not self.may(request, Action.CONFIGURE, target):
            raise PermissionDenied
        try:
            lines = mapping_versions.from_document(target, mapping_versions.as_document(rule))
        except mapping_versions.NotAMapping as error:
            form.add_error("target", str(error))
            return False
        tenant = rule.connection.tenant
        actor = request.user if isinstance(request.user, User) else None
        note = f"from {tenant}"
        stored = mapping_versions.store(target, lines, action="mapping.copied", note=note, actor=actor)
        there = f"{target.connection.tenant} has this mapping"
        messages.success(request, f"{there} now." if stored else f"{there} already.")
        return True


class UploadForm(forms.Form):
    file = forms.FileField(label="Mapping file (JSON)")

    def clean_file(self) -> Any:
        """The document in the file."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError("A mapping file is smaller than 1 MB.")
        try:
            return orjson.loads(file.read())
        except orjson.JSONDecodeError:
            raise forms.ValidationError(
                "This file holds no JSON. Choose one that Trunkline exported."
            ) from None


class RuleChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only in the stubs
    """Rules told apart by their tenant."""

    def label_from_instance(self, rule: Any) -> str:
        return f"{rule.connection.tenant} ({rule.connection.label})"


class CopyForm(forms.Form):
    """Where to copy to; only what the person configures is offered, and accepted."""

    target = RuleChoice(queryset=SyncRule.objects.none(), label="Tenant")

    def __init__(self, rules: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["target"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # declared above
        field.queryset = rules


def _taken(request: HttpRequest, rule: SyncRule, form: UploadForm) -> bool:
    from integrations.admin.sync_rules import save

    try:
        lines = mapping_versions.from_document(rule, form.cleaned_data["file"])
    except mapping_versions.NotAMapping as error:
        form.add_error("file", str(error))
        return False
    save(
        request, rule, lines, action="mapping.imported", note=str(getattr(request.FILES["file"], "name", ""))
    )
    return True


def _chosen(versions: list[MappingVersion], number: str | None) -> MappingVersion | None:
    return next((version for version in versions if str(version.number) == number), None)


def tables_of(rule: SyncRule, seen: list[tuple[str, dict[str, Any]]], data: Any = None) -> list[MappingTable]:
    """One table for each part of the entity; what was never seen may be named as well."""
    children = declaration(rule).children
    payloads = [payload for _, payload in seen]
    return [
        MappingTable(
            rule,
            part,
            list(rule.mappings.filter(part=part)),
            samples.remote_paths(rule, part, payloads) if seen else [],
            data,
        )
        for part in ["", *([children.name] if children else [])]
    ]


def tried(rule: SyncRule, tables: list[MappingTable], words: str) -> dict[str, Any]:
    """Give each line what a preview shows of it; returns what is said of the record that was chosen."""
    sample, others = _sample(rule, words)
    for table in tables:
        table.is_valid()
    if sample is None:
        words = f"No {rule.label} “{words}” has been read yet. Search by name, or choose one of the list."
        return {"sample": None, "problem": words}
    for table in tables:
        good = [form for form in table.kept if not form.errors]
        lines = [line for form, line in zip(table.kept, table.lines, strict=True) if not form.errors]
        for form, found in zip(good, previewing.glimpses(rule, lines, sample), strict=True):
            form.glimpses = found
    return {"sample": sample, "others": others}


def _sample(rule: SyncRule, words: str) -> tuple[Sample | None, list[tuple[str, str]]]:
    """The record that is meant by an id or by words, and others that the words fit."""
    if (found := previewing.sample_of(rule, words)) is not None or not words:
        return found, []
    for external_id, _ in (hits := previewing.search(rule, words)):
        if (found := previewing.sample_of(rule, external_id)) is not None:
            return found, [hit for hit in hits if hit[0] != external_id]
    return None, []


def settings_of() -> list[dict[str, str]]:
    """For each transform what its settings are, with an example."""
    return [
        {"name": name, "argument": transform.argument, "example": transform.example}
        for name, transform in sorted(TRANSFORMS.items())
        if transform.argument
    ]
