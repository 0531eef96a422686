"""A tenant's configuration on a page: taken out as a file, compared, imported after a look at what changes."""

from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from integrations.configuration import duties, exporting, importing
from integrations.configuration.document import LARGEST, Document, NotAConfiguration, read
from portal import audit
from portal.access import Action, access_of
from portal.models import Tenant, User
from portal.own_pages import OwnPages, list_view

SHOWN = 500
TEMPLATE = "admin/integrations/configuration.html"


class FileForm(forms.Form):
    """A file, or the document of one that was shown before."""

    file = forms.FileField(label="Configuration file (JSON)", required=False)
    document = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LARGEST)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        file = data.get("file")
        if file is not None and file.size > LARGEST:
            raise forms.ValidationError("A configuration is smaller than 2 MB.")
        text = file.read() if file is not None else (data.get("document") or "").encode()
        try:
            data["read"] = read(orjson.loads(text))
        except orjson.JSONDecodeError:
            raise forms.ValidationError(
                "This file holds no JSON. Choose one that Trunkline exported."
            ) from None
        except NotAConfiguration as error:
            raise forms.ValidationError(error.messages) from None
        return data


class ConfigurationPages(OwnPages):
    """Mixed into the admin of connections. The tenant is in the query: only those that the person configures."""

    @list_view("configuration/", action=Action.CONFIGURE)
    def configuration(self, request: HttpRequest) -> HttpResponse:
        """POST shows what an import would change; with `import` it is done."""
        tenant = _asked(request)
        form = FileForm(request.POST or None, request.FILES or None)
        shown: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            document: Document = form.cleaned_data["read"]
            user = request.user if isinstance(request.user, User) else None
            try:
                if "import" in request.POST:
                    done = importing.apply(tenant, document, user)
                    messages.success(request, f"Imported: {len(done.changes)} changes.")
                    return redirect(address_of(tenant))
                shown = _shown(importing.preview(tenant, document, user), document)
            except NotAConfiguration as error:
                form.add_error(None, error.messages)
        return self.page(
            request,
            TEMPLATE,
            title="Configuration",
            tenant=tenant,
            form=form,
            duties=duties.of(tenant),
            export=f"{reverse('admin:integrations_connection_configuration_file')}?tenant={tenant.pk}",
            **shown,
        )

    @list_view("configuration.json", action=Action.CONFIGURE, methods=("GET",))
    def configuration_file(self, request: HttpRequest) -> HttpResponse:
        tenant = _asked(request)
        audit.record("configuration.exported", tenant, tenant=tenant)
        text = orjson.dumps(exporting.export(tenant).model_dump(), option=orjson.OPT_INDENT_2)
        reply = HttpResponse(text, content_type="application/json")
        reply["Content-Disposition"] = f'attachment; filename="configuration-{tenant.slug}.json"'
        return reply


def _shown(found: importing.Imported, document: Document) -> dict[str, Any]:
    return {
        "source": document.tenant,
        "changes": found.changes[:SHOWN],
        "more": max(0, len(found.changes) - SHOWN),
        "left": found.left[:SHOWN],
        "todo": found.todo,
        "is_shown": True,
        "document": orjson.dumps(document.model_dump()).decode(),
    }


def _asked(request: HttpRequest) -> Tenant:
    """The tenant of the query; 404 for one that the person does not configure."""
    pk = request.GET.get("tenant", "")
    tenants = access_of(request.user).tenants(Action.CONFIGURE)
    found = tenants.filter(pk=int(pk)).first() if pk.isascii() and pk.isdecimal() and len(pk) < 19 else None
    if found is None:
        raise Http404("There is no such tenant.")
    return found


def address_of(tenant: Tenant) -> str:
    return f"{reverse('admin:integrations_connection_configuration')}?tenant={tenant.pk}"


def panel(request: HttpRequest, tenant: Tenant) -> dict[str, Any] | None:
    """On the tenant's page, for those who configure it."""
    may = access_of(request.user).may(Action.CONFIGURE, tenant)
    return {"configuration": address_of(tenant)} if may else None
