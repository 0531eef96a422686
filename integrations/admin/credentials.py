"""The pages on which a connection's credentials are typed in. Secrets go in and never come back out."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from integrations import connecting, linking
from integrations.connectors.hosts import CUSTOM
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.spec import WAY, ConnectorSpec, CredentialField
from integrations.models import Connection
from portal.access import Action, access_of
from portal.entrance.again import ask_again
from portal.forms import SecretFormField
from portal.models import Tenant, User
from portal.numbers import number
from portal.own_pages import OwnPages, object_view


class CredentialsForm(forms.Form):
    """Built from a connector's own declaration: its environments and fields, each with where it is found."""

    environment = forms.ChoiceField(widget=forms.RadioSelect, initial="production")
    api_url = forms.CharField(label="API address", required=False, max_length=200)
    auth_url = forms.CharField(
        label="Token address",
        required=False,
        max_length=200,
        help_text="Only if it differs from the API address.",
    )

    def __init__(self, spec: ConnectorSpec, connection: Connection | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec, self.connection = spec, connection
        shown = [
            item
            for item in spec.environments
            if not item.custom or settings.CUSTOM_API_HOSTS or _is_custom(connection) or _is_only(spec)
        ]
        environment = self.fields["environment"]
        assert isinstance(environment, forms.ChoiceField)  # noqa: S101  # declared above
        environment.choices = [(item.name, item.label) for item in shown]
        environment.initial = spec.environments[0].name
        self.fields["api_url"].help_text = (
            f"Scheme, host and port, such as http://{(settings.CUSTOM_API_HOSTS or ['host:port'])[0]}. "
            f"Allowed here: {', '.join(settings.CUSTOM_API_HOSTS) or 'none'}."
        )
        if spec.addresses:
            for name, address in zip(("api_url", "auth_url"), spec.addresses, strict=True):
                allowed = ", ".join(settings.CUSTOM_API_HOSTS) or "none"
                self.fields[name].label = address.label
                self.fields[name].help_text = f"{address.help} Allowed here: {allowed}."
        if connection is not None:
            self.initial.update(
                environment=connection.environment, api_url=connection.api_url, auth_url=connection.auth_url
            )
        if spec.ways:
            self.fields[WAY] = forms.ChoiceField(
                label="How Trunkline gets in",
                choices=[(way.name, way.label) for way in spec.ways],
                widget=forms.RadioSelect,
                initial=(connection.way if connection else "") or spec.ways[0].name,
            )
        for item in spec.fields:
            field = self._field(item)
            field.error_messages["required"] = f"{item.label} is missing. Where it is found stands below."
            self.fields[item.name] = field

    def _field(self, item: CredentialField) -> forms.Field:
        """What is stored need not be typed again; only the account's own number is shown."""
        stored = self.connection.credentials if self.connection else None
        app = settings.CONNECTOR_APPS.get(self.spec.system, {})
        # What belongs to one way in, or what the portal's own app may bring, is asked for by the connector's check.
        required = item.required and not item.ways and item.name not in app
        label = item.label if item.required and item.name not in app else f"{item.label} (optional)"
        help_text = (
            f"{item.help} Left empty, this portal's own app is used." if item.name in app else item.help
        )
        if item.secret:
            return SecretFormField(
                label=label, help_text=help_text, required=required, initial=stored, max_length=8000
            )
        if item.choices:
            known: dict[str, str] = stored.reveal() if stored else {}
            chosen = known.get(item.name, item.default)
            return forms.ChoiceField(
                label=item.label, help_text=help_text, choices=item.choices, required=False, initial=chosen
            )
        is_account = item.name == self.spec.account_field
        field = forms.CharField(
            label=label,
            help_text=help_text,
            max_length=200,
            required=required and not stored,
            initial=self.connection.remote_account if self.connection and is_account else "",
            widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        )
        if stored and not is_account:
            field.widget.attrs["placeholder"] = "stored; leave blank to keep it"
        return field

    @property
    def way_field(self) -> forms.BoundField | None:
        return self[WAY] if self.spec.ways else None

    @property
    def credential_fields(self) -> list[tuple[forms.BoundField, str]]:
        """Each with the class names by which the stylesheet shows it for its ways in alone."""
        return [
            (self[item.name], self._shown_for(item))
            for item in self.spec.fields
            if not self._is_further(item)
        ]

    @property
    def further_fields(self) -> list[tuple[forms.BoundField, str]]:
        """What hardly anybody needs to look at: it stands folded up behind the rest."""
        return [
            (self[item.name], self._shown_for(item)) for item in self.spec.fields if self._is_further(item)
        ]

    def _is_further(self, item: CredentialField) -> bool:
        """What has a default; and, where there are several ways in, what one may leave out: most people then type in
        nothing at all."""
        app = settings.CONNECTOR_APPS.get(self.spec.system, {})
        return bool(item.default) or (bool(self.spec.ways) and (not item.required or item.name in app))

    def _shown_for(self, item: CredentialField) -> str:
        places = [place for place, way in enumerate(self.spec.ways) if item.belongs_to(way.name)]
        return " ".join(["by-way", *(f"way-{place}" for place in places)]) if item.ways else ""

    @property
    def address_fields(self) -> list[forms.BoundField]:
        return [self["api_url"], self["auth_url"]]

    def save(self, tenant: Tenant, user: User | None) -> Connection | None:
        """Store what was typed; None, with the errors by field, where it cannot be stored."""
        data = self.cleaned_data
        custom = data["environment"] == CUSTOM
        try:
            return connecting.save_credentials(
                tenant,
                self.spec.system,
                {
                    name: data[name]
                    for name in (WAY, *(item.name for item in self.spec.fields))
                    if name in data
                },
                environment=data["environment"],
                api_url=data["api_url"].strip() if custom else "",
                auth_url=data["auth_url"].strip() if custom else "",
                allowed_hosts=settings.CUSTOM_API_HOSTS,
                user=user,
            )
        except ValidationError as error:
            self.add_error(None, error)
            return None


def _callback_url(request: HttpRequest) -> str:
    from integrations.admin.linking import callback_url  # the pages beside each other lead to each other

    return callback_url(request)


def _is_custom(connection: Connection | None) -> bool:
    return connection is not None and connection.environment == CUSTOM


def _is_only(spec: ConnectorSpec) -> bool:
    """Whether the system runs nowhere but at addresses of its users' own."""
    return all(item.custom for item in spec.environments)


class CredentialsPages(OwnPages):
    """Connecting a system to a tenant, and changing what opens it later."""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """`?tenant=…&system=…`; without them, which merchant to connect is asked first."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        system = request.GET.get("system", "servicetitan")
        tenants = access_of(request.user).tenants(Action.CONFIGURE)
        tenant = tenants.filter(pk=number(request.GET.get("tenant", ""))).first()
        if tenant is None or system not in CONNECTORS:
            waiting = tenants.exclude(connections__system=system)
            return self.page(
                request,
                "admin/integrations/choose_tenant.html",
                title="Connect a merchant",
                tenants=waiting[:200],
            )
        known = tenant.connections.filter(system=system).first()
        if known is not None:
            return redirect("admin:integrations_connection_credentials", known.pk)
        ask_again(request)
        return self._credentials(request, tenant, CONNECTORS[system], None)

    @object_view("credentials/", action=Action.CONFIGURE, confirm=True)
    def credentials(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        return self._credentials(request, connection.tenant, CONNECTORS[connection.system], connection)

    def _credentials(
        self, request: HttpRequest, tenant: Tenant, spec: ConnectorSpec, connection: Connection | None
    ) -> HttpResponse:
        form = CredentialsForm(spec, connection, request.POST or None)
        if request.method == "POST" and form.is_valid():
            user = request.user
            saved = form.save(tenant, user if isinstance(user, User) else None)
            if saved is not None and saved.is_by_log_in:
                return redirect("admin:integrations_connection_link", saved.pk)
            if saved is not None:
                try_it(request, saved)
                return redirect("admin:integrations_connection_test", saved.pk)
        return self.page(
            request,
            "admin/integrations/credentials.html",
            connection,
            title=f"{spec.label} credentials",
            tenant=tenant,
            connection=connection,
            spec=spec,
            form=form,
            callback_url=_callback_url(request) if spec.log_in else "",
            tab="credentials",
        )


def try_it(request: HttpRequest, connection: Connection) -> None:
    """Test a connection and say how it went; the test page shows the rest."""
    user = request.user if isinstance(request.user, User) else None
    say_how_it_went(request, lambda: linking.test_and_start(connection, user=user))


def say_how_it_went(request: HttpRequest, act: Callable[[], connecting.Tested]) -> None:
    """Do what ends with a test, and tell its outcome."""
    try:
        tested = act()
    except connecting.ConnectingFailed as error:
        messages.error(request, f"The test failed. {error}")
        return
    count = len(tested.check.missing)
    if count:
        messages.warning(
            request, f"Connected. {count} scope{'s are' if count > 1 else ' is'} missing; see below."
        )
    else:
        messages.success(request, "Connected: every scope that is needed was granted.")
